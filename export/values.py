"""What a file gives for samples: of every output its shape and its first values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ghostnet_tf.data.samples import Samples

from .parity import as_list
from .runtime import Runtime
from .tensors import asked_of, tensors_of
from .trusted import trusted

FIRST = 8  # so many values of an output are said


@dataclass(frozen=True)
class Value:
    """One output for one sample."""

    name: str
    shape: tuple[int, ...]  # without the axis of the samples
    values: list[float]  # the first ones


@dataclass(frozen=True)
class Given:
    """One sample, and all that the file gives for it."""

    sample: str  # the file it stands in, and its number there
    outputs: list[Value]


def values_of(path: str | Path, places: Sequence[str]) -> Iterator[Given]:
    """For each sample of these .npz files, in order."""
    data, _ = trusted(path)
    graph = data.graph
    files = [(place, Samples.open(place).fitted(asked_of(graph))) for place in places]
    runtime, names = Runtime(data), [one.name for one in tensors_of(graph, graph.outputs)]
    for place, rows in files:
        for i, row in enumerate(rows):
            outputs = as_list(runtime.run([row]))
            found = [_value(name, out[0]) for name, out in zip(names, outputs, strict=True)]
            yield Given(f"{place}[{i}]", found)


def _value(name: str, output: np.ndarray) -> Value:
    first = [float(value) for value in output.ravel()[:FIRST]]
    return Value(name, output.shape, first)
