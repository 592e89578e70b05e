"""Real counts in a real emulator: exact, repeatable, and of the right kernels."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from benchmark.build import build
from benchmark.emulator.soc import CORES, LIBRARIES, make_root
from benchmark.measurement import Counts, Settings
from benchmark.model import open_model
from benchmark.targets.emulated import Counted, EmulatedTarget
from benchmark.targets.emulated import _read as read_counts
from ghostnet_tf.base.errors import CheckFailed, UserError

FILES = Path(__file__).parent / "files"
# fmt: off
GOLDEN = {  # instructions of one inference of small_*.tflite, with the C library of Debian 12
    #                 int8    float32
    "cortex-a53": (603_264, 704_110),
    "cortex-a55": (467_210, 694_858),
    "cortex-a76": (447_866, 553_639),
    "i8mm":       (458_440, 546_085),
}
# fmt: on


@pytest.fixture(scope="session")
def counts(emulated, int8, float32) -> dict[str, tuple[Counts, Counts]]:
    return {
        core: (
            emulated(core).visit(int8, Settings()),
            emulated(core).visit(float32, Settings()),
        )
        for core in CORES
    }


def test_counts_are_exact(counts, known_glibc):
    measured = {core: (a.instructions, b.instructions) for core, (a, b) in counts.items()}

    assert measured == GOLDEN


def test_a_second_start_counts_the_same(counts, emulated, int8):
    first, again = counts["cortex-a76"][0], emulated("cortex-a76").visit(int8, Settings())

    assert (again.instructions, again.classes) == (first.instructions, first.classes)
    assert (again.loaded_bytes, again.stored_bytes) == (first.loaded_bytes, first.stored_bytes)
    assert again.l1_misses == pytest.approx(first.l1_misses, rel=0.02)  # addresses differ


def test_int8_outputs_are_the_same_bits_on_every_core(counts, host, int8):
    expected = host.visit(int8, Settings(min_runs=1, min_seconds=0.0)).output_sha256

    assert {core: a.output_sha256 for core, (a, _) in counts.items()} == dict.fromkeys(
        CORES, expected
    )


@pytest.mark.parametrize("core", ["cortex-a53", "cortex-a76", "i8mm"])
def test_the_bundled_ghostnet_computes_the_same_bits_as_here(emulated, host, bundled, core):
    expected = host.visit(bundled, Settings(min_runs=1, min_seconds=0.0))

    counted = emulated(core).visit(bundled, Settings())

    assert counted.output_sha256 == expected.output_sha256


@pytest.mark.parametrize("core", ["cortex-a53", "cortex-a76"])
def test_the_bundled_ghostnet_with_operators_computes_the_same_bits(emulated, host, bundled, core):
    from export.ghostop.making import write_ghostop

    expected = host.visit(bundled, Settings(min_runs=1, min_seconds=0.0))
    ghostop = open_model(write_ghostop(bundled.path).path)

    counted = emulated(core).visit(ghostop, Settings())

    assert counted.output_sha256 == expected.output_sha256


def test_each_core_gets_its_own_kernels(counts):
    used = {
        core: {name for name in ("sdot", "smmla") if a.classes[name]}
        for core, (a, _) in counts.items()
    }

    assert used == {
        "cortex-a53": set(),
        "cortex-a55": {"sdot"},
        "cortex-a76": {"sdot"},
        "i8mm": {"smmla"},
    }
    assert counts["cortex-a53"][0].classes["mla"] > counts["cortex-a76"][0].classes["mla"]
    assert all(b.classes["fmla"] > 100_000 for _, b in counts.values())


def test_no_instruction_is_without_a_class(counts):
    for pair in counts.values():
        for counted in pair:
            assert counted.classes["other"] == 0
            assert sum(counted.classes.values()) == counted.instructions


def test_the_plugin_counts_what_was_written(aarch64_runner, tmp_path):
    program, written = tmp_path / "known", tmp_path / "counts.json"
    compiler = ["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-o", str(program)]
    subprocess.run([*compiler, str(FILES / "known.s")], check=True)  # noqa: S603
    plugin = f"{build('plugin')},out={written}"

    command = ["qemu-aarch64", "-cpu", "cortex-a76", "-plugin"]
    subprocess.run([*command, f"{plugin},l1=1:1,l2=4:2", str(program)], check=True)  # noqa: S603
    lines, each = json.loads(written.read_text())

    # `mark` is three moves and a system call; the one that ends a run belongs to it
    used = {name: n for name, n in lines["classes"].items() if n}
    assert used == {"load": 320, "integer": 1 + 10 * 3 + 320 + 3, "branch": 330, "system": 1}
    assert (lines["loaded_bytes"], lines["stored_bytes"]) == (320 * 16, 0)
    assert (lines["l1_misses"], lines["l2_misses"]) == (320, 32)  # 1 KB holds 16 of the 32 lines
    used = {name: n for name, n in each["classes"].items() if n}
    kinds = dict.fromkeys(("load", "store", "sdot", "mla", "fmla", "simd", "branch"), 1000)
    assert used == kinds | {"integer": 2 + 1000 + 3, "system": 1}
    assert (each["loaded_bytes"], each["stored_bytes"]) == (1000 * 32, 1000 * 4)
    assert each["instructions"] == 8006


def test_a_larger_cache_misses_only_once(aarch64_runner, tmp_path):
    program, written = tmp_path / "known", tmp_path / "counts.json"
    compiler = ["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-o", str(program)]
    subprocess.run([*compiler, str(FILES / "known.s")], check=True)  # noqa: S603

    command = ["qemu-aarch64", "-cpu", "cortex-a76", "-plugin"]
    plugin = f"{build('plugin')},out={written},l1=2:1,l2=4:2"
    subprocess.run([*command, plugin, str(program)], check=True)  # noqa: S603

    assert json.loads(written.read_text())[0]["l1_misses"] == 32


@pytest.mark.parametrize("odd", ["l1=1", "l1=3:0", "l2=1:17", "speed=9", "out=/nowhere/x"])
def test_the_plugin_refuses_what_it_does_not_know(aarch64_runner, tmp_path, odd):
    plugin = f"{build('plugin')},out={tmp_path / 'x'},{odd}"

    done = subprocess.run(  # noqa: S603
        ["qemu-aarch64", "-plugin", plugin, str(aarch64_runner)],  # noqa: S607
        capture_output=True,
        text=True,
    )

    assert done.returncode != 0
    assert f"counter: '{odd}' is not" in done.stderr


# ---------------------------------------------------------------------------- what it refuses


def test_several_threads_are_refused(emulated, int8):
    with pytest.raises(UserError, match="exact on one thread only"):
        emulated("cortex-a76").visit(int8, Settings(threads=2))


def test_half_precision_is_refused_by_a_core_without_it(emulated, float32):
    with pytest.raises(UserError, match="no half-precision arithmetic"):
        emulated("cortex-a53").visit(float32, Settings(fp16=True))


def test_half_precision_computes_something_else(counts, emulated, float32):
    half = emulated("cortex-a76").visit(float32, Settings(fp16=True))

    assert half.output_sha256 != counts["cortex-a76"][1].output_sha256
    assert half.instructions < counts["cortex-a76"][1].instructions


def test_a_damaged_model_is_refused_there_too(emulated, int8, tmp_path):
    path = tmp_path / "cut.tflite"
    path.write_bytes(int8.data[:9000])

    with pytest.raises(UserError, match=r"cut\.tflite"):
        emulated("cortex-a76").visit(open_model(path), Settings())


def test_an_unknown_core_is_answered_with_the_known_ones():
    with pytest.raises(UserError, match="no emulated core 'a76'") as unknown:
        EmulatedTarget("a76")

    assert "cortex-a76" in unknown.value.fix


def test_a_missing_emulator_is_named_with_its_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UserError, match="'qemu-aarch64' is not installed") as missing:
        EmulatedTarget("cortex-a76")

    assert "apt-get install" in missing.value.fix and "qemu-user" in missing.value.fix


def test_a_qemu_whose_plugins_are_of_another_kind_is_refused(monkeypatch, tmp_path):
    other = tmp_path / "qemu-aarch64"
    other.write_text("#!/bin/sh\necho 'qemu-aarch64 version 10.0.2 (Debian 1:10.0.2)'\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    with pytest.raises(UserError, match=r"QEMU 6\.0 to 8\.2, and .* version 10\.0\.2"):
        EmulatedTarget("cortex-a76")


def run_counts(**changes) -> dict:
    good = Counted(
        instructions=10,
        classes={"load": 4, "simd": 6},
        loaded_bytes=64,
        stored_bytes=0,
        l1_misses=1,
        l2_misses=0,
    )
    return vars(good) | changes


@pytest.mark.parametrize(
    ("runs", "why"),
    [
        ([run_counts()], "1 runs were counted"),
        ([run_counts(), run_counts(instructions=11)], "do not add up"),
        ([run_counts(), run_counts(instructions=111, classes={"load": 111})], "differ: 10 and 111"),
        ([run_counts(instructions=110, classes={"load": 110}), run_counts()], None),
        ([run_counts(classes={"load": 10})] * 2, None),
        ([run_counts(classes={"load": 9})] * 2, "do not add up"),
        ([run_counts(instructions=0, classes={})] * 2, "do not add up"),
        ([run_counts(instructions=10.0)] * 2, "cannot be used"),
        ([run_counts(cycles=5)] * 2, "cannot be used"),
        ({}, "cannot be used"),
    ],
)
def test_odd_counts_give_no_number(int8, tmp_path, runs, why):
    path = tmp_path / "counts.json"
    path.write_text(json.dumps(runs))

    if why is None:
        assert read_counts(path, int8).instructions == 10
        return
    with pytest.raises(CheckFailed, match=why):
        read_counts(path, int8)


def test_a_core_says_one_thing_in_all_its_files(tmp_path):
    root = make_root(tmp_path, CORES["cortex-a55"])

    text = (root / "proc" / "cpuinfo").read_text()
    assert "CPU part\t: 0xd05" in text and "asimddp" in text
    assert (root / "sys/devices/system/cpu/possible").read_text() == "0\n"
    assert (root / "lib").readlink() == LIBRARIES
    assert make_root(tmp_path, CORES["cortex-a53"]) == root  # again, for another core
    assert "asimddp" not in (root / "proc" / "cpuinfo").read_text()
