"""The suites in JavaScript; each of their tests is a subtest here, and is counted."""

import json
import os
import re
import subprocess
from pathlib import Path

from benchmark import saved, store

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "build" / "web_demo"  # screenshots, to be looked at
REPORTED = re.compile(r"^(ok|not ok) \d+ - (.*?)( # SKIP.*)?$", re.MULTILINE)
TIMEOUT_S = 1200  # of a whole suite, on a machine that does other things too


def run_suite(node: str, suite: str, **environment: str) -> dict[str, str]:
    """Name of every test -> "" or what its failure said."""
    command = [node, "--test-reporter=tap", str(HERE / suite)]
    done = subprocess.run(  # noqa: S603
        command,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    told = list(REPORTED.finditer(done.stdout))
    assert told, done.stdout + done.stderr
    ends = [*(match.start() for match in told[1:]), len(done.stdout)]
    return {
        match[2].replace("\\#", "#"): ""
        if match[1] == "ok" and not match[3]
        else done.stdout[match.start() : end] + done.stderr
        for match, end in zip(told, ends, strict=True)
    }


def test_the_arithmetic_is_pythons(node, packages, goldens, subtests):
    told = run_suite(node, "modules.test.mjs", GOLDENS=str(goldens))

    judge(told, subtests, at_least=45)


def test_boxes_are_kept_as_python_keeps_them(node, subtests):
    judge(run_suite(node, "nms.test.mjs"), subtests, at_least=9)


def test_words_are_announced_as_python_announces_them(node, subtests):
    judge(run_suite(node, "smoothing.test.mjs"), subtests, at_least=9)


def test_the_page_in_a_real_browser(
    node, chromium, site, goldens, models, tmp_path, capsys, subtests
):
    OUT.mkdir(parents=True, exist_ok=True)
    environment = {"CHROMIUM": chromium, "SITE": site, "GOLDENS": str(goldens), "OUT": str(OUT)}

    told = run_suite(node, "page.test.mjs", **environment)

    judge(told, subtests, at_least=40)
    check_saved_results(OUT / "results-browser.json", models, tmp_path, capsys)


def judge(told: dict[str, str], subtests, at_least: int) -> None:
    for name, failure in told.items():
        with subtests.test(msg=name):
            assert not failure, failure
    assert len(told) >= at_least, sorted(told)


def check_saved_results(path: Path, models: Path, out: Path, capsys) -> None:
    """What the page lets a person save is read by the benchmark like results of its own."""
    results = store.read(path)
    assert results.kind == "browser_latency" and len(results.rounds) == 6
    assert sorted(results.models.values()) == sorted(file.name for file in models.glob("*.tflite"))

    files = [str(models / name) for name in results.models.values()]
    saved.main([str(path), *files, "--out", str(out), "--json"])

    document = json.loads(capsys.readouterr().out)
    (target,) = document["targets"]
    assert document["kind"] == "browser_latency"
    assert target["target"].startswith("browser: Chromium ")
    assert target["target"].endswith(", WASM") and target["threads"] == 1
    assert [row["is_graph_only"] for row in target["rows"]].count(True) == 1
    assert all(row["p90_ms"] >= row["median_ms"] > 0 for row in target["rows"])
    assert "WASM" in (out / "report.html").read_text()
