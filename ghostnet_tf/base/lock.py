"""A lock on an open file. It ends with the process that has it, however that ends."""

import errno
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where files are read, predicted with and verified
    fcntl = None

# What a disk without locks answers, as some network disks are; EBADF: without locks for readers.
NO_LOCKS = {
    errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.EBADF,
}  # fmt: skip


def lock(fd: int, waits: bool = False) -> bool | None:
    """Take the lock of the file that is open as `fd`.

    False: another process has it, or another `open` of this one. None: this disk or this system
    knows no locks.
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        return None
    return True


def is_still(path: Path, fd: int) -> bool:
    """Whether `path` names the file that is open as `fd`; it may have been removed meanwhile."""
    try:
        return os.path.samestat(os.stat(path, follow_symlinks=False), os.fstat(fd))
    except FileNotFoundError:
        return False
