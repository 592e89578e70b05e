"""The benchmark inside the demo app: started through adb by an intent, its JSON collected."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ghostnet_tf.base.effort import Effort
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import set_aside
from ghostnet_tf.base.schema import Mismatch, document, typed
from ghostnet_tf.base.terminal import note

from ..app_results import INSTALL, read
from ..model import Model
from ..plausible import texts
from ..store import Results, results_path
from . import limited
from .adb import Adb, Run, choose, devices

PACKAGE = "ghostnet.demo"
SCREEN = f"{PACKAGE}/.BenchmarkActivity"
FOLDER = f"/sdcard/Android/data/{PACKAGE}/files/benchmark"  # the app writes, adb's shell reads
ASK_S = 30.0
POLL_S = 2.0
STALL_S = 900.0  # without a new word: a cool-down of 300 s and a visit take less
AWAKE = "unlock the phone, leave the app in front, and start again"


@dataclass(frozen=True)
class State:
    """What the app writes of itself: "starting", "running", "done" or "failed", and in words."""

    state: str
    text: str = ""


class AppOnPhone:
    """The app on one phone. It asks for a fast core; each visit says which one it got."""

    def __init__(self, adb: Adb, sleep: Callable[[float], None] = time.sleep):
        self.adb, self.sleep = adb, sleep

    def measure(
        self, models: Sequence[Model], effort: Effort, progress: Callable[[str], None] = note
    ) -> Results:
        self._refuse_missing()
        run = f"adb-{secrets.token_hex(6)}"
        try:
            self._start(run, effort)
            for text in self._states(run):
                progress(f"{self.adb.serial}: {text}")
            return read(self._file(f"{run}.json").encode(), models)
        finally:
            self._clean(run)

    def _refuse_missing(self) -> None:
        done = self.adb.start("pm", "path", PACKAGE, timeout_s=ASK_S)
        if done.returncode or not done.stdout.startswith(b"package:"):
            raise UserError(f"phone {self.adb.serial} does not have the demo app", fix=INSTALL)

    def _start(self, run: str, effort: Effort) -> None:
        # A screen that is off or locked keeps the app from the fast cores.
        self.adb.start("input", "keyevent", "KEYCODE_WAKEUP", timeout_s=ASK_S)
        self.adb.start("wm", "dismiss-keyguard", timeout_s=ASK_S)
        extras = ("--es", "effort", effort.name, "--es", "run", run)
        done = self.adb.start("am", "start", "-W", "-n", SCREEN, *extras, timeout_s=ASK_S)
        said = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode or "Error" in said:  # `am` itself ends with 0 after most errors
            raise UserError(
                f"the benchmark cannot be started on phone {self.adb.serial}: "
                f"{' '.join(said.split())[-200:]}",
                fix=f"install the app of this version: {INSTALL}",
            )

    def _states(self, run: str) -> Iterator[str]:
        """What the app says it is doing, until it is done."""
        last, silent_s = "", 0.0
        while True:
            text = self._file(f"{run}.state")
            state = self._state(text) if text.startswith("{") else State("starting")
            if state.state == "done":
                return
            if state.state == "failed":
                raise UserError(f"the app on phone {self.adb.serial} gave up: {state.text}", AWAKE)
            if text and text != last:
                last, silent_s = text, 0.0
                yield state.text
            if self._is_gone() and self._file(f"{run}.state") == text:
                raise UserError(
                    f"the app on phone {self.adb.serial} has ended before its benchmark did",
                    fix="see why with: adb logcat -d -b crash; then start again",
                )
            if silent_s > STALL_S:
                raise UserError(
                    f"the app on phone {self.adb.serial} says nothing any more", fix=AWAKE
                )
            self.sleep(POLL_S)
            silent_s += POLL_S

    def _state(self, text: str) -> "State":
        try:
            state = typed(State, document(text.encode()), "state")
            texts(state.state, state.text)
        except Mismatch as wrong:
            raise UserError(
                f"the app on phone {self.adb.serial} says what cannot be used: {wrong}",
                fix=f"install the app of this version: {INSTALL}",
            ) from None
        return state

    def _is_gone(self) -> bool:
        """Crashed, closed or thrown out of memory; not where a phone cannot tell."""
        done = self.adb.start("pidof", PACKAGE, timeout_s=ASK_S)
        return done.returncode == 1 and not done.stdout.strip()

    def _file(self, name: str) -> str:
        """Empty while it is not there."""
        done = self.adb.start("cat", f"{FOLDER}/{name}", timeout_s=ASK_S)
        return "" if done.returncode else done.stdout.decode(errors="replace")

    def _clean(self, run: str) -> None:
        """The app ended and the run's files removed; on a phone that has left, they stay."""
        try:
            self.adb.start("am", "force-stop", PACKAGE, timeout_s=ASK_S)
            for kind in ("json", "state", "txt"):
                self.adb.start("rm", "-f", f"{FOLDER}/{run}.{kind}", timeout_s=ASK_S)
        except UserError:
            return


def measure_all(
    which: str | None,
    models: Sequence[Model],
    effort: Effort,
    out: Path,
    command: Sequence[str] = ("adb",),
    run: Run = limited.run,
) -> list[Results]:
    """One phone after the other; the results of each are kept in `out`."""
    found = []
    for serial in choose(which, devices(command, run)):
        app = AppOnPhone(Adb(serial, tuple(command), run))
        results = app.measure(models, effort, note)
        path = results_path(out, results.target, serial)
        set_aside(path)
        results.save(path)
        found.append(results)
    return found
