"""A place for a Ghost operator, and what every pattern asks of a graph."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...graph import Graph
from ...op import Op
from ..options import Options, Quantization


@dataclass(frozen=True, eq=False)
class Site:
    """Operators of a graph, and the one Ghost operator that computes what they compute."""

    name: str  # of the layer that is written
    ops: tuple[Op, ...]  # in the order of execution
    inputs: tuple[int, ...]  # tensors: y' or x; the residual
    output: int
    options: Options


class Unfit(Exception):
    """Why an operator stays as it is."""


def site_of(graph: Graph, ops: Sequence[Op], source: int, output: int, options: Options) -> Site:
    in_order = tuple(sorted(ops, key=graph.place))
    return Site(graph.names[output], in_order, (source,), output, options)


def size(graph: Graph, tensor: int) -> tuple[int, int]:
    """Height and width of a map; a row is one pixel."""
    shape = graph.shape(tensor)
    return (shape[1], shape[2]) if len(shape) == 4 else (1, 1)


def scale_of(graph: Graph, tensor: int) -> Quantization:
    """Of a whole map."""
    found = graph.quantization(tensor)
    if found is None or graph.dtype(tensor) == "FLOAT32":
        return Quantization()
    if len(found[0]) != 1:
        raise Unfit("a map has a scale for each channel")
    return Quantization(float(found[0][0]), int(found[1][0]))


def refuse_other_readers(graph: Graph, tensor: int, reader: Op) -> None:
    """What becomes the inside of an operator is there for nobody else."""
    if graph.sole_reader(tensor) is not reader:
        raise Unfit(f"{graph.names[tensor]} is read elsewhere, too")


def stacked(scales: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """(n, channels) from those that there are."""
    found = [scale for scale in scales if scale is not None]
    return np.stack(found) if found else None
