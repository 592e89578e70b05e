"""cases.c with the library's sources in one program, for this machine or for Arm; and its files."""

import json
import os
import shutil
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmark.emulator.soc import CORES, make_root
from ghostnet_tf.base.programs import compiled
from tests.kernels.nodes import Node, pack
from tests.kernels.reference import expected

HERE = Path(__file__).resolve().parent
KERNELS = HERE.parents[1] / "kernels"
CASES, GUARDED = HERE / "cases.c", HERE / "guarded.h"
AVX512 = "depthwise_int8_avx512_vnni.c"
HOST, AARCH64 = "cc", "aarch64-linux-gnu-gcc"


def call(*command: str | Path) -> str:
    """What a tool prints, which must succeed."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-3000:]}"
    return done.stdout


def build(out: Path, compiler: str, *flags: str, sources: Path = KERNELS, **given: str) -> Path:
    """The program, made by the library's own Makefile with another goal, with guarded buffers;
    its objects are beside it."""
    named = {"PROGRAM": out, "PROGRAM_SOURCE": CASES, "CC_PROGRAM": compiler}
    named |= {"EXTRA": " ".join(("-include", str(GUARDED), *flags)), "OBJECTS": objects_of(out)}
    words = [f"{name}={value}" for name, value in (named | given).items()]
    call("make", "--silent", f"--jobs={os.cpu_count()}", "-C", sources, "program", *words)
    return out


def objects_of(program: Path) -> Path:
    return program.with_name(f"{program.name}_objects")


def rebuild(base: Path, sources: Path, compiler: str, *flags: str) -> Path:
    """`base` once more, built with the same flags, from sources of which few are newer."""
    out = sources.parent / base.name
    shutil.copytree(objects_of(base), objects_of(out))
    return build(out, compiler, *flags, sources=sources)


def build_all_but_avx512(out: Path) -> Path:
    """A library for `build_avx512`, which is told that this processor has every feature."""
    flags = ("-O0", "-fPIC", "-shared", "'-D__builtin_cpu_supports(feature)=1'")
    others = f"$(filter-out {AVX512},$(wildcard *.c))"
    return build(out, HOST, *flags, PROGRAM_SOURCE="", ALL=others)


def build_avx512(out: Path, others: Path, *flags: str, sources: Path = KERNELS) -> Path:
    """The program with that file as it stands, over SIMDe's functions in place of AVX-512."""
    call(
        HOST, "-std=c11", "-O1", "-Wall", "-Wextra", "-Wno-psabi", "-ffp-contract=off", *flags,
        "-DGHOST_EMULATED", "-isystem", HERE / "simde", "-I", sources, "-rdynamic", "-o", out,
        CASES, sources / AVX512, others, "-lm",
    )  # fmt: skip
    return out


def build_library(out: Path, rule: str) -> Path:
    """libghostop.so below `out`."""
    call("make", "--silent", "-C", KERNELS, rule, f"OUT={out}")
    return out / rule / "libghostop.so"


def patched(folder: Path, file: str, old: str, new: str) -> Path:
    """A copy of the sources with one thing changed."""
    shutil.copytree(KERNELS, folder)
    text = (folder / file).read_text()
    assert text.count(old) >= 1, f"{file} has no {old!r} any more"
    (folder / file).write_text(text.replace(old, new))
    return folder


def case(
    node: Node, x: np.ndarray, residual: np.ndarray | None, right: np.ndarray | None = None
) -> bytes:
    """`right`: what must come out, where `expected` does not know it."""
    second = b"" if residual is None else residual.tobytes()
    right = expected(node, x, residual) if right is None else right
    parts = (pack(node), x.tobytes(), second, right.tobytes())
    return struct.pack("<4I", *map(len, parts)) + b"".join(parts)


def write_cases(path: Path, cases: Iterable[tuple]) -> Path:
    """`cases`: what `case` takes."""
    with path.open("wb") as file:
        file.writelines(case(*one) for one in cases)
    return path


def emulated(core: str) -> list[str]:
    """The words before a command that make it run on that core."""
    root = make_root(compiled("emulator") / core, CORES[core])
    return ["qemu-aarch64", "-L", str(root), "-cpu", CORES[core].qemu_cpu]


def run(
    program: Path,
    cases: Path,
    variant: str,
    threads: int = 1,
    on: str = "",
    guard: str = "",
    *,
    how: tuple[str, ...] = (),
) -> dict[str, int]:
    """What the program says of the cases; `guard`: see guarded.h; `how`: see cases.c."""
    before = [*(["env", f"GUARD={guard}"] if guard else []), *(emulated(on) if on else [])]
    return json.loads(call(*before, program, cases, variant, str(threads), *how))
