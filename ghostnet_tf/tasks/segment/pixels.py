"""From logits to the class of every pixel. Page and app do the same arithmetic, in float32."""

import numpy as np


def answers(logits: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w, classes) float32 -> (height, width) uint8: of each pixel the first of the largest."""
    return widened(logits, size).argmax(axis=-1).astype(np.uint8)


def widened(logits: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w, C) -> (height, width, C) float32: bilinear, pixels by their middles, edges repeated.

    Rows first, then columns; a + (b - a) * share of each two.
    """
    for axis, side in enumerate(size):
        if logits.shape[axis] == side:
            continue
        at = (np.arange(side) + 0.5) * (logits.shape[axis] / side) - 0.5
        at = at.clip(0, logits.shape[axis] - 1)
        first = np.floor(at).astype(int)
        second = (first + 1).clip(max=logits.shape[axis] - 1)
        share = (at - first).astype(np.float32)
        share = share.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        a, b = logits.take(first, axis), logits.take(second, axis)
        logits = a + (b - a) * share
    return logits.astype(np.float32, copy=False)


def fitted(classes: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(h, w) of classes -> (height, width): the nearest pixel, for a class has no half."""
    if classes.shape == tuple(size):
        return classes
    rows, columns = (
        ((np.arange(side) + 0.5) * of / side).astype(int)
        for side, of in zip(size, classes.shape, strict=True)
    )
    return classes[rows[:, None], columns]
