"""Accuracy on labelled photos, of files and of weights side by side on the same photos:

ghostnet evaluate FILE... --labelled DIR|ZIP|NPZ [--limit N] [--json]

An .npz holds samples, for files that take no photos, and what each of them is (`true_class`). Files
that hear are scored on sounds in class folders.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.record import DETECT
from ghostnet_tf.base.terminal import document, note, out
from ghostnet_tf.data.given import Given, opened_at
from ghostnet_tf.data.items import Items
from ghostnet_tf.data.recordings import ALL, Recordings
from ghostnet_tf.data.samples import Samples

from . import arguments, printed

if TYPE_CHECKING:
    from .classifier import Classifier
    from .detection import Detector
    from .evaluation import Evaluation
    from .hearer import Hearer
    from .labelled_samples import Judged
    from .segmentation import Segmenter


def parser() -> argparse.ArgumentParser:
    parse = doors.parser(
        "evaluate", "Top-1 and top-5, or AP, of .tflite files and of weights, side by side."
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
        "--labels",
        metavar="NAME|FILE",
        help="class names of weights without them; of photos with masks: what their numbers mean",
    )
    photos = parse.add_argument_group("photos")
    photos.add_argument(
        "--labelled",
        required=True,
        metavar="DIR|ZIP|NPZ",
        help="photos in one folder per class; .npz: samples, with an array true_class; of a "
        "detector: photos with annotations of Pascal VOC, COCO or YOLO; of a segmenter: with "
        "masks; of files that hear: sounds in one folder per class",
    )
    photos.add_argument(
        "--split",
        metavar="NAME",
        help="of photos with boxes or masks: this split alone (test); of sounds whose names tell: "
        "test, all, or a speaker (default: test)",
    )
    photos.add_argument(
        "--limit", type=int, metavar="N", help="so many of them, from all classes (default: all)"
    )
    arguments.add_json(parse.add_argument_group("output"))
    return parse


def main(argv: list[str] | None = None) -> int:
    parse = parser()
    args = parse.parse_args(argv)
    arguments.refuse_below_one(parse, args, "limit")

    from ghostnet_tf.base.progress import Stages

    from .evaluation import evaluate

    if not all(file.endswith(".tflite") for file in args.files):
        arguments.labels_of(args)
    photos = opened_at(args.labelled)
    if isinstance(photos, Samples):
        return on_samples(args, photos)
    if isinstance(photos, Recordings):
        return on_sounds(args, photos)
    opened = [opened_file(file, args.model, args.labels) for file in args.files]
    from .detection import Detector
    from .segmentation import Segmenter

    detectors = [one for one in opened if isinstance(one, Detector)]
    if detectors:
        return say_precision(args, detectors)
    segmenters = [one for one in opened if isinstance(one, Segmenter)]
    if segmenters:
        return say_outlining(args, segmenters)
    classifiers = [one for one in opened if not isinstance(one, Detector | Segmenter)]
    for c in classifiers:
        if unseen := len(c.labels) - len(photos.classes):
            note(f"note: {c.title}: {unseen} of its classes have no photos here")
    for said in other_weights(classifiers):
        note(f"note: {said}")
    n = min(args.limit or len(photos), len(photos))
    with Stages().stage("photos", n) as advance:
        result = evaluate(classifiers, photos, args.limit, advance)

    say(args, result, [len(c.labels) for c in classifiers], photos)
    return 0


def on_samples(args: argparse.Namespace, samples: Samples) -> int:
    """The same for files that take no photos, or whose photos somebody has prepared."""
    from ghostnet_tf.base.progress import Stages

    from .labelled_samples import evaluate_samples, open_judged, true_classes

    if others := [file for file in args.files if not file.endswith(".tflite")]:
        raise UserError(
            f"{others[0]!r} is no .tflite file, and samples are for those",
            fix="export the weights, or give photos in one folder per class",
        )
    those = [open_judged(file) for file in args.files]
    for one in those:
        if unseen := one.n_classes - len({*true_classes(samples, one).tolist()}):
            note(f"note: {one.title}: {unseen} of its classes have no samples here")
    for said in other_weights(those):
        note(f"note: {said}")
    n = min(args.limit or len(samples), len(samples))
    with Stages().stage("samples", n) as advance:
        result = evaluate_samples(those, samples, args.limit, advance)
    say(args, result, [one.n_classes for one in those], samples)
    return 0


def on_sounds(args: argparse.Namespace, sounds: Recordings) -> int:
    """The same for files that hear."""
    from ghostnet_tf.base.progress import Stages

    from .listening import evaluate_sounds

    chosen = sounds.split(args.split)
    if args.split is None and len(chosen) < len(sounds):
        note(
            f"note: the {len(chosen)} sounds that their names keep for a test; --split {ALL} takes "
            f"all {len(sounds)}"
        )
    hearers = [opened_hearer(file, args.model, args.labels) for file in args.files]
    for one in hearers:
        if unseen := len({*one.labels.ids} - {*chosen.classes}):
            note(f"note: {one.title}: {unseen} of its classes have no sounds here")
    for said in other_weights(hearers):
        note(f"note: {said}")
    n = min(args.limit or len(chosen), len(chosen))
    with Stages().stage("sounds", n) as advance:
        result = evaluate_sounds(hearers, chosen, args.limit, advance)
    say(args, result, [len(one.labels) for one in hearers], chosen)
    return 0


def opened_hearer(file: str, model: str | None, labels: str | None) -> "Hearer":
    """A finished file that hears; anything else is taken for weights, and TensorFlow is started."""
    if file.endswith(".tflite"):
        from .hearer import open_hearer

        return open_hearer(file)
    from ghostnet_tf.base.quiet import start_keras

    start_keras()
    from .network import from_zoo

    return from_zoo(model, file, labels=labels).hearer


def say(
    args: argparse.Namespace,
    result: "Evaluation",
    classes: "Sequence[int]",
    labelled: Given,
) -> None:
    """`classes`: how many each file tells apart."""
    rows = [
        printed.score_row(result, i, file, n)
        for i, (file, n) in enumerate(zip(args.files, classes, strict=True))
    ]
    if args.json:
        skipped = arguments.skips_of(labelled).as_json()
        document({"labelled": args.labelled, "files": rows, **skipped})
    else:
        kind = labelled.kinds if isinstance(labelled, Items) else "samples"
        out(*printed.score_lines(rows, kind))


def say_precision(args: argparse.Namespace, detectors: "list[Detector]") -> int:
    """Of detectors: AP on photos with boxes."""
    if len(detectors) < len(args.files):
        raise UserError(
            "some of these files find things and others name photos", fix="ask for one kind"
        )
    from ghostnet_tf.base.progress import Stages
    from ghostnet_tf.data.boxed_photos import BoxedPhotos
    from ghostnet_tf.data.skipped import Skips

    from .finding import precision, score_lines

    photos = BoxedPhotos.open(args.labelled, Skips(), args.split)
    n = min(args.limit or len(photos), len(photos))
    photos = photos.subset(np.arange(n) * len(photos) // n)
    with Stages().stage("photos", n) as advance:
        found = precision(detectors, photos, advance)
    if args.json:
        rows = [{"file": file, **row} for file, row in zip(args.files, found, strict=True)]
        labelled = {"labelled": args.labelled, "split": args.split, "photos": n}
        document({**labelled, "files": rows, **photos.skipped.as_json()})
    else:
        out(*score_lines(args.files, found, n))
    return 0


def say_outlining(args: argparse.Namespace, segmenters: "list[Segmenter]") -> int:
    """Of segmenters: mIoU on photos with masks."""
    if len(segmenters) < len(args.files):
        raise UserError(
            "some of these files outline things and others do not", fix="ask for one kind"
        )
    from ghostnet_tf.base.progress import Stages
    from ghostnet_tf.data.masked_photos import MaskedPhotos
    from ghostnet_tf.data.masks import MaskClasses
    from ghostnet_tf.data.skipped import Skips

    from .outlines import outlining, score_lines

    classes = MaskClasses.read(args.labels) if args.labels else None
    photos = MaskedPhotos.open(args.labelled, Skips(), args.split, classes)
    n = min(args.limit or len(photos), len(photos))
    photos = photos.subset(np.arange(n) * len(photos) // n)
    with Stages().stage("photos", n) as advance:
        found = outlining(segmenters, photos, advance)
    if args.json:
        rows = [
            {"file": file, **found.scores(k), **({"difference": found.difference(k)} if k else {})}
            for k, file in enumerate(args.files)
        ]
        labelled = {"labelled": args.labelled, "split": args.split, "photos": n}
        document({**labelled, "files": rows, **photos.skipped.as_json()})
    else:
        out(*score_lines(args.files, found))
    return 0


def opened_file(
    file: str, model: str | None, labels: str | None
) -> "Classifier | Detector | Segmenter":
    """A finished file; anything else is taken for weights, and TensorFlow is started."""
    if file.endswith(".tflite"):
        from .detection import open_any

        return open_any(file)
    from ghostnet_tf.base.quiet import start_keras

    start_keras()
    from .network import from_zoo

    network = from_zoo(model, file, labels=labels)
    return network.detector if network.task == DETECT else network.classifier


def other_weights(classifiers: "Sequence[Classifier | Judged | Hearer]") -> list[str]:
    """What is compared with the first of its network, and was not made from the same weights."""
    firsts: dict[str, Classifier | Judged | Hearer] = {}
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
