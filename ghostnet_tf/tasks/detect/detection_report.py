"""What a finished detector is good at: AP by class, precision over recall, its worst photos."""

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ghostnet_tf.base.terminal import shown
from ghostnet_tf.data.boxes import Boxes, iou
from ghostnet_tf.tasks.detect.nms import Found
from ghostnet_tf.tasks.detect.worst_picture import PHOTOS, Both, worst_picture
from ghostnet_tf.tasks.task import Examples

USEFUL = 0.1  # AP50, below which nothing has been learned that is worth a file
SURE = 0.3  # score from which on a box of a photo is one that a person would be shown
RIGHT = 0.5  # IoU from which on it is where the thing is
LISTED, WORST = 12, 5  # classes and photos in the summary
WORST_PICTURE = "worst.png"


@dataclass(frozen=True)
class WorstPhoto:
    """A held-out photo by what is wrong on it."""

    photo: str
    missed: int  # boxes that nothing was found for
    invented: int  # found boxes that are of nothing

    @property
    def said(self) -> str:
        return f"{self.missed} missed, {self.invented} invented"


@dataclass(frozen=True)
class Report:
    """The best weights on the held-out photos."""

    precision: dict[str, Any]  # of `average_precision`
    worst: tuple[WorstPhoto, ...]  # the worst first, none without a mistake
    drawn: bytes  # a PNG of the first of them

    @classmethod
    def of(
        cls,
        precision: dict[str, Any],
        found: Sequence[Found],
        held_out: Examples,
        classes: Sequence[str],
    ) -> "Report":
        """What was `found` on what was held out; `precision`: of that."""
        names, truth = held_out.names, held_out.labels
        rows = [WorstPhoto(n, *mistakes(f, t)) for n, f, t in zip(names, found, truth, strict=True)]
        bad = [i for i, row in enumerate(rows) if row.missed + row.invented]
        bad.sort(key=lambda i: (-rows[i].missed - rows[i].invented, rows[i].photo))
        both = [
            Both(names[i], held_out.pixels[i], truth[i], sure(found[i]), rows[i].said)
            for i in bad[:PHOTOS]
        ]
        return cls(precision, tuple(rows[i] for i in bad), worst_picture(both, classes))

    @property
    def picture(self) -> str:
        return "precision.png"

    @property
    def is_useful(self) -> bool:
        return (self.precision["ap50"] or 0.0) >= USEFUL

    @property
    def worthless(self) -> str:
        return f"AP50 is {self.precision['ap50'] or 0.0:.3f}, next to nothing is found"

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        worst = [{"photo": w.photo, "missed": w.missed, "invented": w.invented} for w in self.worst]
        return {**self.precision, "worst": worst}

    def lines(self, folder: Path) -> list[str]:
        of_class = self.precision["per_class"]
        scored = [(name, row) for name, row in of_class.items() if row["ap"] is not None]
        scored.sort(key=lambda row: (row[1]["ap50"], row[0]))
        width = max((len(shown(name)) for name, _ in scored[:LISTED]), default=0)
        lines = [
            f"  {shown(name):{width}} AP50 {row['ap50']:.3f}  AP {row['ap']:.3f}  "
            f"of {row['boxes']} boxes"
            for name, row in scored[:LISTED]
        ]
        if len(scored) > LISTED:
            lines.append(f"  ... {len(scored) - LISTED} more in {folder / 'report.json'}")
        if self.worst:
            lines.append(f"worst photos, of boxes with a score of {SURE} or more:")
        lines += [f"  {shown(one.photo)}: {one.said}" for one in self.worst[:WORST]]
        if self.worst:
            lines.append(f"they are drawn in {folder / WORST_PICTURE}: left the truth")
        return lines

    def files(self, folder: Path) -> dict[Path, bytes]:
        """precision.png, worst.png and report.json, to be written together."""
        text = json.dumps(self.to_dict(), indent=1) + "\n"
        return {
            folder / self.picture: self._drawn(),
            folder / WORST_PICTURE: self.drawn,
            folder / "report.json": text.encode(),
        }

    def _drawn(self) -> bytes:
        """Precision over recall of each class, at an IoU of 0.5."""
        from matplotlib.figure import Figure  # seconds that only a finished run has to wait

        figure = Figure(figsize=(7, 5), layout="constrained")
        axes = figure.subplots()
        for name, values in list(self.precision["curves"].items())[:LISTED]:
            label = f"{shown(name)} ({self.precision['per_class'][name]['ap50']:.3f})"
            axes.plot(np.linspace(0, 1, len(values)), values, label=label.replace("$", r"\$"))
        axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
        axes.set_title(f"held-out photos, IoU 0.5: AP50 {self.precision['ap50'] or 0.0:.3f}")
        axes.spines[["top", "right"]].set_visible(False)
        if self.precision["curves"]:
            axes.legend(frameon=False)
        image = io.BytesIO()
        figure.savefig(image, format="png", dpi=100, metadata={"Software": None})
        return image.getvalue()


def sure(found: Found) -> Found:
    """What a person would be shown of it."""
    is_sure = found.scores >= SURE
    return Found(found.corners[is_sure], found.classes[is_sure], found.scores[is_sure])


def mistakes(found: Found, truth: Boxes) -> tuple[int, int]:
    """(boxes that were missed, boxes that were invented), the surest answers first."""
    told = sure(found)
    left = np.ones(len(truth), bool)
    overlap = iou(told.corners, truth.corners)
    invented = 0
    for row, kind in zip(overlap, told.classes, strict=True):
        fits = np.where(left & (truth.classes == kind), row, 0.0)
        if len(fits) and fits.max() >= RIGHT:
            left[fits.argmax()] = False
        else:
            invented += 1
    return int(left.sum()), invented
