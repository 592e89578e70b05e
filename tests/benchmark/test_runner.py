"""The real runner on this machine: what it measures, and what it refuses."""

import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest

from benchmark.build import build
from benchmark.measurement import Delegation, Settings
from benchmark.model import open_model
from benchmark.targets.host import HostTarget
from benchmark.targets.runner import UNKNOWN_RUNTIME, arguments, failure, read_report
from export.runtime import Runtime
from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.libraries import litert

ONCE = Settings(warmup_runs=1, min_runs=3, min_seconds=0.0)


def report(host, model, **changes) -> bytes:
    """What the runner printed, with some fields changed; None leaves a field out."""
    line = arguments(str(host.tool.library), str(model.path), ONCE)
    command = [str(host.tool.runner), *line]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603
    fields = json.loads(done.stdout) | changes
    return json.dumps({k: v for k, v in fields.items() if v is not None}).encode()


def runner_input(n: int) -> np.ndarray:
    """The runner's own numbers for a float32 input: its generator, in Python."""
    x, values = 1, np.empty(n, np.float32)
    for i in range(n):
        x = (x * 1664525 + 1013904223) % 2**32
        values[i] = ((x >> 22) - 512) / 256
    return values


# ---------------------------------------------------------------------------- what it measures


def test_it_runs_until_count_and_duration_are_both_met(host, int8):
    many = host.visit(int8, Settings(warmup_runs=4, min_runs=7, min_seconds=0.0))
    long = host.visit(int8, Settings(warmup_runs=0, min_runs=1, min_seconds=0.5))

    assert (len(many.warmup_ms), len(many.latency_ms)) == (4, 7)
    assert len(long.warmup_ms) == 0
    assert len(long.latency_ms) > 20  # thousands, on a machine with nothing else to do


@pytest.mark.parametrize("model", ["int8", "float32"])
def test_its_output_is_the_runtimes_own(host, model, request):
    model = request.getfixturevalue(model)

    visit = host.visit(model, ONCE)

    shape = Runtime(model.data).input_shape
    logits = Runtime(model.data).run(runner_input(int(np.prod(shape))).reshape(shape))
    assert visit.output_sha256 == hashlib.sha256(np.asarray(logits).tobytes()).hexdigest()


def test_other_input_bytes_give_another_output(host, int8, tmp_path):
    given = tmp_path / "input"
    given.write_bytes(np.zeros(Runtime(int8.data).input_shape, np.float32).tobytes())
    line = [str(host.tool.runner), *arguments(str(host.tool.library), str(int8.path), ONCE)]

    done = subprocess.run([*line, "--input", str(given)], capture_output=True, check=True)  # noqa: S603

    assert json.loads(done.stdout)["output_sha256"] != host.visit(int8, ONCE).output_sha256
    given.write_bytes(b"123")
    done = subprocess.run([*line, "--input", str(given)], capture_output=True)  # noqa: S603
    assert done.returncode == 2
    assert done.stderr.strip().endswith(b"has 3 bytes; the model's inputs take more")


def test_what_xnnpack_left_out_is_named_and_counted(host, int8, float32):
    assert host.visit(int8, ONCE).delegation == Delegation(
        delegated_ops=30, total_ops=31, partitions=2, left_out={"HARD_SWISH": 1}
    )
    assert host.visit(float32, ONCE).delegation == Delegation(
        delegated_ops=29, total_ops=29, partitions=1, left_out={}
    )
    told = Runtime(int8.data).delegation()
    assert (told.n_delegated, told.n_ops, told.partitions) == (30, 31, 2)


def test_the_known_runtime_is_recognised(host, int8):
    visit = host.visit(int8, ONCE)

    assert visit.runtime_version == "2.3.0"
    assert visit.runtime_sha256 == host.description()["runtime_sha256"]


def test_memory_is_the_runners_own_and_the_clock_ticks(host, int8):
    here = np.ones(60_000_000)  # 480 MB, which would be inherited by a careless measure

    visit = host.visit(int8, ONCE)

    assert 5e6 < visit.peak_memory_bytes < here.nbytes / 4
    assert 1 <= visit.clock_resolution_ns < 1e6


# ---------------------------------------------------------------------------- what it refuses


@pytest.mark.parametrize("kept", [0, 7, 100, 5000, 20000])
def test_a_truncated_model_is_refused_with_the_file_named(host, int8, tmp_path, kept):
    path = tmp_path / "cut.tflite"
    path.write_bytes(int8.data[:kept])

    with pytest.raises(UserError, match=r"cut\.tflite"):
        host.visit(open_model(path), ONCE)


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_model_gives_an_error_or_a_whole_report(host, int8, tmp_path, seed):
    data, rng = bytearray(int8.data), np.random.default_rng(seed)
    for place in rng.integers(8, len(data), 40):
        data[place] = rng.integers(256)
    path = tmp_path / "damaged.tflite"
    path.write_bytes(data)

    try:
        visit = host.visit(open_model(path), ONCE)
    except UserError as error:
        assert "damaged.tflite" in str(error) and error.fix
    else:
        assert len(visit.latency_ms) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 2, "usage: runner"),
        (["--speed", "9"], 2, "there is no option '--speed'"),
        (["--runs", "many"], 2, "--runs takes a number from 1 to 1e+06, not 'many'"),
        (["--model"], 2, "--model needs a value"),
        (["--library", "LIBRARY", "--model", "/nowhere"], 3, "/nowhere cannot be read"),
        (["--library", "/nowhere", "--model", "MODEL"], 3, "/nowhere cannot be read"),
        (["--library", "LIBRARY", "--model", "LIBRARY"], 6, "is not a .tflite file"),
        (["--library", "MODEL", "--model", "MODEL"], 5, "the runtime cannot be loaded"),
    ],
)
def test_every_refusal_is_an_exit_code_and_a_sentence(host, int8, arguments, code, sentence):
    names = {"LIBRARY": str(host.tool.library), "MODEL": str(int8.path)}
    line = [str(host.tool.runner), *(names.get(a, a) for a in arguments)]

    done = subprocess.run(line, capture_output=True, text=True)  # noqa: S603

    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.startswith("runner: ") and sentence in done.stderr


def test_a_runtime_before_2_1_6_is_refused(int8, stub_library):
    with pytest.raises(UserError, match=r"before 2\.1\.6") as refused:
        HostTarget(stub_library(newest=False)).visit(int8, ONCE)

    assert refused.value.fix == "pip install ai-edge-litert==2.3.0"


def test_a_runtime_without_a_function_is_refused_by_the_functions_name(int8, stub_library):
    with pytest.raises(UserError, match="has no function LiteRtGetProfilerEvents"):
        HostTarget(stub_library(without=("GetProfilerEvents",))).visit(int8, ONCE)


def test_an_unknown_runtime_that_computes_nothing_is_refused(int8, stub_library):
    with pytest.raises(UserError, match="fails a model of one addition"):
        HostTarget(stub_library()).visit(int8, ONCE)


def test_an_unknown_runtime_that_computes_well_runs_and_is_called_unknown(int8, tmp_path):
    library = tmp_path / "libLiteRt.so"
    shutil.copy(litert(), library)
    with library.open("ab") as file:
        file.write(b"another build")

    visit = HostTarget(library).visit(int8, ONCE)

    assert visit.runtime_version == UNKNOWN_RUNTIME
    assert visit.output_sha256 == HostTarget().visit(int8, ONCE).output_sha256


def test_a_missing_compiler_is_named_with_its_package(monkeypatch):
    monkeypatch.setenv("CC_AARCH64", "no-such-compiler")

    with pytest.raises(UserError, match="'no-such-compiler' is not installed") as missing:
        build("aarch64")

    assert "g++-aarch64-linux-gnu" in missing.value.fix


# ---------------------------------------------------------------------------- its report

BAD_FIELDS = {
    "another runner": {"runner": 2},
    "no latencies": {"latency_ms": []},
    "only zeros": {"latency_ms": [0.0, 0.0]},
    "a negative time": {"latency_ms": [1.0, -1.0]},
    "text for a number": {"latency_ms": ["1.0"]},
    "true for a number": {"load_ms": True},
    "infinity": {"init_ms": 1e999},
    "a missing field": {"warmup_ms": None},
    "an unknown field": {"speed": 9},
    "half a hash": {"output_sha256": "abc"},
    "no memory": {"peak_memory_bytes": 0},
    "a clock that stands": {"clock_resolution_ns": 0},
    "more ops than there are": {"graph": []},
    "another file's hash": {"model_sha256": "0" * 64},
}


@pytest.mark.parametrize("bad", BAD_FIELDS)
def test_an_odd_report_gives_no_number(host, int8, bad):
    printed = report(host, int8, **BAD_FIELDS[bad])

    with pytest.raises(CheckFailed, match="small_static_wi8_ai8") as odd:
        read_report(printed, int8)

    assert odd.value.fix.endswith("no number was kept")


def test_a_report_cut_anywhere_gives_no_number(host, int8):
    printed = report(host, int8)
    assert read_report(printed, int8).latency_ms

    for kept in (0, 1, len(printed) // 2, len(printed) - 1):
        with pytest.raises(CheckFailed):
            read_report(printed[:kept], int8)
    with pytest.raises(CheckFailed):
        read_report(b"linker: warning\n" + printed, int8)


def test_a_killed_runner_is_told_from_one_that_stopped(int8):
    assert "signal 9 ended the runner" in str(failure(-9, "INFO: loading\n", int8))
    assert "signal 11 ended the runner" in str(failure(139, "", int8))
    assert str(failure(7, "INFO: x\nrunner: it does not run\n", int8)).endswith("it does not run")
    assert isinstance(failure(2, "runner: there is no option '--x'", int8), RuntimeError)
