"""A `.tflite` file as it is handed from step to step: its bytes, which know their graph."""

from functools import cached_property
from typing import Self

from .graph import Graph


class Flatbuffer(bytes):
    """A `.tflite` file: its bytes, and its graph, which is read once, when somebody asks for it.

    Reading takes a tenth of a second. Whatever makes a file gives it as this, and whatever looks
    into one asks `Flatbuffer(data).graph`, so nobody needs to know whether another has looked.
    """

    def __new__(cls, data: bytes) -> Self:
        return data if isinstance(data, cls) else super().__new__(cls, data)

    @cached_property
    def graph(self) -> Graph:
        """To look at. Whoever changes it takes a copy: `Flatbuffer(data).graph.copy()`."""
        graph = Graph(self)
        graph.is_shared = True
        return graph
