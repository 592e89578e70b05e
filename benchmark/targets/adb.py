"""All of adb behind one small door: one phone, a time limit on every call, and what went wrong."""

import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from ghostnet_tf.base.errors import UserError

from ..plausible import MAX_TEXT, whole
from . import limited

Run = Callable[[Sequence[str], float], CompletedProcess[bytes]]  # command, seconds
MAX_EXIT_CODE = 255
LIST_TIMEOUT_S = 30.0  # the first call also starts adb's server
RESUME = "plug it in, unlock it, and run the same command with --resume"
# What adb itself says when the phone has left; never what a program on the phone says.
GONE = re.compile(
    r"^(?:error|adb)(?:: error)?: .*(?:not found|offline|closed|no devices|disconnected|protocol "
    r"fault|connect|reset|EOF|read from device)",
    re.MULTILINE | re.IGNORECASE,
)
LAST_WORD = "exit code of this command: "
STATES = {  # as `adb devices` has them -> what to do
    "unauthorized": "unlock the phone and allow USB debugging for this computer",
    "offline": "unplug it and plug it in again, or restart adb with: adb kill-server",
    "no permissions": "see the udev rules in Android's documentation of adb",
    "recovery": "start Android on it",
    "sideload": "start Android on it",
    "bootloader": "start Android on it",
}


@dataclass(frozen=True)
class Adb:
    """One phone, named by its serial number."""

    serial: str
    command: tuple[str, ...] = ("adb",)
    run: Run = limited.run  # tests pass a scripted stand-in

    def shell(self, *argv: str, timeout_s: float) -> str:
        """What a program on the phone prints; an error if it fails."""
        done = self.start(*argv, timeout_s=timeout_s)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()[-200:]
            if "No space left" in said:
                raise self._is_full()
            raise UserError(
                f"{argv[0]!r} failed on phone {self.serial} (exit {done.returncode}): {said}"
            )
        return done.stdout.decode(errors="replace")

    def start(self, *argv: str, timeout_s: float) -> CompletedProcess:
        """The same, whatever the program's exit code; only the way to the phone must hold."""
        # adb joins its arguments with spaces and the phone's shell parses them again
        line = " ".join(map(shlex.quote, argv))
        # adb itself ends with 0 where the connection broke meanwhile: only a last word proves it
        done = self._adb("shell", f'{line}; echo "{LAST_WORD}$?"', timeout_s=timeout_s)
        stdout, found, said = done.stdout.rpartition(LAST_WORD.encode())
        code = whole(said.decode(errors="replace"), MAX_EXIT_CODE) if found else None
        if code is None:
            raise self._is_gone(argv[0])
        return CompletedProcess(list(argv), code, stdout, done.stderr)

    def push(self, file: Path, to: str, timeout_s: float) -> None:
        done = self._adb("push", str(file), to, timeout_s=timeout_s)
        if done.returncode:
            said = (done.stderr + done.stdout).decode(errors="replace").strip()[-200:]
            if "No space left" in said:
                raise self._is_full()
            raise UserError(
                f"{file.name!r} cannot be copied to phone {self.serial}: {said}",
                fix="see that /data/local/tmp on the phone can be written",
            )

    def _adb(self, *argv: str, timeout_s: float) -> CompletedProcess:
        done = call(
            [*self.command, "-s", self.serial, *argv], timeout_s, self.run, f"phone {self.serial}"
        )
        said = done.stderr + (done.stdout if argv[0] == "push" else b"")
        if done.returncode and GONE.search(said.decode(errors="replace")):
            raise self._is_gone(argv[0])
        return done

    def _is_gone(self, what: str) -> UserError:
        return UserError(f"phone {self.serial} was lost during {what!r}", fix=RESUME)

    def _is_full(self) -> UserError:
        return UserError(
            f"the storage of phone {self.serial} is full",
            fix="free some space there; ghostnet benchmark --target phone --clean removes "
            "what earlier runs have left",
        )


def call(command: Sequence[str], timeout_s: float, run: Run, who: str) -> CompletedProcess[bytes]:
    try:
        return run(command, timeout_s)
    except limited.TooMuch:
        raise UserError(
            f"{who} said more than {limited.MAX_BYTES:,} bytes in one answer",
            fix="restart it, and see that it is the phone you mean",
        ) from None
    except subprocess.TimeoutExpired:
        raise UserError(
            f"{who} gave no answer for {timeout_s:.0f} s",
            fix="check the cable and that the screen shows no question, then run with --resume",
        ) from None
    except FileNotFoundError:
        raise UserError(
            "adb is not installed", fix="apt-get install adb, or Android's platform-tools"
        ) from None


def devices(command: Sequence[str] = ("adb",), run: Run = limited.run) -> dict[str, str]:
    """Serial number -> state, of everything that adb knows."""
    done = call([*command, "devices"], LIST_TIMEOUT_S, run, "adb")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-200:]
        raise UserError(f"adb cannot list the phones: {said}", fix="adb kill-server, then again")
    _, _, listed = done.stdout.decode(errors="replace").partition("List of devices attached")
    lines = [line.split("\t", 1) for line in listed.splitlines() if "\t" in line]
    for serial, _ in lines:
        if not serial.isprintable() or not 0 < len(serial) <= MAX_TEXT:
            raise UserError(
                f"adb lists a phone under a name that none can have: {serial[:80]!r}",
                fix="unplug it, or restart adb with: adb kill-server",
            )
    return {serial: state.strip()[:MAX_TEXT] for serial, state in lines}


def choose(which: str | None, known: dict[str, str]) -> list[str]:
    """The serial numbers to measure on: the only phone, the one named, or all that are ready."""
    if which == "all":
        chosen = [serial for serial, state in known.items() if state == "device"]
        if not chosen and known:
            which = next(iter(known))
    elif which is not None:
        chosen = [which]
        if which not in known:
            raise UserError(
                f"adb knows no phone {which!r}", fix=f"try {' or '.join(known) or 'adb devices'}"
            )
    elif len(known) > 1:
        raise UserError(
            f"adb knows {len(known)} phones: {', '.join(known)}",
            fix="choose with --phone SERIAL, or --phone all",
        )
    else:
        chosen = list(known)
    if not known:
        raise UserError(
            "adb knows no phone",
            fix="plug one in, switch on USB debugging in its developer options, and allow this "
            "computer; or measure on --target host or emulated",
        )
    for serial in chosen or [str(which)]:
        if (state := known[serial]) != "device":
            fix = next((fix for name, fix in STATES.items() if state.startswith(name)), "")
            raise UserError(f"phone {serial} is {state!r}", fix=fix or "see: adb devices")
    return chosen
