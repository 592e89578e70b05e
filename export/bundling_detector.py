"""A detector's training run becomes bundled weights: with ranges, a card, and every file's AP."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.files import sha256, write_atomic
from ghostnet_tf.base.progress import Stages
from ghostnet_tf.data.boxed_photos import BoxedPhotos
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.skipped import Skips
from ghostnet_tf.tasks.detect.average_precision import average_precision
from ghostnet_tf.tasks.detect.nms import keep
from ghostnet_tf.weights import BUNDLED, checkpoint

from .bundling import CALIBRATION_PHOTOS
from .detection import open_detector
from .finding import precision
from .network import Network, card_path, from_zoo, ranges_path
from .pipeline import export
from .recipes import DEFAULT_RECIPES

TRAINING, HELD_OUT, SCORED = "train", "val", "test"  # splits
OVERLAPS = (0.45, 0.5, 0.55, 0.6, 0.65)  # tried on the held-out photos


def bundle_detector(run: Path, weights: str, place: str, out: Path) -> dict[str, Any]:
    """Publish the best weights of `run`, on the split train of `place`, as `weights`; the APs.

    Which boxes are too near one another is chosen on val, ranges are measured on photos of train,
    and the split test is scored once, with every file. The card comes last: until it names these
    weights, neither ranges nor APs are taken for theirs.
    """
    stages, skipped = Stages(), Skips()
    tensors, header = checkpoint.read(run / "best.safetensors")
    history = checkpoint.read(run / "state.safetensors")[1]["history"]
    train, held_out, test = BoxedPhotos.parts(
        place, skipped, lambda _: [TRAINING, HELD_OUT, SCORED]
    )
    path = BUNDLED / f"{header['model']}_{weights}.safetensors"
    with alone(path, f"bundling {weights!r}"):
        by_iou = ap50_by_iou(from_zoo(weights=str(run / "best.safetensors")), held_out, stages)
        facts = {key: header[key] for key in ("model", "classes", "preprocessing")}
        facts["iou"] = max(by_iou, key=by_iou.__getitem__)
        checkpoint.save(path, tensors, facts)
        network = replace(from_zoo(header["model"], weights), ranges=None, accuracies={})
        photos = of_split(Photos.open(place), train)
        some = min(CALIBRATION_PHOTOS, len(photos))
        rng = np.random.default_rng(header["schedule"]["seed"])
        chosen = np.sort(rng.choice(len(photos), some, replace=False))
        result = export(network, DEFAULT_RECIPES, photos.subset(chosen), None, out, stages)
        assert result.ranges
        write_atomic(ranges_path(path, network.name), result.ranges.to_json().encode())
        detectors = [network.detector, *(open_detector(file.path) for file in result.files)]
        with stages.stage("score the test photos", len(test)) as advance:
            keras, *rows = precision(detectors, test, advance)
        recipes = [file.record.recipe for file in result.files]
        published = {
            file.record.sha256: {"ap": row["ap"], "ap50": row["ap50"], "photos": len(test)}
            for file, row in zip(result.files, rows, strict=True)
        }
        scores = {"keras": keras, **dict(zip(recipes, rows, strict=True))}
        card = {
            "model": network.name,
            "weights": weights,
            "sha256": sha256(path.read_bytes()),
            "photos": {
                "training": len(train),
                "held_out": len(held_out),
                "scored": len(test),
                "calibration": some,
            },
            "recipe": header["schedule"],
            "epoch": header["epoch"],
            "held_out_ap50_by_iou": by_iou,
            "average_precision": {name: without_curves(row) for name, row in scores.items()},
            "published": published,
            "history": history,
        }
        write_atomic(card_path(path), (json.dumps(card, indent=1) + "\n").encode())
    return card["average_precision"]


def ap50_by_iou(network: Network, photos: BoxedPhotos, stages: Stages) -> dict[float, float]:
    """AP50 of the weights in Keras, for each IoU above which only the surer of two boxes stays."""
    detector, said, truth, sizes = network.detector, [], [], []
    with stages.stage("choose the overlap of boxes", len(photos)) as advance:
        for i in range(len(photos)):
            if photo := photos.readable(i):
                boxes, scores = detector.run(detector.preprocessing.images([photo]))
                said.append((boxes[0], scores[0]))
                truth.append(photos.boxes(i))
                sizes.append(photo.size)
            advance(1)
    made = {
        iou: average_precision(
            [keep(boxes, scores, iou) for boxes, scores in said], truth, photos.classes, sizes
        )
        for iou in OVERLAPS
    }
    return {iou: row["ap50"] for iou, row in made.items()}


def of_split(photos: Photos, split: BoxedPhotos) -> Photos:
    """Those photos of a place that are of a split."""
    names = {*split.names}
    return photos.subset(np.flatnonzero([name in names for name in photos.names]))


def without_curves(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "curves"}
