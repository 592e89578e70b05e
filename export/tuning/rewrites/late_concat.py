"""[y' | g] -> depthwise convolution   becomes   each side -> its own channels of it -> concat.

A depthwise convolution computes every channel by itself, so the halves are exact, in int8 too. At
stride 2 the concat that comes after it copies a quarter of the bytes.
"""

from ...ghostop.patterns import Unfit
from ...op import Op
from .block_graph import LAST, BlockGraph


def rewrite(blocks: BlockGraph, block: str, variant: str) -> None:
    found, why = [], []
    for concat in blocks.concats_of(block):
        try:
            found.append((concat, *_consumer(blocks, concat)))
        except Unfit as reason:
            why.append(str(reason))
    if not found:
        raise Unfit("; ".join(why) or "it has no concatenation of channels")
    for concat, pad, conv in found:
        _move_behind(blocks, concat, pad, conv)


def _consumer(blocks: BlockGraph, concat: Op) -> tuple[Op | None, Op]:
    """The depthwise convolution that alone reads a concatenation, and the PAD between the two."""
    graph = blocks.graph
    reader, pad = blocks.only_reader(concat.outputs[0]), None
    if reader.name == "PAD":
        padding = graph.constant(reader.inputs[1])
        if padding is None or padding[LAST].any():
            raise Unfit(f"{graph.names[reader.outputs[0]]} pads channels")
        pad, reader = reader, blocks.only_reader(reader.outputs[0])
    if reader.name != "DEPTHWISE_CONV_2D":
        raise Unfit(f"{graph.names[concat.outputs[0]]} is read by {reader.name}")
    if any(tensor >= 0 and graph.constant(tensor) is None for tensor in reader.inputs[1:]):
        raise Unfit(f"the weights of {graph.names[reader.outputs[0]]} are not constant")
    if graph.shape(reader.inputs[1])[LAST] != graph.shape(concat.outputs[0])[LAST]:
        raise Unfit(f"{graph.names[reader.outputs[0]]} makes several channels of one")
    blocks.refuse_unequal_scales([concat.outputs[0], *concat.inputs])
    return pad, reader


def _move_behind(blocks: BlockGraph, concat: Op, pad: Op | None, conv: Op) -> None:
    graph, (output,) = blocks.graph, conv.outputs
    halves = []
    for i, (side, channels) in enumerate(blocks.sides(concat)):
        source, suffix = side, f"side_{i}"
        if pad is not None:
            source = blocks.map_like(pad.outputs[0], suffix, len(channels))
            graph.insert(pad, [side, *pad.inputs[1:]], source, before=conv)
        constants = [
            blocks.constant_like(t, suffix, graph.constant(t)[..., channels], channels)  # type: ignore[index]
            for t in conv.inputs[1:]
            if t >= 0
        ]
        halves.append(blocks.map_like(output, suffix, len(channels)))
        graph.insert(conv, [source, *constants], halves[-1], before=conv)
    graph.insert(concat, halves, output, before=conv)
    for gone in (concat, *([] if pad is None else [pad]), conv):
        graph.remove(gone)
