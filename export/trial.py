"""A trial run of a `.tflite` in a process of its own: python -m export.trial < FILE

Bytes that pass every check of the format can still end the process that runs them: XNNPACK aborts
on constants that it cannot pack, TensorFlow Lite trusts indices. So a file of somebody else is
loaded and run once on zeros here first, where nothing is lost. Neither TensorFlow nor Keras is
imported: a trial takes a third of a second and the time of one inference.
"""

import json
import os
import signal
import subprocess
import sys

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.rooms import PACKAGE, module

CPU_S = 60  # of loading and one inference; an honest network of this size takes under two
MAX_BYTES = 8 << 30  # of the process's memory: a .tflite has 2 GiB at most
WALL_S = 300.0  # a machine may be busy; beyond it the process waits for something
DAMAGED_FIX = "the file is damaged or was made to do this: export or download it again"


class EndsTheRuntime(UserError):
    """Running this file ends the process that does so."""


def survives(data: bytes, name: str = "the file") -> None:
    """Nothing, if `data` loads and runs once on zeros in a process of its own.

    `EndsTheRuntime` if that process was ended, by the runtime or by its limits of time and memory;
    any other UserError if the runtime refused the file in words. `name` is used in the error.
    """
    command = [sys.executable, "-m", f"{module('export')}.trial"]
    try:
        done = subprocess.run(  # noqa: S603
            command, input=data, cwd=PACKAGE.parent, capture_output=True, timeout=WALL_S
        )
    except subprocess.TimeoutExpired:
        raise EndsTheRuntime(
            f"{name} does not run to its end within {WALL_S:.0f} s", fix=DAMAGED_FIX
        ) from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-2000:]
        raise EndsTheRuntime(
            f"{name} ends the runtime that runs it ({_end(done.returncode)})", fix=DAMAGED_FIX
        ) from RuntimeError(said or "it said nothing")
    if refused := json.loads(done.stdout):
        raise UserError(*refused)


def _end(code: int) -> str:
    """What ended a process, from its exit code."""
    if code >= 0:  # Windows has no signals, and its codes are read in hexadecimal
        return f"exit code {code:#x}"
    name = signal.Signals(-code).name
    limits = {"SIGXCPU": f": it takes more than {CPU_S} s", "SIGKILL": ": out of memory?"}
    return name + limits.get(name, "")


# ---------------------------------------------------------------------------- in the child


def main() -> int:
    data = sys.stdin.buffer.read()
    answer = os.dup(1)
    os.dup2(2, 1)  # whatever the runtime prints is no answer
    _limit()
    refused: list[str] = []
    try:
        from .runtime import Runtime

        Runtime(data).rehearse()
    except UserError as error:
        refused = [str(error), error.fix.marked]
    os.write(answer, json.dumps(refused).encode())
    os._exit(0)  # the answer is given: what happens while all is taken down is nobody's affair


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    limits = {
        resource.RLIMIT_CPU: CPU_S,
        resource.RLIMIT_AS: MAX_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for which, most in limits.items():
        _, hard = resource.getrlimit(which)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(which, (most, hard))


if __name__ == "__main__":
    sys.exit(main())
