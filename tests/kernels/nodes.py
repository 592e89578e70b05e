"""Random Ghost operators: as custom_options, and as the plain .tflite graph that they stand for."""

import struct
import zlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from tests.kernels.axes import CONVOLUTION, DEPTHWISE, GHOST, Axis, odd_axes

FLOAT32, INT8, FLOAT16 = 1, 9, 10
NONE, RELU, RELU6 = 0, 1, 3
HEADER_BYTES, SUMMED_FROM = 132, 16
INNER_INPUT, INNER_RESIDUAL, INNER_OUTPUT = 1, 2, 4  # bits of `inner`


@dataclass(frozen=True)
class Node:
    """One operator, with the fields of GhostHeader under their names."""

    kind: int = GHOST
    dtype: int = INT8
    activation: int = RELU
    has_residual: bool = False
    in_size: tuple[int, int] = (7, 7)
    out_size: tuple[int, int] = (7, 7)
    stride: tuple[int, int] = (1, 1)
    pad: tuple[int, int] = (1, 1)
    out_rank: int = 4
    inner: int = 0
    is_half: bool = False  # computed in half precision, and inner tensors are of halves
    weights: np.ndarray = field(default_factory=lambda: np.ones((1, 3, 3, 8), np.int8))
    weight_scale: np.ndarray = field(default_factory=lambda: np.ones((1, 8), np.float32))
    bias: np.ndarray = field(default_factory=lambda: np.zeros((1, 8), np.int32))
    # (scale, zero point) of: input, convolution, concat, residual, output
    scales: tuple[tuple[float, int], ...] = ((0.0, 0),) * 5

    @property
    def n_cheap(self) -> int:
        return 0 if self.kind == CONVOLUTION else self.weights.shape[0]

    @property
    def kernel(self) -> tuple[int, int]:
        return self.weights.shape[1], self.weights.shape[2]

    @property
    def channels(self) -> int:
        return self.weights.shape[-1]

    @property
    def out_channels(self) -> int:
        if self.kind == CONVOLUTION:
            return self.weights.shape[0]
        return self.channels * (self.n_cheap + (self.kind == GHOST))

    @property
    def in_shape(self) -> tuple[int, ...]:
        return (1, *self.in_size, self.channels)

    @property
    def out_shape(self) -> tuple[int, ...]:
        return (1, *self.out_size, self.out_channels)

    @property
    def behind(self) -> tuple[int, ...]:
        """Rows and columns of padding that the last windows need."""
        sides = zip(self.in_size, self.out_size, self.stride, self.kernel, self.pad, strict=True)
        return tuple(max((o - 1) * s + k - p - i, 0) for i, o, s, k, p in sides)

    @property
    def is_whole(self) -> bool:
        """Whether every window has an output; the options may ask for fewer."""
        sides = zip(self.in_size, self.pad, self.behind, self.kernel, self.stride, strict=True)
        return self.out_size == tuple((i + p + b - k) // s + 1 for i, p, b, k, s in sides)

    @property
    def numpy_type(self) -> type:
        return np.int8 if self.dtype == INT8 else np.float32

    def type_of(self, tensor: int) -> type:
        """`tensor`: an INNER_*."""
        return np.float16 if self.is_half and self.inner & tensor else self.numpy_type

    def __repr__(self) -> str:
        names = (
            "kind",
            "dtype",
            "activation",
            "has_residual",
            "in_size",
            "stride",
            "pad",
            "scales",
        )
        return f"Node({self.weights.shape}, {', '.join(f'{n}={getattr(self, n)}' for n in names)})"


def with_crc(data: bytes) -> bytes:
    return data[:12] + struct.pack("<I", zlib.crc32(data[SUMMED_FROM:])) + data[SUMMED_FROM:]


def pack(node: Node) -> bytes:
    """custom_options, as kernels/ghost_op.h describes them."""
    dtype = FLOAT16 if node.weights.dtype == np.float16 else node.dtype
    fields = (
        0x504F4847, 4, 0, 0, node.kind, dtype, node.activation, node.has_residual,
        *node.in_size, node.channels, *node.out_size, node.out_channels, node.n_cheap, *node.kernel,
        *node.stride, *node.pad, node.out_rank, node.inner,
    )  # fmt: skip
    data = struct.pack("<23I", *fields) + b"".join(struct.pack("<fi", *q) for q in node.scales)
    scales = [node.weight_scale] if node.dtype == INT8 else []
    for array in (node.weights, *scales, node.bias):
        data += bytes(-len(data) % 16) + array.tobytes()
    return with_crc(data[:8] + struct.pack("<I", len(data)) + data[12:])


def random_node(rng: np.random.Generator, is_odd: bool = False, **given: Any) -> Node:
    """Shapes, scales, zero points, clamps and weights at random; `given` stays as it is.

    `is_odd`: what only the options parser knows of; see `axes.py`.
    """
    kinds = [GHOST, DEPTHWISE, CONVOLUTION]
    kind = given.pop("kind", 0) or int(rng.choice(kinds, p=[0.5, 0.2, 0.3]))
    dtype = given.pop("dtype", INT8)
    n_cheap = given.pop("n_cheap", int(rng.choice([1, 1, 1, 2, 3])) if kind == GHOST else 1)
    side = given.pop("kernel_size", int(rng.choice([3, 3, 5])))
    channels = given.pop("channels", int(rng.choice([*range(1, 41), 56, 60, 92, 100])))
    in_size = given.pop("in_size", tuple(int(s) for s in rng.integers(1, 15, 2)))
    if kind == CONVOLUTION and rng.random() < 0.75:
        side = 1
        # Fours have kernels of their own; of the rest, the reference must be right.
        channels = channels if rng.random() < 0.1 else (channels + 3) // 4 * 4
    elif kind == CONVOLUTION and side > 1:
        channels = min(channels, int(rng.integers(1, 6)))
    stride = given.pop("stride", (1 if kind == GHOST else int(rng.integers(1, 3)),) * 2)
    pad = given.pop("pad", (side // 2,) * 2)
    axes = [
        Axis(side, size, (size + 2 * p - side) // s + 1, s, p)
        for size, p, s in zip(in_size, pad, stride, strict=True)
    ]
    if is_odd:
        axes = odd_axes(rng, kind)
        channels = min(channels, 24)  # rows of windows have to fit their buffer
    kernel, in_size, out_size, stride, pad = zip(*axes, strict=True)
    shape: tuple[int, ...] = (n_cheap, *kernel, channels)
    convolved: tuple[int, ...] = (n_cheap, channels)  # with a bias and a scale each
    taps = kernel[0] * kernel[1]
    if kind == CONVOLUTION:
        out_channels = int(rng.integers(1, 48))
        out_channels = given.pop("out_channels", out_channels)
        shape, convolved = (out_channels, *kernel, channels), (out_channels,)
        taps *= channels
    node = Node(
        kind=kind, activation=int(rng.choice([NONE, RELU, RELU6], p=[0.3, 0.5, 0.2])),
        has_residual=kind != DEPTHWISE and bool(rng.integers(2)),
        in_size=in_size, out_size=out_size, stride=stride, pad=pad,
    )  # fmt: skip
    if dtype == FLOAT32:
        weights = rng.normal(0, taps**-0.5, shape).astype(np.float32)
        bias = rng.normal(0, 0.3, convolved).astype(np.float32)
        return replace(node, dtype=dtype, weights=weights, bias=bias, **given)
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    scales = [float(np.float32(s)) for s in np.exp(rng.uniform(-4.5, -2, 5))]
    if rng.random() < 0.6:
        scales[1] = scales[2] = scales[0]
    zeros = [int(z) for z in rng.integers(-128, 128, 5)]
    if rng.random() < 0.6:
        zeros[1] = zeros[2] = zeros[0]
        if rng.random() < 0.6:
            zeros[:3] = [-128] * 3
    # Sums of about 70 * 70 * taps ** 0.5 come out at the size of int8, some of them beyond.
    weight_scale = np.exp(rng.uniform(-9, -6.0, convolved)).astype(np.float32)
    weight_scale *= np.float32(scales[1] / scales[0] * min(1, (12 / taps) ** 0.5))
    bias = rng.integers(-20000, 20000, convolved).astype(np.int32)
    pairs = tuple(zip(scales, zeros, strict=True))
    node = replace(node, weights=weights, weight_scale=weight_scale, bias=bias, scales=pairs)
    return replace(node, **given)


def random_input(rng: np.random.Generator, node: Node) -> tuple[np.ndarray, np.ndarray | None]:
    """The first input, and the second where there is one."""

    def one(shape: tuple[int, ...], tensor: int) -> np.ndarray:
        if node.dtype == INT8:
            return rng.integers(-128, 128, shape).astype(np.int8)
        return rng.normal(0, 1, shape).astype(np.float32).astype(node.type_of(tensor))

    x = one(node.in_shape, INNER_INPUT)
    return x, one(node.out_shape, INNER_RESIDUAL) if node.has_residual else None


# ------------------------------------------------------------------------------- the plain graph


class Plain:
    """A `.tflite` of built-in operators, being written."""

    def __init__(self, dtype: int):
        self.type = dtype  # LiteRT's numbers are not the file's
        types = schema.TensorType
        self.tensor_type = types.INT8 if dtype == INT8 else types.FLOAT32
        self.model: Any = schema.ModelT()
        self.model.version = 3
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph: Any = schema.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.model.subgraphs = [self.graph]

    def tensor(
        self,
        shape: tuple[int, ...],
        scale: tuple[Any, Any] | None,
        data: np.ndarray | None = None,
        type_: int | None = None,
        of_channels: int = -1,
    ) -> int:
        """`of_channels`: the axis that has a scale for each place, where there are several."""
        tensor: Any = schema.TensorT()
        tensor.name = f"t{len(self.graph.tensors)}".encode()
        tensor.shape = list(shape)
        tensor.type = self.tensor_type if type_ is None else type_
        if data is not None:
            buffer: Any = schema.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        if scale is not None and self.type == INT8:
            quantization: Any = schema.QuantizationParametersT()
            quantization.scale = np.atleast_1d(np.float32(scale[0]))
            quantization.zeroPoint = np.atleast_1d(np.int64(scale[1]))
            several = quantization.scale.size > 1
            quantization.quantizedDimension = of_channels % len(shape) if several else 0
            tensor.quantization = quantization
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def op(self, name: str, options: Any, inputs: list[int], output: int) -> int:
        code: Any = schema.OperatorCodeT()
        code.builtinCode = getattr(schema.BuiltinOperator, name)
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        versions = {"DEPTHWISE_CONV_2D": 3, "CONV_2D": 3, "PAD": 2}
        code.version = versions.get(name, 2 if self.type == INT8 else 1)
        self.model.operatorCodes.append(code)
        op: Any = schema.OperatorT()
        op.opcodeIndex = len(self.model.operatorCodes) - 1
        op.inputs, op.outputs = inputs, [output]
        if options is not None:
            kind = type(options).__name__[:-1]
            op.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            op.builtinOptions = options
        self.graph.operators.append(op)
        return output

    def to_bytes(self, inputs: list[int], outputs: list[int]) -> bytes:
        self.graph.inputs, self.graph.outputs = inputs, outputs
        return bytes(flatbuffer_utils.convert_object_to_bytearray(self.model))


def plain_graph(*nodes: Node) -> bytes:
    """A file in which each node is what it stands for, side by side."""
    plain = Plain(nodes[0].dtype)
    ends = [add_node(plain, node) for node in nodes]
    return plain.to_bytes([i for inputs, _ in ends for i in inputs], [out for _, out in ends])


def add_node(plain: Plain, node: Node) -> tuple[list[int], int]:
    """PAD, convolutions, QUANTIZE, CONCATENATION and ADD, as converters write them."""
    x_scale, cheap_scale, concat_scale, *_ = node.scales
    x = plain.tensor(node.in_shape, x_scale)
    inputs = [x]
    padded = add_padding(plain, node, x)
    if node.kind == CONVOLUTION:
        out = add_convolution(plain, node, padded)
        return add_residual(plain, node, inputs, out) if node.has_residual else (inputs, out)
    halves = [x]
    channels = node.channels
    for i in range(node.n_cheap):
        weight_scale = (node.weight_scale[i], np.zeros(channels)) if node.dtype == INT8 else None
        weights = plain.tensor((1, *node.kernel, channels), weight_scale, node.weights[i])
        bias_scale = (
            (np.float32(x_scale[0]) * node.weight_scale[i], np.zeros(channels))
            if node.dtype == INT8
            else None
        )
        bias_type = schema.TensorType.INT32 if node.dtype == INT8 else schema.TensorType.FLOAT32
        bias = plain.tensor((channels,), bias_scale, node.bias[i], bias_type)
        options: Any = schema.DepthwiseConv2DOptionsT()
        options.padding = schema.Padding.VALID
        options.strideH, options.strideW = node.stride
        options.depthMultiplier = 1
        options.dilationHFactor = options.dilationWFactor = 1
        options.fusedActivationFunction = node.activation
        y = plain.tensor((1, *node.out_size, channels), cheap_scale)
        halves.append(plain.op("DEPTHWISE_CONV_2D", options, [padded, weights, bias], y))
    if node.kind == DEPTHWISE:
        return inputs, halves[1]
    for i, half in enumerate(halves if node.dtype == INT8 else []):
        if node.scales[i > 0] != concat_scale:
            quantized = plain.tensor((1, *node.out_size, channels), concat_scale)
            halves[i] = plain.op("QUANTIZE", schema.QuantizeOptionsT(), [half], quantized)
    options = schema.ConcatenationOptionsT()
    options.axis = 3
    concat = plain.op("CONCATENATION", options, halves, plain.tensor(node.out_shape, concat_scale))
    return add_residual(plain, node, inputs, concat) if node.has_residual else (inputs, concat)


def add_padding(plain: Plain, node: Node, x: int) -> int:
    """A PAD, where one is needed."""
    if not any((*node.pad, *node.behind)):
        return x
    around = list(zip(node.pad, node.behind, strict=True))
    padded_size = [size + sum(both) for size, both in zip(node.in_size, around, strict=True)]
    paddings = np.array([[0, 0], *around, [0, 0]], np.int32)
    table = plain.tensor((4, 2), None, paddings, schema.TensorType.INT32)
    padded = plain.tensor((1, *padded_size, node.channels), node.scales[0])
    return plain.op("PAD", schema.PadOptionsT(), [x, table], padded)


def add_residual(plain: Plain, node: Node, inputs: list[int], whole: int) -> tuple[list[int], int]:
    *_, residual_scale, out_scale = node.scales
    residual = plain.tensor(node.out_shape, residual_scale)
    out = plain.tensor(node.out_shape, out_scale)
    plain.op("ADD", schema.AddOptionsT(), [whole, residual], out)
    return [*inputs, residual], out


def add_convolution(plain: Plain, node: Node, padded: int) -> int:
    scale, bias_scale = None, None
    if node.dtype == INT8:
        scale = (node.weight_scale, np.zeros(node.out_channels))
        bias_scale = (np.float32(node.scales[0][0]) * node.weight_scale, scale[1])
    weights = plain.tensor(node.weights.shape, scale, node.weights, of_channels=0)
    bias_type = schema.TensorType.INT32 if node.dtype == INT8 else schema.TensorType.FLOAT32
    bias = plain.tensor((node.out_channels,), bias_scale, node.bias, bias_type)
    options: Any = schema.Conv2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH, options.strideW = node.stride
    options.dilationHFactor = options.dilationWFactor = 1
    options.fusedActivationFunction = node.activation
    y = plain.tensor(node.out_shape, node.scales[1])
    return plain.op("CONV_2D", options, [padded, weights, bias], y)
