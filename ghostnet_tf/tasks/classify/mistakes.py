"""What a finished run is good at: per class, as a confusion matrix, and its worst photos."""

import io
import json
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ghostnet_tf.base.terminal import shown
from ghostnet_tf.tasks.classify.ranks import confusion, cross_entropy

NUMBERED, NAMED = 25, 60  # classes of which the picture has numbers, and names
LONGEST = 24  # letters of a name there
LISTED, WORST = 12, 5  # classes and photos in the summary; report.json has all of them
LARGEST_IN = 9.5  # inches of a side, 100 pixels each: what a desktop shows


@dataclass(frozen=True)
class Mistaken:
    """One of what was held out that was taken for another class."""

    name: str
    is_of: str
    taken_for: str
    loss: float  # nat: how sure of the wrong answer


@dataclass(frozen=True)
class Report:
    """The best weights on what was held out."""

    classes: tuple[str, ...]
    confusion: np.ndarray  # (classes, classes) int: row the class, column the answer
    mistaken: tuple[Mistaken, ...]  # the surest first
    kinds: str = "photos"  # what was held out

    @classmethod
    def of(
        cls,
        logits: np.ndarray,
        labels: np.ndarray,
        names: list[str],
        classes: tuple[str, ...],
        kinds: str = "photos",
    ) -> "Report":
        """From logits (n, classes), true classes (n,) and names (n) of what was held out."""
        losses, answers = cross_entropy(logits, labels), logits.argmax(axis=1)
        order = sorted(np.flatnonzero(answers != labels), key=lambda i: (-losses[i], names[i]))
        mistaken = (
            Mistaken(names[i], classes[labels[i]], classes[answers[i]], round(float(losses[i]), 4))
            for i in order
        )
        return cls(classes, confusion(logits, labels), tuple(mistaken), kinds)

    def right(self) -> list[tuple[str, int, int]]:
        """(class, how many were right, how many held out), the weakest class first.

        Classes of which nothing was held out are left out.
        """
        rows = zip(self.classes, self.confusion.diagonal(), self.confusion.sum(axis=1), strict=True)
        scored = [(name, int(right), int(all_)) for name, right, all_ in rows if all_]
        return sorted(scored, key=lambda row: (row[1] / row[2], row[0]))

    def to_dict(self) -> dict:
        """As JSON has it."""
        return {
            "classes": list(self.classes),
            "per_class": {name: {"right": r, "held_out": n} for name, r, n in self.right()},
            "right_by_guessing": self.by_guessing,
            "confusion": self.confusion.tolist(),
            "mistaken": [self._as_json(one) for one in self.mistaken],
        }

    def _as_json(self, one: Mistaken) -> dict[str, Any]:
        fields = asdict(one)
        return {self.kinds.removesuffix("s"): fields.pop("name"), **fields}

    @property
    def by_guessing(self) -> int:
        """How many would be right if all were taken for the most frequent class."""
        return int(self.confusion.sum(axis=1).max())

    @property
    def is_useful(self) -> bool:
        """Whether more are right than by guessing."""
        return int(self.confusion.trace()) > self.by_guessing

    @property
    def picture(self) -> str:
        return "confusion.png"

    @property
    def worthless(self) -> str:
        """What is said of one that is not useful, a clause."""
        of_class = self.confusion.sum(axis=1)
        return (
            f"whoever answers {self.classes[of_class.argmax()]!r} every time is right for "
            f"{self.by_guessing} of {of_class.sum()}"
        )

    def lines(self, folder: Path) -> list[str]:
        """Of the summary: the weakest classes, and the photos that it was surest of and wrong."""
        rows = self.right()
        width = max(len(shown(name)) for name, _, _ in rows[:LISTED])
        lines = [f"  {shown(name):{width}} {right:5} of {of}" for name, right, of in rows[:LISTED]]
        if len(rows) > LISTED:
            lines.append(f"  ... {len(rows) - LISTED} more in {folder / 'report.json'}")
        if self.mistaken:
            lines.append("surest of a wrong answer:")
        lines += [f"  {one.name} taken for {one.taken_for}" for one in self.mistaken[:WORST]]
        return lines

    def files(self, folder: Path) -> dict[Path, bytes]:
        """confusion.png and report.json, to be written together."""
        text = json.dumps(self.to_dict(), indent=1) + "\n"
        return {folder / self.picture: self._picture(), folder / "report.json": text.encode()}

    def _picture(self) -> bytes:
        """A row for each class that was scored, a column for each that can be answered."""
        from matplotlib.colors import PowerNorm  # seconds that only a finished run has to wait
        from matplotlib.figure import Figure

        scored = np.flatnonzero(self.confusion.sum(axis=1))
        counts, columns = self.confusion[scored], len(self.classes)
        shares = counts / counts.sum(axis=1, keepdims=True)
        names = [_label(name) for name in self.classes]
        width, height = (min(4.0 + 0.32 * n, LARGEST_IN) for n in (columns, len(scored)))
        figure = Figure(figsize=(width + 1.5, height), layout="compressed")
        axes = figure.subplots()
        # By its root: one in a hundred is seen as well.
        image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, 0, 1))
        figure.colorbar(image, ax=axes, label="share of the class", shrink=0.8)
        axes.set(xlabel="taken for", ylabel="is of", title=self._title(len(scored)))
        if columns <= NAMED:
            letters = "medium" if columns <= NUMBERED else "xx-small"
            axes.set_xticks(range(columns), names, rotation=90, fontsize=letters)
            axes.set_yticks(range(len(scored)), [names[i] for i in scored], fontsize=letters)
        else:
            order = "(classes in the order of report.json)"
            axes.set(xlabel=f"taken for {order}", ylabel=f"is of {order}", xticks=[], yticks=[])
        if columns <= NUMBERED:
            for (i, j), count in np.ndenumerate(counts):
                if count:
                    colour = "white" if shares[i, j] > 0.25 else "black"
                    axes.text(j, i, str(count), ha="center", va="center", color=colour)
        data = io.BytesIO()
        with warnings.catch_warnings():  # letters that the font lacks are shown as boxes
            warnings.simplefilter("ignore", UserWarning)
            figure.savefig(
                data, format="png", dpi=100, bbox_inches="tight", metadata={"Software": None}
            )
        return data.getvalue()

    def _title(self, scored: int) -> str:
        right, of = int(self.confusion.trace()), int(self.confusion.sum())
        lacking = len(self.classes) - scored
        without = f"\n{lacking} classes without one have no row" if lacking else ""
        return f"held-out {self.kinds}: {right} of {of} right{without}"


def _label(name: str) -> str:
    """A class as the picture has it: short, on one line, and a $ in it begins no formula."""
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..."
    return shown(short).replace("$", r"\$")
