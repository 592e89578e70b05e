"""What a finished run is good at: per class, as a confusion matrix, and its worst photos."""

import io
import json
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ghostnet_tf.base.files import write_together
from ghostnet_tf.base.terminal import shown
from ghostnet_tf.train.score import confusion, cross_entropy

NUMBERED, NAMED = 25, 60  # classes of which the picture has numbers, and names
LONGEST = 24  # letters of a name there


@dataclass(frozen=True)
class Mistaken:
    """One held-out photo that was taken for another class."""

    photo: str
    is_of: str
    taken_for: str
    loss: float  # nat: how sure of the wrong answer


@dataclass(frozen=True)
class Report:
    """The best weights on the held-out photos."""

    classes: tuple[str, ...]
    confusion: np.ndarray  # (classes, classes) int: row the class, column the answer
    mistaken: tuple[Mistaken, ...]  # the surest first

    @classmethod
    def of(
        cls, logits: np.ndarray, labels: np.ndarray, names: list[str], classes: tuple[str, ...]
    ) -> "Report":
        """From logits (n, classes), true classes (n,) and names (n) of the held-out photos."""
        losses, answers = cross_entropy(logits, labels), logits.argmax(axis=1)
        order = sorted(np.flatnonzero(answers != labels), key=lambda i: (-losses[i], names[i]))
        mistaken = (
            Mistaken(names[i], classes[labels[i]], classes[answers[i]], round(float(losses[i]), 4))
            for i in order
        )
        return cls(classes, confusion(logits, labels), tuple(mistaken))

    def right(self) -> list[tuple[str, int, int]]:
        """(class, photos that were right, photos held out), the weakest class first.

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
            "confusion": self.confusion.tolist(),
            "mistaken": [asdict(one) for one in self.mistaken],
        }

    def save(self, folder: Path) -> None:
        """report.json and confusion.png."""
        text = json.dumps(self.to_dict(), indent=1) + "\n"
        picture = self._picture()
        write_together({folder / "report.json": text.encode(), folder / "confusion.png": picture})

    def _picture(self) -> bytes:
        n = len(self.classes)
        side = min(4 + 0.32 * n, 16)
        figure = Figure(figsize=(side + 1, side), layout="constrained")
        axes = figure.subplots()
        rows = self.confusion.sum(axis=1, keepdims=True)
        shares = self.confusion / np.maximum(rows, 1)
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        figure.colorbar(image, ax=axes, label="share of the class", shrink=0.8)
        axes.set(xlabel="taken for", ylabel="is of", title="held-out photos")
        if n <= NAMED:
            names = [_label(name) for name in self.classes]
            axes.set_xticks(range(n), names, rotation=90)
            axes.set_yticks(range(n), names)
        if n <= NUMBERED:
            for (i, j), count in np.ndenumerate(self.confusion):
                if count:
                    colour = "white" if shares[i, j] > 0.5 else "black"
                    axes.text(j, i, str(count), ha="center", va="center", color=colour)
        data = io.BytesIO()
        with warnings.catch_warnings():  # letters that the font lacks are shown as boxes
            warnings.simplefilter("ignore", UserWarning)
            figure.savefig(data, format="png", dpi=120, metadata={"Software": None})
        return data.getvalue()


def _label(name: str) -> str:
    """A class as the picture has it: short, on one line, and a $ in it begins no formula."""
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..."
    return shown(short).replace("$", r"\$")
