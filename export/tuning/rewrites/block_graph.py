"""A graph whose blocks are being rewritten.

A tensor that keeps its name keeps its values: the proof compares those that both files have.
"""

from collections.abc import Sequence

import numpy as np

from ghostnet_tf.base.blocks import block_names, has_blocks

from ...flatbuffer import Flatbuffer
from ...ghostop.patterns import Unfit
from ...graph import Graph
from ...op import WEIGHTED, Op

LAST = 3  # the axis of the channels in (N, H, W, C)


class BlockGraph:
    """A plain file's graph, with the block of each operator."""

    def __init__(self, plain: bytes):
        self.graph = Flatbuffer(plain).graph.copy()
        names = _blocks(self.graph)
        self.block_of = {op.outputs[0]: b for op, b in zip(self.graph.ops, names, strict=True)}
        self.operators: set[tuple[str, str]] = set()  # (block, kind) of Ghost operators to come

    # ------------------------------------------------------------------ looking

    def ghost_blocks(self) -> list[str]:
        """Those with a Ghost module, in the order of execution."""
        return [
            b for b, ops in self._kinds().items() if {"CONCATENATION", "DEPTHWISE_CONV_2D"} <= ops
        ]

    def weighted_blocks(self) -> list[str]:
        """Those with any convolution, such as the stem and the classifier, too."""
        return [b for b, ops in self._kinds().items() if ops & WEIGHTED]

    def _kinds(self) -> dict[str, set[str]]:
        """Block -> the operators in it, in the order of execution."""
        kinds: dict[str, set[str]] = {}
        for op in self.graph.ops:
            kinds.setdefault(self.block_of[op.outputs[0]], set()).add(op.name)
        return kinds

    def ops_of(self, block: str, name: str) -> list[Op]:
        return [
            op for op in self.graph.ops if op.name == name and self.block_of[op.outputs[0]] == block
        ]

    def concats_of(self, block: str) -> list[Op]:
        """Concatenations of channels, and of nothing but what is computed."""
        return [
            op
            for op in self.ops_of(block, "CONCATENATION")
            if len(self.graph.shape(op.outputs[0])) == LAST + 1
            and op.options.axis % (LAST + 1) == LAST
            and op.activation == "NONE"
            and all(self.graph.constant(side) is None for side in op.inputs)
        ]

    def only_reader(self, tensor: int) -> Op:
        """What alone reads a tensor; Unfit says who else does."""
        reader = self.graph.sole_reader(tensor)
        if reader is not None:
            return reader
        names = sorted(op.name for op in self.graph.readers(tensor))
        if tensor in self.graph.outputs or not names:
            raise Unfit(f"{self.graph.names[tensor]} is an output of the model")
        raise Unfit(f"{self.graph.names[tensor]} is read by {', '.join(names)}")

    def refuse_unequal_scales(self, tensors: Sequence[int]) -> None:
        """What only moves integers about is exact where they mean the same number."""
        found = [self.graph.quantization(tensor) for tensor in tensors]
        told = {(tuple(f[0]), tuple(f[1])) if f else None for f in found}
        if len(told) > 1:
            raise Unfit(f"{self.graph.names[tensors[0]]}: a side has another scale than the whole")

    def is_float32(self, tensor: int) -> bool:
        return self.graph.dtype(tensor) == "FLOAT32"

    def sides(self, concat: Op) -> list[tuple[int, np.ndarray]]:
        """Each tensor of a concatenation with the channels of the whole that it is."""
        ends = np.cumsum([self.graph.shape(side)[LAST] for side in concat.inputs])
        starts = [0, *ends[:-1]]
        return [
            (side, np.arange(a, b)) for side, a, b in zip(concat.inputs, starts, ends, strict=True)
        ]

    # ------------------------------------------------------------------ changing

    def map_like(self, tensor: int, suffix: str, channels: int) -> int:
        """A new map of another width, in the same block as the one that it stands for."""
        shape = (*self.graph.shape(tensor)[:-1], channels)
        new = self.graph.add_tensor(tensor, f"{self.graph.names[tensor]}/{suffix}", shape)
        self.block_of[new] = self.block_of[tensor]
        return new

    def constant_like(
        self, tensor: int, suffix: str, values: np.ndarray, channels: np.ndarray | None = None
    ) -> int:
        """A new constant; `channels`: whose scales of the old one it has."""
        name = f"{self.graph.names[tensor]}/{suffix}"
        return self.graph.add_tensor(tensor, name, values.shape, values, channels)


def _blocks(graph: Graph) -> list[str]:
    """The block of each operator; without names, one ends with each residual, else each concat."""
    layers = [graph.names[op.outputs[0]] for op in graph.ops]
    if has_blocks(layers):
        return block_names(layers)
    ends = [op for op in graph.ops if op.name == "ADD" and _adds_maps(graph, op)]
    ends = ends or [op for op in graph.ops if op.name == "CONCATENATION"]
    found, n = [], 1
    for op in graph.ops:
        found.append(f"part_{n:02}")
        n += op in ends
    return found


def _adds_maps(graph: Graph, op: Op) -> bool:
    return len(graph.shape(op.outputs[0])) == LAST + 1 and all(
        graph.constant(tensor) is None for tensor in op.inputs
    )
