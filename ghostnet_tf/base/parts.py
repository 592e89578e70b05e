"""Files that are being written: under names of our own, and removed when their writer is dead.

A part is locked as long as its writer lives. Its name tells no process number: two containers have
equal ones. It tells the machine, for the disks whose locks other machines do not see.
"""

import os
import platform
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ghostnet_tf.base.lock import is_still, lock

PART = re.compile(r"\.ghostnet-([0-9a-f]{8})-[0-9a-f]{16}\.part")
MODE = 0o666  # of a new file, less the umask: what `open` gives, and mkstemp does not
ABANDONED_S = 86_400.0  # of other machines; no file takes so long to write


@dataclass(frozen=True)
class Part:
    """A file that is not finished."""

    path: Path
    fd: int

    def write(self, data: bytes) -> None:
        """All of it, on the disk when this returns."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.fd, rest) :]
        os.fsync(self.fd)


@contextmanager
def parts() -> Iterator["Parts"]:
    """Makes parts; those that still have their names when the block ends are removed."""
    made = Parts()
    try:
        yield made
    finally:
        made.remove()


class Parts:
    """Those of one writer."""

    def __init__(self):
        self._made: list[Part] = []

    def begin(self, folder: Path, mode: int = MODE) -> Part:
        """An empty one in `folder`, whose old ones of dead writers are gone.

        Who may read it is `mode`, less the umask.
        """
        while True:
            path = _name(folder)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
            self._made.append(part := Part(path, fd))
            # Whoever took it for a dead one's, before it was locked, removes it and lets go.
            lock(fd, waits=True)
            if is_still(path, fd):
                sweep(folder, os.fstat(fd).st_mtime)
                return part

    def keep(self, path: Path) -> Part | None:
        """What stands at `path` now, under a second name; None where nothing does."""
        if not path.exists():
            return None
        other = _name(path.parent)
        try:
            os.link(path, other)
            self._made.append(part := Part(other, os.open(other, os.O_RDONLY | os.O_CLOEXEC)))
            if lock(part.fd) is not False and is_still(other, part.fd):
                return part
        except OSError:  # this disk has no links
            other.unlink(missing_ok=True)
        part = self.begin(path.parent)
        part.write(path.read_bytes())
        return part

    def remove(self) -> None:
        for part in self._made:
            part.path.unlink(missing_ok=True)
            os.close(part.fd)


def sweep(folder: Path, now: float) -> None:
    """Remove the parts whose writers are dead; `now` by the clock of that disk, in seconds."""
    try:
        names = [e.name for e in os.scandir(folder) if e.is_file(follow_symlinks=False)]
    except OSError:  # it may be written to and not looked into
        return
    for name in names:
        if found := PART.fullmatch(name):
            _remove_if_dead(folder / name, now, is_ours=found[1] == _machine())


def _remove_if_dead(path: Path, now: float, is_ours: bool) -> None:
    how = os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_RDWR if os.access(path, os.W_OK) else os.O_RDONLY)
    try:
        fd = os.open(path, how)
    except OSError:  # another user's, or gone
        return
    try:
        is_dead = lock(fd)
        is_abandoned = now - os.fstat(fd).st_mtime > ABANDONED_S
        if (is_dead and is_ours) or (is_dead is not False and is_abandoned):
            path.unlink(missing_ok=True)
    except OSError:  # of another user, in a folder where everybody removes their own
        return
    finally:
        os.close(fd)


def _name(folder: Path) -> Path:
    return folder / f".ghostnet-{_machine()}-{secrets.token_hex(8)}.part"


def _machine() -> str:
    return sha256(platform.node().encode()).hexdigest()[:8]
