"""Findings as text: tables that read well in a terminal and paste well into an issue."""

from collections.abc import Iterable, Sequence

from ghostnet_tf.base.markup import inline, paragraph

from . import tables
from .findings import Findings
from .grids import Grid


def document(found: Sequence[Findings]) -> str:
    """Everything that the command prints."""
    lines = []
    for one in found:
        lines += [
            f"## {inline(one.table.results.target)}",
            "",
            inline(tables.settings(one.table)),
            "",
        ]
        lines += [*tables.results(one.table).lines(), ""]
        compared = tables.verdicts(one)
        lines += [*compared.lines(), ""] if compared else _list(v.sentence for v in one.verdicts)
        kernels = tables.kernels_alone(one)
        lines += _titled(kernels) if kernels else []
        lines += _list(f"doubt: {line}" for line in one.doubts)
        lines += _list(f"hint: {line}" for line in one.unscored)
        for grid, note in tables.equal_accuracy(one):
            lines += [*_titled(grid), *([paragraph(note), ""] if note else [])]
    if found[0].is_suite:
        lines += [line for grid in tables.papers() for line in _titled(grid)]
        lines += _list(line for one in found for line in one.closing)
        lines += _list(found[0].missing)
    return "\n".join(lines).rstrip("\n") + "\n"


def _list(sentences: Iterable[str]) -> list[str]:
    lines = [f"- {paragraph(sentence)}" for sentence in sentences]
    return [*lines, ""] if lines else []


def _titled(grid: Grid) -> list[str]:
    return [f"### {inline(grid.title)}", "", *grid.lines(), ""]
