"""All that one table says, computed once. Text, JSON and page print it, and compute nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghostnet_tf.base.doors import typed

from .audit import Comparison, closing, comparisons, missing
from .rows import Row, Table
from .verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class Findings:
    """Of one table: one target, one kind."""

    table: Table
    is_suite: bool  # the paper's question was asked; otherwise the next three are empty
    equal: tuple[Comparison, ...]
    closing: tuple[str, ...]
    missing: tuple[str, ...]  # what a comparison by measured accuracy lacks
    verdicts: tuple[Verdict, ...]
    kernels_alone: tuple[Verdict, ...]
    doubts: tuple[str, ...]
    unscored: tuple[str, ...]  # which rows have no accuracy, and the command that gives them one


def findings_of(table: Table, is_suite: bool = False) -> Findings:
    equal = tuple(comparisons(table)) if is_suite else ()
    return Findings(
        table=table,
        is_suite=is_suite,
        equal=equal,
        closing=tuple(closing(table, equal)) if is_suite else (),
        missing=tuple(missing(table, equal)) if is_suite else (),
        verdicts=tuple(_verdicts(table)),
        kernels_alone=tuple(_kernels_alone(table)),
        doubts=tuple(_doubts(table)),
        unscored=tuple(_unscored(table.rows)),
    )


def _verdicts(table: Table) -> list[Verdict]:
    """Every row against the first of its recipe and input; those without such, together."""
    named: dict[Any, list[Row]] = {}
    for row in table.rows:
        named.setdefault((row.recipe, row.size), []).append(row)
    groups = [rows for rows in named.values() if len(rows) > 1]
    groups.append([rows[0] for rows in named.values() if len(rows) == 1])
    return [table.compare(row, rows[0]) for rows in groups for row in rows[1:]]


def _kernels_alone(table: Table) -> list[Verdict]:
    """Every Ghost-operator file against its plain file: the same function, byte for byte."""
    plain = {row.model.sha256: row for row in table.rows}
    found = []
    for row in table.rows:
        operators = row.model.record.operators if row.model.record else None
        if operators and operators.plain_sha256 in plain:
            found.append(table.compare(row, plain[operators.plain_sha256]))
    return found


def _doubts(table: Table) -> list[str]:
    """Those about phone and runtime, then each kind of doubt once, with its first row in words.

    Which rows have it, the table says by its name.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for row in table.rows:
        for doubt in row.doubts:
            found.setdefault((doubt.about, doubt.remedy), []).append(f"{row.label}: {doubt}")
    said = [
        first if len(others) == 0 else f"{about}, {len(others) + 1} rows, such as {first}"
        for (about, _), (first, *others) in found.items()
    ]
    return [*table.doubts, *said]


def _unscored(rows: Sequence[Row]) -> list[str]:
    """What gives a file of one's own its accuracy; the commands name the first such file."""
    said = []
    # What was measured on a plain file is not said again of its Ghost-operator file.
    plain = [row for row in rows if row.is_unscored and row.has_labels and not row.has_operators]
    if scorable := [row.model.path for row in plain]:
        said.append(
            f"The top-1 of {_first_of(scorable)} was never measured: "
            f"`{typed('evaluate', scorable[0])} --labelled DIR` does it, and "
            f"`{typed('export')} --labelled DIR` writes it into the record too, out of which this "
            "table takes it."
        )
    if alone := [row.model.path for row in rows if row.model.record is None]:
        said.append(
            f"No record (.json) says anything of the accuracy of {_first_of(alone)}: "
            f"`{typed('export')} --labelled DIR` writes file and record together."
        )
    return said


def _first_of(paths: Sequence[Path]) -> str:
    return paths[0].name + (f" and {len(paths) - 1} more" if len(paths) > 1 else "")
