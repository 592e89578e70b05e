"""One process at a time where two would write over each other: a run's folder, a results file."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.files import folder_for_now, user_path
from ghostnet_tf.base.lock import is_still, lock


@contextmanager
def alone(path: Path, doing: str) -> Iterator[None]:
    """Keep other processes from `path`, which need not exist, until the block ends.

    UserError, that `doing` is done there already, where one has it. The lock is a file beside
    `path`; that of a process which was killed stops nobody. A disk without locks gives none.
    """
    beside = user_path(path.with_name(f".{path.name}.lock"))
    with folder_for_now(path.parent):
        fd = _locked(beside, doing)
        try:
            os.ftruncate(fd, 0)
            os.write(fd, f"process {os.getpid()} on {platform.node()}".encode())
            yield
        finally:
            beside.unlink(missing_ok=True)  # while it is locked: whoever waits for it looks again
            os.close(fd)


def _locked(path: Path, doing: str) -> int:
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        if lock(fd) is False:
            who = os.read(fd, 200).decode(errors="replace") or "another process"
            os.close(fd)
            raise UserError(
                f"{who} is {doing} at this moment",
                fix=f"wait until it is done, or choose another {option('out', 'DIR')}; "
                "nothing was changed",
            )
        if is_still(path, fd):
            return fd
        os.close(fd)
