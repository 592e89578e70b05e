"""Findings as a page: one HTML file that holds everything and needs nothing from elsewhere."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from . import pictures, tables
from .findings import Findings
from .rows import Table

TEMPLATES = Path(__file__).parent / "templates"
KINDS = {
    "phone_latency": "Time on a phone, by its own clock",
    "app_latency": "Time inside the demo app, on the core that the phone gave it",
    "browser_latency": "Time in a browser, which is no app",
    "host_latency": "Time on this machine, which is no phone",
    "emulated_counts": "Instructions on an emulated Arm core: counted exactly, and no time",
}


def html(found: Sequence[Findings]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    is_suite = found[0].is_suite
    # Names of files and phones are anyone's to choose: everything is escaped but our own SVG.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["with_code"] = _with_code
    return environment.get_template("report.html").render(
        title="GhostNet and MobileNetV3" if is_suite else "Benchmark",
        subtitle=KINDS[found[0].table.results.kind],
        palettes=pictures.PALETTES,
        closing=[line for one in found for line in one.closing],
        missing=found[0].missing,
        targets=[_target(one) for one in found],
        papers=tables.papers() if is_suite else [],
    )


def _with_code(line: str) -> Markup:
    """What stands between two backticks is a command to copy."""
    # As plain text, or Markup would escape our tags too when the pieces are joined.
    text = str(escape(line))
    return Markup(re.sub("`([^`]*)`", r"<code>\1</code>", text))  # noqa: S704


def _target(found: Findings) -> dict[str, Any]:
    table = found.table
    compared = tables.verdicts(found)
    return {
        "name": table.results.target,
        "settings": tables.settings(table),
        "verdicts": [] if compared else [v.sentence for v in found.verdicts],
        "compared": compared,
        "results": tables.results(table),
        "pictures": pictures.of(table),
        "kernels": tables.kernels_alone(found),
        "equal": tables.equal_accuracy(found),
        "delegation": tables.delegation(table),
        "doubts": found.doubts,
        "unscored": found.unscored,
        "description": _description(table),
    }


def _description(table: Table) -> list[tuple[str, str]]:
    said = {**table.results.facts}
    if not table.is_counted:
        said |= _conditions(table)
    hidden = {"doubts", "remedies_on"}
    return [(name.replace("_", " "), str(v)) for name, v in said.items() if name not in hidden]


def _conditions(table: Table) -> dict[str, str]:
    """The first and the last state of whatever changes, such as the battery's temperature."""
    rounds = table.results.rounds
    first, last = rounds[0].before, rounds[-1].after
    return {name: f"{value}, then {last.get(name)}" for name, value in first.items()}
