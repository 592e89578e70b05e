"""Permutations of a map that undo each other: what a careless conversion leaves in a graph.

A map is (N, H, W, C) in a `.tflite` and (N, C, H, W) where a network comes from PyTorch. A pair
that turns one into the other and back, with nothing between that cares about the order of axes,
costs two copies of the map and computes nothing. Every other permutation is the network's own: of
the heads of an attention, of a channel shuffle, of a detector's boxes.
"""

from .graph import Graph
from .op import Op

Order = tuple[int, ...]
UNDOES: dict[Order, Order] = {(0, 3, 1, 2): (0, 2, 3, 1), (0, 2, 3, 1): (0, 3, 1, 2)}
# Each element by itself, or along axes that can be named in the other order as well.
TRANSPARENT = {
    "ABS", "ADD", "ADD_N", "CAST", "CEIL", "CONCATENATION", "COS", "DEQUANTIZE", "DIV", "ELU",
    "EXP", "FLOOR", "GELU", "HARD_SWISH", "LEAKY_RELU", "LOG", "LOGISTIC", "MAXIMUM", "MEAN",
    "MINIMUM", "MIRROR_PAD", "MUL", "NEG", "PAD", "PADV2", "POW", "PRELU", "QUANTIZE", "REDUCE_MAX",
    "REDUCE_MIN", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "RSQRT", "SIGN", "SIN",
    "SLICE", "SQRT", "SQUARE", "SQUARED_DIFFERENCE", "SUB", "SUM", "TANH",
}  # fmt: skip


def undone(graph: Graph) -> list[str]:
    """The permutations of maps that undo earlier ones, each with those that it undoes."""
    found = []
    for op in graph.ops:
        order = permutation(graph, op)
        if order in UNDOES and (earlier := _undoes(graph, op, UNDOES[order])):
            names = " and ".join(sorted({graph.names[e.outputs[0]] for e in earlier}))
            found.append(f"{graph.names[op.outputs[0]]} undoes {names}")
    return found


def permutation(graph: Graph, op: Op) -> tuple[int, ...] | None:
    """The order in which a TRANSPOSE with a constant one takes the axes."""
    if op.name != "TRANSPOSE" or len(op.inputs) != 2:
        return None
    order = graph.constant(op.inputs[1])
    return None if order is None else tuple(int(axis) for axis in order.flat)


def _undoes(graph: Graph, op: Op, wanted: tuple[int, ...]) -> list[Op]:
    """The permutations in the order `wanted` that alone feed `op`; empty where other things do."""
    ahead, seen, found = [op.inputs[0]], {op.inputs[0]}, []
    for tensor in ahead:  # grows while it is read
        writer = graph.writer(tensor)
        if writer is not None and permutation(graph, writer) == wanted:
            found.append(writer)
            continue
        if writer is None or writer.name not in TRANSPARENT or len(graph.shape(tensor)) != 4:
            return []
        for source in writer.inputs:
            if source >= 0 and source not in seen and not graph.is_constant(source):
                seen.add(source)
                ahead.append(source)
    return found
