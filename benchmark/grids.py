"""A table before it is text or HTML."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def lines(self) -> list[str]:
        """Markdown; the first column to the left, the others to the right."""
        cells = [[plain(cell) for cell in row] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(self.heads, *cells, strict=True)]
        first, *others = widths
        rule = ["-" * first, *("-" * (width - 1) + ":" for width in others)]
        return [
            "| " + " | ".join([row[0].ljust(first), *map(str.rjust, row[1:], others)]) + " |"
            for row in [list(self.heads), rule, *cells]
        ]


def plain(text: str) -> str:
    """On one line and without a bar, whatever a file or a phone is called."""
    return " ".join(text.replace("|", "/").split())
