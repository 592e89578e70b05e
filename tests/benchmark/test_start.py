"""Measured -> judged -> shown: no arrow goes back."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from ghostnet_tf.base.rooms import PACKAGE

ROOM = PACKAGE.parent / "benchmark"
VIEWS = {"as_json", "grids", "markdown", "palette", "pictures", "report", "tables", "views"}
JUDGED = {"audit", "averages", "doubts", "equal_accuracy", "findings", "intervals", "latency",
          "paper_accuracy", "rows", "verdict"}  # fmt: skip
COMMANDS = {"benchmark_model", "operators", "run", "saved"}


def imported(file: Path) -> set[str]:
    """The room's modules that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            found |= {node.module} if node.module else {alias.name for alias in node.names}
    return {name.split(".")[0] for name in found}


def test_what_judges_knows_no_view_and_no_target():
    for name in JUDGED:
        assert not imported(ROOM / f"{name}.py") & (VIEWS | COMMANDS | {"targets"}), name


def test_what_measures_knows_nothing_of_judging_and_showing():
    measuring = {file.stem for file in ROOM.glob("*.py")} - JUDGED - VIEWS - COMMANDS
    files = [*(ROOM / f"{name}.py" for name in measuring), *(ROOM / "targets").glob("*.py")]

    assert {"fleet", "session", "store"} <= measuring
    for file in files:
        assert not imported(file) & (JUDGED | VIEWS | COMMANDS), file.name


def test_a_view_knows_no_other_view_of_its_kind():
    for name in ("as_json", "markdown", "report"):
        others = {"as_json", "markdown", "report", "views"} - {name}
        assert not imported(ROOM / f"{name}.py") & others, name


@pytest.mark.parametrize("name", ["fleet", "targets.app", "findings"])
def test_only_a_page_loads_what_draws_it(name):
    heavy = {"jinja2", "matplotlib", "scipy"}
    code = f"import sys, benchmark.{name}; print({heavy} & {{*sys.modules}})"

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOM.parent
    )

    assert done.stdout == "set()\n", done.stderr
