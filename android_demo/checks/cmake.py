"""Both CMakeLists.txt, configured and built as the NDK does it: clang, lld, the variant Debug."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from android_demo.checks.toolchain import HOME, JVM, ROOT, TIMEOUT_S, Failed, call

CLANG, LLD = "clang-19", "ld.lld-19"  # of Debian 12; the NDK r28 has clang 19, too
TARGET = "aarch64-linux-gnu"
APP = Path("android_demo/library/src/main/cpp")
KERNELS = Path("kernels")
RUNNER = Path("benchmark/runner")
LINK = f"-fuse-ld={shutil.which(LLD) or LLD}"


def copy_tree(out: Path) -> Path:
    """The parts of the project that the native build reads, to be built or spoiled."""
    for folder in (APP, KERNELS, RUNNER):
        shutil.copytree(ROOT / folder, out / folder)
    return out


def configure(tree: Path, source: Path, variant: str = "Debug") -> Path:
    """A build folder. The variant is as unkind as a toolchain may be: -O0 in so many words."""
    out = tree / "out"  # in each tree at one place, so that one compilation serves all of them
    headers = next(JVM.glob("*/include/jni.h")).parent
    call(
        "cmake", "-G", "Ninja", "-S", tree / source, "-B", out,
        f"-DCMAKE_BUILD_TYPE={variant}", "-DCMAKE_C_FLAGS_DEBUG=-O0",
        "-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
        f"-DCMAKE_C_COMPILER={CLANG}", f"-DCMAKE_C_COMPILER_TARGET={TARGET}",
        f"-DCMAKE_C_FLAGS=-I{headers} -I{headers / 'linux'}",
        f"-DCMAKE_SHARED_LINKER_FLAGS={LINK}", f"-DCMAKE_EXE_LINKER_FLAGS={LINK}",
        "-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
    )  # fmt: skip
    return out


def build(out: Path) -> dict[str, Path]:
    """Name -> library. What was compiled before, in whatever tree, is not compiled again."""
    kept = {"CCACHE_DIR": HOME / "ccache", "CCACHE_BASEDIR": out.parent, "CCACHE_NOHASHDIR": "1"}
    done = subprocess.run(  # noqa: S603
        ["cmake", "--build", str(out)],  # noqa: S607
        env={**os.environ, **{name: str(value) for name, value in kept.items()}},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise Failed(done.stdout)
    return {library.name: library for library in out.rglob("libghost*.so")}


def without_optimisation(out: Path) -> list[str]:
    """Sources whose last -O is not -O2: what stands last holds."""
    commands = json.loads((out / "compile_commands.json").read_text())
    assert commands
    return [
        Path(one["file"]).name
        for one in commands
        if [*re.findall(r" -O(\S*)", one["command"]), "0"][-2:-1] != ["2"]
    ]


def compiled(out: Path) -> set[str]:
    commands = json.loads((out / "compile_commands.json").read_text())
    return {Path(one["file"]).name for one in commands}


def needed(library: Path) -> set[str]:
    """DT_NEEDED, without the C library's own."""
    said = call("readelf", "--dynamic", library)
    found = set(re.findall(r"\(NEEDED\).*\[(.*)\]", said))
    return {name for name in found if not re.match(r"lib(c|m|dl|pthread)\.so", name)}


def exported(library: Path) -> set[str]:
    return set(re.findall(r" T (\w+)", call("nm", "--dynamic", "--defined-only", library)))


def by_make(out: Path) -> Path:
    """libghostop.so of the Makefile, under the same compiler."""
    compiler = f"CC_AARCH64={CLANG} --target={TARGET} {LINK}"
    # the order of instructions is asked of GCC alone, by its names
    call("make", "-s", "-C", ROOT / KERNELS, "aarch64", f"OUT={out}", compiler, "ORDER=")
    return out / "aarch64" / "libghostop.so"
