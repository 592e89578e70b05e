"""One convolution as an operator of its own, with the zeros that it or a PAD puts around a map."""

from dataclasses import dataclass

import numpy as np

from ...graph import Graph
from ...op import Op
from ..options import Options
from .site import Site, scale_of, site_of, size
from .weighted import SAME, Weighted


def single(
    graph: Graph,
    conv: Weighted,
    kind: int,
    weights: np.ndarray,
    weight_scale: np.ndarray | None,
    bias: np.ndarray,
) -> Site:
    """The place of one convolution; its weights as an operator of this kind has them."""
    around = _padded(graph, conv)
    options = Options(
        kind=kind,
        activation=conv.activation,
        has_residual=False,
        in_size=size(graph, around.source),
        out_size=size(graph, conv.output),
        stride=conv.stride,
        pad=around.pad,
        out_rank=len(graph.shape(conv.output)),
        weights=weights,
        weight_scale=weight_scale,
        bias=bias,
        input=scale_of(graph, around.source),
        conv=conv.quantization,
        concat=conv.quantization,
        output=conv.quantization,
    )
    return site_of(graph, around.ops, around.source, conv.output, options)


@dataclass(frozen=True, eq=False)
class _Padded:
    """What a convolution reads, and the rows and columns of zeros before it."""

    source: int
    pad: tuple[int, int]  # above, left of it
    ops: tuple[Op, ...]  # of the convolution, and the PAD


def _padded(graph: Graph, conv: Weighted) -> _Padded:
    if conv.padding == SAME:
        kernel, out_size = conv.weights.shape[-3:-1], size(graph, conv.output)
        sides = zip(size(graph, conv.source), out_size, kernel, conv.stride, strict=True)
        top, left = (max((o - 1) * s + k - i, 0) // 2 for i, o, k, s in sides)
        return _Padded(conv.source, (top, left), conv.ops)
    op, padding = _zero_padding(graph, conv.source, conv.ops[0])
    if op is None:
        return _Padded(conv.source, (0, 0), conv.ops)
    return _Padded(op.inputs[0], (int(padding[1, 0]), int(padding[2, 0])), (op, *conv.ops))


def _zero_padding(graph: Graph, tensor: int, reader: Op) -> tuple[Op | None, np.ndarray]:
    """The PAD that puts rows and columns of zeros around a map for `reader` alone, and (4, 2)
    their numbers; or None."""
    nothing = None, np.zeros((4, 2), np.int32)
    op = graph.writer(tensor)
    if op is None or op.name not in ("PAD", "PADV2") or graph.sole_reader(tensor) is not reader:
        return nothing
    padding = graph.constant(op.inputs[1])
    if padding is None or padding.shape != (4, 2) or padding[0].any() or padding[3].any():
        return nothing
    if (padding < 0).any() or scale_of(graph, op.inputs[0]) != scale_of(graph, tensor):
        return nothing
    if op.name == "PADV2":
        value = graph.constant(op.inputs[2])
        if value is None or (value != scale_of(graph, tensor).zero_point).any():
            return nothing
    return op, padding
