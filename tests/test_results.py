"""docs/results.md is what `docs/results.py` writes from the numbers beside it."""

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from docs import results
from ghostnet_tf.base.errors import UserError
from tests.pasted import ROOT

SUITE = {"cortex-a53": 2.0, "cortex-a76": 1.0}  # how many times what a row costs


def test_every_page_is_as_the_command_writes_it():
    for page, text in results.pages(results.findings()).items():
        assert page.read_text() == text, f"{page.name}: .venv/bin/python docs/results.py"


def test_every_finding_stands_on_the_page_with_its_date_and_command():
    page = (ROOT / "docs" / "results.md").read_text()

    for name, finding in results.findings().items():
        assert f"<!-- table {name} -->" in page
        assert finding.date and finding.command and finding.machine
        assert all(len(row) == len(finding.columns) for row in finding.rows), name


def row(model: str, recipe: str, core: str, instructions: int, **also: Any) -> dict[str, Any]:
    seeded = {"is_graph_only": True, "top1_published": 70.0, "top1_measured": None}
    own = {"model": model, "recipe": recipe, "core": core}
    return {**own, "instructions": round(instructions * SUITE[core]), **seeded, **also}


def documents() -> list[dict[str, Any]]:
    """Shaped as `ghostnet benchmark --json` has them, with every row that the tables have."""
    return [document(SUITE), document(["cortex-a76"], fp16=True)]


def document(cores: Iterable[str], fp16: bool = False) -> dict[str, Any]:
    old = results.findings()

    def models(name: str) -> list[str]:
        return [cells[0].strip("`") for cells in old[name].rows]

    trained = {"is_graph_only": False, "top1_published": None}
    asked = dict.fromkeys(cells[0] for cells in old["equal_accuracy"].rows)
    targets = []
    cost = 5_000_000 if fp16 else 10_000_000
    for core in cores:
        rows = []
        for recipe in results.PRECISIONS:
            rows += [row(m, recipe, core, cost) for m in models("paper_counts")]
            for model in models("measured_counts"):
                top1 = None if model.endswith("_ghostop") else 40.0
                rows.append(row(model, recipe, core, 1_000_000, **trained, top1_measured=top1))
        equal = [
            {"recipe": recipe, "differs": differs, "accuracy": "published", "name": name}
            | {"ratio": ratio, "low": ratio - 0.01, "high": ratio + 0.01, "winner": name}
            for recipe in results.PRECISIONS
            for differs in asked
            for name, ratio in (("ghostnet_100", 0.8), ("ghostnet_100", 0.9), ("ghostnet_050", 2.0))
        ]
        facts = {"core": core, "runtime_version": "9.9.9"}
        own = {"target": core, "fp16": fp16, "facts": facts}
        targets.append({**own, "rows": rows, "equal_accuracy": equal})
    return {"kind": "emulated_counts", "targets": targets}


def test_fresh_counts_take_the_place_of_the_old_ones():
    old = results.findings()

    fresh = results.counted(documents(), old, "2030-01-01")

    for name, finding in fresh.items():
        assert finding.date == "2030-01-01" and "LiteRT 9.9.9" in finding.machine
        first = dict.fromkeys(cells[0] for cells in old[name].rows)
        assert [*dict.fromkeys(cells[0] for cells in finding.rows)] == [*first], "as they stood"
    assert fresh["paper_counts"].rows[0][1:] == ["70.0", "20.0", "10.0", "20.0", "10.0", "5.0"]
    assert fresh["paper_counts"].columns[-1] == "half, A76"
    halves = [cells for cells in fresh["equal_accuracy"].rows if cells[1] == "half, A76"]
    assert len(halves) == len({cells[0] for cells in old["equal_accuracy"].rows})
    assert fresh["measured_counts"].rows[0][1:3] == ["40.0 %, 40.0 %", "2.0"]
    assert fresh["measured_counts"].rows[-1][1] == "as without"
    # of two forms of MobileNetV3 the one that leaves GhostNet less of an advantage
    assert fresh["equal_accuracy"].rows[0][2:] == ["-10.0 %", "-11.0 % to -9.0 %", "GhostNet wins"]


def without_a_row(all: dict[str, Any]) -> None:
    for target in all["targets"]:
        target["rows"] = [r for r in target["rows"] if r["model"] != "ghostnet_100"]


def without_a_core(all: dict[str, Any]) -> None:
    del all["targets"][0]


def of_a_host(all: dict[str, Any]) -> None:
    all["kind"] = "host_latency"


def without_the_suite(all: dict[str, Any]) -> None:
    for target in all["targets"]:
        del target["equal_accuracy"]


def in_half_precision(all: dict[str, Any]) -> None:
    for target in all["targets"]:
        target["fp16"] = True


SPOILED = [without_a_row, without_a_core, of_a_host, without_the_suite, in_half_precision]


@pytest.mark.parametrize("spoil", SPOILED)
def test_half_a_document_replaces_nothing(spoil: Callable[[dict[str, Any]], None]):
    spoiled, half = documents()
    spoil(spoiled)

    with pytest.raises(UserError):
        results.counted([spoiled, half], results.findings(), "2030-01-01")


def test_the_command_writes_numbers_and_page_and_nothing_twice(tmp_path, monkeypatch):
    here = SimpleNamespace(page=tmp_path / "results.md", readme=tmp_path / "README.md")
    shutil.copytree(ROOT / "docs" / "results", tmp_path / "results")
    shutil.copy(ROOT / "docs" / "results.md", here.page)
    shutil.copy(ROOT / "README.md", here.readme)
    for name, value in (("PAGE", here.page), ("README", here.readme)):
        monkeypatch.setattr(results, name, value)
    monkeypatch.setattr(results, "MEASURED", tmp_path / "results")
    files = [tmp_path / "counts.json", tmp_path / "half.json"]
    for file, content in zip(files, documents(), strict=True):
        file.write_text(json.dumps(content))

    results.main(["--benchmark", *map(str, files), "--date", "2030-01-01"])
    once = here.page.read_text()
    results.main([])

    assert here.page.read_text() == once and "Measured 2030-01-01" in once
    assert once.count("Measured 2026-11-26 on emulated") == 0
    kept = Path(ROOT / "docs/results/x86_threads.json").read_text()
    assert (tmp_path / "results/x86_threads.json").read_text() == kept
