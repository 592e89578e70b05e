"""What a person is told when something is wrong, and the exit code that goes with it."""

import ast
import atexit
import difflib
import errno
import gc
import io
import os
import re
import select
import shlex
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn, Self, TypeVar

from ghostnet_tf.base.interrupt import Interrupted
from ghostnet_tf.base.terminal import note

DONE, CHECK_FAILED, USER_CAN_FIX, INTERRUPTED = 0, 1, 2, 130
READER_LEFT = 141  # what a shell reports of any program whose pipe was closed: 128 + SIGPIPE
LIKE = 0.6  # of two names, from 0 to 1: as difflib's own limit
SUGGESTED = 3
LONGEST = 200  # characters of a name that is compared and shown
T = TypeVar("T")
debug = False  # --debug: an error also shows the exception that it was made of

# What a full, read-only or mistyped place says; any other OSError is a bug and keeps its traceback.
FULL_OR_FORBIDDEN = {
    errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS,
    errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.EFBIG, errno.ELOOP,
}  # fmt: skip


MARK = "\x1f"  # round an option in a fix; in what a person typed it is escaped, as in any repr
OPTION = re.compile(f"{MARK}(.*?){MARK}(.*?){MARK}", re.DOTALL)


def option(name: str, value: object = "") -> str:
    """An option of a command that is an argument in Python, for a fix: said once, read at any door.

    ("photos", "DIR") is `--photos DIR` in a shell and `photos=DIR` in Python; ("overwrite", True)
    is `--overwrite` and `overwrite=True`; ("size") is `--size` and `size=`; ("set ema", "VALUE") is
    `--set ema=VALUE` and `ema=VALUE`.
    """
    return f"{MARK}{name}{MARK}{'' if value == '' else repr(value)}{MARK}"


class Fix(str):
    """A way out, in the words of Python; `typed` has those of a shell."""

    marked: str  # with its options as `option` wrote them

    def __new__(cls, marked: str) -> Self:
        if isinstance(marked, cls):
            return marked
        made = super().__new__(cls, OPTION.sub(_as_argument, marked))
        made.marked = marked
        return made

    @property
    def typed(self) -> str:
        return OPTION.sub(_as_typed, self.marked)


def _as_argument(found: re.Match[str]) -> str:
    value = ast.literal_eval(found[2]) if found[2] else ""
    stands_for_one = isinstance(value, str) and value.isupper()  # DIR, PIXELS
    name = found[1].removeprefix("set ").replace("-", "_")
    return f"{name}={value if stands_for_one else found[2]}"


def _as_typed(found: re.Match[str]) -> str:
    value = ast.literal_eval(found[2]) if found[2] else True
    if value is True:
        return f"--{found[1]}"
    between = "=" if found[1].startswith("set ") else " "
    return f"--{found[1]}{between}{value if str(value).isupper() else shlex.quote(str(value))}"


class UserError(Exception):
    """Something the person at the keyboard can fix. Printed in two lines, without a traceback."""

    exit_code = USER_CAN_FIX

    def __init__(self, what: str, fix: str = ""):
        super().__init__(what)
        self.fix = Fix(fix)


class CheckFailed(UserError):
    """A file or a result broke its promise; nothing was left under the final name."""

    exit_code = CHECK_FAILED


@contextmanager
def reading(what: str, fix: str = "") -> Iterator[None]:
    """Whatever a foreign library raises inside becomes the one error for an unreadable file.

    `what` names the file, as in "the photo 'a.jpg'". For calls of other people's readers alone:
    they answer damage with almost any exception, SystemError and RecursionError included. Their
    exception stays the cause, which `--debug` shows. A missing file is said as such.
    """
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError as error:
        raise UserError(f"{what} is not there", fix=fix or "check the path") from error
    except MemoryError as error:
        raise UserError(f"{what} needs more memory than there is", fix=fix) from error
    except Exception as error:
        raise UserError(f"{what} cannot be read: {reason(error)}", fix=fix) from error


def reason(error: BaseException) -> str:
    """The first line of what another library says, or else what kind of error it is."""
    lines = str(getattr(error, "strerror", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def pick(name: str, known: Mapping[str, T], kind: str) -> T:
    """`known[name]`, or an error that lists what would have worked, the nearest name first."""
    if name in known:
        return known[name]
    name = name[:LONGEST]  # a file may give one of megabytes
    typed = name.lower()
    likeness = {k: difflib.SequenceMatcher(None, k.lower(), typed).ratio() for k in known}
    nearest = sorted(known, key=lambda k: (-likeness[k], k))
    close = [k for k in nearest[:SUGGESTED] if likeness[k] >= LIKE] or nearest
    raise UserError(f"there is no {kind} {name!r}", fix=f"try {' or '.join(close)}")


def run(command: Callable[[], int | None]) -> NoReturn:
    """Run a command line's `main` and leave the process with the right exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start is no news to a person
    warnings.filterwarnings("ignore", module=r"PIL\.")  # nor is what Pillow finds odd in a photo
    atexit.register(gc.freeze)  # graphs of TensorFlow would be taken apart for seconds
    for stream in (sys.stdout, sys.stderr):  # a name that this terminal cannot show is escaped
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        try:
            code = _code_of(command)
            all_is_said()
        finally:
            sys.stdout.flush()  # here, where a closed pipe can still be answered
    except BrokenPipeError:
        # `| head` has seen enough. Any other pipe, such as a subprocess's, is a bug's.
        left = [stream for stream in (sys.stdout, sys.stderr) if _has_no_reader(stream.fileno())]
        if not left:
            raise
        for stream in left:  # Python flushes them once more when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        code = READER_LEFT
    sys.exit(code)


def _code_of(command: Callable[[], int | None]) -> int:
    try:
        return command() or DONE
    except KeyboardInterrupt as stop:
        all_is_said()
        _say(f"interrupted; {str(stop) or 'files already finished were kept'}")
        if isinstance(stop, Interrupted):  # its thread may go on, and Python would wait for it
            sys.stdout.flush()
            os._exit(INTERRUPTED)
        return INTERRUPTED
    except UserError as error:
        tell(error)
        return error.exit_code
    except OSError as error:
        if error.errno not in FULL_OR_FORBIDDEN:
            raise
        _say(f"error: {error.strerror}: {error.filename or 'while writing'}")
        _say("  fix: free some space or choose another folder; old files are intact")
        return USER_CAN_FIX


def all_is_said() -> None:
    """Ctrl-C from here on ends a command at once: an exception would show in Python's own end.

    A command whose objects take long to be taken apart calls it after its last line.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _has_no_reader(stream: int) -> bool:
    """Whether this file descriptor is a pipe or socket that nobody reads any more."""
    if not hasattr(select, "poll"):  # Windows: a pipe that is broken is broken for good
        return True
    poll = select.poll()
    poll.register(stream, 0)  # errors alone
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def tell(error: UserError) -> None:
    """What happened and what to do about it, on stderr."""
    if debug and error.__cause__:
        note(*"".join(traceback.format_exception(error.__cause__)).rstrip("\n").split("\n"))
    _say(f"error: {error}")
    if error.fix:
        _say(f"  fix: {error.fix.typed}")


def _say(line: str) -> None:
    """One line, even where a file's name or another library's message would break it."""
    note(line.replace("\n", " "))
