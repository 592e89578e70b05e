"""An Arm core inside QEMU: what one inference executes, counted exactly. Never a time."""

import json
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ghostnet_tf.base.effort import MAX_COUNT_DIFFERENCE
from ghostnet_tf.base.errors import CheckFailed, UserError, pick
from ghostnet_tf.base.files import scratch
from ghostnet_tf.base.libraries import operators
from ghostnet_tf.base.programs import compiled, need
from ghostnet_tf.base.schema import Mismatch, typed

from ..build import build
from ..emulator.soc import CORES, LIBRARIES, make_root
from ..measurement import Counts, Kind, Settings
from ..model import Model
from ..runtime_library import AARCH64_SHA256, VERSION, aarch64_library
from .runner import Profiled, Report, arguments, start

COUNTED_RUNS = 2  # they must agree; the caches are warm in both
# The first inference packs and plans; without the plugin, which comes in after these.
RUNS = Settings(warmup_runs=2, min_runs=COUNTED_RUNS, min_seconds=0.0)
TIMEOUT_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Counted:
    """One counted run as the plugin writes it."""

    instructions: int
    classes: dict[str, int]
    loaded_bytes: int
    stored_bytes: int
    l1_misses: int
    l2_misses: int


class EmulatedTarget:
    kind: Kind = "emulated_counts"

    def __init__(self, core: str = "cortex-a76"):
        self.core = pick(core, CORES, "emulated core")
        self.name = f"emulated: {core}"
        self.qemu = need("qemu-aarch64", "qemu-user")
        self.qemu_version = _supported_version(self.qemu)
        self.runner = build("aarch64")
        self.plugin = build("plugin")
        if not (LIBRARIES / "libstdc++.so.6").exists():
            raise UserError(
                f"the C++ library for aarch64 is not in {str(LIBRARIES)!r}",
                fix="apt-get install --no-install-recommends g++-aarch64-linux-gnu",
            )
        self.library = aarch64_library()
        self.root = make_root(compiled("emulator") / core, self.core)

    def description(self) -> dict[str, Any]:
        return {
            "core": self.name.removeprefix("emulated: "),
            "kernels": self.core.kernels,
            "l1_data_cache": self.core.l1,
            "l2_cache": self.core.l2,
            "qemu": self.qemu_version,
            "qemu_cpu": self.core.qemu_cpu,
            "runtime_version": VERSION,
            "runtime_sha256": AARCH64_SHA256,
        }

    def prepare(self, models: Sequence[Model]) -> None:
        """Everything lies where it is already, or is compiled now."""
        for model in models:
            self._operators_of(model)

    def visit(self, model: Model, settings: Settings) -> Counts:
        """Exact counts need one thread and no duration: of `settings`, only fp16 is used."""
        counted, report = self._run(model, settings)
        return Counts(**vars(counted), output_sha256=report.output_sha256, resized=report.resized)

    def profile(self, model: Model, settings: Settings, runs: int) -> Profiled:
        """The same with `runs` more runs, counted by operator; the last of them is kept."""
        counted, report = self._run(model, settings, runs)
        return Profiled(
            unit="instructions",
            whole=counted.instructions,
            graph=report.graph,
            runs=report.profile[-1:],
            opens=report.opens,
        )

    def _run(self, model: Model, settings: Settings, profile: int = 0) -> tuple[Counted, Report]:
        if settings.threads != 1:
            raise UserError(
                f"{settings.threads} threads: counts are exact on one thread only",
                fix="use --threads 1 with --target emulated",
            )
        with scratch() as folder:
            written, clock = folder / "counts.json", folder / "clock"
            line = arguments(
                str(self.library),
                str(model.path),
                replace(RUNS, fp16=settings.fp16),
                ops=self._operators_of(model),
                audit=False,
                markers=True,
                profile=profile,
            )
            told = f"out={written},l1={self.core.l1},l2={self.core.l2}"
            told += f",clock={clock}" if profile else ""
            command = [self.qemu, "-L", str(self.root), "-cpu", self.core.qemu_cpu]
            command += ["-plugin", f"{self.plugin},{told}"]
            if profile:
                command += ["-E", f"LD_PRELOAD={build('clock')}", "-E", f"GHOSTNET_CLOCK={clock}"]
            # Nothing of the user's environment, which would also lie in the emulated memory.
            env = {"PATH": os.defpath, "LC_ALL": "C"}
            report = start([*command, str(self.runner), *line], model, TIMEOUT_S, env)
            return _read(written, model), report

    def _operators_of(self, model: Model) -> str | None:
        return self._operators if model.has_operators else None

    @cached_property
    def _operators(self) -> str:
        """Asked of `make` once, and not at each visit."""
        return str(operators("aarch64"))

    def conditions(self) -> dict[str, Any]:
        return {}

    def close(self) -> None:
        """What was written was temporary."""


def _supported_version(qemu: str) -> str:
    """What `--version` says, if that QEMU takes our plugin.

    Later ones have another interface; Debian 13 builds its own without any.
    """
    done = subprocess.run(  # noqa: S603
        [qemu, "--version"], capture_output=True, encoding="utf-8", errors="replace"
    )
    found = re.search(r"version (\d+)\.", done.stdout)
    if found is None or not 6 <= int(found[1]) <= 8:
        said = (done.stdout or done.stderr).strip().split("\n")[0]
        raise UserError(
            f"the counting plugin is made for QEMU 6.0 to 8.2, and {qemu!r} says: {said}",
            fix="use the qemu-user of Debian 12, which is QEMU 7.2",
        )
    return done.stdout.splitlines()[0]


def _read(path: Path, model: Model) -> Counted:
    """The counted run with the fewest instructions, if all of them are sane and agree."""
    try:
        runs = [typed(Counted, run, "counts") for run in json.loads(path.read_bytes())]
        if len(runs) != COUNTED_RUNS:
            raise Mismatch(f"{len(runs)} runs were counted, not {COUNTED_RUNS}")
    except (OSError, ValueError, TypeError, Mismatch) as error:
        raise CheckFailed(
            f"the counts of {str(model.path)!r} cannot be used: {error}",
            fix="run it again; no count was kept",
        ) from None
    for run in runs:
        if sum(run.classes.values()) != run.instructions or run.instructions == 0:
            raise CheckFailed(f"the counts of {str(model.path)!r} do not add up: {run}")
    least, most = sorted(runs, key=lambda run: run.instructions)
    if most.instructions - least.instructions > MAX_COUNT_DIFFERENCE:
        raise CheckFailed(
            f"two runs of {str(model.path)!r} differ: {least.instructions:,} and "
            f"{most.instructions:,} instructions; neither was kept"
        )
    return least
