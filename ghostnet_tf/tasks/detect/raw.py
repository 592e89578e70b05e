"""Raw values of a detector in Keras as boxes and scores, in NumPy."""

import numpy as np

from ghostnet_tf.nets.detector import BINS, CELL, EDGES
from ghostnet_tf.nets.retinanet import BOX, LARGEST


def boxes_and_scores(raw: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """(cells, classes + 4 x 8 + 4) -> corners (cells, 4) within 0..1, scores (cells, classes)."""
    raw = raw.astype(np.float32)
    logits, cells = raw[:, :classes], raw[:, -CELL:]
    bins = raw[:, classes:-CELL].reshape(-1, EDGES, BINS)
    bins = np.exp(bins - bins.max(axis=-1, keepdims=True))
    steps = np.arange(BINS, dtype=np.float32)
    distance = (bins * steps).sum(axis=-1) / bins.sum(axis=-1)
    middle, stride = cells[:, :2], cells[:, 2:]
    corners = np.concatenate(
        [middle - distance[:, :2] * stride, middle + distance[:, 2:] * stride], axis=-1
    )
    return corners.clip(0, 1), shares(logits)


def anchored(raw: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """(anchors, classes + 4 + 4) -> corners (anchors, 4) within 0..1, scores (anchors, classes)."""
    raw = raw.astype(np.float32)
    offsets, anchors = raw[:, classes:-BOX], raw[:, -BOX:]
    middle = anchors[:, :2] + offsets[:, :2] * anchors[:, 2:]
    half = 0.5 * anchors[:, 2:] * np.exp(np.minimum(offsets[:, 2:], np.float32(LARGEST)))
    corners = np.concatenate([middle - half, middle + half], axis=-1)
    return corners.clip(0, 1), shares(raw[:, :classes])


def shares(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.clip(-60, 60)))
