"""The operator once more, in NumPy and in other words than the C reference: what is right.

int8 as the runtime computes it, which test_runtime.py checks against the runtime itself; in half
precision every bit, for the order of sums is part of it.
"""

from functools import reduce
from typing import Any

import numpy as np

from tests.kernels.nodes import CONVOLUTION, GHOST, INNER_OUTPUT, INT8, NONE, RELU6, Node

HALF_BLOCK = 64  # products of a row that are one sum in half precision
LIMITS = {NONE: (-np.inf, np.inf), RELU6: (0, 6)}  # of the others: from 0 on


@np.errstate(over="ignore", invalid="ignore")  # infinity less infinity is NaN, as it should be
def expected(node: Node, x: np.ndarray, residual: np.ndarray | None) -> np.ndarray:
    if node.is_half:
        return _in_half(node, x, residual).astype(node.type_of(INNER_OUTPUT))
    if node.kind == CONVOLUTION:
        out = _convolved(node, x, ...)
        if residual is None:
            return out
        if node.dtype != INT8:
            return out + residual
        return _added(out, node.scales[1], residual, *node.scales[3:])
    halves = [x] if node.kind == GHOST else []
    halves += [_convolved(node, x, i) for i in range(node.n_cheap)]
    if node.kind != GHOST:
        return halves[0]
    if node.dtype == INT8:
        _, cheap, concat, second, out = node.scales
        halves = [
            _recast(half, cheap if i else node.scales[0], concat) for i, half in enumerate(halves)
        ]
        whole = np.concatenate(halves, -1)
        return whole if residual is None else _added(whole, concat, residual, second, out)
    whole = np.concatenate(halves, -1)
    return whole if residual is None else whole + residual


def _in_half(node: Node, x: np.ndarray, residual: np.ndarray | None) -> np.ndarray:
    """Each input, weight and bias as a half; each sum is one after every product."""
    x = x.astype(np.float16)
    parts = [...] if node.kind == CONVOLUTION else range(node.n_cheap)
    sides = [x] if node.kind == GHOST else []
    whole = np.concatenate([*sides, *(_convolved_in_half(node, x, i) for i in parts)], -1)
    if residual is None:
        return whole
    return (whole.astype(np.float64) + residual.astype(np.float16)).astype(np.float16)


def _convolved_in_half(node: Node, x: np.ndarray, i: Any) -> np.ndarray:
    """By taps in the order of rows, columns, and of a CONVOLUTION input channels.

    There, a row of a window is added up in blocks of HALF_BLOCK products; the first one begins with
    the bias, and what comes before another one is added to it at the end.
    """
    padded, spans = _padded(node, x[0].astype(np.float64))
    weights = node.weights.astype(np.float16).astype(np.float64)
    channels = node.out_channels if node.kind == CONVOLUTION else node.channels
    total = np.zeros((*node.out_size, channels)) + node.bias[i].astype(np.float16)
    before: list[np.ndarray] = []  # the blocks that are done
    for ky in range(node.kernel[0]):
        for kx in range(node.kernel[1]):
            rows = padded[ky : ky + spans[0] : node.stride[0], kx : kx + spans[1] : node.stride[1]]
            if node.kind != CONVOLUTION:
                total = _rounded(total + rows * weights[i, ky, kx])
                continue
            for c in range(node.channels):
                at = kx * node.channels + c
                if at and at % HALF_BLOCK == 0:
                    before, total = [*before, total], np.zeros_like(total)
                total = _rounded(total + rows[..., c, None] * weights[:, ky, kx, c])
    total = reduce(lambda a, b: _rounded(a + b), [*before, total])
    low, high = LIMITS.get(node.activation, (0, np.inf))
    return np.clip(total, low, high).astype(np.float16)[None]


def _rounded(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float16).astype(np.float64)


def _padded(node: Node, image: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """With zeros around it, and how many rows and columns the windows' first taps lie in."""
    spans = [(o - 1) * s + 1 for o, s in zip(node.out_size, node.stride, strict=True)]
    behind = [
        max(span + k - 1 - p - size, 0)
        for span, k, p, size in zip(spans, node.kernel, node.pad, node.in_size, strict=True)
    ]
    return np.pad(image, ((node.pad[0], behind[0]), (node.pad[1], behind[1]), (0, 0))), spans


def _convolved(node: Node, x: np.ndarray, i: Any) -> np.ndarray:
    """(1, H, W, C) -> (1, out_height, out_width, out): every tap over the whole image at once.

    `i`: which of the cheap convolutions; of a CONVOLUTION `...`, all.
    """
    is_int8 = node.dtype == INT8
    zero = node.scales[0][1] if is_int8 else 0
    kernel_h, kernel_w = node.kernel
    padded, spans = _padded(node, x[0].astype(np.int64 if is_int8 else np.float32) - zero)
    channels = node.out_channels if node.kind == CONVOLUTION else node.channels
    total = np.zeros((*node.out_size, channels), padded.dtype)
    for ky in range(kernel_h):
        for kx in range(kernel_w):
            rows = padded[ky : ky + spans[0] : node.stride[0], kx : kx + spans[1] : node.stride[1]]
            if node.kind == CONVOLUTION:
                total += rows @ node.weights[:, ky, kx].T.astype(padded.dtype)
            else:
                total += rows * node.weights[i, ky, kx]
    return _output(node, total, i)[None]


def _output(node: Node, total: np.ndarray, of: Any) -> np.ndarray:
    """From sums to the convolution's own output; `of`: which bias and weight scales."""
    total = total + node.bias[of]
    if node.dtype != INT8:
        return np.clip(total, *LIMITS.get(node.activation, (0, np.inf))).astype(np.float32)
    scale, zero = np.float32(node.scales[1][0]), node.scales[1][1]
    factor = np.float32(node.scales[0][0]) * node.weight_scale[of] / scale  # float32, in this order
    wrapped = (total & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    value = np.rint(wrapped.astype(np.float32) * factor).astype(np.float64) + zero
    low, high = (-128, 127) if node.activation == NONE else (zero, 127)
    if node.activation == RELU6:
        high = min(127, int(np.rint(np.float32(6) / scale + np.float32(zero))))
    return np.clip(value, low, high).astype(np.int8)


def _recast(x: np.ndarray, source: tuple[float, int], target: tuple[float, int]) -> np.ndarray:
    """QUANTIZE: an 8-bit fixed-point factor, half up."""
    if source == target:
        return x
    factor = int(np.rint(np.float32(256) * (np.float32(source[0]) / np.float32(target[0]))))
    value = np.floor(((x.astype(np.int64) - source[1]) * factor + 128) / 256) + target[1]
    return np.clip(value, -128, 127).astype(np.int8)


def _added(
    x: np.ndarray, x_scale: tuple[float, int], y: np.ndarray, y_scale: tuple[float, int],
    out: tuple[float, int],
) -> np.ndarray:  # fmt: skip
    """ADD: both factors in fixed point, the larger one with 21 bits, half up."""
    factors = [np.float32(s) / np.float32(out[0]) for s in (x_scale[0], y_scale[0])]
    bits = 20 - int(np.floor(np.log2(float(max(factors)))))
    a, b = (int(np.rint(float(f) * 2.0**bits)) for f in factors)
    total = (x.astype(np.int64) - x_scale[1]) * a + (y.astype(np.int64) - y_scale[1]) * b
    return np.clip(((total + (1 << (bits - 1))) >> bits) + out[1], -128, 127).astype(np.int8)
