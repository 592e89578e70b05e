"""`benchmark_model` in the runner's place, on a phone and here."""

import json
import re
from dataclasses import replace

import pytest

from benchmark import run as command
from benchmark import store
from benchmark.rows import tabulate
from benchmark.targets.host import HostTarget
from benchmark.targets.tflite_tool import open_binary
from ghostnet_tf.base.errors import CheckFailed, UserError
from tests.benchmark.phones import QUICK, measured, targets
from tests.fakes.benchmark_model_logs import LITERT, LOG, RUNS, WORDINGS
from tests.fakes.phone import Answer


@pytest.fixture
def tool(tmp_path):
    binary = tmp_path / "benchmark_model"
    binary.write_bytes(b"\x7fELF, and not run: the fake answers in its place")
    return lambda: open_binary(binary)


def measured_by(tool, server, phone, models, path):
    (target,) = targets(server, phone, tool)
    return measured(target, models, path, tool="benchmark_model")


@pytest.mark.parametrize("wording", WORDINGS)
def test_every_wording_is_measured_in_rounds_and_kept(
    wording, server, phone, tool, models, tmp_path
):
    phone.log = Answer(WORDINGS[wording].encode())
    path = tmp_path / "results.json"

    results = measured_by(tool, server, phone, models, path)

    assert len(results.rounds) == QUICK.rounds
    assert store.read(path) == results
    visits = results.of(models[0])
    assert {(v.runs, v.min_ms, v.max_ms) for v in visits} == {(74, 13.105, 15.765)}
    (line, *_) = [said for said in phone.said if "--graph=" in said]
    assert re.match(r"taskset 80 /data/local/tmp/.*/benchmark_model --graph=/data/\S+ ", line)
    assert f"--num_threads=1 --warmup_runs=3 --num_runs={QUICK.runs} --min_secs=0.15" in line
    assert phone.pushed[0].endswith("/benchmark_model")
    assert len(phone.pushed) == 3  # and two models; no runner, no library


@pytest.mark.parametrize("wording", WORDINGS)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_partial_log_gives_no_number(wording, part, server, phone, tool, models, tmp_path):
    text = WORDINGS[wording]
    end = text.index(" ====") if "BENCHMARK" in text else text.index("timings in us")
    phone.log = Answer(text[: int(part * end)].encode())

    with pytest.raises(CheckFailed, match=r"what benchmark_model printed for .* gives no number"):
        measured_by(tool, server, phone, models, tmp_path / "results.json")

    assert not (tmp_path / "results.json").exists()


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (Answer(LOG.encode()[:-1]), CheckFailed, "its last line is not finished"),
        (Answer(LOG.encode(), b"and then"), CheckFailed, "its last line is not finished"),
        (Answer(LOG.encode()[:-1], b"INFO: x\n"), CheckFailed, "its last line is not finished"),
        (Answer(b"\xff\x00"), CheckFailed, "no number"),
        (Answer(b""), CheckFailed, "no number"),
        (Answer(LOG.encode(), code=137), UserError, "exit 137"),
        (Answer(LOG.encode(), b"ERROR: no such model\n", 1), UserError, "ERROR: no such model"),
    ],
)
def test_whatever_is_odd_gives_no_number(
    answer, error, says, server, phone, tool, models, tmp_path
):
    phone.log = answer

    with pytest.raises(error, match=says):
        measured_by(tool, server, phone, models, tmp_path / "results.json")


def test_a_log_may_come_by_both_streams(server, phone, tool, models, tmp_path):
    runs, block = LITERT.split("INFO: [", 1)
    phone.log = Answer(runs.encode(), f"INFO: [{block}".encode())

    results = measured_by(tool, server, phone, models, tmp_path / "results.json")

    assert results.of(models[0])[0].median_ms == 13.4


def test_means_are_called_means_and_doubted(
    server, phone, tool, models, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command, "targets", lambda args, effort: targets(server, phone, tool))
    line = [str(model.path) for model in models]
    line += ["--target", "phone", "--tool", "benchmark_model", "--binary", str(tool().binary)]
    line += ["--effort", "quick", "--out", str(tmp_path / "out")]

    assert command.main(line) == 0

    text = capsys.readouterr().out
    assert "by TensorFlow Lite's benchmark_model" in text
    assert "mean ms" in text and "median" not in text and "p90" not in text
    assert "prints no single runs: these are means" in text
    assert "cannot be told apart" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert "mean, ms" in page and "Time by operator class" not in page
    phone.log = Answer(LITERT.encode())
    assert command.main([*line, "--json"]) == 0
    (first, _) = json.loads(capsys.readouterr().out)["targets"][0]["rows"]
    assert (first["median_ms"], first["delegated_ops"], first["partitions"]) == (13.4, 100, None)
    assert {"averages", "delegation", "effort"} <= {doubt["about"] for doubt in first["doubts"]}
    assert "mean_ms" not in first


def test_a_slowdown_over_the_rounds_is_seen_in_means_too(server, phone, tool, models, tmp_path):
    results = measured_by(tool, server, phone, models, tmp_path / "results.json")
    for number, done in enumerate(results.rounds):
        for sha, seen in done.visits.items():
            done.visits[sha] = replace(seen, average_ms=seen.average_ms * 1.02**number)

    (row, _) = tabulate(results, models).rows

    assert "drift" in {doubt.about for doubt in row.doubts}


def test_it_does_not_join_rounds_of_the_runner(server, phone, tool, runner_tool, models, tmp_path):
    path = tmp_path / "results.json"
    measured(targets(server, phone, runner_tool)[0], models, path)

    with pytest.raises(UserError, match="its settings is another"):
        (target,) = targets(server, phone, tool)
        measured(target, models, path, is_resumed=True, tool="benchmark_model")


def test_this_machine_can_be_asked_in_the_same_way(models, tmp_path):
    script = tmp_path / "benchmark_model"
    script.write_text(f"#!/bin/sh\ncase $1 in --graph=*) cat <<'EOF'\n{LOG}EOF\nesac\n")
    script.chmod(0o755)
    script_tool = replace(open_binary_of(script), binary=script)

    results = measured(
        HostTarget(tool=script_tool), models, tmp_path / "results.json", tool="benchmark_model"
    )

    assert results.of(models[0])[0].runs == int(RUNS.split()[0].removeprefix("count="))


def open_binary_of(script):
    """A script stands for a program, which must begin as programs do."""
    program = script.with_name("program")
    program.write_bytes(b"\x7fELF")
    return open_binary(program)


@pytest.mark.parametrize(
    ("content", "says"), [(None, "cannot be read"), (b"<html>404", "is no program")]
)
def test_a_binary_that_is_none_is_refused(content, says, tmp_path):
    path = tmp_path / "benchmark_model"
    if content:
        path.write_bytes(content)

    with pytest.raises(UserError, match=says):
        open_binary(path)


@pytest.mark.parametrize(
    "line",
    [
        ["a.tflite", "--tool", "benchmark_model"],
        ["a.tflite", "--binary", "x"],
        ["a.tflite", "--tool", "benchmark_model", "--binary", "x", "--target", "emulated"],
        ["a.tflite", "--tool", "benchmark_model", "--binary", "x", "--fp16"],
        ["a.tflite", "--threads", "2", "--core", "1"],
    ],
)
def test_flags_that_contradict_one_another_are_refused(line):
    with pytest.raises(SystemExit) as caught:
        command.main(line)

    assert caught.value.code == 2
