"""The command: real counts on an emulated core, what it leaves behind, and every way to fail."""

import errno
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from colours import colour_record
from PIL import Image
from small_ghost import SIZE, small, small_int8

from export import tune, verification
from export.contract import facts
from export.graph import Graph
from export.metadata import attach_metadata
from export.tuning import cost
from export.tuning.rewrites import REWRITES
from ghostnet_tf.base import errors
from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.files import sha256
from ghostnet_tf.base.record import load, record_path, save
from ghostnet_tf.base.rooms import PACKAGE
from tests.counts import examples
from tests.killing import killed_at, seeded_moments
from tests.next_lines import typed_next


def written(folder: Path, data: bytes, recipe: str) -> Path:
    """A finished file with its record, as an export leaves it."""
    says = facts(data)
    preprocessing = {**colour_record().preprocessing, "size": SIZE}
    record = colour_record(
        model="small",
        recipe=recipe,
        preprocessing=preprocessing,
        labels=tuple("abcde"),
        label_ids=tuple("abcde"),
        ops=dict(sorted(says.ops.items())),
        delegated_ops=says.delegation.n_delegated,
        total_ops=says.delegation.n_ops,
        parity_db=50.0,
    )
    return save(folder, record, attach_metadata(data, record))[0]


@pytest.fixture
def int8(tmp_path) -> Path:
    return written(tmp_path, small_int8(), "static_wi8_ai8")


class Counted:
    """In place of the benchmark's program: counts by what a graph copies."""

    def __init__(self, stop_at: int | None = None):
        self.calls, self.stop_at = [], stop_at

    def __call__(self, benchmark: cost.Benchmark, files: dict[str, bytes]) -> dict:
        self.calls.append(list(files))
        if len(self.calls) == self.stop_at:
            raise KeyboardInterrupt
        rows = [{"sha256": sha, "instructions": self.count(d)} for sha, d in files.items()]
        benchmark.saved = cost.replace(benchmark.saved, target="emulated: cortex-a76")
        return {"rows": rows}

    @staticmethod
    def count(data: bytes) -> int:
        graph = Graph(data)
        copies = (op for op in graph.ops if op.name == "CONCATENATION")
        return 100_000 + 100 * sum(graph.shape(op.outputs[0])[1] ** 2 for op in copies)


@pytest.fixture
def counted(monkeypatch) -> Counted:
    fake = Counted()
    monkeypatch.setattr(cost.Benchmark, "_run", lambda self, files: fake(self, files))
    return fake


# ---------------------------------------------------------------------------- a real core


def no_emulator() -> str:
    """Why this system cannot have one. Where it can, it must not be missing."""
    has_one = shutil.which("qemu-aarch64") or Path("/etc/debian_version").exists()
    return "" if has_one else "no qemu-aarch64, and no Debian or Ubuntu to install it on"


@pytest.mark.skipif(bool(no_emulator()), reason=no_emulator())
def test_a_small_network_is_tuned_by_what_an_emulated_core_counts(int8, capsys):
    line = [str(int8), "--rewrites", "late_concat", "--effort", "quick", "--json"]

    assert tune.main(line) == 0

    told = json.loads(capsys.readouterr().out)
    trials = {t["where"]: t for t in told["trials"] if t["before"]}
    assert told["target"] == "emulated: cortex-a76"
    assert set(trials) >= {"block_01", "block_03"}
    assert len({t["before"] for t in trials.values()}) == 1
    assert all(100_000 < t["after"] < 10_000_000 for t in trials.values())
    is_cheaper = any(t["after"] < t["before"] for t in trials.values())
    assert (told["path"] is not None) == is_cheaper


# ---------------------------------------------------------------------------- what it leaves


def test_file_record_and_table_stand_beside_the_plain_file(int8, counted, capsys):
    assert tune.main([str(int8), "--rewrites", "late_concat,channel_padding"]) == 0

    path = int8.with_name(f"{int8.stem}_tuned_cortex-a76.tflite")
    data, record = load(path)
    tuning, plain = record.tuning, load(int8)[1]
    assert tuning and tuning.plain == int8.name and tuning.plain_sha256 == plain.sha256
    assert tuning.forms == {"block_01": ("late_concat",), "block_03": ("late_concat",)}
    assert (tuning.unit, tuning.cost_before > tuning.cost_after) == ("instructions", True)
    assert (tuning.images, tuning.images_from, tuning.snr_db) == (16, "generated images", None)
    assert record.file_name == path.name
    assert record.operators is None and record.parity_db is None
    assert {c.result for c in verification.verify(path)} == {verification.PASSED}
    assert Graph(data).counts()["DEPTHWISE_CONV_2D"] == 14
    table = path.with_suffix(".md").read_text()
    assert "| block_01 | late_concat |" in table and "does not fit: block_00/ghost1" in table
    printed = capsys.readouterr().out
    assert "every byte is equal" in printed and f"wrote {path}" in printed
    assert typed_next(printed) == ["verify", str(path)]


def test_a_file_with_operators_stands_beside_its_plain_file(int8, counted, tmp_path):
    out = tmp_path / "elsewhere"

    tune.main([str(int8), "--rewrites", "operator", "--out", str(out)])

    path = out / f"{int8.stem}_tuned_cortex-a76_ghostop.tflite"
    record = load(path)[1]
    assert record.operators and record.operators.plain == int8.name
    assert record.file_name == path.name
    assert (out / int8.name).read_bytes() == int8.read_bytes()
    assert {c.result for c in verification.verify(path)} == {verification.PASSED}


def test_float32_is_proven_in_decibels(tmp_path, counted):
    plain = written(tmp_path, small(), "float32")

    tune.main([str(plain), "--rewrites", "split_consumer"])

    tuning = load(plain.with_name(f"{plain.stem}_tuned_cortex-a76.tflite"))[1].tuning
    assert tuning and tuning.snr_db and 110 < tuning.snr_db


def test_without_a_gain_only_the_table_is_written(int8, counted, monkeypatch, capsys):
    monkeypatch.setattr(Counted, "count", staticmethod(lambda data: 100))
    before = set(int8.parent.iterdir())

    assert tune.main([str(int8), "--rewrites", "late_concat"]) == 0

    new = {path.suffix for path in set(int8.parent.iterdir()) - before}
    assert new == {".md", ".json"}  # the table, and the costs for --resume
    assert "No rewrite is cheaper" in capsys.readouterr().out


def test_a_file_without_a_record_gets_none(int8, counted, capsys):
    record_path(int8).unlink()

    tune.main([str(int8), "--rewrites", "late_concat"])

    path = int8.with_name(f"{int8.stem}_tuned_cortex-a76.tflite")
    assert path.exists() and not record_path(path).exists()
    assert "no record: the plain file has none" in capsys.readouterr().out


def test_a_second_run_writes_the_same_bytes(int8, counted):
    line, path = [str(int8), "--rewrites", "late_concat"], f"{int8.stem}_tuned_cortex-a76"
    tune.main(line)
    made = [int8.with_name(path + end) for end in (".tflite", ".json", ".md")]
    first = [file.read_bytes() for file in made]

    tune.main(line)

    assert [file.read_bytes() for file in made] == first


# ---------------------------------------------------------------------------- interrupted


def test_a_resumed_run_measures_only_what_is_missing(int8, counted):
    line = [str(int8), "--rewrites", "late_concat,operator"]
    counted.stop_at = 4
    with pytest.raises(KeyboardInterrupt, match=r"\d+ costs are in .*measured\.json: --resume"):
        tune.main(line)
    done = {sha for call in counted.calls[:3] for sha in call}
    counted.calls, counted.stop_at = [], None

    tune.main([*line, "--resume"])

    again = [sha for call in counted.calls for sha in call]
    assert done and not done & set(again) and len(again) == len(set(again))


def test_an_interruption_costs_one_group_of_measurements(tmp_path, counted):
    place = cost.Place("emulated", "cortex-a76", None, "standard")
    plain, path, known = small_int8(), tmp_path / "a.measured.json", []
    files = [Graph(plain).to_bytes() + bytes([i]) for i in range(2 * cost.GROUP + 1)]
    counted.stop_at = 3

    with pytest.raises(KeyboardInterrupt):
        cost.Benchmark(place, plain, path).costs(files, known.append)

    resumed = cost.Benchmark(place, plain, path, is_resumed=True)
    assert known == [0, cost.GROUP, cost.GROUP]
    assert set(resumed.saved.costs) == {sha256(data) for data in (plain, *files[:-1])}
    counted.calls = []
    resumed.costs(files)
    assert counted.calls == [[sha256(files[-1])]]


def test_what_is_to_come_is_said_before_it_is_measured(int8, counted, capsys):
    tune.main([str(int8), "--rewrites", "late_concat"])

    said = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"each rewrite alone: at most 2 measurements of \d+\.\d s each, about \d+ s", said[0]
    )
    assert said[-1].endswith(": nothing new to measure")


def test_on_a_target_without_one_count_the_first_measurement_is_timed(int8, monkeypatch, capsys):
    monkeypatch.setattr(cost.Benchmark, "_run", lambda self, files: timed(self, files))

    tune.main([str(int8), "--target", "host", "--rewrites", "operator", "--effort", "quick"])

    assert re.search(r"at most \d+ measurements of \d+\.\d s each", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("n", "each", "said"),
    [
        (0, 3.0, "x: nothing new to measure"),
        (12, None, "x: nothing new to measure"),
        (12, 3.21, "x: at most 12 measurements of 3.2 s each, about 39 s"),
        (120, 3.0, "x: at most 120 measurements of 3.0 s each, about 6 min"),
    ],
)
def test_an_estimate_is_in_seconds_or_minutes(n, each, said):
    assert tune._estimate("x", n, each) == said


def test_the_old_name_of_rewrites_is_understood():
    assert tune.parse(["a.tflite", "--forms", "operator"]).rewrites == ("operator",)
    assert tune.parse(["a.tflite"]).rewrites == tuple(REWRITES)


def test_old_costs_are_set_aside_without_resume(int8, counted):
    line = [str(int8), "--rewrites", "late_concat"]
    tune.main(line)
    costs = int8.with_name(f"{int8.stem}_tuned_cortex-a76.measured.json")
    old = costs.read_bytes()

    tune.main(line)

    assert costs.with_name(f"{costs.stem}-1.json").read_bytes() == old


def test_costs_of_another_file_are_not_resumed(int8, counted):
    line = [str(int8), "--rewrites", "late_concat"]
    tune.main(line)
    costs = int8.with_name(f"{int8.stem}_tuned_cortex-a76.measured.json")
    costs.write_text(costs.read_text().replace(load(int8)[1].sha256, "0" * 64))

    with pytest.raises(UserError, match="cannot be resumed, for its plain is another"):
        tune.main([*line, "--resume"])


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 1}', "[" * 100_000])
def test_damaged_costs_are_refused(int8, counted, content):
    int8.with_name(f"{int8.stem}_tuned_cortex-a76.measured.json").write_text(content)

    with pytest.raises(UserError, match="cannot be read as costs"):
        tune.main([str(int8), "--resume"])


# ---------------------------------------------------------------------------- the benchmark


def timed(benchmark: cost.Benchmark, files: dict[str, bytes]) -> dict:
    """In place of the benchmark's program: of every start the first candidate is faster."""
    assert next(iter(files)) == benchmark.saved.plain_sha256
    rows = [{"sha256": sha, "median_ms": 2.0 - 0.1 * i} for i, sha in enumerate(files)]
    verdicts = [{"low": 0.9, "high": 0.96}, *[{"low": 0.97, "high": None}] * (len(rows) - 2)]
    benchmark.saved = cost.replace(benchmark.saved, target="host: a processor")
    return {"rows": rows, "verdicts": verdicts}


def test_times_are_compared_with_the_plain_file_in_the_same_rounds(int8, monkeypatch):
    monkeypatch.setattr(cost.Benchmark, "_run", lambda self, files: timed(self, files))

    tune.main([str(int8), "--target", "host", "--core", "1", "--rewrites", "operator"])

    tuning = load(int8.with_name(f"{int8.stem}_tuned_host1_ghostop.tflite"))[1].tuning
    assert tuning and (tuning.core, tuning.unit) == ("host1", "ms")
    assert (tuning.cost_before, tuning.cost_after) == (2.0, 1.9)


@pytest.mark.parametrize(
    ("code", "stderr", "kind", "what", "fix"),
    [
        (2, "error: 'qemu' is not installed\n  fix: apt\n", UserError, "'qemu' is not", "apt"),
        (1, "wrote\nerror: two runs differ\n", CheckFailed, "two runs differ", ""),
        (130, "interrupted\n", KeyboardInterrupt, "", ""),
        (1, "Traceback\n", RuntimeError, "exit code 1: Traceback", ""),
    ],
)
def test_what_stops_the_benchmark_stops_the_tuning(code, stderr, kind, what, fix):
    failure = cost._failure(code, stderr)

    assert type(failure) is kind and what in str(failure)
    assert getattr(failure, "fix", "") == fix


def test_a_missing_emulator_is_said_in_two_lines(int8):
    done = subprocess.run(  # noqa: S603
        [sys.executable, "export/tune.py", str(int8)],
        cwd=PACKAGE.parent,
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
    )

    said = [line for line in done.stderr.splitlines() if "error" in line or "fix" in line]
    assert done.returncode == 2
    assert said[0] == "error: 'qemu-aarch64' is not installed" and "qemu-user" in said[1]
    assert not list(int8.parent.glob("*tuned*"))


# ---------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("line", "what", "fix"),
    [
        (["--rewrites", "late_conca"], "there is no rewrite 'late_conca'", "try late_concat"),
        (["--photos", "/nowhere"], "/nowhere", ""),
        (["--out", "export/tune.py"], "no folder that can be written to", "--out DIR"),
        (["--resume"], "there are no costs", "leave out --resume"),
        (["--core", "cortex-x1"], "no emulated core 'cortex-x1'", "cortex-a"),
    ],
)
def test_what_a_person_can_fix_is_said(int8, line, what, fix):
    with pytest.raises(UserError, match=what) as error:
        tune.main([str(int8), *line])

    assert fix in error.value.fix.typed
    assert not list(int8.parent.glob("*tuned*"))


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (["--phone", "X"], "--phone needs --target phone"),
        (["--core", "cortex-a53,cortex-a76"], "a file is tuned for one core"),
        (["--target", "phone", "--core", "each"], "a file is tuned for one core"),
        (["--target", "tablet"], "invalid choice"),
    ],
)
def test_a_line_that_means_nothing_is_refused(line, what, capsys):
    with pytest.raises(SystemExit):
        tune.parse(["a.tflite", *line])

    assert what in capsys.readouterr().err


def test_missing_and_damaged_files_are_refused(tmp_path, int8):
    with pytest.raises(UserError, match="there is no file"):
        tune.main([str(tmp_path / "none.tflite")])
    int8.write_bytes(int8.read_bytes()[:2000])
    with pytest.raises(CheckFailed, match="is not the file that its record describes"):
        tune.main([str(int8)])
    record_path(int8).unlink()
    with pytest.raises(UserError):
        tune.main([str(int8)])


def test_a_photo_that_cannot_be_read_is_left_out_of_the_proof(int8, counted, tmp_path, capsys):
    for i in range(3):
        Image.effect_noise((40, 40), 60 + i).save(tmp_path / f"{i}.png")
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff")

    assert tune.main([str(int8), "--photos", str(tmp_path), "--effort", "quick", "--json"]) == 0

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["record"]["tuning"]["images"] == 3
    assert document["skipped"] == 1 and "'torn.jpg'" in document["unreadable"][0]
    assert "skipped: photo 'torn.jpg'" in said.err


# ---------------------------------------------------------------------------- killed, and two of it


def costs_of(folder: Path, n: int) -> dict[str, cost.Cost]:
    """Of so many candidates, measured in groups."""
    place = cost.Place(cost.EMULATED, "cortex-a76", None, "quick")
    path = folder / "costs.json"
    benchmark = cost.Benchmark(place, b"plain", path, is_resumed=path.exists())
    benchmark.costs([f"candidate {i}".encode() for i in range(n)])
    return benchmark.saved.costs


def instructions(benchmark: cost.Benchmark, files: dict[str, bytes]) -> dict:
    return {"rows": [{"sha256": sha, "instructions": len(data)} for sha, data in files.items()]}


@pytest.mark.parametrize("moment", seeded_moments(examples(8, 40), 18))
def test_measured_costs_outlive_a_kill_and_are_not_measured_again(moment, tmp_path, monkeypatch):
    monkeypatch.setattr(cost.Benchmark, "_run", instructions)
    assert killed_at(moment, lambda: costs_of(tmp_path, 3 * cost.GROUP))
    path = tmp_path / "costs.json"
    kept = json.loads(path.read_text())["costs"] if path.exists() else {}
    measured = []

    def counted(benchmark, files):
        measured.extend(files)
        return instructions(benchmark, files)

    monkeypatch.setattr(cost.Benchmark, "_run", counted)
    found = costs_of(tmp_path, 3 * cost.GROUP)

    assert not {*measured} & kept.keys() and {*measured} | kept.keys() == found.keys()
    assert len(found) == 3 * cost.GROUP + 1
    assert [path.name for path in tmp_path.iterdir()] == ["costs.json"]


def test_a_second_tuning_of_a_file_for_the_same_core_is_refused(int8, counted):
    measured = int8.with_name(f"{int8.stem}_tuned_cortex-a76.measured.json")
    before = set(int8.parent.iterdir())

    with alone(measured, ""), pytest.raises(UserError) as refused:
        tune.main([str(int8)])

    assert f"is tuning {int8.name!r} for cortex-a76" in str(refused.value)
    assert not counted.calls and set(int8.parent.iterdir()) == before


def test_while_it_tunes_another_one_is_refused(int8, monkeypatch):
    refused = []

    def measure(benchmark, files):
        if not refused:
            with pytest.raises(UserError, match="at this moment") as error:
                tune.main([str(int8)])
            refused.append(error)
        return Counted()(benchmark, files)

    monkeypatch.setattr(cost.Benchmark, "_run", measure)
    assert tune.main([str(int8), "--rewrites", "late_concat", "--effort", "quick"]) == 0
    assert refused


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_disk_is_a_sentence_and_the_plain_file_stays(
    step, int8, counted, monkeypatch, capsys
):
    before = {path: path.read_bytes() for path in int8.parent.iterdir()}

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(f"os.{step}", full)
    with pytest.raises(SystemExit, match="2"):
        errors.run(lambda: tune.main([str(int8)]))

    assert "error: No space left on device" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in int8.parent.iterdir()} == before
