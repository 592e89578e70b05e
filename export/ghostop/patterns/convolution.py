"""CONVOLUTION: a CONV_2D of 1x1, or of few channels, over more than one pixel, maybe -> ADD; of one
pixel a CONV_2D or FULLY_CONNECTED with many weights."""

from collections.abc import Set

import numpy as np

from ...graph import Graph
from ...op import Op
from ..options import CONVOLUTION
from .residual import with_residual
from .single import single
from .site import Site, size
from .weighted import held, weighted, with_own_relu

MAX_WINDOW = 256  # elements; of larger ones, the work is in the sums
# Bytes, where there is one pixel: it waits for its weights, which several threads read faster.
MIN_WEIGHTS = 1 << 18


def is_worth_it(graph: Graph, op: Op) -> bool:
    """Whether an operator might do a CONV_2D or FULLY_CONNECTED better than the runtime.

    A single pixel is a vector times a matrix.
    """
    weights = held(graph, op.inputs[1], op)[0]
    is_heavy = weights is not None and _bytes_computed_with(weights) >= MIN_WEIGHTS
    if op.name == "FULLY_CONNECTED":
        return is_heavy
    _, height, width, channels = graph.shape(op.inputs[1])
    is_small = height * width == 1 or height * width * channels <= MAX_WINDOW
    return is_small and (size(graph, op.outputs[0]) != (1, 1) or is_heavy)


def _bytes_computed_with(weights: np.ndarray) -> int:
    """Those of float16 are widened when the model is compiled."""
    return weights.nbytes * (2 if weights.dtype == np.float16 else 1)


def convolution(graph: Graph, op: Op, taken: Set[Op]) -> Site:
    conv = with_own_relu(graph, weighted(graph, op))
    site = single(graph, conv, CONVOLUTION, conv.weights, conv.weight_scale, conv.bias)
    return with_residual(graph, site, taken)
