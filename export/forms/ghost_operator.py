"""Ghost operators in place of what they compute, where a block has room for them."""

from collections.abc import Callable

from export.forms.draft import Draft
from export.ghost_options import DEPTHWISE, GHOST
from export.ghost_patterns import Site, Unfit, find

KINDS: dict[str, Callable[[Site], bool]] = {  # tried one by one, and together
    "ghost": lambda site: site.options.kind == GHOST,
    "depthwise": lambda site: site.options.kind == DEPTHWISE,
}


def rewrite(draft: Draft, block: str, variant: str) -> None:
    """Only noted here: operators come into the finished graph, which they end."""
    found = find(draft.graph)
    if not any(block_of(draft, site) == block and KINDS[variant](site) for site in found.sites):
        layers = {draft.graph.names[t] for t, b in draft.block_of.items() if b == block}
        left = [why for why in found.left if why.split(":")[0] in layers]
        raise Unfit(left[0] if left else f"it has no place for the kind {variant!r}")
    draft.operators.add((block, variant))


def chosen(draft: Draft) -> list[Site]:
    """The sites of what was noted."""
    return [
        site
        for site in find(draft.graph).sites
        if any((block_of(draft, site), k) in draft.operators and KINDS[k](site) for k in KINDS)
    ]


def block_of(draft: Draft, site: Site) -> str:
    return draft.block_of[site.output]
