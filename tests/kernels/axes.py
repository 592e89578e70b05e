"""Maps, windows, strides and padding that no network has and `kernels/options.c` allows."""

from typing import NamedTuple

import numpy as np

GHOST, DEPTHWISE, CONVOLUTION = 1, 2, 3  # kinds of operators, as kernels/ghost_op.h numbers them


class Axis(NamedTuple):
    """Rows or columns of an operator."""

    kernel: int
    size: int
    out: int
    stride: int
    pad: int  # in front; behind is what the last window needs


def odd_axes(rng: np.random.Generator, kind: int) -> tuple[Axis, Axis]:
    """Rows and columns: one of either, fewer than the kernel's or than the padding, strides beyond
    the map, windows that lie in the padding but for a pixel, fewer outputs than windows."""
    if kind == CONVOLUTION:
        sides = rng.choice([1, 1, 2, 3, 3, 4, 5, 5, 7, 16], 2)
    elif rng.random() < 0.8:  # two squares have loops of their own
        sides = np.repeat(rng.choice([3, 5]), 2)
    else:
        sides = rng.integers(1, 8, 2)
    strides = rng.choice([1, 1, 2, 2, 3, 5, 32], 2)
    if kind == GHOST:
        strides = np.array([1, 1])
    elif rng.random() < 0.7:
        strides = np.repeat(strides[:1], 2)
    rows, columns = (
        _odd_axis(rng, kind, int(side), int(stride))
        for side, stride in zip(sides, strides, strict=True)
    )
    return rows, columns


def _odd_axis(rng: np.random.Generator, kind: int, kernel: int, stride: int) -> Axis:
    size = int(rng.choice([1, 1, 2, 3, 4, *range(1, 10)]))
    pad = int(rng.integers(kernel))
    if kind == GHOST:
        return Axis(kernel, size, size, stride, pad)
    most = (size + pad - 1) // stride + 1  # windows that touch the map
    out = most if rng.random() < 0.7 else int(rng.integers(1, most + 1))
    return Axis(kernel, size, out, stride, pad)
