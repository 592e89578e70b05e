"""Convolutions with a few channels more, so that these fill a register; nobody reads them.

A padded channel has weights of zero, and so has whoever multiplies it. That is exact: in int8 it
holds its zero point, or what an ADD makes of two. Channels that are added up with others (a
residual), scaled by others (a gate) or put beside others (a concat) are padded together with them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ...ghostop.patterns import Unfit
from ...op import Op
from .block_graph import LAST, BlockGraph

# inner: channels that stay in the block. stream: those that residuals carry through several.
VARIANTS = ("inner to 8", "inner to 16", "stream to 8", "stream to 16")
# Channel by channel, with nothing but finite numbers for a zero.
PASSING = {
    "DEPTHWISE_CONV_2D", "PAD", "MEAN", "AVERAGE_POOL_2D", "MAX_POOL_2D", "QUANTIZE", "DEQUANTIZE",
    "RELU", "RELU6", "HARD_SWISH", "LOGISTIC", "ADD", "SUB", "MUL",
}  # fmt: skip
ELEMENTWISE = {"ADD", "SUB", "MUL"}  # of two tensors
ABSORBING = {"CONV_2D", "FULLY_CONNECTED"}  # whose weights choose what they read

View = tuple[int, int, int]  # a tensor, and its channels from and to


def rewrite(blocks: BlockGraph, block: str, variant: str) -> None:
    where, _, multiple = variant.rpartition(" to ")
    found, why = [], []
    for conv in blocks.ops_of(block, "CONV_2D"):
        missing = -blocks.graph.shape(conv.outputs[0])[LAST] % int(multiple)
        if not missing:
            continue
        try:
            padding = _padding(blocks, conv.outputs[0], missing)
            if where == ("stream" if _is_shared(blocks, padding, block) else "inner"):
                found.append(padding)
        except Unfit as reason:
            why.append(str(reason))
    if not found:
        raise Unfit("; ".join(why) or f"none of its {where} channels need any")
    _apply(blocks, _joined(found))


Padding = dict[int, np.ndarray]  # tensor -> how many new channels follow each of its own


def _padding(blocks: BlockGraph, tensor: int, missing: int) -> Padding:
    """What it takes to append channels to the output of a convolution."""
    gaps = {tensor: _none(blocks, tensor)}
    gaps[tensor][-1] = missing
    ties = [tie for op in blocks.graph.ops for tie in _ties(blocks, op)]
    is_growing = True
    while is_growing:
        is_growing = False
        for tie in ties:
            if not any(t in gaps for t, _, _ in tie):
                continue
            views = [gaps.setdefault(t, _none(blocks, t))[a:b] for t, a, b in tie]
            most = np.max(views, axis=0)
            for view in views:
                is_growing |= bool((view < most).any())
                view[:] = most
    gaps = {t: gap for t, gap in gaps.items() if gap.any()}
    _refuse_impossible(blocks, gaps)
    return gaps


def _ties(blocks: BlockGraph, op: Op) -> Iterator[list[View]]:
    """Channels that must be padded alike."""
    graph, output = blocks.graph, op.outputs[0]

    def width(tensor: int) -> int:
        return (graph.shape(tensor) or (1,))[-1]

    if op.name == "CONCATENATION" and op in blocks.concats_of(blocks.block_of[output]):
        for side, channels in blocks.sides(op):
            yield [(side, 0, len(channels)), (output, channels[0], channels[-1] + 1)]
    elif op.name in PASSING:
        maps = op.inputs if op.name in ELEMENTWISE else op.inputs[:1]
        alike = [t for t in maps if graph.constant(t) is None and width(t) == width(output)]
        yield [(t, 0, width(output)) for t in (*alike, output)]


def _refuse_impossible(blocks: BlockGraph, gaps: Padding) -> None:
    graph = blocks.graph
    for tensor in gaps:
        name, writer = graph.names[tensor], blocks.graph.writer(tensor)
        if writer is None or tensor in graph.outputs:
            raise Unfit(f"{name} is an end of the model")
        for op in (writer, *blocks.graph.readers(tensor)):
            if not _takes_more(blocks, op, tensor):
                raise Unfit(f"{op.name} at {name} cannot take more channels")


def _takes_more(blocks: BlockGraph, op: Op, tensor: int) -> bool:
    """Whether an operator stays what it is when this tensor of its gets more channels."""
    graph, output = blocks.graph, op.outputs[0]
    width = graph.shape(tensor)[-1]
    if op.name == "CONCATENATION":
        return op in blocks.concats_of(blocks.block_of[output])
    if op.name in ABSORBING | {"DEPTHWISE_CONV_2D"} and any(
        t >= 0 and graph.constant(t) is None for t in op.inputs[1:]
    ):
        return False
    if op.name in ABSORBING:  # not in groups of channels, nor several pixels at once
        return tensor == output or graph.shape(op.inputs[1])[-1] == width
    if op.name == "MEAN" and LAST in _axes(blocks, op):
        return False
    return op.name in PASSING and graph.shape(output)[-1] == width


def _is_shared(blocks: BlockGraph, gaps: Padding, block: str) -> bool:
    """Whether other blocks are padded, too; Unfit where one before this block was asked already."""
    ghosts = blocks.ghost_blocks()
    touched = {blocks.block_of[t] for t in gaps if t in blocks.block_of}
    first = min(ghosts.index(b) for b in touched if b in ghosts)
    if ghosts[first] != block:
        raise Unfit(f"its channels are those of {ghosts[first]}")
    return len(touched) > 1


def _joined(all_gaps: list[Padding]) -> Padding:
    joined: Padding = {}
    for gaps in all_gaps:
        for tensor, gap in gaps.items():
            joined[tensor] = np.maximum(joined[tensor], gap) if tensor in joined else gap
    return joined


# ---------------------------------------------------------------------------- the new graph


@dataclass(frozen=True)
class _Wider:
    """(new channels,): the old one that each is, and whether it is one of the new, empty ones."""

    source: np.ndarray
    is_new: np.ndarray

    @property
    def width(self) -> int:
        """Before."""
        return int(self.source[-1]) + 1

    def of(self, values: np.ndarray, axis: int) -> np.ndarray:
        """The same values with zeros for the new channels."""
        taken = np.take(values, self.source, axis)
        shape = [1] * taken.ndim
        shape[axis] = -1
        return np.where(self.is_new.reshape(shape), 0, taken).astype(values.dtype)


def _apply(blocks: BlockGraph, gaps: Padding) -> None:
    graph = blocks.graph
    wider = {tensor: _wider(gap) for tensor, gap in gaps.items()}
    for op in graph.ops:
        into, out = wider.get(op.inputs[0]), wider.get(op.outputs[0])
        if op.name in ABSORBING and (into or out):
            _widen_weights(blocks, op, into, out)
        elif op.name == "DEPTHWISE_CONV_2D" and out:
            for position in range(1, len(op.inputs)):
                _widen(blocks, op, position, out, LAST)
        elif op.name in ELEMENTWISE and out:
            for position, tensor in enumerate(op.inputs):
                values = graph.constant(tensor)
                if values is not None and values.ndim and values.shape[-1] == out.width:
                    _widen(blocks, op, position, out, LAST)
    for tensor, w in wider.items():
        record = graph.subgraph.tensors[tensor]
        record.shape, record.shapeSignature = [*graph.shape(tensor)[:-1], len(w.source)], None
        graph.names[tensor] += "/padded"


def _widen_weights(blocks: BlockGraph, op: Op, into: _Wider | None, out: _Wider | None) -> None:
    """Of a kernel (out, ..., in) and its bias (out,)."""
    if into:
        _widen(blocks, op, 1, into, axis=-1, has_scales=False)
    if out:
        for position in range(1, len(op.inputs)):
            _widen(blocks, op, position, out, axis=0)


def _widen(
    blocks: BlockGraph, op: Op, position: int, wider: _Wider, axis: int, has_scales: bool = True
) -> None:
    """Another constant in place of one with a value for each channel; a missing bias stays away."""
    tensor = op.inputs[position]
    values = blocks.graph.constant(tensor) if tensor >= 0 else None
    if values is None:
        return
    # A new channel has the scale of an old one: XNNPACK does not take just any.
    channels = wider.source if has_scales else None
    new = blocks.constant_like(
        tensor, "padded", wider.of(values, min(axis, values.ndim - 1)), channels
    )
    blocks.graph.rewire(op, position, new)


def _wider(gap: np.ndarray) -> _Wider:
    source = np.repeat(np.arange(len(gap)), gap + 1)
    return _Wider(source, np.r_[False, source[1:] == source[:-1]])


def _none(blocks: BlockGraph, tensor: int) -> np.ndarray:
    return np.zeros(blocks.graph.shape(tensor)[-1], np.int64)


def _axes(blocks: BlockGraph, op: Op) -> set[int]:
    axes = blocks.graph.constant(op.inputs[1])
    rank = len(blocks.graph.shape(op.inputs[0]))
    return {LAST} if axes is None else {int(axis) % rank for axis in np.atleast_1d(axes)}
