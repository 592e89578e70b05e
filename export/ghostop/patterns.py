"""Where a Ghost operator fits into a graph: exactly the same function, or not at all.

GHOST      y' -> DEPTHWISE_CONV_2D, one or several, -> CONCATENATION [y', ...], maybe -> ADD
DEPTHWISE  any other DEPTHWISE_CONV_2D, with the constant PAD in front of it
CONVOLUTION  a CONV_2D of 1x1, or of few channels, over more than one pixel, maybe -> ADD; of one
           pixel a CONV_2D or FULLY_CONNECTED with many weights

Files of one origin fuse a ReLU into its convolution and others leave it alone; int8 files whose
concatenations have unequal sides put a QUANTIZE before each side. Both are the same pattern.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..flatbuffer import Graph, Op
from .options import (
    ACTIVATIONS,
    CONVOLUTION,
    DEPTHWISE,
    FOURS,
    GHOST,
    MAX_STRIPE,
    Options,
    Quantization,
)

KERNELS = (3, 5)  # sides that the kernels are written for
MAX_WINDOW = 256  # elements of a CONVOLUTION's; of larger ones, the work is in the sums
# Bytes, of a CONVOLUTION of one pixel: it waits for its weights, which several threads read faster.
MIN_WEIGHTS = 1 << 18
SAME, VALID = 0, 1  # TFLite's Padding
BETWEEN = ("QUANTIZE", "RELU", "RELU6")  # may stand between a convolution and its concat


@dataclass(frozen=True, eq=False)
class Site:
    """Operators of a graph, and the one Ghost operator that computes what they compute."""

    name: str  # of the layer that is written
    ops: tuple[Op, ...]  # in the order of execution
    inputs: tuple[int, ...]  # tensors: y' or x; the residual
    output: int
    options: Options


@dataclass(frozen=True)
class Found:
    sites: tuple[Site, ...]  # in the order of execution
    left: tuple[str, ...]  # "layer: why" of what looks like the pattern and stays as it is


class Unfit(Exception):
    """Why an operator stays as it is."""


def find(graph: Graph) -> Found:
    """Every place where a Ghost operator fits."""
    search = _Search(graph)
    sites, taken, left = [], set(), []
    for op in (op for op in graph.ops if op.name == "CONCATENATION"):
        try:
            site = search.ghost(op, taken)
        except Unfit as reason:
            if search.has_depthwise_side(op):
                left.append(f"{graph.names[op.outputs[0]]}: {reason}")
            continue
        sites.append(site)
        taken |= {id(op) for op in site.ops}
    for op in (op for op in graph.ops if search.is_convolution(op) and id(op) not in taken):
        try:
            site = search.convolution(op, taken)
        except Unfit as reason:
            left.append(f"{graph.names[op.outputs[0]]}: {reason}")
            continue
        sites.append(site)
        taken |= {id(op) for op in site.ops}
    place = {id(op): i for i, op in enumerate(graph.ops)}
    sites.sort(key=lambda site: place[id(site.ops[-1])])
    return Found(tuple(sites), tuple(left))


@dataclass(frozen=True, eq=False)
class _Convolution:
    """A convolution with the ReLU and the QUANTIZE behind it."""

    ops: tuple[Op, ...]
    source: int
    output: int
    activation: str
    padding: int
    stride: tuple[int, int]
    weights: np.ndarray  # (kernel_h, kernel_w, channels); of a CONV_2D (out_channels, ...)
    weight_scale: np.ndarray | None  # (channels,); of a CONV_2D (out_channels,)
    bias: np.ndarray  # likewise
    quantization: Quantization  # before the QUANTIZE


class _Search:
    def __init__(self, graph: Graph):
        self.graph = graph
        self.writer = {tensor: op for op in graph.ops for tensor in op.outputs}
        self.readers: dict[int, list[Op]] = {}
        for op in graph.ops:
            for tensor in op.inputs:
                self.readers.setdefault(tensor, []).append(op)

    # ------------------------------------------------------------------ the three patterns

    def ghost(self, concat: Op, taken: set[int]) -> Site:
        graph, (output,) = self.graph, concat.outputs
        rank = len(graph.shape(output))
        axis = concat.options.axis
        if rank != 4 or axis % rank != 3 or concat.activation != "NONE":
            raise Unfit("it is no concatenation of channels")
        first, *rest = concat.inputs
        cheap = [self._side(tensor, concat) for tensor in rest]
        if not cheap:
            raise Unfit("it has one side")
        source = cheap[0].source
        before = self._requantized(first)
        if any(c.source != source for c in cheap) or source not in (first, before):
            raise Unfit("its first side is not what its other sides are computed from")
        requantize = (self.writer[first],) if source != first else ()
        if any(c.padding != SAME or c.stride != (1, 1) for c in cheap):
            raise Unfit("a cheap side has a stride or no padding")
        alike = {(c.weights.shape, c.activation, c.quantization) for c in cheap}
        if len(alike) > 1:
            raise Unfit("its cheap sides differ in kernel, activation or scale")
        one = cheap[0]
        kernel_h, kernel_w, channels = one.weights.shape
        if (1 + len(cheap)) * channels != graph.shape(output)[3]:
            raise Unfit("its sides are not equally wide")
        scale = self._quantization(output)
        if any(self._quantization(side) != scale for side in concat.inputs):
            raise Unfit("a side has another scale than the whole")
        options = Options(
            kind=GHOST,
            activation=one.activation,
            has_residual=False,
            in_size=self._size(source),
            out_size=self._size(output),
            stride=(1, 1),
            pad=(kernel_h // 2, kernel_w // 2),
            weights=np.stack([c.weights for c in cheap]),
            weight_scale=_stacked([c.weight_scale for c in cheap]),
            bias=np.stack([c.bias for c in cheap]),
            input=self._quantization(source),
            conv=one.quantization,
            concat=scale,
            output=scale,
        )
        # A requantized y' that others read too stays for them.
        shared = [op for op in requantize if self._is_read_by_others(first, [concat])]
        ops = [op for c in cheap for op in c.ops] + [op for op in requantize if op not in shared]
        site = Site(graph.names[output], (*ops, concat), (source,), output, options)
        return self._ordered(self._with_residual(site, taken))

    def is_convolution(self, op: Op) -> bool:
        """Whether an operator might do it better than the runtime. A single pixel is a vector times
        a matrix."""
        if op.name == "DEPTHWISE_CONV_2D":
            return True
        if op.name not in ("CONV_2D", "FULLY_CONNECTED"):
            return False
        weights = self.graph.constant(op.inputs[1])
        is_heavy = weights is not None and weights.nbytes >= MIN_WEIGHTS
        if op.name == "FULLY_CONNECTED":
            return is_heavy
        _, height, width, channels = self.graph.shape(op.inputs[1])
        is_small = height * width == 1 or height * width * channels <= MAX_WINDOW
        return is_small and (self._size(op.outputs[0]) != (1, 1) or is_heavy)

    def convolution(self, op: Op, taken: set[int]) -> Site:
        """DEPTHWISE or CONVOLUTION."""
        graph = self.graph
        conv = self._convolution(op)
        kernel, ops, source = conv.weights.shape[-3:-1], list(conv.ops), conv.source
        out_size = self._size(conv.output)
        if conv.padding == SAME:
            sides = zip(self._size(source), out_size, kernel, conv.stride, strict=True)
            pad = tuple(max((o - 1) * s + k - i, 0) // 2 for i, o, k, s in sides)
        else:
            pad, padding = (0, 0), self._zero_padding(source, op)
            if padding is not None:
                pad = (int(padding[1, 0]), int(padding[2, 0]))
                ops.insert(0, self.writer[source])
                source = self.writer[source].inputs[0]
        is_depthwise = op.name == "DEPTHWISE_CONV_2D"
        options = Options(
            kind=DEPTHWISE if is_depthwise else CONVOLUTION,
            activation=conv.activation,
            has_residual=False,
            in_size=self._size(source),
            out_size=out_size,
            stride=conv.stride,
            pad=pad,  # type: ignore[arg-type]
            out_rank=len(graph.shape(conv.output)),
            weights=conv.weights[None] if is_depthwise else conv.weights,
            weight_scale=_stacked([conv.weight_scale]) if is_depthwise else conv.weight_scale,
            bias=conv.bias[None] if is_depthwise else conv.bias,
            input=self._quantization(source),
            conv=conv.quantization,
            concat=conv.quantization,
            output=conv.quantization,
        )
        site = Site(graph.names[conv.output], tuple(ops), (source,), conv.output, options)
        return self._ordered(site if is_depthwise else self._with_residual(site, taken))

    def has_depthwise_side(self, concat: Op) -> bool:
        """Also behind what may stand between the two."""
        for side in concat.inputs:
            while (op := self.writer.get(side)) is not None and op.name in BETWEEN:
                side = op.inputs[0]
            if op is not None and op.name == "DEPTHWISE_CONV_2D":
                return True
        return False

    # ------------------------------------------------------------------ their parts

    def _side(self, tensor: int, concat: Op) -> _Convolution:
        """The cheap side of a Ghost module that ends in `tensor`."""
        behind: list[Op] = []
        reader, at = concat, tensor
        while at in self.writer and self.writer[at].name in BETWEEN:
            op = self.writer[at]
            self._only_reader(at, reader)
            behind.insert(0, op)
            reader, at = op, op.inputs[0]
        if at not in self.writer or self.writer[at].name != "DEPTHWISE_CONV_2D":
            raise Unfit("a side is no depthwise convolution")
        self._only_reader(at, reader)
        conv = self._convolution(self.writer[at], follow=False)
        for op in behind:
            if op.name == "QUANTIZE" and op is behind[-1]:
                conv = replace(conv, ops=(*conv.ops, op), output=tensor)
            else:
                conv = self._activated(conv, op)
        return conv

    def _convolution(self, op: Op, follow: bool = True) -> _Convolution:
        """A convolution that the kernels can do; with `follow`, the ReLU behind it."""
        graph, options = self.graph, op.options
        is_depthwise = op.name == "DEPTHWISE_CONV_2D"
        source, kernel, *more = op.inputs
        values = graph.constant(kernel)
        bias = graph.constant(more[0]) if more and more[0] >= 0 else None
        if values is None or (more and more[0] >= 0 and bias is None):
            raise Unfit("its weights are not constant")
        types = {graph.dtype(source), graph.dtype(kernel), graph.dtype(op.outputs[0])}
        if types not in ({"FLOAT32"}, {"INT8"}):
            raise Unfit(f"its types are {', '.join(sorted(types))}")
        if graph.is_dynamic(source) or graph.shape(source)[0] != 1:
            raise Unfit("its batch is not 1")
        stride, padding = (1, 1), VALID
        if op.name == "FULLY_CONNECTED":
            values = self._one_pixel(values, op)
        else:
            stride, padding = (options.strideH, options.strideW), options.padding
            if (options.dilationHFactor, options.dilationWFactor) != (1, 1):
                raise Unfit(f"it is dilated by {options.dilationHFactor}x{options.dilationWFactor}")
        weights = (
            self._depthwise(values, source) if is_depthwise else self._dense(values, op, stride)
        )
        channels = values.shape[3 if is_depthwise else 0]
        if op.activation not in ACTIVATIONS:
            raise Unfit(f"its activation is {op.activation}")
        scale = None
        if types == {"INT8"}:
            found = graph.quantization(kernel)
            if found is None or found[1].any():
                raise Unfit("its weights are not symmetric")
            scale = np.broadcast_to(found[0], channels)
        wanted = np.int32 if types == {"INT8"} else np.float32
        if bias is not None and bias.dtype != wanted:
            raise Unfit(f"its bias is {bias.dtype}")
        conv = _Convolution(
            ops=(op,),
            source=source,
            output=op.outputs[0],
            activation=op.activation,
            padding=padding,
            stride=stride,
            weights=weights,
            weight_scale=scale,
            bias=np.zeros(channels, wanted) if bias is None else bias,
            quantization=self._quantization(op.outputs[0]),
        )
        after = self.readers.get(conv.output, []) if follow else []
        if len(after) == 1 and after[0].name in ("RELU", "RELU6"):
            try:
                self._only_reader(conv.output, after[0])
                return self._activated(conv, after[0])
            except Unfit:
                return conv  # the ReLU stays by itself
        return conv

    def _depthwise(self, values: np.ndarray, source: int) -> np.ndarray:
        """(1, kernel_h, kernel_w, channels) -> (kernel_h, kernel_w, channels)."""
        _, height, width, channels = values.shape
        if height not in KERNELS or width not in KERNELS:
            raise Unfit(f"its kernel is {height}x{width}")
        if channels != self.graph.shape(source)[3]:
            raise Unfit("it makes several channels of one")
        return values[0]

    def _dense(self, values: np.ndarray, op: Op, stride: tuple[int, int]) -> np.ndarray:
        """(out_channels, kernel_h, kernel_w, channels)."""
        out_channels, height, width, channels = values.shape
        if channels != self.graph.shape(op.inputs[0])[-1]:
            raise Unfit("it works in groups")
        if out_channels < FOURS:
            raise Unfit(f"it has {out_channels} output channels")
        columns = (self._size(op.outputs[0])[1] - 1) * stride[1] + width
        is_pointwise = (height, width, stride[1]) == (1, 1, 1) and channels % FOURS == 0
        if not is_pointwise and height * columns * channels > MAX_STRIPE:
            raise Unfit(f"its windows lie in {height} rows of {columns} x {channels} elements")
        return values

    def _one_pixel(self, values: np.ndarray, op: Op) -> np.ndarray:
        """FULLY_CONNECTED's (out_channels, channels) as a 1x1 CONV_2D of one pixel has them."""
        out_channels, channels = values.shape
        if op.options.weightsFormat:
            raise Unfit("its weights are shuffled")
        if channels % FOURS:
            raise Unfit(f"it has {channels} channels")
        for tensor, width in ((op.inputs[0], channels), (op.outputs[0], out_channels)):
            if self.graph.shape(tensor) not in ((1, width), (1, 1, 1, width)):
                raise Unfit(f"{self.graph.names[tensor]} is not one row of {width}")
        return values[:, None, None, :]

    def _activated(self, conv: _Convolution, op: Op) -> _Convolution:
        """With the ReLU `op` that stands behind it."""
        (output,) = op.outputs
        if op.name not in ACTIVATIONS or conv.activation != "NONE":
            raise Unfit(f"{conv.activation} and {op.name} follow one another")
        if self._quantization(output) != conv.quantization:
            raise Unfit(f"its {op.name} changes the scale")
        return replace(conv, ops=(*conv.ops, op), output=output, activation=op.name)

    def _with_residual(self, site: Site, taken: set[int]) -> Site:
        """The same with the ADD behind it, where that is all that reads it."""
        after = self.readers.get(site.output, [])
        if len(after) != 1 or after[0].name != "ADD" or site.output in self.graph.outputs:
            return site
        add, graph = after[0], self.graph
        others = [tensor for tensor in add.inputs if tensor != site.output]
        if (
            id(add) in taken  # by the Ghost module on its other side
            or len(others) != 1
            or add.activation != "NONE"
            or graph.constant(others[0]) is not None
            or graph.shape(others[0]) != graph.shape(site.output)
            or {graph.dtype(others[0]), graph.dtype(add.outputs[0])} != {graph.dtype(site.output)}
        ):
            return site
        (output,) = add.outputs
        return Site(
            graph.names[output],
            (*site.ops, add),
            (*site.inputs, others[0]),
            output,
            replace(
                site.options,
                has_residual=True,
                residual=self._quantization(others[0]),
                output=self._quantization(output),
            ),
        )

    def _size(self, tensor: int) -> tuple[int, int]:
        """Height and width of a map; a row is one pixel."""
        shape = self.graph.shape(tensor)
        return (shape[1], shape[2]) if len(shape) == 4 else (1, 1)

    def _zero_padding(self, tensor: int, reader: Op) -> np.ndarray | None:
        """(4, 2) rows and columns of zeros that a PAD for `reader` alone puts around a map."""
        op = self.writer.get(tensor)
        if op is None or op.name not in ("PAD", "PADV2") or tensor in self.graph.outputs:
            return None
        padding = self.graph.constant(op.inputs[1])
        if padding is None or padding.shape != (4, 2) or padding[0].any() or padding[3].any():
            return None
        if (padding < 0).any() or self._quantization(op.inputs[0]) != self._quantization(tensor):
            return None
        if op.name == "PADV2":
            value = self.graph.constant(op.inputs[2])
            if value is None or (value != self._quantization(tensor).zero_point).any():
                return None
        return padding if self.readers[tensor] == [reader] else None

    def _requantized(self, tensor: int) -> int | None:
        """What an int8 QUANTIZE made `tensor` from."""
        op = self.writer.get(tensor)
        if op is None or op.name != "QUANTIZE" or self.graph.dtype(op.inputs[0]) != "INT8":
            return None
        return op.inputs[0]

    def _quantization(self, tensor: int) -> Quantization:
        found = self.graph.quantization(tensor)
        if found is None or self.graph.dtype(tensor) == "FLOAT32":
            return Quantization()
        if len(found[0]) != 1:
            raise Unfit("a map has a scale for each channel")
        return Quantization(float(found[0][0]), int(found[1][0]))

    def _is_read_by_others(self, tensor: int, ours: Sequence[Op]) -> bool:
        others = [op for op in self.readers.get(tensor, []) if op not in ours]
        return bool(others) or tensor in self.graph.outputs

    def _only_reader(self, tensor: int, reader: Op) -> None:
        if self._is_read_by_others(tensor, [reader]):
            raise Unfit(f"{self.graph.names[tensor]} is read elsewhere, too")

    def _ordered(self, site: Site) -> Site:
        place = {id(op): i for i, op in enumerate(self.graph.ops)}
        return replace(site, ops=tuple(sorted(site.ops, key=lambda op: place[id(op)])))


def _stacked(scales: Sequence[np.ndarray | None]) -> np.ndarray | None:
    found = [scale for scale in scales if scale is not None]
    return np.stack(found) if found else None
