"""The page: one HTML file that holds everything, with the same facts as text and JSON beside it."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from ghostnet_tf.base.files import write_atomic

from . import markdown, plots
from .audit import closing, comparisons, unmeasured
from .grids import Grid
from .published import OF_FLOAT
from .rows import ACCURACIES, Table

TEMPLATES = Path(__file__).parent / "templates"
KINDS = {
    "phone_latency": "Time on a phone, by its own clock",
    "app_latency": "Time inside the demo app, on whatever core the phone chose",
    "browser_latency": "Time of WASM in a browser, which is no app",
    "host_latency": "Time on this machine, which is no phone",
    "emulated_counts": "Instructions on an emulated Arm core: counted exactly, and no time",
}


def write(
    out: Path, tables: Sequence[Table], text: str, document: dict[str, Any], is_suite: bool
) -> Path:
    """report.html, report.md and report.json in `out`; returns the page."""
    page = out / "report.html"
    write_atomic(page, html(tables, is_suite).encode())
    write_atomic(page.with_suffix(".md"), text.encode())
    write_atomic(page.with_suffix(".json"), as_json(document).encode())
    return page


def as_json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def html(tables: Sequence[Table], is_suite: bool) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # Names of files and phones are anyone's to choose: everything is escaped but our own SVG.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("report.html").render(
        breakable=_breakable,
        title="GhostNet and its rivals" if is_suite else "Benchmark",
        subtitle=KINDS[tables[0].results.kind],
        closing=[line for table in tables for line in closing(table)] if is_suite else [],
        missing=unmeasured(tables[0]) if is_suite else [],
        targets=[_target(table, is_suite) for table in tables],
        published=markdown.published_grids() if is_suite else [],
    )


def _breakable(name: str) -> Markup:
    """A long name may go on in the next line, after an underscore and nowhere else."""
    return escape(name).replace("_", Markup("_<wbr>"))


def _target(table: Table, is_suite: bool) -> dict[str, Any]:
    verdicts = table.verdicts()
    is_few = len(verdicts) <= markdown.FEW
    return {
        "name": table.results.target,
        "settings": markdown.settings(table),
        "verdicts": [v.sentence for v in verdicts] if is_few else [],
        "compared": None if is_few else markdown.verdict_grid(table),
        "results": markdown.results_grid(table),
        "pictures": plots.of(table),
        "kernels": markdown.kernel_grids(table),
        "equal": _equal(table) if is_suite else [],
        "audit": _audit(table),
        "doubts": markdown.doubted(table),
        "facts": _facts(table),
    }


def _equal(table: Table) -> list[tuple[Grid, str]]:
    """Each with the sentence that must stand beside it."""
    found = {accuracy: comparisons(table, accuracy) for accuracy in ACCURACIES}
    return [
        (
            markdown.equal_grid(accuracy, rows, table.cost),
            OF_FLOAT if markdown.is_of_float(accuracy, rows) else "",
        )
        for accuracy, rows in found.items()
        if rows
    ]


def _audit(table: Table) -> Grid | None:
    """What fell out of the delegate, per model; unknown without a runtime that says."""
    rows = [
        [
            f"{row.name} {row.recipe or ''}".strip(),
            f"{d.delegated_ops} of {d.total_ops}",
            str(d.partitions or "unknown"),
            ", ".join(f"{n} {op}" for op, n in sorted(d.left_out.items())) or "nothing",
        ]
        for row in table.rows
        if (d := row.delegation) is not None
    ]
    return Grid("", ["model", "operators", "pieces", "left out"], rows) if rows else None


def _facts(table: Table) -> list[tuple[str, str]]:
    results = table.results
    facts = {**results.facts}
    if not table.is_counted:
        facts |= _conditions(table)
    hidden = {"doubts", "remedies_on"}
    return [(name.replace("_", " "), str(v)) for name, v in facts.items() if name not in hidden]


def _conditions(table: Table) -> dict[str, str]:
    """The first and the last state of whatever changes, such as the battery's temperature."""
    rounds = table.results.rounds
    first, last = rounds[0].before, rounds[-1].after
    return {name: f"{value}, then {last.get(name)}" for name, value in first.items()}


def slug(name: str) -> str:
    """A file name for any target, whatever its phone is called."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "target"
