"""Damaged files through every command: each ends well or in an error, none in a traceback.

A file that ends the process would end this test with it.
"""

from functools import cache
from pathlib import Path

import pytest
from PIL import Image

from export import evaluate, ghost_op, predict, trial, tune, verify
from export.graph import Graph
from export.op import OPTIONS
from export.tuning import cost
from ghostnet_tf.base.errors import UserError
from tests.counts import examples
from tests.mutants import mutant

FILES = Path(__file__).parent / "files"
NAMES = ("micro_int8", "micro_float32")
BATCHES = 4  # of seeds, so that workers can share them
TRY = trial.survives


@cache
def tried(data: bytes) -> UserError | None:
    try:
        TRY(data, "the file")
    except UserError as error:
        return error
    return None


class Measuring(UserError):
    """What is measured is the benchmark's affair."""


class NoBenchmark:
    def __init__(self, *given):
        place = cost.Place("host", None, None, "quick")
        self.saved, self.path = cost.Saved(1, "", place, "", {}), Path()
        self.seconds_each = 1.0

    def open(self):
        pass

    def costs(self, candidates, advance=None):
        raise Measuring("there is no benchmark here")


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    (folder / "a").mkdir()
    Image.new("RGB", (20, 20), (200, 10, 30)).save(folder / "a" / "red.png")
    return folder


@pytest.fixture
def doors(photos, monkeypatch):
    """Every command that takes a file; each file is tried once for all of them."""

    def survives(data, name="the file"):
        if error := tried(bytes(data)):
            raise error

    monkeypatch.setattr(trial, "survives", survives)
    monkeypatch.setattr(cost, "Benchmark", NoBenchmark)
    photo = str(photos / "a" / "red.png")
    return {
        "verify": lambda file: verify.main([file]),
        "predict": lambda file: predict.main([file, photo]),
        "evaluate": lambda file: evaluate.main([file, "--labelled", str(photos)]),
        "ghost_op": lambda file: ghost_op.main([file]),
        "tune": lambda file: tune.main([file]),
    }


def end_of(door, file: Path) -> str:
    try:
        return "failed" if door(str(file)) else "done"
    except UserError as error:
        assert str(error) and error.exit_code in (1, 2)
        return type(error).__name__


@pytest.mark.parametrize("name", NAMES)
def test_the_sound_file_is_taken_by_all(doors, tmp_path, name):
    file = tmp_path / "sound.tflite"
    file.write_bytes((FILES / f"{name}.tflite").read_bytes())

    ends = {door: end_of(run, file) for door, run in doors.items()}

    assert ends == {
        "verify": "UserError",  # for want of a record
        **dict.fromkeys(("predict", "evaluate", "ghost_op"), "done"),
        "tune": "Measuring",
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_damage_ends_in_a_traceback(doors, tmp_path, name, batch):
    data = (FILES / f"{name}.tflite").read_bytes()
    file = tmp_path / "damaged.tflite"
    n = 0
    for seed in range(batch, examples(24, 1000), BATCHES):
        file.write_bytes(mutant(data, seed))
        n += {end_of(run, file) for run in doors.values()} != {"done"}
    assert n > examples(2, 100)  # the damage is felt


@pytest.mark.parametrize(
    ("seed", "end"),
    [
        (212, "EndsTheRuntime"),  # it runs, and what is made of it for the proof does not
        (270, "CheckFailed"),  # a map is of another shape than its operator makes
    ],
)
def test_what_was_found_once_stays_an_error(doors, tmp_path, seed, end):
    file = tmp_path / "damaged.tflite"
    file.write_bytes(mutant((FILES / "micro_float32.tflite").read_bytes(), seed))

    assert end_of(doors["ghost_op"], file) == end


def test_so_does_what_died_while_it_was_tuned(doors, tmp_path):
    file = tmp_path / "damaged.tflite"
    file.write_bytes(mutant((FILES / "micro_float32.tflite").read_bytes(), 286))

    assert end_of(doors["tune"], file) in ("UserError", "EndsTheRuntime", "Measuring")


@pytest.mark.parametrize("seed", [45, 56, 436, 808, 991])  # CONCATENATION: 436
def test_an_operator_that_is_told_nothing_is_told_the_defaults(doors, tmp_path, seed):
    data = mutant((FILES / "micro_int8.tflite").read_bytes(), seed)
    file = tmp_path / "damaged.tflite"
    file.write_bytes(data)
    kinds = [(op, OPTIONS[op.name]) for op in Graph(data).ops if op.name in OPTIONS]

    assert any(not isinstance(op.record.builtinOptions, kind) for op, kind in kinds)
    assert all(isinstance(op.options, kind) for op, kind in kinds)
    assert end_of(doors["ghost_op"], file)
