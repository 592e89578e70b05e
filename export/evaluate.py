"""Accuracy on labelled photos, of files and of weights side by side on the same photos:

ghostnet evaluate FILE... --labelled DIR|ZIP [--limit N] [--json]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import run
from ghostnet_tf.base.terminal import document, note, out
from ghostnet_tf.data.photos import Photos

from . import arguments, printed

if TYPE_CHECKING:
    from .classifier import Classifier


def parser() -> argparse.ArgumentParser:
    parse = doors.parser(
        "evaluate", "Top-1 and top-5 of .tflite files and of weights, side by side."
    )
    parse.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="a .tflite file, or weights as `ghostnet export` takes them, run by Keras",
    )
    weights = parse.add_argument_group("weights")
    weights.add_argument("--model", help="whose weights they are, where they do not say so")
    weights.add_argument(
        "--labels", metavar="NAME|FILE", help="class names of weights without them"
    )
    photos = parse.add_argument_group("photos")
    photos.add_argument(
        "--labelled", required=True, metavar="DIR|ZIP", help="photos in one folder per class"
    )
    photos.add_argument(
        "--limit", type=int, metavar="N", help="so many photos, from all classes (default: all)"
    )
    arguments.add_json(parse.add_argument_group("output"))
    return parse


def main(argv: list[str] | None = None) -> int:
    parse = parser()
    args = parse.parse_args(argv)
    arguments.refuse_below_one(parse, args, "limit")

    from ghostnet_tf.base.progress import Stages

    from .evaluation import evaluate

    arguments.labels_of(args)
    photos = Photos.open(args.labelled)
    classifiers = [classifier_of(file, args.model, args.labels) for file in args.files]
    for c in classifiers:
        if unseen := len(c.labels) - len(photos.classes):
            note(f"note: {c.title}: {unseen} of its classes have no photos here")
    for said in other_weights(classifiers):
        note(f"note: {said}")
    n = min(args.limit or len(photos), len(photos))
    with Stages().stage("photos", n) as advance:
        result = evaluate(classifiers, photos, args.limit, advance)

    rows = [
        printed.score_row(result, i, file, len(c.labels))
        for i, (file, c) in enumerate(zip(args.files, classifiers, strict=True))
    ]
    if args.json:
        document({"labelled": args.labelled, "files": rows, **photos.skipped.as_json()})
    else:
        out(*printed.score_lines(rows))
    return 0


def classifier_of(file: str, model: str | None, labels: str | None) -> "Classifier":
    """A finished file; anything else is taken for weights, and TensorFlow is started."""
    if file.endswith(".tflite"):
        from .classifier import open_classifier

        return open_classifier(file)
    from ghostnet_tf.base.quiet import start_keras

    start_keras()
    from .network import from_zoo

    return from_zoo(model, file, labels=labels).classifier


def other_weights(classifiers: "Sequence[Classifier]") -> list[str]:
    """What is compared with the first of its network, and was not made from the same weights."""
    firsts: dict[str, Classifier] = {}
    notes = []
    for one in classifiers:
        if not one.model or not one.weights_sha256:
            continue
        first = firsts.setdefault(one.model, one)
        if one.weights_sha256 != first.weights_sha256:
            notes.append(
                f"{one.title} and {first.title} are {one.model} with different weights: what lies "
                "between them is not the recipe alone"
            )
    return notes


if __name__ == "__main__":
    run(main)
