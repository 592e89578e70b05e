"""What ends the process that runs it ends a process of its own, and is an error here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from colours import saved

from export import trial
from export.trial import EndsTheRuntime, survives
from export.trusted import trusted
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import record_path
from tests.mutants import mutant

ROOT = Path(__file__).parents[2]
FILES = ROOT / "tests" / "benchmark" / "files"
INT8, FLOAT32 = (FILES / f"small_{name}.tflite" for name in ("static_wi8_ai8", "float32"))
KILLERS = {71: "SIGABRT", 254: "SIGABRT", 1015: "SIGABRT", 922: "SIGSEGV"}  # seeds


def in_a_process(code: str, data: bytes = b"") -> int:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, input=data, cwd=ROOT, capture_output=True).returncode  # noqa: S603


@pytest.mark.parametrize("path", [INT8, FLOAT32], ids=lambda path: path.stem)
def test_a_sound_file_survives(path):
    assert survives(path.read_bytes()) is None


@pytest.mark.parametrize(("seed", "signal"), KILLERS.items())
def test_a_file_that_ends_the_runtime_is_an_error_here(seed, signal):
    with pytest.raises(EndsTheRuntime, match=rf"'a\.tflite' ends the runtime .*\({signal}\)"):
        survives(mutant(INT8.read_bytes(), seed), "'a.tflite'")


def test_such_a_file_would_have_ended_this_process():
    code = (
        "import sys; from export.runtime import Runtime;Runtime(sys.stdin.buffer.read()).rehearse()"
    )

    assert in_a_process(code, mutant(INT8.read_bytes(), 71)) < 0


def test_what_the_runtime_refuses_in_words_keeps_them():
    with pytest.raises(UserError, match="the runtime refused the model: ") as error:
        survives(INT8.read_bytes()[:900])

    assert not isinstance(error.value, EndsTheRuntime) and error.value.fix


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limits")
@pytest.mark.parametrize(
    ("limit", "work", "code"),
    [
        ("CPU_S = 1", "while True: pass", -24),  # SIGXCPU
        ("MAX_BYTES = 1 << 30", "bytearray(2 << 30)", 1),  # MemoryError
    ],
)
def test_a_trial_has_limits_of_time_and_memory(limit, work, code):
    assert in_a_process(f"from export import trial\ntrial.{limit}\ntrial._limit()\n{work}") == code


def test_a_trial_starts_no_tensorflow():
    code = (
        "import sys; from export import trial, runtime;"
        "sys.exit(bool({'tensorflow', 'keras'} & {*sys.modules}))"
    )

    assert in_a_process(code) == 0


def door(name: str, file: Path):
    """Every way into this process that a file of somebody else has."""
    from export.classifier import open_classifier
    from export.evaluate import opened_file
    from export.ghostop.making import write_ghostop
    from export.tune import main as tune
    from ghostnet_tf.front.tflite_model import TFLiteModel

    doors = {
        "predict": lambda: open_classifier(file),
        "evaluate": lambda: opened_file(str(file), None, None),
        "ghost_op": lambda: write_ghostop(file),
        "tune": lambda: tune([str(file), "--target", "host"]),
        "TFLiteModel": lambda: TFLiteModel(file),
    }
    return doors[name]()


DOORS = ("predict", "evaluate", "ghost_op", "tune", "TFLiteModel")


@pytest.mark.parametrize("name", DOORS)
def test_no_door_lets_such_a_file_into_this_process(tmp_path, name):
    file = tmp_path / "killer.tflite"
    file.write_bytes(mutant(INT8.read_bytes(), 71))

    with pytest.raises(EndsTheRuntime, match=r"'killer\.tflite' ends the runtime"):
        door(name, file)


def test_a_file_whose_record_holds_is_not_tried(tmp_path, monkeypatch):
    tried: list[str] = []
    monkeypatch.setattr(trial, "survives", lambda data, name: tried.append(name))
    ours, theirs = saved(tmp_path / "ours"), saved(tmp_path / "theirs")
    record_path(theirs).unlink()

    for file in (ours, theirs):
        assert trusted(file)[0] == file.read_bytes()

    assert tried == [repr(theirs.name)]
