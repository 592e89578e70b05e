"""Which cells answer for which true box, chosen anew at every step by what they say.

Dynamic soft label assignment, of NanoDet-Plus (RangiLyu) after SimOTA (arXiv 2107.08430): of the
cells whose middle lies in a box, the cheapest ones, in class and place; as many as the best
overlaps add up to.
"""

from typing import Any

import keras

from ghostnet_tf.nets.detector import corners, split

ops: Any = keras.ops  # whose annotations allow for None everywhere
NONE = -1.0  # the class of a target that only fills up
BEST = 13  # overlaps that say how many cells a box takes
PLACE = 3.0  # how much more the place counts than the class
FAR = 1e8  # the cost of a cell that is no candidate
EPSILON = 1e-7


def areas(boxes: Any) -> Any:
    """(..., 4) -> (...)."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def overlap(a: Any, b: Any) -> tuple[Any, Any]:
    """Corners (..., 4) that broadcast -> (shared area, covered area), (...) each."""
    width = ops.minimum(a[..., 2], b[..., 2]) - ops.maximum(a[..., 0], b[..., 0])
    height = ops.minimum(a[..., 3], b[..., 3]) - ops.maximum(a[..., 1], b[..., 1])
    shared = ops.relu(width) * ops.relu(height)
    return shared, areas(a) + areas(b) - shared


def iou(a: Any, b: Any) -> Any:
    shared, covered = overlap(a, b)
    return shared / ops.maximum(covered, EPSILON)


def surprise(logits: Any, targets: Any) -> Any:
    """Quality focal loss of each (arXiv 2006.04388): cross-entropy times distance squared."""
    nat = ops.relu(logits) - logits * targets + ops.softplus(-ops.abs(logits))
    return nat * ops.square(targets - ops.sigmoid(logits))


def candidates(cells: Any, boxes: Any) -> Any:
    """Cells (N, A, 1, 4), boxes (N, 1, M, 4) -> (N, A, M) bool.

    Cells whose middle is in the box, and of every level the one that holds the middle of the box:
    a box that lies between all middles is learned as well.
    """
    x, y, step_x, step_y = (cells[..., i] for i in range(4))
    x1, y1, x2, y2 = (boxes[..., i] for i in range(4))
    inside = (x > x1) & (x < x2) & (y > y1) & (y < y2)
    near_x = ops.abs(x - (x1 + x2) / 2) <= step_x / 2
    near_y = ops.abs(y - (y1 + y2) / 2) <= step_y / 2
    return inside | (near_x & near_y)


def assign(raw: Any, targets: Any, classes: int) -> tuple[Any, Any]:
    """Raw values (N, A, ...) and targets (N, M, 5), class x1 y1 x2 y2 -> who answers for what.

    (N, A) float32, 1 where a cell answers for a box; (N, A, M) float32, 1 for the target that it
    would answer for.
    """
    logits, bins, cells = split(raw, classes)
    said = corners(bins, cells)
    kind, boxes = targets[..., 0], targets[..., 1:]  # (N, M), (N, M, 4)
    is_there = (kind != NONE)[:, None]  # (N, 1, M)
    of_class = ops.one_hot(ops.cast(kind, "int32"), classes)  # (N, M, classes), none of NONE
    can = candidates(cells[:, :, None], boxes[:, None]) & is_there
    shared = ops.where(can, iou(said[:, :, None], boxes[:, None]), 0.0)  # (N, A, M)
    nothing = surprise(logits, ops.zeros_like(logits))  # (N, A, classes)
    turned = ops.transpose(of_class, (0, 2, 1))  # (N, classes, M)
    at_class = ops.matmul(logits, turned)  # (N, A, M)
    in_class = surprise(at_class, shared) - ops.matmul(nothing, turned)
    cost = ops.sum(nothing, axis=-1, keepdims=True) + in_class - PLACE * ops.log(shared + EPSILON)
    cost = ops.transpose(ops.where(can, cost, FAR), (0, 2, 1))  # (N, M, A)
    best, _ = ops.top_k(ops.transpose(shared, (0, 2, 1)), BEST)
    wanted = ops.clip(ops.cast(ops.sum(best, axis=-1), "int32"), 1, BEST)  # (N, M)
    cheapest, _ = ops.top_k(-cost, BEST)
    limit = ops.take_along_axis(-cheapest, wanted[..., None] - 1, axis=-1)  # (N, M, 1)
    takes = (cost <= limit) & (cost < FAR)  # (N, M, A)
    # A cell that two boxes take answers for the one that it costs less.
    mine = ops.argmin(ops.where(takes, cost, FAR), axis=1)  # (N, A)
    answers = ops.cast(ops.any(takes, axis=1), "float32")
    return answers, ops.one_hot(mine, ops.shape(targets)[1])
