"""DEPTHWISE: a DEPTHWISE_CONV_2D outside Ghost modules, with the constant PAD in front of it."""

from ...graph import Graph
from ...op import Op
from ..options import DEPTHWISE
from .single import single
from .site import Site, stacked
from .weighted import weighted, with_own_relu


def depthwise(graph: Graph, op: Op) -> Site:
    conv = with_own_relu(graph, weighted(graph, op))
    scale = stacked([conv.weight_scale])
    return single(graph, conv, DEPTHWISE, conv.weights[None], scale, conv.bias[None])
