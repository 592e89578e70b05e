"""Constant factors move into the weights behind them: the same function with fewer operators.

x c W = x (c W). A hard-swish in operators that XNNPACK takes, relu6(x + 3) (x / 6), multiplies a
whole map by 1/6. For MobileNetV3-Large at 224 px in int8 that was 12 % of all instructions on a
Cortex-A76, counted by `benchmark/run.py --target emulated`.
"""

from .graph import Graph
from .op import WEIGHTED, Op


def absorb(graph: Graph) -> int:
    """Take out every multiplication of a map by one number that the next weights can do instead.

    Exact but for rounding. Returns how many were taken out. Gates of one value a channel are left
    as they are: there is nothing to win.
    """
    found = 0
    for op in [op for op in graph.ops if op.name == "MUL" and op.activation == "NONE"]:
        factor, source = _factor(graph, op)
        readers = None if factor is None else _absorbers(graph, op.outputs[0])
        if not readers:
            continue
        for reader in readers:
            kernel = graph.constant(reader.inputs[1])
            assert kernel is not None and factor is not None
            graph.set_constant(reader, 1, kernel * factor)
        graph.bypass(op, source)
        found += 1
    return found


def _factor(graph: Graph, op: Op) -> tuple[float | None, int]:
    """The one number that a map (1, H, W, C) is multiplied by, and the map."""
    for number, source in (op.inputs, op.inputs[::-1]):
        values = graph.constant(number)
        is_map = len(shape := graph.shape(source)) == 4 and max(shape[1:3]) > 1
        if values is not None and values.size == 1 and is_map:
            return float(values.flat[0]), source
    return None, -1


def _absorbers(graph: Graph, tensor: int) -> list[Op] | None:
    """The weighted operators through which alone `tensor` acts on anything; else None."""
    scaled, found = [tensor], []
    for scaled_tensor in scaled:  # grows while it is read
        if scaled_tensor in graph.outputs:
            return None
        for op in graph.readers(scaled_tensor):
            kernel = op.inputs[1] if len(op.inputs) > 1 else -1
            if (
                op.name in WEIGHTED
                and kernel != scaled_tensor
                and graph.constant(kernel) is not None
            ):
                found.append(op)
            elif op.name == "MEAN" or (op.name == "MUL" and op.activation == "NONE"):
                if sum(i in scaled for i in op.inputs) > 1 or op.outputs[0] in scaled:
                    return None  # both factors would be scaled
                scaled.append(op.outputs[0])
            else:
                return None
    return found
