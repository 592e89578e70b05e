"""What a finished segmenter is good at: IoU by class, what is taken for what, its worst photos."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ghostnet_tf.base.terminal import shown
from ghostnet_tf.tasks.segment.mean_iou import mean_iou

USEFUL = 0.1  # of the way from what answering one class everywhere gives to an mIoU of 1
LISTED, WORST = 12, 5  # classes and photos in the summary


@dataclass(frozen=True)
class Report:
    """The best weights on the held-out photos."""

    scores: dict[str, Any]  # of `mean_iou`
    counts: np.ndarray  # (classes, classes): the class, and what it was taken for
    worst: tuple[tuple[str, float], ...]  # photos, and the share of their pixels that is right

    @classmethod
    def of(cls, counts: np.ndarray, classes: Sequence[str], names: Sequence[str]) -> "Report":
        """`counts` of each of the photos `names`, (n, classes, classes)."""
        pixels = counts.sum(axis=(1, 2))
        right = np.trace(counts, axis1=1, axis2=2) / pixels.clip(1)
        rows = [(n, float(r)) for n, r, p in zip(names, right, pixels, strict=True) if p]
        rows.sort(key=lambda row: (row[1], row[0]))
        whole = counts.sum(axis=0)
        return cls(mean_iou(whole, classes), whole, tuple(rows))

    @property
    def picture(self) -> str:
        return "iou.png"

    @property
    def without_looking(self) -> float:
        """The mIoU of whoever answers the commonest class for every pixel."""
        there = self.counts.sum(axis=1)
        return float(there.max() / there.sum() / (there > 0).sum())

    @property
    def is_useful(self) -> bool:
        least = self.without_looking
        return (self.scores["miou"] or 0.0) >= least + USEFUL * (1 - least)

    @property
    def worthless(self) -> str:
        return (
            f"mIoU is {self.scores['miou'] or 0.0:.3f}, and answering the commonest class "
            f"everywhere gives {self.without_looking:.3f}"
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        worst = [{"photo": name, "right": right} for name, right in self.worst]
        return {**self.scores, "confusion": self.counts.tolist(), "worst": worst}

    def lines(self, folder: Path) -> list[str]:
        of_class = [row for row in self.scores["per_class"].items() if row[1]["iou"] is not None]
        of_class.sort(key=lambda row: (row[1]["iou"], row[0]))
        width = max((len(shown(name)) for name, _ in of_class[:LISTED]), default=0)
        pixels = max(1, self.counts.sum())
        lines = [
            f"  {shown(name):{width}} IoU {row['iou']:.3f}  {row['pixels'] / pixels:.2%} of the "
            "pixels"
            for name, row in of_class[:LISTED]
        ]
        if len(of_class) > LISTED:
            lines.append(f"  ... {len(of_class) - LISTED} more in {folder / 'report.json'}")
        lines.append("worst photos, by the share of their pixels that is right:")
        return lines + [f"  {shown(name)}: {right:.1%}" for name, right in self.worst[:WORST]]

    def files(self, folder: Path) -> dict[Path, bytes]:
        """iou.png and report.json, to be written together."""
        text = json.dumps(self.to_dict(), indent=1) + "\n"
        return {folder / self.picture: self._drawn(), folder / "report.json": text.encode()}

    def _drawn(self) -> bytes:
        """The IoU of each class, and what its pixels were taken for."""
        from matplotlib.figure import Figure  # seconds that only a finished run has to wait

        names = [shown(name).replace("$", r"\$") for name in self.scores["per_class"]]
        ious = [row["iou"] or 0.0 for row in self.scores["per_class"].values()]
        figure = Figure(figsize=(11, 1.5 + 0.35 * max(len(names), 8)), layout="constrained")
        bars, table = figure.subplots(1, 2)
        bars.barh(names, ious)
        bars.invert_yaxis()
        bars.set(xlabel="IoU", xlim=(0, 1))
        bars.set_title(f"held-out photos: mIoU {self.scores['miou'] or 0.0:.3f}")
        bars.spines[["top", "right"]].set_visible(False)
        table.imshow(self.counts / self.counts.sum(axis=1, keepdims=True).clip(1), vmin=0, vmax=1)
        table.set(xticks=range(len(names)), yticks=range(len(names)), xlabel="taken for")
        table.set_xticklabels(names, rotation=90)
        table.set_yticklabels(names)
        image = io.BytesIO()
        figure.savefig(image, format="png", dpi=100, metadata={"Software": None})
        return image.getvalue()
