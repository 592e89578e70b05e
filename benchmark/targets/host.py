"""This machine: a real latency, of the processor that is named beside it."""

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256, user_path

from ..measurement import Kind, Seen, Settings
from ..model import Model
from .runner import Profiled, execute
from .tool import RunnerTool, Tool, host_tool

SLACK_S = 300.0  # beyond the measurement itself: loading, slow runs, a busy machine


def processor() -> str:
    """AMD EPYC 7B13; Raspberry Pi 5 Model B Rev 1.0; as far as the system says."""
    for place, pattern in (
        ("/proc/device-tree/model", r"(.+?)\0?$"),  # an Arm board
        ("/proc/cpuinfo", r"(?m)^model name\s*: (.+)$"),
    ):
        try:
            text = user_path(place).read_text(encoding="utf-8", errors="replace")
            found = re.search(pattern, text)
        except OSError:
            continue
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


def pin(core: str) -> int:
    """This process, and with it every program that it starts, to one core of this machine."""
    if not hasattr(os, "sched_setaffinity"):
        raise UserError("this system cannot pin a process to a core", fix="leave out --core")
    known = sorted(os.sched_getaffinity(0))
    if not core.isdecimal() or int(core) not in known:
        raise UserError(
            f"there is no core {core!r} for this process",
            fix=f"try one of {', '.join(map(str, known))}",
        )
    os.sched_setaffinity(0, {int(core)})
    return int(core)


class HostTarget:
    kind: Kind = "host_latency"

    def __init__(
        self, library: Path | None = None, *, tool: Tool | None = None, core: int | None = None
    ):
        self.tool = tool or host_tool(library)
        self.core = core
        self.name = f"host: {processor()}" + (f", core {core}" if core is not None else "")

    def description(self) -> dict[str, Any]:
        return {
            "processor": processor(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "core": "any" if self.core is None else self.core,
            "system": platform.platform(),
            "runner": self.tool.how,
            "runtime_sha256": sha256(self.tool.runtime.read_bytes()),
            "remedies_on": [] if self.core is None else ["one_core"],
        }

    def prepare(self, models: Sequence[Model]) -> None:
        """Everything lies where it is already, or is compiled now."""
        self.tool.operators(models)

    def visit(self, model: Model, settings: Settings) -> Seen:
        line = self.tool.line(self._place(model), model, settings)
        return self.tool.read(self._run(line, model, settings), model)

    def profile(self, model: Model, settings: Settings, runs: int) -> Profiled:
        """The same with `runs` more runs, timed by operator, after the measurement."""
        if not isinstance(self.tool, RunnerTool):
            raise UserError(f"{self.tool.how} is not asked for operators", fix="leave out --tool")
        line = self.tool.line(self._place(model), model, settings, profile=runs)
        return self.tool.report(self._run(line, model, settings), model).profiled()

    def conditions(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        """Nothing was left anywhere."""

    def _place(self, model: Model) -> dict[Path, str]:
        files = (*self.tool.files, *self.tool.operators([model]), model.path)
        return {file: str(file) for file in files}

    def _run(
        self, line: Sequence[str], model: Model, settings: Settings
    ) -> CompletedProcess[bytes]:
        return execute(line, model, settings.min_seconds + SLACK_S)
