"""What a person is told when something is wrong, and the exit code that goes with it."""

import difflib
import errno
import os
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn, TypeVar

DONE, CHECK_FAILED, USER_CAN_FIX, INTERRUPTED = 0, 1, 2, 130
T = TypeVar("T")

# What a full, read-only or mistyped place says; any other OSError is a bug and keeps its traceback.
FULL_OR_FORBIDDEN = {
    errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS,
    errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG,
}  # fmt: skip


class UserError(Exception):
    """Something the person at the keyboard can fix. Printed in two lines, without a traceback."""

    exit_code = USER_CAN_FIX

    def __init__(self, what: str, fix: str = ""):
        super().__init__(what)
        self.fix = fix


class CheckFailed(UserError):
    """A file or a result broke its promise; nothing was left under the final name."""

    exit_code = CHECK_FAILED


def pick(name: str, known: Mapping[str, T], kind: str) -> T:
    """`known[name]`, or an error that lists what would have worked."""
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known) or sorted(known)
    raise UserError(f"there is no {kind} {name!r}", fix=f"try {' or '.join(close)}")


def run(command: Callable[[], int | None]) -> NoReturn:
    """Run a command line's `main` and leave the process with the right exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start is no news to a person
    try:
        sys.exit(command() or DONE)
    except KeyboardInterrupt as stop:
        _say(f"interrupted; {str(stop) or 'files already finished were kept'}")
        sys.exit(INTERRUPTED)
    except UserError as error:
        _say(f"error: {error}")
        if error.fix:
            _say(f"  fix: {error.fix}")
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno not in FULL_OR_FORBIDDEN:
            raise
        _say(f"error: {error.strerror}: {error.filename or 'while writing'}")
        _say("  fix: free some space or choose another folder; old files are intact")
        sys.exit(USER_CAN_FIX)


def _say(line: str) -> None:
    """One line, even where a file's name or another library's message would break it."""
    print(line.replace("\n", " "), file=sys.stderr)
