"""A table before it is text or HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

from ghostnet_tf.base.markup import inline, row


@dataclass(frozen=True)
class Grid:
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def lines(self) -> list[str]:
        """Markdown; the first column to the left, the others to the right."""
        cells = [[inline(cell) for cell in row] for row in self.rows]
        widths = [max(map(len, column)) for column in zip(self.heads, *cells, strict=True)]
        first, *others = widths
        rule = ["-" * first, *("-" * (width - 1) + ":" for width in others)]
        return [
            row([some[0].ljust(first), *map(str.rjust, some[1:], others)])
            for some in [list(self.heads), rule, *cells]
        ]
