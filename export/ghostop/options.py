"""What a Ghost operator is told of itself: custom_options as `kernels/ghost_op.h` has them."""

import ctypes
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.libraries import OPERATOR_NAME

NAME = f"{OPERATOR_NAME}.%03d"  # of each node, in the order of execution
MAX_NODES = 256
MAGIC, VERSION = 0x504F4847, 4  # "GHOP"
GHOST, DEPTHWISE, CONVOLUTION = 1, 2, 3
MAX_STRIPE = 1 << 14  # elements that the windows of one output row lie in, if larger than 1x1
FOURS = 4  # input channels that a 1x1 convolution takes as they lie; output channels at least
FLOAT32, INT8, FLOAT16 = 1, 9, 10  # LiteRT's element types; FLOAT16: of the weights alone
# Tensors that only Ghost operators write and read: bits of `inner`.
INNER_INPUT, INNER_RESIDUAL, INNER_OUTPUT = 1, 2, 4
WEIGHTS = {FLOAT32: "<f4", INT8: "<i1", FLOAT16: "<f2"}
ACTIVATIONS = {"NONE": 0, "RELU": 1, "RELU6": 3}  # TFLite's numbers
ALIGNMENT = 16  # of every array, from the start of the header
SUMMED_FROM = 16  # the checksum is of all that lies behind it
QUANTIZED = ("input", "conv", "concat", "residual", "output")
DAMAGED_FIX = "the file is damaged: make it again with ghostnet ghost-op PLAIN.tflite"


@dataclass(frozen=True)
class Quantization:
    """real = scale * (integer - zero_point); all zeros in float32 files."""

    scale: float = 0.0
    zero_point: int = 0


class CQuantization(ctypes.LittleEndianStructure):
    _fields_ = (("scale", ctypes.c_float), ("zero_point", ctypes.c_int32))


class Header(ctypes.LittleEndianStructure):
    """GhostHeader, field by field."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in (
            "magic", "version", "size", "crc32", "kind", "dtype", "activation", "has_residual",
            "in_height", "in_width", "channels", "out_height", "out_width", "out_channels",
            "n_cheap", "kernel_h", "kernel_w", "stride_h", "stride_w", "pad_top", "pad_left",
            "out_rank", "inner",
        )),
        *((name, CQuantization) for name in QUANTIZED),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Options:
    """One operator; int8, or of floats with weights in float32 or float16, by their type."""

    kind: int  # GHOST, DEPTHWISE or CONVOLUTION
    activation: str
    has_residual: bool
    in_size: tuple[int, int]  # height, width
    out_size: tuple[int, int]
    stride: tuple[int, int]
    pad: tuple[int, int]  # rows above, columns to the left
    out_rank: int = 4  # 2: one pixel as [1, out_channels]
    inner: int = 0  # INNER_*, float32 only: what may be in half precision
    # (n_cheap, kernel_h, kernel_w, channels), float32, float16 or int8; of a CONVOLUTION
    # (out_channels, ...)
    weights: np.ndarray
    bias: np.ndarray  # (n_cheap, channels), float32 or int32; of a CONVOLUTION (out_channels,)
    weight_scale: np.ndarray | None = None  # of the bias' shape, float32; int8 only
    input: Quantization = Quantization()
    conv: Quantization = Quantization()
    concat: Quantization = Quantization()
    residual: Quantization = Quantization()
    output: Quantization = Quantization()

    @property
    def is_int8(self) -> bool:
        return self.weights.dtype == np.int8

    @property
    def dtype(self) -> int:
        return {np.dtype(np.int8): INT8, np.dtype(np.float16): FLOAT16}.get(
            self.weights.dtype, FLOAT32
        )

    def pack(self) -> bytes:
        n, kernel_h, kernel_w, channels = self.weights.shape
        n_cheap, out_channels = n, (n + (self.kind == GHOST)) * channels
        if self.kind == CONVOLUTION:
            n_cheap, out_channels = 0, n
        header = Header(
            magic=MAGIC, version=VERSION,
            kind=self.kind, dtype=self.dtype,
            activation=ACTIVATIONS[self.activation], has_residual=self.has_residual,
            in_height=self.in_size[0], in_width=self.in_size[1], channels=channels,
            out_height=self.out_size[0], out_width=self.out_size[1],
            out_channels=out_channels, n_cheap=n_cheap, kernel_h=kernel_h, kernel_w=kernel_w,
            stride_h=self.stride[0], stride_w=self.stride[1],
            pad_top=self.pad[0], pad_left=self.pad[1], out_rank=self.out_rank, inner=self.inner,
            **{name: CQuantization(*vars(getattr(self, name)).values()) for name in QUANTIZED},
        )  # fmt: skip
        data = bytes(header)
        for array in (self.weights, self.weight_scale, self.bias):
            if array is not None:
                data += bytes(-len(data) % ALIGNMENT) + np.ascontiguousarray(array).tobytes()
        header.size = len(data)
        data = bytes(header) + data[ctypes.sizeof(header) :]
        header.crc32 = zlib.crc32(data[SUMMED_FROM:])
        return bytes(header) + data[ctypes.sizeof(header) :]


def unpack(data: bytes) -> Options:
    """The operator that these bytes describe; UserError where they are damaged."""
    if len(data) < ctypes.sizeof(Header):
        raise _damaged(f"{len(data)} bytes are too few")
    header = Header.from_buffer_copy(data)
    if (header.magic, header.version) != (MAGIC, VERSION):
        raise _damaged(f"they begin with {data[:8]!r}")
    if header.size != len(data):
        raise _damaged(f"{len(data)} bytes of {header.size}")
    if header.crc32 != zlib.crc32(data[SUMMED_FROM:]):
        raise _damaged("their checksum is wrong")
    is_int8 = header.dtype == INT8
    n = header.out_channels if header.kind == CONVOLUTION else header.n_cheap
    kernel = (n, header.kernel_h, header.kernel_w, header.channels)
    channels = kernel[:1] if header.kind == CONVOLUTION else kernel[::3]
    names = {number: name for name, number in ACTIVATIONS.items()}
    if header.activation not in names or header.dtype not in WEIGHTS:
        raise _damaged(f"activation {header.activation}, type {header.dtype}")
    arrays: dict[str, Any] = {}
    at = ctypes.sizeof(Header)
    for name, dtype, shape in (
        ("weights", WEIGHTS[header.dtype], kernel),
        ("weight_scale", "<f4", channels),
        ("bias", "<i4" if is_int8 else "<f4", channels),
    ):
        if name == "weight_scale" and not is_int8:
            continue
        at += -at % ALIGNMENT
        count = int(np.prod(shape, dtype=object))
        end = at + count * np.dtype(dtype).itemsize
        if end > len(data):
            raise _damaged(f"{name} of shape {shape} in {len(data)} bytes")
        arrays[name] = np.frombuffer(data, dtype, count, at).reshape(shape)
        at = end
    scales: dict[str, Any] = {
        name: Quantization(getattr(header, name).scale, getattr(header, name).zero_point)
        for name in QUANTIZED
    }
    return Options(
        kind=header.kind,
        activation=names[header.activation],
        has_residual=bool(header.has_residual),
        in_size=(header.in_height, header.in_width),
        out_size=(header.out_height, header.out_width),
        stride=(header.stride_h, header.stride_w),
        pad=(header.pad_top, header.pad_left),
        out_rank=header.out_rank,
        inner=header.inner,
        **arrays,
        **scales,
    )


def _damaged(why: str) -> UserError:
    return UserError(f"the options of a Ghost operator are damaged: {why}", fix=DAMAGED_FIX)
