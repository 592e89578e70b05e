"""Ghost operators in place of what they compute, where a block has room for them."""

from collections import Counter
from collections.abc import Callable

from ...ghostop.options import CONVOLUTION, DEPTHWISE, GHOST
from ...ghostop.patterns import Found, Site, Unfit, find
from ...graph import Graph
from .block_graph import BlockGraph


def _of(kind: int, *ends_in: str) -> Callable[[Graph], Found]:
    """The search for the places of one kind, each of which ends in one of such operators."""

    def found(graph: Graph) -> Found:
        of_all = find(graph)
        layers = {graph.names[op.outputs[0]] for op in graph.ops if op.name in ends_in}
        return Found(
            tuple(s for s in of_all.sites if s.options.kind == kind),
            tuple(why for why in of_all.left if why.split(":")[0] in layers),
        )

    return found


# Tried one by one, and together as far as no operator is wanted for two of them.
KINDS = {
    "ghost": _of(GHOST, "CONCATENATION"),
    "depthwise": _of(DEPTHWISE, "DEPTHWISE_CONV_2D"),
    "convolution": _of(CONVOLUTION, "CONV_2D", "FULLY_CONNECTED"),
}


def rewrite(blocks: BlockGraph, block: str, variant: str) -> None:
    """Only noted here: operators come into the finished graph, which they end."""
    found = KINDS[variant](blocks.graph)
    if not any(blocks.block_of[site.output] == block for site in found.sites):
        layers = {blocks.graph.names[t] for t, b in blocks.block_of.items() if b == block}
        left = [why for why in found.left if why.split(":")[0] in layers]
        raise Unfit(left[0] if left else f"it has no place for the kind {variant!r}")
    blocks.operators.add((block, variant))


def chosen(blocks: BlockGraph) -> list[Site]:
    """The places of what was noted, in the order of execution."""
    sites = [
        site
        for kind in {kind for _, kind in blocks.operators}
        for site in KINDS[kind](blocks.graph).sites
        if (blocks.block_of[site.output], kind) in blocks.operators
    ]
    wanted = Counter(op for site in sites for op in site.ops)
    if wanted and max(wanted.values()) > 1:
        raise Unfit("two kinds of operators want the same place")
    return sorted(sites, key=lambda site: blocks.graph.place(site.ops[-1]))
