"""This machine: a real latency, of the processor that is named beside it."""

import os
import platform
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.build import build
from benchmark.measurement import Kind, Settings, Visit
from benchmark.model import Model
from benchmark.targets.runner import Report, arguments, start
from export.ghost_library import litert, operators
from ghostnet_tf.files import sha256

SLACK_S = 300.0  # beyond the measurement itself: loading, slow runs, a busy machine


def processor() -> str:
    """AMD EPYC 7B13; Raspberry Pi 5 Model B Rev 1.0; as far as the system says."""
    for place, pattern in (
        ("/proc/device-tree/model", r"(.+?)\0?$"),  # an Arm board
        ("/proc/cpuinfo", r"(?m)^model name\s*: (.+)$"),
    ):
        try:
            found = re.search(pattern, Path(place).read_text(errors="replace"))
        except OSError:
            continue
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine()


class HostTarget:
    kind: Kind = "host_latency"

    def __init__(self, library: Path | None = None):
        self.library = library or litert()
        self.runner = build("host")
        self.name = f"host: {processor()}"

    def facts(self) -> dict[str, Any]:
        return {
            "processor": processor(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "runtime_sha256": sha256(self.library.read_bytes()),
        }

    def prepare(self, models: Sequence[Model]) -> None:
        """Everything lies where it is already, or is compiled now."""
        if any(model.has_operators for model in models):
            operators()

    def visit(self, model: Model, settings: Settings) -> Visit:
        return self._run(model, settings, 0).visit()

    def profile(self, model: Model, settings: Settings, runs: int) -> Report:
        """The same with `runs` more runs, timed by operator, after the measurement."""
        return self._run(model, settings, runs)

    def conditions(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        """Nothing was left anywhere."""

    def _run(self, model: Model, settings: Settings, profile: int) -> Report:
        ops = str(operators()) if model.has_operators else None
        line = arguments(str(self.library), str(model.path), settings, ops=ops, profile=profile)
        command = [str(self.runner), *line]
        return start(command, model, settings.min_seconds + SLACK_S)
