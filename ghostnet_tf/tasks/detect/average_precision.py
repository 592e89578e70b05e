"""How well boxes are found: COCO's average precision, as pycocotools computes it.

A found box is right where it shares enough with a true one of its class that no surer one has
taken; AP is the area under precision over recall, AP50 that at an IoU of 0.5, AP the mean of those
at 0.50, 0.55, ... 0.95, each over 101 recalls and averaged over the classes. At most 100 boxes a
photo count. Lin et al., Microsoft COCO (arXiv 1405.0312).
"""

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.tasks.detect.nms import Found

if TYPE_CHECKING:
    from pycocotools.cocoeval import COCOeval

IOUS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)
AT_50, AT_75 = 0, 5  # of IOUS
ALL_SIZES, MOST_FOUND = 0, -1  # of the areas and the counts that pycocotools tells apart
AREAS = ("all", "small", "medium", "large")  # below 32 x 32, 96 x 96 pixels of the photo, and above


def average_precision(
    found: Sequence[Found],
    truth: Sequence[Boxes],
    classes: Sequence[str],
    sizes: Sequence[tuple[int, int]],
) -> dict[str, Any]:
    """Of photos of these sizes (width, height in pixels): what is found, and what is there.

    {"ap", "ap50", "ap75", "by_size": {"small", "medium", "large"}, "per_class": {name: {"ap",
    "ap50", "boxes"}}, "curves": {name: 101 precisions at IoU 0.5, of recall 0, 0.01, ... 1}}. None
    for what no true box is of.
    """
    return summary(judged(found, truth, len(classes), sizes), truth, classes)


def summary(judge: "COCOeval", truth: Sequence[Boxes], classes: Sequence[str]) -> dict[str, Any]:
    """`average_precision` of what has been judged."""
    with contextlib.redirect_stdout(io.StringIO()):
        judge.accumulate()
    precisions = judge.eval["precision"][..., MOST_FOUND]  # (IoUs, recalls, classes, areas)
    there = np.bincount(
        np.concatenate([np.empty(0, np.int64), *(boxes.classes for boxes in truth)]),
        minlength=len(classes),
    )
    of_all = precisions[:, :, :, ALL_SIZES]
    return {
        "ap": _mean(of_all),
        "ap50": _mean(of_all[AT_50]),
        "ap75": _mean(of_all[AT_75]),
        "by_size": {
            name: _mean(precisions[..., i]) for i, name in enumerate(AREAS) if i != ALL_SIZES
        },
        "per_class": {
            name: {
                "ap": _mean(of_all[:, :, i]),
                "ap50": _mean(of_all[AT_50, :, i]),
                "boxes": int(there[i]),
            }
            for i, name in enumerate(classes)
        },
        "curves": {
            name: of_all[AT_50, :, i].tolist() for i, name in enumerate(classes) if there[i]
        },
    }


def _mean(precisions: np.ndarray) -> float | None:
    """Over those that are known: pycocotools says -1 for a class of which there is no true box."""
    known = precisions[precisions > -1]
    return float(known.mean()) if len(known) else None


def judged(
    found: Sequence[Found],
    truth: Sequence[Boxes],
    n_classes: int,
    sizes: Sequence[tuple[int, int]],
) -> "COCOeval":
    """Which found boxes are right, photo for photo, at each IoU; photos are numbered from 0."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    if not len(found) == len(truth) == len(sizes):
        raise ValueError(f"{len(found)} answers, {len(truth)} truths, {len(sizes)} sizes")
    shapes = [np.array([w, h, w, h], np.float64) for w, h in sizes]
    true, answered = COCO(), COCO()
    made: Any
    for made, rows in (
        (true, [(i, one.corners, one.classes, None) for i, one in enumerate(truth)]),
        (answered, [(i, one.corners, one.classes, one.scores) for i, one in enumerate(found)]),
    ):
        made.dataset = {
            "images": [{"id": i} for i in range(len(sizes))],
            "categories": [{"id": i} for i in range(n_classes)],
            "annotations": _annotations(rows, shapes),
        }
    with contextlib.redirect_stdout(io.StringIO()):
        for made in (true, answered):
            made.createIndex()
        judge = COCOeval(true, answered, "bbox")
        judge.params.iouThrs, judge.params.recThrs = IOUS, RECALLS
        judge.evaluate()
    return judge


def _annotations(rows, shapes) -> list[Mapping[str, Any]]:
    """As COCO's JSON has them: left, top, width, height in pixels, numbered from 1."""
    made = []
    for photo, corners, classes, scores in rows:
        pixels = corners.astype(np.float64) * shapes[photo]
        for i, (x1, y1, x2, y2) in enumerate(pixels):
            one = {
                "id": len(made) + 1,  # 0 means "none" to pycocotools
                "image_id": photo,
                "category_id": int(classes[i]),
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "area": (x2 - x1) * (y2 - y1),
                "iscrowd": 0,
            }
            made.append(one if scores is None else {**one, "score": float(scores[i])})
    return made
