"""Where a Ghost operator fits into a graph: exactly the same function, or not at all.

The patterns are `ghost_module`, `depthwise` and `convolution`, one file each; a `residual`
may stand behind two of them. Files of one origin fuse a ReLU into its convolution and others leave
it alone; int8 files whose concatenations have unequal sides put a QUANTIZE before each side. Both
are the same pattern.
"""

from dataclasses import dataclass

from ghostnet_tf.base.record import ALL_KINDS, DEPTHWISE_KINDS

from ...graph import Graph
from ...op import Op
from .convolution import convolution, is_worth_it
from .depthwise import depthwise
from .ghost_module import ghost_module, has_depthwise_side
from .site import Site, Unfit

__all__ = ["Found", "Site", "Unfit", "find"]


@dataclass(frozen=True)
class Found:
    sites: tuple[Site, ...]  # in the order of execution
    left: tuple[str, ...]  # "layer: why" of what looks like the pattern and stays as it is


def find(graph: Graph, kinds: str = ALL_KINDS) -> Found:
    """Every place where a Ghost operator of these kinds fits.

    Modules first: they take their convolutions.
    """
    sites: list[Site] = []
    left: list[str] = []
    taken: set[Op] = set()

    def try_at(op: Op) -> None:
        try:
            site = _site_at(graph, op, taken)
        except Unfit as reason:
            if op.name != "CONCATENATION" or has_depthwise_side(graph, op):
                left.append(f"{graph.names[op.outputs[0]]}: {reason}")
            return
        if site is not None:
            sites.append(site)
            taken.update(site.ops)

    for op in (op for op in graph.ops if op.name == "CONCATENATION"):
        try_at(op)
    others = [op for op in graph.ops if op.name != "CONCATENATION"]
    if kinds == DEPTHWISE_KINDS:
        others = [op for op in others if op.name == "DEPTHWISE_CONV_2D"]
    for op in others:
        if op not in taken:
            try_at(op)
    rounded = _rounded(graph)
    inexact = [s for s in sites if not s.options.is_int8 and s.output in rounded]
    left += [
        f"{site.name}: it is kept in float32, and rounded to integers later: the last bit of "
        "a float32 could become another integer"
        for site in inexact
    ]
    sites = [site for site in sites if site not in inexact]
    sites.sort(key=lambda site: graph.place(site.ops[-1]))
    return Found(tuple(sites), tuple(left))


def _rounded(graph: Graph) -> set[int]:
    """The float32 tensors out of which a QUANTIZE makes integers, at once or further on."""
    found: set[int] = set()
    for op in reversed(graph.ops):
        is_rounding = op.name == "QUANTIZE" and graph.dtype(op.inputs[0]) == "FLOAT32"
        if is_rounding or found.intersection(op.outputs):
            found.update(tensor for tensor in op.inputs if graph.dtype(tensor) == "FLOAT32")
    return found


def _site_at(graph: Graph, op: Op, taken: set[Op]) -> Site | None:
    """What ends in or begins at `op`; None where no pattern is meant, Unfit where it is missed."""
    if op.name == "CONCATENATION":
        return ghost_module(graph, op, taken)
    if op.name == "DEPTHWISE_CONV_2D":
        return depthwise(graph, op)
    if op.name in ("CONV_2D", "FULLY_CONNECTED") and is_worth_it(graph, op):
        return convolution(graph, op, taken)
    return None
