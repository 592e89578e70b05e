"""[y' | g] -> 1x1 convolution   becomes   conv(y') + conv(g), and no concat is left.

Equal to rounding in float32. In int8 each half would be rounded to eight bits before the sum: that
is another function, and it is refused. An elementwise consumer changes places with the concat,
exactly.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from ...ghostop.patterns import Unfit
from ...op import Op
from .block_graph import LAST, BlockGraph

# One input, one number in for one number out.
ELEMENTWISE = {"RELU", "RELU6", "RELU_N1_TO_1", "HARD_SWISH", "LOGISTIC", "TANH", "ELU", "ABS"}
NONE = schema.ActivationFunctionType.NONE


def rewrite(blocks: BlockGraph, block: str, variant: str) -> None:
    found, why = [], []
    for concat in blocks.concats_of(block):
        try:
            found.append((concat, _consumer(blocks, concat)))
        except Unfit as reason:
            why.append(str(reason))
    if not found:
        raise Unfit("; ".join(why) or "it has no concatenation of channels")
    for concat, consumer in found:
        if consumer.name == "CONV_2D":
            _split(blocks, concat, consumer)
        else:
            _move_behind(blocks, concat, consumer)


def _consumer(blocks: BlockGraph, concat: Op) -> Op:
    """What alone reads a concatenation, if it can be computed from the sides."""
    graph, (whole,) = blocks.graph, concat.outputs
    reader = blocks.only_reader(whole)
    if reader.name in ELEMENTWISE:
        blocks.refuse_unequal_scales([whole, *concat.inputs])
        return reader
    if reader.name != "CONV_2D":
        raise Unfit(f"{graph.names[whole]} is read by {reader.name}")
    if not blocks.is_float32(whole):
        raise Unfit(f"{graph.names[whole]}: in {graph.dtype(whole)} the sum is rounded twice")
    if any(tensor >= 0 and graph.constant(tensor) is None for tensor in reader.inputs[1:]):
        raise Unfit("its weights are not constant")
    if graph.shape(reader.inputs[1])[1:] != (1, 1, graph.shape(whole)[LAST]):
        raise Unfit(f"{graph.names[reader.outputs[0]]} is no 1x1 convolution of all channels")
    return reader


def _split(blocks: BlockGraph, concat: Op, conv: Op) -> None:
    """One convolution for each side; the first has the bias, the last sum the activation."""
    graph, (output,) = blocks.graph, conv.outputs
    weights = graph.constant(conv.inputs[1])
    n_out = graph.shape(output)[LAST]
    parts = []
    for i, (side, channels) in enumerate(blocks.sides(concat)):
        kernel = blocks.constant_like(conv.inputs[1], f"side_{i}", weights[..., channels])  # type: ignore[index]
        bias = conv.inputs[2] if i == 0 and len(conv.inputs) > 2 else None
        if bias is None:
            zeros = np.zeros(n_out, np.float32)
            bias = graph.add_tensor(kernel, f"{graph.names[kernel]}/bias", zeros.shape, zeros)
        parts.append(blocks.map_like(output, f"side_{i}", n_out))
        graph.insert(
            conv, [side, kernel, bias], parts[-1], before=conv, fusedActivationFunction=NONE
        )
    total = parts[0]
    for i, part in enumerate(parts[1:], 1):
        is_last = i == len(parts) - 1
        to = output if is_last else blocks.map_like(output, f"sum_{i}", n_out)
        activation = conv.options.fusedActivationFunction if is_last else NONE
        graph.insert("ADD", [total, part], to, before=conv, fusedActivationFunction=activation)
        total = to
    graph.remove(concat)
    graph.remove(conv)


def _move_behind(blocks: BlockGraph, concat: Op, consumer: Op) -> None:
    graph, (output,) = blocks.graph, consumer.outputs
    halves = []
    for i, (side, channels) in enumerate(blocks.sides(concat)):
        halves.append(blocks.map_like(output, f"side_{i}", len(channels)))
        graph.insert(consumer, [side], halves[-1], before=consumer)
    graph.insert(concat, halves, output, before=consumer)
    graph.remove(concat)
    graph.remove(consumer)
