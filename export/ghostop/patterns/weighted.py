"""A convolution or fully connected layer as the kernels do it, with the ReLU behind it."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...graph import Graph
from ...op import Op
from ..options import ACTIVATIONS, FOURS, MAX_STRIPE, Quantization
from .site import Unfit, scale_of, size

KERNELS = (3, 5)  # sides that the kernels are written for
SAME, VALID = 0, 1  # TFLite's Padding


@dataclass(frozen=True, eq=False, kw_only=True)
class Weighted:
    """One operator of weights, with the ReLU and the QUANTIZE behind it."""

    ops: tuple[Op, ...]
    source: int
    output: int
    activation: str
    padding: int
    stride: tuple[int, int]
    # float32, float16 or int8:
    weights: np.ndarray  # (kernel_h, kernel_w, channels); of a CONV_2D (out_channels, ...)
    weight_scale: np.ndarray | None  # (channels,); of a CONV_2D (out_channels,)
    bias: np.ndarray  # likewise
    quantization: Quantization  # before the QUANTIZE


def weighted(graph: Graph, op: Op) -> Weighted:
    """What `op` computes, if the kernels can."""
    source, kernel, *more = op.inputs
    values, *widening = held(graph, kernel, op)
    bias = None
    if more and more[0] >= 0:
        bias, *others = held(graph, more[0], op)
        widening += others
    if values is None or (more and more[0] >= 0 and bias is None):
        raise Unfit("its weights are not constant")
    types = {graph.dtype(source), graph.dtype(kernel), graph.dtype(op.outputs[0])}
    if types not in ({"FLOAT32"}, {"INT8"}):
        raise Unfit(f"its types are {', '.join(sorted(types))}")
    if graph.is_dynamic(source) or graph.shape(source)[0] != 1:
        raise Unfit("its batch is not 1")
    stride, padding = (1, 1), VALID
    if op.name == "FULLY_CONNECTED":
        values = _one_pixel(graph, op, values)
    else:
        stride, padding = (op.options.strideH, op.options.strideW), op.options.padding
        dilation = op.options.dilationHFactor, op.options.dilationWFactor
        if dilation != (1, 1):
            raise Unfit(f"it is dilated by {dilation[0]}x{dilation[1]}")
    is_depthwise = op.name == "DEPTHWISE_CONV_2D"
    weights = (
        _depthwise(graph, source, values) if is_depthwise else _dense(graph, op, values, stride)
    )
    channels = values.shape[3 if is_depthwise else 0]
    if op.activation not in ACTIVATIONS:
        raise Unfit(f"its activation is {op.activation}")
    is_int8 = types == {"INT8"}
    wanted = np.int32 if is_int8 else np.float32
    scale = np.broadcast_to(_symmetric_scale(graph, kernel), channels) if is_int8 else None
    if bias is not None and bias.dtype == np.float16:
        bias = bias.astype(np.float32)
    if bias is not None and bias.dtype != wanted:
        raise Unfit(f"its bias is {bias.dtype}")
    return Weighted(
        ops=(op, *widening),
        source=source,
        output=op.outputs[0],
        activation=op.activation,
        padding=padding,
        stride=stride,
        weights=weights,
        weight_scale=scale,
        bias=np.zeros(channels, wanted) if bias is None else bias,
        quantization=scale_of(graph, op.outputs[0]),
    )


def held(graph: Graph, tensor: int, reader: Op) -> list[Any]:
    """The values of a constant, or None; those of one in float16, which a DEQUANTIZE widens, as
    they are in the file, with that operator where `reader` alone needs it."""
    op = graph.writer(tensor)
    if op is None or op.name != "DEQUANTIZE" or graph.dtype(op.inputs[0]) != "FLOAT16":
        return [graph.constant(tensor)]
    return [graph.constant(op.inputs[0]), *[op] * (graph.sole_reader(tensor) is reader)]


def with_own_relu(graph: Graph, conv: Weighted) -> Weighted:
    """With the ReLU that alone reads it, where there is one that can be fused."""
    reader = graph.sole_reader(conv.output)
    if reader is None or reader.name not in ("RELU", "RELU6"):
        return conv
    try:
        return activated(graph, conv, reader)
    except Unfit:
        return conv  # the ReLU stays by itself


def activated(graph: Graph, conv: Weighted, op: Op) -> Weighted:
    """With the ReLU `op` that stands behind it."""
    (output,) = op.outputs
    if op.name not in ACTIVATIONS or conv.activation != "NONE":
        raise Unfit(f"{conv.activation} and {op.name} follow one another")
    if scale_of(graph, output) != conv.quantization:
        raise Unfit(f"its {op.name} changes the scale")
    return replace(conv, ops=(*conv.ops, op), output=output, activation=op.name)


def _symmetric_scale(graph: Graph, kernel: int) -> np.ndarray:
    """(channels,) or (1,)."""
    found = graph.quantization(kernel)
    if found is None or found[1].any():
        raise Unfit("its weights are not symmetric")
    return found[0]


def _depthwise(graph: Graph, source: int, values: np.ndarray) -> np.ndarray:
    """(1, kernel_h, kernel_w, channels) -> (kernel_h, kernel_w, channels)."""
    _, height, width, channels = values.shape
    if height not in KERNELS or width not in KERNELS:
        raise Unfit(f"its kernel is {height}x{width}")
    if channels != graph.shape(source)[3]:
        raise Unfit("it makes several channels of one")
    return values[0]


def _dense(graph: Graph, op: Op, values: np.ndarray, stride: tuple[int, int]) -> np.ndarray:
    """(out_channels, kernel_h, kernel_w, channels)."""
    out_channels, height, width, channels = values.shape
    if channels != graph.shape(op.inputs[0])[-1]:
        raise Unfit("it works in groups")
    if out_channels < FOURS:
        raise Unfit(f"it has {out_channels} output channels")
    columns = (size(graph, op.outputs[0])[1] - 1) * stride[1] + width
    is_pointwise = (height, width, stride[1]) == (1, 1, 1) and channels % FOURS == 0
    if not is_pointwise and height * columns * channels > MAX_STRIPE:
        raise Unfit(f"its windows lie in {height} rows of {columns} x {channels} elements")
    return values


def _one_pixel(graph: Graph, op: Op, values: np.ndarray) -> np.ndarray:
    """FULLY_CONNECTED's (out_channels, channels) as a 1x1 CONV_2D of one pixel has them."""
    out_channels, channels = values.shape
    if op.options.weightsFormat:
        raise Unfit("its weights are shuffled")
    if channels % FOURS:
        raise Unfit(f"it has {channels} channels")
    for tensor, width in ((op.inputs[0], channels), (op.outputs[0], out_channels)):
        if graph.shape(tensor) not in ((1, width), (1, 1, 1, width)):
            raise Unfit(f"{graph.names[tensor]} is not one row of {width}")
    return values[:, None, None, :]
