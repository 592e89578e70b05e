"""Accuracy on labelled photos, of files and of weights side by side on the same photos:

python export/evaluate.py FILE... --labelled DIR|ZIP [--limit N] [--json]
"""

import argparse
import json
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.record import Accuracy
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.train.score import ranks_of

if TYPE_CHECKING:
    from .classifier import Classifier

BATCH = 32  # photos decoded at a time, for however many classifiers
Z95 = 1.959964  # 97.5 % quantile of the normal distribution

Progress = Callable[[int], object]  # is told how many photos were just done


@dataclass(frozen=True)
class Difference:
    """Of one top-1 accuracy from another on the same photos, with its 95 % interval."""

    top1: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """Where the true class came in each classifier's order: 0 is its first answer."""

    ranks: np.ndarray  # (classifiers, photos) int
    skipped: tuple[str, ...]  # why, for every photo that could not be read

    def accuracy(self, classifier: int) -> Accuracy:
        ranks = self.ranks[classifier]
        return Accuracy(float((ranks < 1).mean()), float((ranks < 5).mean()), len(ranks))

    def difference(self, classifier: int, to: int = 0) -> Difference:
        """Paired: only photos on which the two disagree say anything.

        Agresti and Min's interval (2005: half a photo is added to each of the four cells), which
        unlike the textbook's keeps a width where the two never disagree.
        """
        ours, theirs = self.ranks[classifier] < 1, self.ranks[to] < 1
        won, lost, n = int((ours & ~theirs).sum()), int((theirs & ~ours).sum()), len(ours) + 2
        middle = (won - lost) / n
        margin = Z95 * ((won + lost + 1) - n * middle**2) ** 0.5 / n
        return Difference((won - lost) / len(ours), middle - margin, middle + margin)


def evaluate(
    classifiers: Sequence["Classifier"],
    photos: Photos,
    limit: int | None = None,
    progress: Progress = lambda n: None,
) -> Evaluation:
    """Show the same photos to every classifier. `limit` takes them evenly from all classes."""
    outputs = [true_outputs(photos, c.labels, c.title) for c in classifiers]
    preprocessings = {c.preprocessing for c in classifiers}
    n = len(photos) if limit is None else min(limit, len(photos))
    chosen = np.arange(n) * len(photos) // n
    ranks, skipped = [], []
    for batch in np.split(chosen, range(BATCH, n, BATCH)):
        read: dict[int, Image.Image] = {}
        for i in batch:
            try:
                read[i] = photos.read(i)
            except UserError as broken:
                skipped.append(str(broken))
        if read:
            images = {how: prepared(read.values(), how) for how in preprocessings}
            ranks.append(
                [
                    ranks_of(np.asarray(c.predict(images[c.preprocessing])), of[[*read]])
                    for c, of in zip(classifiers, outputs, strict=True)
                ]
            )
        progress(len(batch))
    if not ranks:
        raise UserError(f"none of the {n} photos can be read; {skipped[0]}")
    return Evaluation(np.concatenate(ranks, axis=1), tuple(skipped))


def true_outputs(photos: Photos, labels: Labels, title: str) -> np.ndarray:
    """The output that stands for each photo's class, (photos,) int: by the name of its folder."""
    if photos.label_of is None:
        raise UserError("these photos have no labels", fix="put them into one folder per class")
    output_of = {id: output for output, id in enumerate(labels.ids)}
    if unknown := [name for name in photos.classes if name not in output_of]:
        raise UserError(
            f"{title} does not know {len(unknown)} of the {len(photos.classes)} class folders, "
            f"first {unknown[0]!r}",
            fix=f"name each folder by a label id of the network, such as {labels.ids[0]!r}",
        )
    return np.array([output_of[name] for name in photos.classes])[photos.label_of]


def prepared(photos: Collection[Image.Image], preprocessing: Preprocessing) -> np.ndarray:
    """The input of the model, (N, size, size, 3) float32."""
    return preprocessing.normalise(np.stack([preprocessing.pixels(photo) for photo in photos]))


def accuracy(
    predict: Callable[[np.ndarray], ArrayLike],
    photos: Photos,
    preprocessing: Preprocessing,
    labels: Labels,
    progress: Progress = lambda n: None,
) -> Accuracy:
    """Of anything that maps (N, size, size, 3) float32 to (N, classes)."""
    from .classifier import Classifier

    one = Classifier("the network", predict, preprocessing, labels)
    return evaluate([one], photos, progress=progress).accuracy(0)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Top-1 and top-5 of .tflite files and of weights, side by side."
    )
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="a .tflite file, or weights as to_tflite.py takes them, run by Keras",
    )
    parser.add_argument("--model", help="whose weights they are, where they do not say so")
    parser.add_argument("--labels", metavar="NAME|FILE", help="class names of weights without them")
    parser.add_argument(
        "--labelled", required=True, metavar="DIR|ZIP", help="photos in one folder per class"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="so many photos, from all classes")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args = parser.parse_args(argv)
    if args.limit is not None and args.limit < 1:
        parser.error(f"--limit is {args.limit}; it must be 1 or more")

    from rich.console import Console
    from rich.progress import Progress as Bar

    photos = Photos.open(args.labelled)
    classifiers = [classifier_of(file, args.model, args.labels) for file in args.files]
    for c in classifiers:
        if unseen := len(c.labels) - len(photos.classes):
            print(f"note: {c.title}: {unseen} of its classes have no photos here", file=sys.stderr)
    console = Console(stderr=True)
    with Bar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("photos", total=min(args.limit or len(photos), len(photos)))
        result = evaluate(classifiers, photos, args.limit, lambda n: bar.advance(task, n))
    for why in result.skipped:
        print(f"skipped: {why}", file=sys.stderr)

    rows = [_row(result, i, file) for i, file in enumerate(args.files)]
    if args.json:
        document = {"labelled": args.labelled, "files": rows, "skipped": len(result.skipped)}
        print(json.dumps(document, indent=1))
    else:
        print("\n".join(_lines(rows)))
    return 0


def classifier_of(file: str, model: str | None, labels: str | None) -> "Classifier":
    """A finished file; anything else is taken for weights, and TensorFlow is started."""
    if file.endswith(".tflite"):
        from .classifier import open_classifier

        return open_classifier(file)
    from .network import from_zoo

    return from_zoo(model, file, labels=labels).classifier


def _row(result: Evaluation, i: int, file: str) -> dict[str, Any]:
    difference = asdict(result.difference(i)) if i else None
    return {"file": file, **asdict(result.accuracy(i)), "difference": difference}


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    names = [Path(row["file"]).name for row in rows]
    width = max(map(len, names))
    lines = [f"{'':{width}}    top-1    top-5  photos"]
    for name, row in zip(names, rows, strict=True):
        line = f"{name:{width}}  {row['top1']:7.2%}  {row['top5']:7.2%}  {row['n']:6}"
        if change := row["difference"]:
            low, high = 100 * change["low"], 100 * change["high"]
            verdict = "" if low > 0 or high < 0 else ": cannot be told apart"
            line += (
                f"  {100 * change['top1']:+.2f} points to the first"
                f" (95 % interval {low:+.2f} to {high:+.2f}{verdict})"
            )
        lines.append(line)
    return lines


if __name__ == "__main__":
    run(main)
