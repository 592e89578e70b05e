"""One core of one phone, through adb."""

import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmark.measurement import Kind, Settings, Visit
from benchmark.model import Model
from benchmark.targets.adb import Adb, choose, devices
from benchmark.targets.kit import Kit, find_kit
from benchmark.targets.runner import arguments, failure, read_report
from ghostnet_tf.errors import UserError
from ghostnet_tf.files import sha256

HOME = "/data/local/tmp/ghostnet_benchmark"  # the one folder on a phone that we may remove
CACHE = f"{HOME}/cache"  # <begin of the SHA-256>/<name>: pushed once, checked each time
ASK_S, SLACK_S = 30.0, 300.0
PUSH_S_PER_MB = 2.0  # a slow hub
POLL_S = 5.0
FIXED = ("cmd", "power", "set-fixed-performance-mode-enabled")
FIXED_SINCE = 30  # API level: Android 11
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
        core: int,
        known: dict[str, str],
        kit: Kit,
        cooldown_s: float = 0.0,
        is_cleaned: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ):
        self.adb, self.core, self.known, self.kit = adb, core, known, kit
        self.cooldown_s, self.is_cleaned, self.sleep = cooldown_s, is_cleaned, sleep
        self.name = f"phone: {known['model'] or 'unknown'} ({adb.serial}), core {core}"
        self.serial = adb.serial
        self.is_fixed = False
        self.ops: Path | None = None  # the Ghost operators, where a model has some
        self.place: dict[Path, str] = {}

    def ask(self, *argv: str) -> str:
        return self.adb.shell(*argv, timeout_s=ASK_S).strip()

    def prepare(self, models: Sequence[Model]) -> None:
        """Everything on the phone that is not there yet, and its frequency held if it can be."""
        needed = [*self.kit.files]
        if any(model.has_operators for model in models):
            self.ops = self.kit.operators()
            needed.append(self.ops)
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
        programs = [p for p in (self.kit.loader, self.kit.runner) if p]
        self.ask("chmod", "755", *(self.place[program] for program in programs))
        if self.known["api"].isdecimal() and int(self.known["api"]) >= FIXED_SINCE:
            # a phone whose maker has not tuned this mode refuses: that is a fact, no error
            done = self.adb.start(*FIXED, "true", timeout_s=ASK_S)
            self.is_fixed = not done.returncode

    def _missing(self, files: dict[Path, str]) -> list[Path]:
        """The files that are not on the phone, or not with these bytes."""
        script = 'for f; do sha256sum "$f" 2>/dev/null; done; true'
        said = self.ask("sh", "-c", script, "sh", *(self.place[file] for file in files))
        found = {line.split(maxsplit=1)[-1]: line.split()[0] for line in said.splitlines() if line}
        return [file for file, sha in files.items() if found.get(self.place[file]) != sha]

    def facts(self) -> dict[str, Any]:
        on = {"one_core"} | ({"fixed_performance"} if self.is_fixed else set())
        cpu = f"{CPUS}/cpu{self.core}/cpufreq"
        return {
            **{name: value for name, value in self.known.items() if name != "abis_64"},
            "serial": self.serial,
            "core": self.core,
            "core_max_khz": self._first_line(f"{cpu}/cpuinfo_max_freq"),
            "governor": self._first_line(f"{cpu}/scaling_governor"),
            "fixed_performance": self.is_fixed,
            "runner": self.kit.how,
            "runtime_sha256": sha256(self.kit.library.read_bytes()),
            "remedies_on": sorted(on),
        }

    def _first_line(self, path: str) -> str:
        done = self.adb.start("cat", path, timeout_s=ASK_S)
        lines = done.stdout.decode(errors="replace").splitlines()
        return lines[0].strip() if lines and not done.returncode else "unknown"

    def conditions(self) -> dict[str, Any]:
        battery = re.search(r"(?m)^\s*temperature: (\d+)", self.ask("dumpsys", "battery"))
        khz = self._first_line(f"{CPUS}/cpu{self.core}/cpufreq/scaling_cur_freq")
        return {
            "temperature_c": int(battery[1]) / 10 if battery else None,  # tenths of a degree
            "thermal_status": self._thermal_status(),
            "core_khz": int(khz) if khz.isdecimal() else None,
        }

    def _thermal_status(self) -> int | None:
        """0 is cool, as Android counts; unknown before Android 10."""
        done = self.adb.start("dumpsys", "thermalservice", timeout_s=ASK_S)
        said = re.search(r"Thermal Status: (\d+)", done.stdout.decode(errors="replace"))
        return int(said[1]) if said else None

    def _wait_until_cool(self) -> None:
        waited = 0.0
        while waited < self.cooldown_s and self._thermal_status():
            self.sleep(POLL_S)
            waited += POLL_S

    def visit(self, model: Model, settings: Settings) -> Visit:
        self._wait_until_cool()
        ops = self.place[self.ops] if self.ops and model.has_operators else None
        line = arguments(self.place[self.kit.library], self.place[model.path], settings, ops=ops)
        # toybox wants the mask in hexadecimal, without 0x; several threads may go where they like
        pinned = ["taskset", f"{1 << self.core:x}"] if settings.threads == 1 else []
        timeout_s = settings.min_seconds + SLACK_S
        done = self.adb.start(*pinned, *self.kit.command(self.place), *line, timeout_s=timeout_s)
        if done.returncode:
            raise failure(done.returncode, done.stderr.decode(errors="replace"), model)
        return read_report(done.stdout, model).visit()

    def close(self) -> None:
        """The frequency let go; on a phone that has left, that is its restart's to do."""
        try:
            if self.is_fixed:
                self.is_fixed = False
                self.adb.start(*FIXED, "false", timeout_s=ASK_S)
            if self.is_cleaned:
                self.adb.start("rm", "-rf", HOME, timeout_s=ASK_S)
        except UserError:
            return


def read_properties(adb: Adb) -> dict[str, str]:
    """What the phone says of itself; 32-bit phones are refused here."""
    known = {
        name: adb.shell("getprop", key, timeout_s=ASK_S).strip() for name, key in PROPERTIES.items()
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
    found = {int(c): int(khz) for c, khz in re.findall(r"/cpu(\d+) (\d+)", said)}
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
    if not wanted.isdecimal() or int(wanted) not in found:
        raise UserError(
            f"the phone has no core {wanted!r}",
            fix=f"try `each`, or one of {', '.join(map(str, sorted(found)))}",
        )
    return [int(wanted)]


def open_phones(
    which: str | None,
    core: str | None,
    cooldown_s: float,
    is_cleaned: bool = False,
    command: Sequence[str] = ("adb",),
    run: Callable[..., subprocess.CompletedProcess] = subprocess.run,
    kit: Callable[[], Kit] = find_kit,
) -> list[PhoneTarget]:
    """A target for each chosen core of each chosen phone."""
    found = []
    for serial in choose(which, devices(command, run)):
        adb = Adb(serial, tuple(command), run)
        known = read_properties(adb)
        for number in choose_cores(core, cores(adb)):
            found.append(PhoneTarget(adb, number, known, kit(), cooldown_s, is_cleaned))
    return found


def clean_phones(
    which: str | None,
    command: Sequence[str] = ("adb",),
    run: Callable[..., subprocess.CompletedProcess] = subprocess.run,
) -> list[str]:
    """Removes everything that this benchmark ever put on the phones; returns their numbers."""
    chosen = choose(which, devices(command, run))
    for serial in chosen:
        Adb(serial, tuple(command), run).shell("rm", "-rf", HOME, timeout_s=ASK_S)
    return chosen
