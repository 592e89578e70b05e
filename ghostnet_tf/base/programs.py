"""Programs of the system, and our own C sources, compiled when they are first needed."""

import os
import shutil
import subprocess
from pathlib import Path

from ghostnet_tf.base import rooms
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import cache, make_in_cache, sha256
from ghostnet_tf.base.terminal import note

# rule -> the Makefile's variable, which the environment may set; the compiler; its packages
HOST = ("CC_HOST", "cc", "gcc libc6-dev")
AARCH64 = (
    "CC_AARCH64",
    "aarch64-linux-gnu-gcc",
    "g++-aarch64-linux-gnu libc6-dev-arm64-cross",
)
NEEDS: dict[str, tuple[str, str, str]] = {
    "host": HOST,
    "plugin": HOST,
    "aarch64": AARCH64,
    "clock": AARCH64,
}


def compiled(what: str) -> Path:
    """The folder for what is compiled from our sources: in the user's cache, never beside them.

    Each clone and each installation has its own.
    """
    here = sha256(str(rooms.PACKAGE).encode())[:12]
    return cache() / "compiled" / here / what


def make(what: str, folder: Path, rule: str, out: Path) -> None:
    """`make <rule>` in `folder`; whatever it makes is below `out` and up to date with its sources.

    `what` names it in an error: "the runner".
    """
    try:
        import fcntl
    except ImportError:
        raise UserError(
            f"{what} is compiled on Linux and macOS alone, and this system is neither",
            fix="export, predict, evaluate and verify plain files here; measure and use Ghost "
            "operators there, or in WSL",
        ) from None
    need("make", "make")
    if rule in NEEDS:
        variable, compiler, packages = NEEDS[rule]
        need(os.environ.get(variable, compiler), packages)
    elif not os.environ.get("ANDROID_NDK_HOME"):
        raise UserError(
            f"there is no NDK to build {what} for Android with",
            fix="set ANDROID_NDK_HOME to the folder of an Android NDK",
        )
    kernels = f"KERNELS={rooms.folder('kernels')}"
    make_in_cache(out)
    line = ["make", "--silent", "-C", str(folder), rule, f"OUT={out}", kernels]
    with open(out / ".lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two processes may need it for the first time at once
        if not _make([*line, "--question"]).returncode:
            return  # all of it is there
        note(f"compiling {what} for {rule}, once; it takes up to a minute")
        done = _make(line)
    if done.returncode:
        first = (done.stderr.strip().splitlines() or ["no reason was given"])[0]
        raise UserError(
            f"{what} for {rule} cannot be compiled: {first}",
            fix=f"see all of it with: make -C {folder} {rule}",
        )


def _make(line: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(line, capture_output=True, encoding="utf-8", errors="replace")  # noqa: S603


def need(program: str, packages: str) -> str:
    """The path of a program of the system, or an error that says what to install."""
    found = shutil.which(program)
    if found is None:
        raise UserError(
            f"{program!r} is not installed",
            fix=f"apt-get install --no-install-recommends {packages} (Debian, Ubuntu)",
        )
    return found
