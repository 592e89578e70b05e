"""Equal forms of a block, and in which order they are applied to a graph."""

from collections.abc import Callable
from dataclasses import dataclass

from . import channel_padding, ghost_operator, late_concat, split_consumer
from .block_graph import Draft


@dataclass(frozen=True)
class Form:
    """A way to compute a block otherwise. Its variants are alternatives, or independent parts."""

    variants: tuple[str, ...]  # "" where there is one
    # Changes the block in the draft, or raises `Unfit` and leaves the draft as it was.
    rewrite: Callable[[Draft, str, str], None]
    is_of_modules: bool = True  # wants a block with a Ghost module


# In this order: each finds what the ones before it have left.
FORMS = {
    "late_concat": Form(("",), late_concat.rewrite),
    "split_consumer": Form(("",), split_consumer.rewrite),
    "channel_padding": Form(channel_padding.VARIANTS, channel_padding.rewrite),
    "operator": Form(tuple(ghost_operator.KINDS), ghost_operator.rewrite, is_of_modules=False),
}


@dataclass(frozen=True, order=True)
class Choice:
    """A form in one of its variants, as a table names it: `channel_padding inner to 8`."""

    form: str
    variant: str = ""

    def excludes(self, other: "Choice") -> bool:
        """Whether both are the same form of the same part, to another width at most."""
        return self.form == other.form and self._part == other._part

    @property
    def _part(self) -> str:
        return self.variant.split(" to ")[0]

    def __str__(self) -> str:
        return f"{self.form} {self.variant}".rstrip()


def choices(forms: tuple[str, ...]) -> list[Choice]:
    """Every variant of these forms, in the order of application."""
    return [Choice(name, v) for name in FORMS if name in forms for v in FORMS[name].variants]
