"""The runner and the counting plugin, compiled when they are first needed."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from ghostnet_tf.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build" / "runner"
MADE = {  # rule of runner/Makefile -> what it makes, below OUT
    "host": "host/runner",
    "aarch64": "aarch64/runner",
    "plugin": "host/counter.so",
    "android": "android/runner",
}
# rule -> the Makefile's variable, which the environment may set; the compiler; its packages
NEEDS = {
    "host": ("CC_HOST", "cc", "gcc libc6-dev"),
    "aarch64": (
        "CC_AARCH64",
        "aarch64-linux-gnu-gcc",
        "g++-aarch64-linux-gnu libc6-dev-arm64-cross",
    ),
    "plugin": ("CC_HOST", "cc", "gcc libc6-dev"),
}


def build(rule: str) -> Path:
    """What `make <rule>` makes, up to date with its sources."""
    need("make", "make")
    if rule in NEEDS:
        variable, compiler, packages = NEEDS[rule]
        need(os.environ.get(variable, compiler), packages)
    elif not os.environ.get("ANDROID_NDK_HOME"):
        raise UserError(
            "there is no NDK to build the runner for Android with",
            fix="set ANDROID_NDK_HOME to the folder of an Android NDK",
        )
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two processes may need it for the first time at once
        done = _make(rule)
    if done.returncode:
        first = (done.stderr.strip().splitlines() or ["no reason was given"])[0]
        raise UserError(
            f"the runner for {rule} cannot be compiled: {first}",
            fix=f"see all of it with: make -C benchmark/runner {rule}",
        )
    return OUT / MADE[rule]


def _make(rule: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        ["make", "--silent", "-C", str(ROOT / "benchmark" / "runner"), rule, f"OUT={OUT}"],  # noqa: S607
        capture_output=True,
        text=True,
    )


def need(program: str, packages: str) -> str:
    """The path of a program of the system, or an error that says what to install."""
    found = shutil.which(program)
    if found is None:
        raise UserError(
            f"{program!r} is not installed",
            fix=f"apt-get install --no-install-recommends {packages} (Debian, Ubuntu)",
        )
    return found
