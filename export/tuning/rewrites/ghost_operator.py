"""Ghost operators in place of what they compute, where a block has room for them."""

from collections import Counter
from collections.abc import Callable

from ...ghostop.options import CONVOLUTION, DEPTHWISE, GHOST
from ...ghostop.patterns import Found, Site, Unfit, find
from ...graph import Graph
from .block_graph import Draft


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


def rewrite(draft: Draft, block: str, variant: str) -> None:
    """Only noted here: operators come into the finished graph, which they end."""
    found = KINDS[variant](draft.graph)
    if not any(draft.block_of[site.output] == block for site in found.sites):
        layers = {draft.graph.names[t] for t, b in draft.block_of.items() if b == block}
        left = [why for why in found.left if why.split(":")[0] in layers]
        raise Unfit(left[0] if left else f"it has no place for the kind {variant!r}")
    draft.operators.add((block, variant))


def chosen(draft: Draft) -> list[Site]:
    """The places of what was noted, in the order of execution."""
    sites = [
        site
        for kind in {kind for _, kind in draft.operators}
        for site in KINDS[kind](draft.graph).sites
        if (draft.block_of[site.output], kind) in draft.operators
    ]
    wanted = Counter(id(op) for site in sites for op in site.ops)
    if wanted and max(wanted.values()) > 1:
        raise Unfit("two kinds of operators want the same place")
    place = {id(op): i for i, op in enumerate(draft.graph.ops)}
    return sorted(sites, key=lambda site: place[id(site.ops[-1])])
