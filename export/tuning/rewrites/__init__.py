"""Equal rewrites of a block, and in which order they are applied to a graph."""

from collections.abc import Callable
from dataclasses import dataclass

from . import channel_padding, ghost_operator, late_concat, split_consumer
from .block_graph import BlockGraph


@dataclass(frozen=True)
class Rewrite:
    """A way to compute a block otherwise. Its variants are alternatives, or independent parts."""

    variants: tuple[str, ...]  # "" where there is one
    # Changes a block of the graph, or raises `Unfit` and leaves it as it was.
    apply: Callable[[BlockGraph, str, str], None]
    is_of_modules: bool = True  # wants a block with a Ghost module


# In this order: each finds what the ones before it have left.
REWRITES = {
    "late_concat": Rewrite(("",), late_concat.rewrite),
    "split_consumer": Rewrite(("",), split_consumer.rewrite),
    "channel_padding": Rewrite(channel_padding.VARIANTS, channel_padding.rewrite),
    "operator": Rewrite(tuple(ghost_operator.KINDS), ghost_operator.rewrite, is_of_modules=False),
}


@dataclass(frozen=True, order=True)
class Choice:
    """A rewrite in one of its variants, as a table names it: `channel_padding inner to 8`."""

    rewrite: str
    variant: str = ""

    def excludes(self, other: "Choice") -> bool:
        """Whether both are the same rewrite of the same part, to another width at most."""
        return self.rewrite == other.rewrite and self._part == other._part

    @property
    def _part(self) -> str:
        return self.variant.split(" to ")[0]

    def __str__(self) -> str:
        return f"{self.rewrite} {self.variant}".rstrip()


def choices(rewrites: tuple[str, ...]) -> list[Choice]:
    """Every variant of these rewrites, in the order of application."""
    return [Choice(n, v) for n, how in REWRITES.items() if n in rewrites for v in how.variants]
