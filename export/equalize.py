"""Range equalization: channels of one tensor get like ranges, and the network computes the same.

A positive scale pushed into the kernel that writes a channel, and divided out of every kernel that
reads it, changes nothing as long as only linear operators and ReLU stand between (Nagel et al.,
"Data-Free Quantization through Weight Equalization", arXiv 1906.04721, section 4.1). An int8 tensor
has one scale for all its channels, so like ranges waste none of its 256 values. GhostNet has only
ReLU, and every channel but the image, the SE gates and the logits can move.
"""

from collections.abc import Mapping

import numpy as np

from ghostnet_tf.base.errors import UserError, option

from .flatbuffer import Flatbuffer
from .graph import Graph
from .op import WEIGHTED, Op
from .ranges import shared_at_concats

# Scales are powers of 2 ** (1 / STEPS): small integers in the record.
STEPS = 4
WIDEST = 64.0  # a channel is scaled by 1/64 to 64 of its tensor's range at most
HOMOGENEOUS = {"NONE", "RELU"}  # f(s x) = s f(x) for s > 0; ReLU6 and hard-swish are not
PASS_THROUGH = {
    "MEAN", "MAX_POOL_2D", "AVERAGE_POOL_2D", "RELU", "RESHAPE",
    "RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR",
}  # fmt: skip

Exponents = Mapping[str, tuple[int, ...]]  # tensor -> one per channel; scale 2 ** (n / STEPS)


class Channels:
    """Which channels of which tensors must share a scale: a union-find over (tensor, channel)."""

    FIXED = 0  # the class of every channel that cannot be scaled

    def __init__(self, graph: Graph):
        self.graph = graph
        self.first: dict[int, int] = {}
        n = 1
        for tensor in graph.written():
            self.first[tensor] = n
            n += self.width(tensor)
        self.parent = np.arange(n)
        for tensor in (*graph.inputs, *graph.outputs):
            self.fix(tensor)
        for op in graph.ops:
            self.constrain(op)

    def width(self, tensor: int) -> int:
        shape = self.graph.shape(tensor)
        return shape[-1] if shape else 1

    def root(self, node: int) -> int:
        while (up := self.parent[node]) != node:
            self.parent[node] = self.parent[up]
            node = up
        return node

    def tie(self, a: int, b: int, n: int) -> None:
        """The `n` channels from node `a` on are those from `b` on."""
        for i in range(n):
            one, other = self.root(a + i), self.root(b + i)
            self.parent[max(one, other)] = min(one, other)

    def same(self, a: int, b: int) -> None:
        self.tie(self.first[a], self.first[b], self.width(a))

    def fix(self, tensor: int) -> None:
        for node in range(self.first[tensor], self.first[tensor] + self.width(tensor)):
            self.parent[self.root(node)] = self.FIXED

    def classes(self, tensor: int) -> np.ndarray:
        """(C,) the class of every channel."""
        start = self.first[tensor]
        return np.array([self.root(node) for node in range(start, start + self.width(tensor))])

    def constrain(self, op: Op) -> None:
        """Tie or fix the channels that `op` reads and writes; fix whatever is not proven."""
        flowing = [tensor for tensor in op.inputs if tensor in self.first]
        out = op.outputs[0]
        is_alike = len(op.outputs) == 1 and op.activation in HOMOGENEOUS
        widths = {self.width(tensor) for tensor in (*flowing, out)}
        if not flowing:  # of constants alone
            for tensor in op.outputs:
                self.fix(tensor)
        elif op.name in WEIGHTED and is_plain(self.graph, op):
            if not is_alike:
                self.fix(out)
        elif op.name == "CONCATENATION" and is_alike and self.is_last_axis(op.options.axis, out):
            start = self.first[out]
            for tensor in flowing:
                self.tie(self.first[tensor], start, self.width(tensor))
                start += self.width(tensor)
        elif op.name == "ADD" and is_alike and len(flowing) == 2 and len(widths) == 1:
            for tensor in flowing:
                self.same(tensor, out)
        elif op.name == "MUL" and is_alike:
            # Of two activations the smaller is the gate; a constant scales both sides alike.
            scaled, *gates = sorted(flowing, key=lambda t: -int(np.prod(self.graph.shape(t))))
            self.same(scaled, out) if self.width(scaled) == self.width(out) else self.fix(out)
            for gate in gates:
                self.fix(gate)
        elif op.name == "PAD" and (pads := self.graph.constant(op.inputs[1])) is not None:
            # Zeros stay zeros at any scale: around the image, and as whole channels.
            start = self.first[out] + int(pads[-1, 0])
            self.tie(self.first[flowing[0]], start, self.width(flowing[0]))
        elif op.name in PASS_THROUGH and is_alike and len(widths) == 1 and self.keeps_channels(op):
            self.same(flowing[0], out)
        else:
            for tensor in (*flowing, *op.outputs):
                self.fix(tensor)

    def is_last_axis(self, axis: int, tensor: int) -> bool:
        return axis in (-1, len(self.graph.shape(tensor)) - 1)

    def keeps_channels(self, op: Op) -> bool:
        """A mean over the channels themselves would mix their scales."""
        axes = self.graph.constant(op.inputs[1]) if op.name == "MEAN" else None
        return axes is None or not any(
            self.is_last_axis(int(axis), op.inputs[0]) for axis in axes.flat
        )


def is_plain(graph: Graph, op: Op) -> bool:
    """Kernel and bias are float32 constants; the kernel reads every input channel (no groups)."""
    kernel, *bias = op.inputs[1:3]
    values = graph.constant(kernel)
    if values is None or any(b >= 0 and graph.constant(b) is None for b in bias):
        return False
    channels = graph.shape(op.inputs[0])[-1]
    return values.dtype == np.float32 and (
        values.shape[-1] % channels == 0
        if op.name == "DEPTHWISE_CONV_2D"
        else values.shape[-1] == channels
    )


def plan(
    float32: bytes, peaks: Mapping[str, np.ndarray], strength: float = 1.0
) -> dict[str, tuple[int, ...]]:
    """The scales that bring every channel to its tensor's full range, or a part of the way.

    `peaks`: tensor -> (C,) the largest magnitude seen in every channel. A full `strength` of 1 is
    best for the activations; less leaves the kernels' own ranges more alike.
    """
    graph = Flatbuffer(float32).graph
    channels = Channels(graph)
    # A side of a concatenation will have the range of the whole, however small it is itself.
    full = shared_at_concats(graph, {name: (0.0, peak.max()) for name, peak in peaks.items()})
    use = np.zeros(len(channels.parent))  # class -> the largest share of a tensor's range it fills
    for tensor in graph.activations():
        name = graph.names[tensor]
        np.maximum.at(use, channels.classes(tensor), peaks[name] / max(full[name][1], 1e-30))
    scale = np.clip(np.maximum(use, 1e-30) ** -strength, 1 / WIDEST, WIDEST)
    scale[use == 0] = 1  # never fired: leave it alone
    scale[channels.FIXED] = 1
    exponents = np.rint(np.log2(scale) * STEPS).astype(int)
    found = {}
    for tensor, first in channels.first.items():
        roots = channels.classes(tensor) == np.arange(first, first + channels.width(tensor))
        own = np.where(roots, exponents[first : first + channels.width(tensor)], 0)
        if own.any():
            found[graph.names[tensor]] = tuple(own.tolist())
    return found


def equalize(float32: bytes, exponents: Exponents) -> Flatbuffer:
    """The same function with its channels scaled; the same bytes where nothing scales."""
    float32 = Flatbuffer(float32)
    if not any(any(own) for own in exponents.values()):
        return float32
    graph = float32.graph.copy()
    channels = Channels(graph)
    by_class = np.zeros(len(channels.parent))
    for tensor, first in channels.first.items():
        own = exponents.get(graph.names[tensor])
        if own is not None and len(own) != channels.width(tensor):
            raise UserError(
                f"these ranges belong to another network: {graph.names[tensor]!r} has "
                f"{len(own)} channels there and {channels.width(tensor)} here",
                fix=f"calibrate this network with {option('photos', 'DIR')}",
            )
        if own is not None:
            by_class[first : first + len(own)] = own
    scales = 2 ** (by_class / STEPS)
    scale = {tensor: scales[channels.classes(tensor)] for tensor in channels.first}
    for op in graph.ops:
        if op.name in WEIGHTED and is_plain(graph, op):
            rescale(graph, op, scale[op.inputs[0]], scale[op.outputs[0]])
    return Flatbuffer(graph.to_bytes())


def rescale(graph: Graph, op: Op, read: np.ndarray, written: np.ndarray) -> None:
    """Divide what the kernel reads by its scales, multiply what it writes by its own."""
    if np.all(read == 1) and np.all(written == 1):
        return
    kernel = graph.constant(op.inputs[1])
    assert kernel is not None
    if op.name == "DEPTHWISE_CONV_2D":  # (1, h, w, C * multiplier)
        kernel = kernel * written / np.repeat(read, kernel.shape[-1] // len(read))
    else:  # (O, h, w, I) or (O, I)
        kernel = kernel / read * written.reshape(-1, *[1] * (kernel.ndim - 1))
    graph.set_constant(op, 1, kernel)
    if len(op.inputs) > 2 and op.inputs[2] >= 0:
        bias = graph.constant(op.inputs[2])
        assert bias is not None
        if np.any(bias):
            graph.set_constant(op, 2, bias * written)
