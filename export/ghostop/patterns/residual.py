"""The ADD behind a place: a residual that the operator can add as it writes."""

from collections.abc import Set
from dataclasses import replace

from ...graph import Graph
from ...op import Op
from .site import Site, scale_of


def with_residual(graph: Graph, site: Site, taken: Set[Op]) -> Site:
    """The same with the ADD behind it, where that is all that reads it."""
    add = graph.sole_reader(site.output)
    if add is None or add.name != "ADD":
        return site
    others = [tensor for tensor in add.inputs if tensor != site.output]
    if (
        add in taken  # by the Ghost module on its other side
        or len(others) != 1
        or add.activation != "NONE"
        or graph.constant(others[0]) is not None
        or graph.shape(others[0]) != graph.shape(site.output)
        or {graph.dtype(others[0]), graph.dtype(add.outputs[0])} != {graph.dtype(site.output)}
    ):
        return site
    (output,) = add.outputs
    return Site(
        graph.names[output],
        tuple(sorted((*site.ops, add), key=graph.place)),
        (*site.inputs, others[0]),
        output,
        replace(
            site.options,
            has_residual=True,
            residual=scale_of(graph, others[0]),
            output=scale_of(graph, output),
        ),
    )
