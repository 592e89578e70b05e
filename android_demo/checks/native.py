"""The app's native part, built by GCC: for this machine, and for Arm."""

import shutil
from pathlib import Path

from android_demo.checks.toolchain import DEMO, JVM, ROOT, call
from ghostnet_tf.base import libraries

SOURCE = DEMO / "library" / "src" / "main" / "cpp" / "ghost_jni.c"
FAILING = DEMO / "checks" / "jvm" / "failing_operator.c"
WATCHING = DEMO / "checks" / "jvm" / "watching_memory.c"
COMPILERS = {"host": "cc", "aarch64": "aarch64-linux-gnu-gcc"}
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared")


def build(out: Path, machine: str, source: Path = SOURCE) -> Path:
    """A folder with libghost_jni.so and the libghostop.so that it needs."""
    operators = libraries.operators(machine)
    out.mkdir()
    shutil.copy(operators, out)
    headers = next(JVM.glob("*/include/jni.h")).parent
    call(
        COMPILERS[machine], *FLAGS, f"-I{ROOT / 'kernels'}", f"-I{ROOT / 'benchmark' / 'runner'}",
        f"-I{headers}", f"-I{headers / 'linux'}", source, f"-L{out}", "-lghostop", "-ldl",
        "-o", out / "libghost_jni.so",
    )  # fmt: skip
    return out


def build_preloaded(source: Path, out: Path) -> Path:
    call("cc", *FLAGS, source, "-o", out)
    return out
