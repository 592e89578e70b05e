"""One core of one phone, through adb."""

import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256

from ..measurement import Kind, Seen, Settings
from ..model import Model
from ..plausible import MAX_TEXT, whole
from . import limited
from .adb import Adb, Run, choose, devices
from .runner import Profiled
from .tool import RunnerTool, Tool, find_tool

HOME = "/data/local/tmp/ghostnet_benchmark"  # the one folder on a phone that we may remove
HELD = f"{HOME}/frequency_is_held"  # is there while we hold it; left behind by a killed run
CACHE = f"{HOME}/cache"  # <begin of the SHA-256>/<name>: pushed once, checked each time
ASK_S, SLACK_S = 30.0, 300.0
PUSH_S_PER_MB = 2.0  # a slow hub
POLL_S = 5.0
FIXED = ("cmd", "power", "set-fixed-performance-mode-enabled")
FIXED_SINCE = 30  # API level: Android 11
# What no phone goes beyond: a larger number is a mistake of its, or a lie.
MAX_API, MAX_STATUS, MAX_TENTHS, MAX_KHZ = 999, 99, 9_999, 99_999_999
MAX_CORE = 511  # of the mask that `taskset` takes
CPUS = "/sys/devices/system/cpu"
PROPERTIES = {
    "maker": "ro.product.manufacturer",
    "model": "ro.product.model",
    "soc": "ro.soc.model",
    "board": "ro.board.platform",
    "android": "ro.build.version.release",
    "api": "ro.build.version.sdk",
    "build": "ro.build.fingerprint",
    "abis_64": "ro.product.cpu.abilist64",
}


class PhoneTarget:
    kind: Kind = "phone_latency"

    def __init__(
        self,
        adb: Adb,
        *,
        core: int | None,  # None: several threads, which the phone places
        known: dict[str, str],
        tool: Tool,
        cooldown_s: float = 0.0,
        is_cleaned: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.adb, self.core, self.known, self.tool = adb, core, known, tool
        self.cooldown_s, self.is_cleaned, self.sleep = cooldown_s, is_cleaned, sleep
        where = "any core" if core is None else f"core {core}"
        self.name = f"phone: {known['model'] or 'unknown'} ({adb.serial}), {where}"
        self.serial = adb.serial
        self.is_fixed = False
        self.place: dict[Path, str] = {}

    def ask(self, *argv: str) -> str:
        return self.adb.shell(*argv, timeout_s=ASK_S).strip()

    def prepare(self, models: Sequence[Model]) -> None:
        """Everything on the phone that is not there yet, and its frequency held if it can be."""
        needed = (*self.tool.files, *self.tool.operators(models))
        files = {file: sha256(file.read_bytes()) for file in needed}
        files |= {model.path: model.sha256 for model in models}
        self.place = {file: f"{CACHE}/{sha[:16]}/{file.name}" for file, sha in files.items()}
        for file in self._missing(files):
            self.ask("mkdir", "-p", self.place[file].rpartition("/")[0])
            megabytes = file.stat().st_size / 1e6
            self.adb.push(file, self.place[file], timeout_s=ASK_S + PUSH_S_PER_MB * megabytes)
        if damaged := self._missing(files):
            raise UserError(
                f"{damaged[0].name!r} did not arrive whole on phone {self.serial}",
                fix="try another cable or port; what is there is checked again next time",
            )
        self.ask("chmod", "755", *(self.place[program] for program in self.tool.programs))
        if self._can_hold():
            self.ask("touch", HELD)
            # a phone whose maker has not tuned this mode refuses: that is a fact, no error
            done = self.adb.start(*FIXED, "true", timeout_s=ASK_S)
            self.is_fixed = not done.returncode

    def _can_hold(self) -> bool:
        return (whole(self.known["api"], MAX_API) or 0) >= FIXED_SINCE

    def _missing(self, files: dict[Path, str]) -> list[Path]:
        """The files that are not on the phone, or not with these bytes."""
        script = 'for f; do sha256sum "$f" 2>/dev/null; done; true'
        said = self.ask("sh", "-c", script, "sh", *(self.place[file] for file in files))
        found = {
            line.split(maxsplit=1)[-1]: line.split()[0]
            for line in said.splitlines()
            if line.strip()
        }
        return [file for file, sha in files.items() if found.get(self.place[file]) != sha]

    def description(self) -> dict[str, Any]:
        on = {"one_core"} | ({"fixed_performance"} if self.is_fixed else set())
        pinned = {}
        if self.core is not None:
            cpu = f"{CPUS}/cpu{self.core}/cpufreq"
            pinned = {
                "core": self.core,
                "core_max_khz": self._first_line(f"{cpu}/cpuinfo_max_freq"),
                "governor": self._first_line(f"{cpu}/scaling_governor"),
            }
        return {
            **{name: value for name, value in self.known.items() if name != "abis_64"},
            "serial": self.serial,
            **pinned,
            "fixed_performance": self.is_fixed,
            "runner": self.tool.how,
            "runtime_sha256": sha256(self.tool.runtime.read_bytes()),
            "remedies_on": sorted(on),
        }

    def _first_line(self, path: str) -> str:
        done = self.adb.start("cat", path, timeout_s=ASK_S)
        lines = done.stdout.decode(errors="replace").splitlines()
        return lines[0].strip()[:MAX_TEXT] if lines and not done.returncode else "unknown"

    def conditions(self) -> dict[str, Any]:
        said = re.search(r"(?m)^[ \t]*temperature: (\d+)", self.ask("dumpsys", "battery"))
        tenths = whole(said[1], MAX_TENTHS) if said else None
        told = {
            "temperature_c": None if tenths is None else tenths / 10,
            "thermal_status": self._thermal_status(),
        }
        if self.core is not None:
            khz = self._first_line(f"{CPUS}/cpu{self.core}/cpufreq/scaling_cur_freq")
            told["core_khz"] = whole(khz, MAX_KHZ)
        return told

    def _thermal_status(self) -> int | None:
        """0 is cool, as Android counts; unknown before Android 10."""
        done = self.adb.start("dumpsys", "thermalservice", timeout_s=ASK_S)
        said = re.search(r"Thermal Status: (\d+)", done.stdout.decode(errors="replace"))
        return whole(said[1], MAX_STATUS) if said else None

    def _wait_until_cool(self) -> None:
        waited = 0.0
        while waited < self.cooldown_s and self._thermal_status():
            self.sleep(POLL_S)
            waited += POLL_S

    def visit(self, model: Model, settings: Settings) -> Seen:
        self._wait_until_cool()
        return self.tool.read(
            self._run(self.tool.line(self.place, model, settings), settings), model
        )

    def profile(self, model: Model, settings: Settings, runs: int) -> Profiled:
        """The same with `runs` more runs, timed by operator, after the measurement."""
        if not isinstance(self.tool, RunnerTool):
            raise UserError(f"{self.tool.how} is not asked for operators", fix="leave out --tool")
        line = self.tool.line(self.place, model, settings, profile=runs)
        return self.tool.report(self._run(line, settings), model).profiled()

    def _run(self, line: Sequence[str], settings: Settings) -> subprocess.CompletedProcess[bytes]:
        # toybox wants the mask in hexadecimal, without 0x
        pinned = [] if self.core is None else ["taskset", f"{1 << self.core:x}"]
        return self.adb.start(*pinned, *line, timeout_s=settings.min_seconds + SLACK_S)

    def close(self) -> None:
        """The frequency let go; on a phone that has left, the next run or its restart does it."""
        try:
            if self._can_hold():
                let_go(self.adb)
            if self.is_cleaned:
                self.adb.start("rm", "-rf", HOME, timeout_s=ASK_S)
        except UserError:
            return


def let_go(adb: Adb) -> None:
    """The frequency of the cores, if we or a run before us hold it: never a person's own choice."""
    if not adb.start("test", "-e", HELD, timeout_s=ASK_S).returncode:
        adb.start(*FIXED, "false", timeout_s=ASK_S)
        adb.start("rm", "-f", HELD, timeout_s=ASK_S)


def read_properties(adb: Adb) -> dict[str, str]:
    """What the phone says of itself; 32-bit phones are refused here."""
    known = {
        name: adb.shell("getprop", key, timeout_s=ASK_S).strip()[:MAX_TEXT]
        for name, key in PROPERTIES.items()
    }
    if "arm64-v8a" not in known["abis_64"].split(","):
        raise UserError(
            f"phone {adb.serial} has no 64-bit Arm system ({known['abis_64'] or '32 bits only'}); "
            "the runtime has none for it",
            fix="use a phone with arm64-v8a",
        )
    return known


def cores(adb: Adb) -> dict[int, int]:
    """Core -> its highest frequency in kHz, of those that are switched on."""
    script = f"for c in {CPUS}/cpu[0-9]*; do echo $c $(cat $c/cpufreq/cpuinfo_max_freq); done"
    done = adb.start("sh", "-c", script, timeout_s=ASK_S)
    said = done.stdout.decode(errors="replace")
    found = {}
    for line in re.finditer(r"/cpu(\d+) (\d+)", said):
        core, khz = whole(line[1], MAX_CORE), whole(line[2], MAX_KHZ)
        if core is None or khz is None:
            raise UserError(
                f"phone {adb.serial} tells of a core that cannot be: {line[0][:80]!r}",
                fix="restart it, or measure on another phone",
            )
        found[core] = khz
    if not found:
        raise UserError(
            f"phone {adb.serial} does not tell the frequencies of its cores",
            fix="name one with --core, such as --core 7",
        )
    return found


def choose_cores(wanted: str | None, found: dict[int, int]) -> list[int]:
    """The last core of the fastest kind, the one named, or one of each kind."""
    last_of = {khz: core for core, khz in sorted(found.items())}  # interrupts favour the first
    if wanted is None:
        return [last_of[max(last_of)]]
    if wanted == "each":
        return [last_of[khz] for khz in sorted(last_of, reverse=True)]
    core = whole(wanted, MAX_CORE)
    if core not in found:
        raise UserError(
            f"the phone has no core {wanted[:80]!r}",
            fix=f"try `each`, or one of {', '.join(map(str, sorted(found)))}",
        )
    return [core]


def open_phones(
    which: str | None,
    core: str | None,
    cooldown_s: float,
    *,
    is_cleaned: bool = False,
    command: Sequence[str] = ("adb",),
    run: Run = limited.run,
    tool: Callable[[], Tool] = find_tool,
    threads: int = 1,
) -> list[PhoneTarget]:
    """A target for each chosen core of each chosen phone; several threads go where they like."""
    found = []
    for serial in choose(which, devices(command, run)):
        adb = Adb(serial, tuple(command), run)
        known = read_properties(adb)
        for number in choose_cores(core, cores(adb)) if threads == 1 else [None]:
            target = PhoneTarget(
                adb,
                core=number,
                known=known,
                tool=tool(),
                cooldown_s=cooldown_s,
                is_cleaned=is_cleaned,
            )
            found.append(target)
    return found


def clean_phones(
    which: str | None,
    command: Sequence[str] = ("adb",),
    run: Run = limited.run,
) -> list[str]:
    """Removes everything that this benchmark ever put on the phones; returns their numbers."""
    chosen = choose(which, devices(command, run))
    for serial in chosen:
        adb = Adb(serial, tuple(command), run)
        let_go(adb)
        adb.shell("rm", "-rf", HOME, timeout_s=ASK_S)
    return chosen
