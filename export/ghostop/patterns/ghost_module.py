"""GHOST: y' -> DEPTHWISE_CONV_2D, one or several, -> CONCATENATION [y', ...], maybe -> ADD."""

from collections.abc import Set
from dataclasses import replace

import numpy as np

from ...graph import Graph
from ...op import Op
from ..options import GHOST, Options
from .residual import with_residual
from .site import Site, Unfit, refuse_other_readers, scale_of, site_of, size, stacked
from .weighted import SAME, Weighted, activated, weighted

BETWEEN = ("QUANTIZE", "RELU", "RELU6")  # may stand between a convolution and its concat


def ghost_module(graph: Graph, concat: Op, taken: Set[Op]) -> Site:
    (output,) = concat.outputs
    rank = len(graph.shape(output))
    if rank != 4 or concat.options.axis % rank != 3 or concat.activation != "NONE":
        raise Unfit("it is no concatenation of channels")
    first, *rest = concat.inputs
    cheap = [_cheap_side(graph, tensor, concat) for tensor in rest]
    if not cheap:
        raise Unfit("it has one side")
    source = cheap[0].source
    requantize = _int8_requantize(graph, first)
    before = requantize.inputs[0] if requantize else None
    if any(c.source != source for c in cheap) or source not in (first, before):
        raise Unfit("its first side is not what its other sides are computed from")
    if any(c.padding != SAME or c.stride != (1, 1) for c in cheap):
        raise Unfit("a cheap side has a stride or no padding")
    if len({(c.weights.shape, c.activation, c.quantization) for c in cheap}) > 1:
        raise Unfit("its cheap sides differ in kernel, activation or scale")
    one = cheap[0]
    kernel_h, kernel_w, channels = one.weights.shape
    if (1 + len(cheap)) * channels != graph.shape(output)[3]:
        raise Unfit("its sides are not equally wide")
    scale = scale_of(graph, output)
    if any(scale_of(graph, side) != scale for side in concat.inputs):
        raise Unfit("a side has another scale than the whole")
    options = Options(
        kind=GHOST,
        activation=one.activation,
        has_residual=False,
        in_size=size(graph, source),
        out_size=size(graph, output),
        stride=(1, 1),
        pad=(kernel_h // 2, kernel_w // 2),
        weights=np.stack([c.weights for c in cheap]),
        weight_scale=stacked([c.weight_scale for c in cheap]),
        bias=np.stack([c.bias for c in cheap]),
        input=scale_of(graph, source),
        conv=one.quantization,
        concat=scale,
        output=scale,
    )
    ops = [op for c in cheap for op in c.ops]
    # A requantized y' that others read too stays for them.
    if requantize and source != first and graph.sole_reader(first) is concat:
        ops.append(requantize)
    return with_residual(graph, site_of(graph, [*ops, concat], source, output, options), taken)


def has_depthwise_side(graph: Graph, concat: Op) -> bool:
    """Also behind what may stand between the two."""
    for side in concat.inputs:
        while (op := graph.writer(side)) is not None and op.name in BETWEEN:
            side = op.inputs[0]
        if op is not None and op.name == "DEPTHWISE_CONV_2D":
            return True
    return False


def _cheap_side(graph: Graph, tensor: int, concat: Op) -> Weighted:
    """The depthwise convolution of a side that ends in `tensor`."""
    behind: list[Op] = []
    reader, at = concat, tensor
    while (op := graph.writer(at)) is not None and op.name in BETWEEN:
        refuse_other_readers(graph, at, reader)
        behind.insert(0, op)
        reader, at = op, op.inputs[0]
    if op is None or op.name != "DEPTHWISE_CONV_2D":
        raise Unfit("a side is no depthwise convolution")
    refuse_other_readers(graph, at, reader)
    conv = weighted(graph, op)
    for op in behind:
        if op.name == "QUANTIZE" and op is behind[-1]:
            conv = replace(conv, ops=(*conv.ops, op), output=tensor)
        else:
            conv = activated(graph, conv, op)
    return conv


def _int8_requantize(graph: Graph, tensor: int) -> Op | None:
    """The QUANTIZE that made `tensor` from an int8 map."""
    op = graph.writer(tensor)
    if op is None or op.name != "QUANTIZE" or graph.dtype(op.inputs[0]) != "INT8":
        return None
    return op
