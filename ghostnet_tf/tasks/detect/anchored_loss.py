"""The loss of RetinaNet: focal for what is at an anchor, smooth L1 for where (arXiv 1708.02002)."""

from typing import Any

import keras

from ghostnet_tf.nets.retinanet import LARGEST, split
from ghostnet_tf.tasks.detect.assignment import EPSILON, NONE, iou

ops: Any = keras.ops  # whose annotations allow for None everywhere
THERE, NOT_THERE = 0.5, 0.4  # IoU from which on an anchor answers for a box, below which for none
ALPHA, GAMMA = 0.25, 2.0
BETA = 1 / 9  # where smooth L1 changes from squares to lines


class AnchoredDetection(keras.losses.Loss):
    """Targets (N, M, 5), class x1 y1 x2 y2, and raw values (N, anchors, ...) -> nat.

    A target of class -1 fills up where others of the batch have more boxes. What counts is how many
    anchors answer for boxes in the whole batch, so every photo has the loss of the batch.
    """

    def __init__(self, classes: int):
        super().__init__(name="anchored_detection")
        self.classes = classes

    def call(self, y_true: Any, y_pred: Any) -> Any:
        targets, raw = ops.cast(y_true, "float32"), ops.cast(y_pred, "float32")
        logits, offsets, anchors = split(raw, self.classes)
        answers, is_counted, own = match(anchors, targets)
        wanted = ops.one_hot(ops.cast(own[..., 0], "int32"), self.classes) * answers[..., None]
        n = ops.maximum(ops.sum(answers), 1.0)
        seen = ops.sum(focal(logits, wanted) * is_counted[..., None]) / n
        off = smooth(offsets - offsets_of(own[..., 1:], anchors))
        total = seen + ops.sum(off * answers[..., None]) / n
        return ops.broadcast_to(total, (ops.shape(targets)[0],))


def match(anchors: Any, targets: Any) -> tuple[Any, Any, Any]:
    """Anchors (N, A, 4), middle and sides, and targets (N, M, 5) -> who answers for what.

    (N, A) float32, 1 where an anchor answers for a box: it overlaps it by half, or no other
    overlaps that box more; (N, A), 0 where it answers for none and overlaps one too much to say so;
    (N, A, 5): the target that it overlaps most.
    """
    half = anchors[..., 2:] / 2
    own = ops.concatenate([anchors[..., :2] - half, anchors[..., :2] + half], axis=-1)
    is_there = (targets[..., 0] != NONE)[:, None]  # (N, 1, M)
    shared = ops.where(is_there, iou(own[:, :, None], targets[:, None, :, 1:]), 0.0)  # (N, A, M)
    best = ops.max(shared, axis=1, keepdims=True)  # of each box
    is_best = (shared >= best) & (best > 0.0)
    # A box's best anchor answers for it, whatever that overlaps more.
    shared = ops.where(is_best, 1.0 + shared, shared)
    most = ops.max(shared, axis=-1)  # (N, A)
    answers = ops.cast(most >= THERE, "float32")
    is_counted = ops.cast((most >= THERE) | (most < NOT_THERE), "float32")
    picked = ops.one_hot(ops.argmax(shared, axis=-1), ops.shape(targets)[1])  # (N, A, M)
    return answers, is_counted, ops.matmul(picked, targets)


def focal(logits: Any, targets: Any) -> Any:
    """Cross-entropy, less of what is sure already: (...), targets of 0 or 1."""
    nat = ops.relu(logits) - logits * targets + ops.softplus(-ops.abs(logits))
    share = ops.sigmoid(logits)
    wrong = targets * (1.0 - share) + (1.0 - targets) * share
    weight = targets * ALPHA + (1.0 - targets) * (1.0 - ALPHA)
    return weight * ops.power(wrong, GAMMA) * nat


def smooth(difference: Any) -> Any:
    """Squares near 0, lines beyond BETA (arXiv 1504.08083)."""
    size = ops.abs(difference)
    return ops.where(size < BETA, 0.5 * ops.square(size) / BETA, size - 0.5 * BETA)


def offsets_of(boxes: Any, anchors: Any) -> Any:
    """Corners (N, A, 4) and anchors (N, A, 4) -> what a network should say of each, (N, A, 4)."""
    sides = ops.maximum(boxes[..., 2:] - boxes[..., :2], EPSILON)
    middle = (boxes[..., 2:] + boxes[..., :2]) / 2
    moved = (middle - anchors[..., :2]) / anchors[..., 2:]
    larger = ops.log(sides / anchors[..., 2:])
    return ops.concatenate([moved, ops.clip(larger, -LARGEST, LARGEST)], axis=-1)
