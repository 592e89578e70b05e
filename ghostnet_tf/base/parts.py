"""Files that are being written, and scratch folders: under names of our own, and removed when their
writer is dead.

A part is locked as long as its writer lives. Its name tells no process number: two containers have
equal ones. It tells the machine, for the disks whose locks other machines do not see.
"""

import os
import platform
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ghostnet_tf.base.lock import is_still, lock

PART = re.compile(r"\.ghostnet-([0-9a-f]{8})-[0-9a-f]{16}\.part")
MODE = 0o666  # of a new file, less the umask: what `open` gives, and mkstemp does not
FOLDER = re.compile(r"ghostnet-([0-9a-f]{8})-[0-9a-f]{16}")
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


@contextmanager
def folder_of_now(parent: Path) -> Iterator[Path]:
    """An empty folder in `parent` for this user alone, gone when the block ends.

    Old ones of dead writers are gone then, too.
    """
    while True:
        path = parent / f"ghostnet-{_machine()}-{secrets.token_hex(8)}"
        path.mkdir(mode=0o700)
        fd = _hold(path)
        if fd is None or is_still(path, fd):
            break
        os.close(fd)
    try:
        sweep_folders(parent, path.stat().st_mtime)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if fd is not None:
            os.close(fd)


def _hold(folder: Path) -> int | None:
    """Lock a new folder; None where a folder cannot be opened, as on Windows."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except (OSError, AttributeError):
        return None
    lock(fd, waits=True)
    return fd


def sweep(folder: Path, now: float) -> None:
    """Remove the parts whose writers are dead; `now` by the clock of that disk, in seconds."""
    for name in _names(folder, lambda entry: entry.is_file(follow_symlinks=False)):
        if found := PART.fullmatch(name):
            _remove_if_dead(folder / name, now, is_ours=found[1] == _machine())


def sweep_folders(parent: Path, now: float) -> None:
    """The same for scratch folders; the temporary folder is everybody's: those of this user."""
    if not hasattr(os, "getuid"):
        return
    for name in _names(parent, lambda entry: entry.is_dir(follow_symlinks=False)):
        path = parent / name
        if (found := FOLDER.fullmatch(name)) and _owner(path) == os.getuid():
            _remove_if_dead(path, now, is_ours=found[1] == _machine())


def _names(folder: Path, is_one: Callable[[os.DirEntry], bool]) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder) if is_one(entry)]
    except OSError:  # it may be written to and not looked into
        return []


def _owner(path: Path) -> int | None:
    try:
        return path.lstat().st_uid
    except OSError:  # gone
        return None


def _remove_if_dead(path: Path, now: float, is_ours: bool) -> None:
    is_folder = path.is_dir()  # no folder can be opened to write
    can_write = not is_folder and os.access(path, os.W_OK)
    how = os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_RDWR if can_write else os.O_RDONLY)
    try:
        fd = os.open(path, how)
    except OSError:  # another user's, or gone
        return
    try:
        is_dead = lock(fd)
        is_abandoned = now - os.fstat(fd).st_mtime > ABANDONED_S
        if (is_dead and is_ours) or (is_dead is not False and is_abandoned):
            if is_folder:
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
    except OSError:  # of another user, in a folder where everybody removes their own
        return
    finally:
        os.close(fd)


def _name(folder: Path) -> Path:
    return folder / f".ghostnet-{_machine()}-{secrets.token_hex(8)}.part"


def _machine() -> str:
    return sha256(platform.node().encode()).hexdigest()[:8]
