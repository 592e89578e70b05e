"""The loss of a detector: quality focal, GIoU and distribution focal, weighted as NanoDet-Plus."""

from collections.abc import Callable
from typing import Any

import keras

from ghostnet_tf.nets.detector import BINS, corners, split
from ghostnet_tf.tasks.detect.assignment import (
    EPSILON,
    FAR,
    NONE,
    areas,
    assign,
    candidates,
    iou,
    overlap,
    surprise,
)

ops: Any = keras.ops  # whose annotations allow for None everywhere
CLASS, PLACE, SPREAD = 1.0, 2.0, 0.25


class Detection(keras.losses.Loss):
    """Targets (N, M, 5), class x1 y1 x2 y2, and raw values (N, cells, ...) -> nat.

    A target of class -1 fills up where others of the batch have more boxes. What counts is how many
    cells answer for boxes in the whole batch, so every photo has the loss of the batch.
    """

    def __init__(self, classes: int):
        super().__init__(name="detection")
        self.classes = classes

    def call(self, y_true: Any, y_pred: Any) -> Any:
        targets, raw = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        answers, picked = assign(ops.stop_gradient(raw), targets, self.classes)
        answers, picked = ops.stop_gradient(answers), ops.stop_gradient(picked)
        own = ops.matmul(picked, targets)  # (N, A, 5)
        logits, bins, cells = split(raw, self.classes)
        boxes, said = own[..., 1:], corners(bins, cells)
        quality = ops.stop_gradient(iou(said, boxes)) * answers  # (N, A)
        of_class = ops.one_hot(ops.cast(own[..., 0], "int32"), self.classes)
        focal = ops.sum(surprise(logits, of_class * quality[..., None]))
        counted = ops.maximum(ops.sum(answers), 1.0)
        weight = ops.stop_gradient(shares(answers, picked, logits))
        weighed = ops.maximum(ops.sum(weight), EPSILON)
        place = ops.sum(weight * (1.0 - giou(said, boxes))) / weighed
        spread = ops.sum(weight[..., None] * of_bins(bins, distances(boxes, cells))) / weighed / 4
        total = CLASS * focal / counted + PLACE * place + SPREAD * spread
        return ops.broadcast_to(total, (ops.shape(targets)[0],))


def shares(answers: Any, picked: Any, logits: Any) -> Any:
    """How much each cell counts for the place of its box, (N, A): 1 in sum for every box.

    The surer cells of a box count more, since they are the ones that will be kept. Boxes count
    alike: weighed by sureness alone, as in NanoDet, those of a class that is still unsure are not
    learned, and so it stays unsure (platelets beside ten times as many red cells had AP50 0.05
    after 28 epochs).
    """
    sure = answers * ops.max(ops.sigmoid(logits), axis=-1)  # (N, A)
    of_box = ops.sum(picked * sure[..., None], axis=1)  # (N, M)
    around = ops.sum(picked * of_box[:, None], axis=-1)  # (N, A)
    return sure / ops.maximum(around, EPSILON)


def giou(a: Any, b: Any) -> Any:
    """IoU less what the smallest box around both has beyond them (arXiv 1902.09630), (...)."""
    shared, covered = overlap(a, b)
    low = ops.minimum(a[..., :2], b[..., :2])
    high = ops.maximum(a[..., 2:], b[..., 2:])
    around = areas(ops.concatenate([low, high], axis=-1))
    beyond = (around - covered) / ops.maximum(around, EPSILON)
    return shared / ops.maximum(covered, EPSILON) - beyond


def distances(boxes: Any, cells: Any) -> Any:
    """How far the edges of boxes are from the middles of cells, in strides, (..., 4), from 0 on."""
    middle, stride = cells[..., :2], cells[..., 2:]
    found = [(middle - boxes[..., :2]) / stride, (boxes[..., 2:] - middle) / stride]
    return ops.clip(ops.concatenate(found, axis=-1), 0.0, BINS - 1.01)


def of_bins(logits: Any, distance: Any) -> Any:
    """Distribution focal loss (arXiv 2006.04388): (..., 4, 8) and (..., 4) -> (..., 4)."""
    lower = ops.floor(distance)
    upper_share = distance - lower
    chosen = ops.one_hot(ops.cast(lower, "int32"), BINS) * (1.0 - upper_share)[..., None]
    chosen += ops.one_hot(ops.cast(lower, "int32") + 1, BINS) * upper_share[..., None]
    return -ops.sum(chosen * ops.log_softmax(logits, axis=-1), axis=-1)


def surest_overlap(
    targets: Any, raw: Any, classes: int, split: Callable = split, corners: Callable = corners
) -> Any:
    """Of every photo, the mean IoU of its boxes with what the surest cell in each says; (N,).

    `split` and `corners` are those of the heads. 1 where there is no box.
    """
    targets, raw = ops.cast(targets, "float32"), ops.cast(raw, "float32")
    logits, places, cells = split(raw, classes)
    kind, boxes = targets[..., 0], targets[..., 1:]
    is_there = ops.cast(kind != NONE, "float32")
    of_class = ops.transpose(ops.one_hot(ops.cast(kind, "int32"), classes), (0, 2, 1))
    can = candidates(cells[:, :, None], boxes[:, None])
    sure = ops.where(can, ops.matmul(logits, of_class), -FAR)  # (N, A, M)
    surest = ops.one_hot(ops.argmax(sure, axis=1), ops.shape(logits)[1])  # (N, M, A)
    found = ops.matmul(surest, corners(places, cells))  # (N, M, 4)
    n = ops.sum(is_there, axis=1)
    shared = ops.sum(iou(found, boxes) * is_there, axis=1)
    return ops.where(n > 0, shared / ops.maximum(n, 1.0), 1.0)
