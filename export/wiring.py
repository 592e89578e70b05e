"""Who writes each tensor of a graph, who reads it, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .op import Op


@dataclass(frozen=True)
class Wiring:
    """Of some operators as they are connected now; true until one of them changes."""

    writers: Mapping[int, Op]
    readers: Mapping[int, tuple[Op, ...]]  # in the order of execution, each once
    places: Mapping[Op, int]  # when each runs

    @classmethod
    def of(cls, ops: Sequence[Op]) -> "Wiring":
        readers: dict[int, list[Op]] = {}
        for op in ops:
            for tensor in dict.fromkeys(op.inputs):
                readers.setdefault(tensor, []).append(op)
        return cls(
            writers={tensor: op for op in ops for tensor in op.outputs},
            readers={tensor: tuple(found) for tensor, found in readers.items()},
            places={op: i for i, op in enumerate(ops)},
        )
