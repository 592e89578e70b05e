"""Files that are whole or absent, and archives that are not trusted."""

import hashlib
import os
import tempfile
import zipfile
import zlib
from pathlib import Path

from ghostnet_tf.errors import UserError


def write_atomic(path: Path, data: bytes) -> None:
    """Write all of `data` to `path`, or leave `path` exactly as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # in the same folder, so that the rename stays on one disk and is atomic
    fd, tmp = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(tmp, 0o644)  # mkstemp lets nobody else read
        os.replace(tmp, path)
    except BaseException:
        os.unlink(tmp)
        raise


def read_member(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    """One file of a zip, in memory; neither its declared nor its true size exceeds `max_bytes`."""
    try:
        info = archive.getinfo(name)
        if info.file_size > max_bytes:
            raise UserError(f"{name!r} is larger than {max_bytes:,} bytes")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # the other methods unpack without a limit, whatever size was declared
            raise UserError(f"{name!r} is compressed in an unusual way", fix="zip it again")
        with archive.open(info) as member:
            return member.read(info.file_size)  # asked for all, zipfile would unpack beyond it
    except KeyError:
        raise UserError(f"there is no {name!r} in {str(archive.filename)!r}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        # RuntimeError: a password is needed
        raise UserError(f"{name!r} cannot be unpacked: {error}") from None


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
