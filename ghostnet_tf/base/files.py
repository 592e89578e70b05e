"""Files that are whole or absent, and archives that are not trusted."""

import errno
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ghostnet_tf.base.errors import UserError, option, reading
from ghostnet_tf.base.parts import MODE, Part, folder_of_now, parts

MAX_NAME_BYTES = 255  # of one part of a path, on every system that we know


def user_path(text: str | Path) -> Path:
    """A path that somebody typed or a file named, before the system is asked about it.

    UserError for what no system can open (a name too long, NUL, not encodable), which `Path` would
    answer with an OSError or ValueError of its own wherever it is first asked. No file need exist.
    """
    try:
        parts = [os.fsencode(part) for part in Path(text).parts]
    except UnicodeEncodeError:
        raise UserError(f"{str(text)!r} cannot be a file's name", fix="check the path") from None
    if any(len(part) > MAX_NAME_BYTES or b"\0" in part for part in parts):
        short = str(text) if len(str(text)) < 80 else f"{str(text)[:80]}..."
        raise UserError(f"{short!r} cannot be a file's name", fix="check the path")
    return Path(text)


def beside(path: Path, name: str) -> Path:
    """The file `name` in the folder of `path`, where a file or a record gave the name.

    UserError for what leads anywhere else: a folder, a path, nothing.
    """
    if not name or name in (".", "..") or any(c in name for c in "/\\:\0"):
        raise UserError(f"{name!r} is no name of a file in the same folder")
    return user_path(path.with_name(name))


def refuse_unwritable(out: Path) -> None:
    """Say now, not after a minute's work, that the folder `out` cannot be made or written to.

    Nothing is made yet: a command that fails leaves no empty folder.
    """
    try:
        parents = (out, *user_path(out).absolute().parents)
    except FileNotFoundError:
        raise UserError("the folder that this shell is in is gone", fix="cd to another") from None
    # A dead link is in the way, too; and a folder that may not be looked into does not exist.
    there = next(folder for folder in parents if os.path.lexists(folder))
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise UserError(
            f"{str(there)!r} is no folder that can be written to", fix=option("out", "DIR")
        )
    try:  # /proc and read-only disks say it only now
        with folder_for_now(out), parts() as made:
            made.begin(out)
    except OSError as error:
        why = error.strerror
        raise UserError(
            f"{str(out)!r} cannot be written to: {why}", fix=option("out", "DIR")
        ) from None


@contextmanager
def folder_for_now(folder: Path) -> Iterator[None]:
    """Make it, with all above it; what of it is empty when the block ends goes again."""
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    make_folder(folder)
    try:
        yield
    finally:
        for one in made:
            try:
                one.rmdir()
            except OSError:
                break


def write_atomic(path: Path, data: bytes, mode: int = MODE) -> None:
    """Write all of `data` to `path`, or leave `path` exactly as it was."""
    write_together({path: data}, mode)


def write_together(files: Mapping[Path, bytes], mode: int = MODE) -> None:
    """Write all of these files, or leave every one of them as it was.

    Who may read them is `mode`, less the umask, from their first byte on.

    All bytes are on the disk under temporary names before the first rename, so a full disk costs
    nothing. A Ctrl-C between two renames is answered after the last one, and where one fails the
    others are taken back. What is left is a kill or a power cut in those microseconds;
    `record.load` then sees that the hash does not match.
    """
    for path in files:
        _check_place(path)
    with parts() as made:
        staged = {}
        for path, data in files.items():
            part = made.begin(path.parent, mode)  # on the same disk, where a rename is atomic
            part.write(data)
            staged[part.path] = path
        # A single rename leaves nothing to take back.
        old = {path: made.keep(path) for path in files} if len(files) > 1 else {}
        _rename_all(staged, old)


def _rename_all(staged: Mapping[Path, Path], old: Mapping[Path, Part | None]) -> None:
    try:
        for tmp, path in staged.items():
            os.replace(tmp, path)
    except KeyboardInterrupt:
        for tmp, path in staged.items():
            if tmp.exists():
                os.replace(tmp, path)
        raise
    except OSError:
        for tmp, path in staged.items():
            if not tmp.exists():
                _put_back(path, old.get(path))
        raise


def _put_back(path: Path, old: Part | None) -> None:
    if old is None:
        path.unlink(missing_ok=True)
    else:
        os.replace(old.path, path)


def make_folder(folder: Path) -> None:
    """With all above it; UserError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise UserError(
            f"{str(folder)!r} cannot be a folder: a file is in the way",
            fix="choose another folder; nothing was written",
        ) from None
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise UserError(
            f"the folder {str(folder)!r} cannot be made: {error.strerror}",
            fix="choose another folder; nothing was written",
        ) from None


def _check_place(path: Path) -> None:
    make_folder(path.parent)
    if path.is_dir():
        raise UserError(f"{str(path)!r} is a folder", fix="remove it; nothing was written")


def set_aside(path: Path) -> Path | None:
    """Give an old file the next free name, `results-1.json` for `results.json`: nothing is lost.

    Returns where it is now, or None where there was no such file.
    """
    n = 1
    while path.exists():
        aside = path.with_name(f"{path.stem}-{n}{path.suffix}")
        n += 1
        if aside.exists():
            continue
        try:
            os.link(path, aside)  # which replaces nothing, if another process was faster
        except FileExistsError:
            continue
        except OSError:  # a disk without links
            path.rename(aside)
        path.unlink(missing_ok=True)
        return aside
    return None


def cache() -> Path:
    """$GHOSTNET_CACHE, or where this system keeps what can be downloaded again."""
    import pooch

    return user_path(os.environ.get("GHOSTNET_CACHE") or pooch.os_cache("ghostnet_tf"))


def make_in_cache(folder: Path) -> None:
    """Make a folder of the cache; UserError where it cannot be written to."""
    try:
        refuse_unwritable(folder)
        make_folder(folder)
    except UserError as error:
        raise UserError(
            f"the cache cannot be used: {error}",
            fix="set GHOSTNET_CACHE to a folder that can be written to",
        ) from None


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty folder, gone when the block ends; after a kill, when the next one is made."""
    with ExitStack() as ends:
        try:
            made = ends.enter_context(folder_of_now(Path(tempfile.gettempdir())))
        except OSError as error:
            raise UserError(
                f"no temporary folder can be made: {error.strerror}",
                fix="set TMPDIR to a folder with free space",
            ) from None
        yield made


def read_member(archive: zipfile.ZipFile, name: str, max_bytes: int) -> bytes:
    """One file of a zip, in memory; neither its declared nor its true size exceeds `max_bytes`."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise UserError(f"there is no {name!r} in {str(archive.filename)!r}") from None
    if info.file_size > max_bytes:
        raise UserError(f"{name!r} is larger than {max_bytes:,} bytes")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # the other methods unpack without a limit, whatever size was declared
        raise UserError(f"{name!r} is compressed in an unusual way", fix="zip it again")
    with reading(f"{name!r} in the archive"), archive.open(info) as member:
        data = member.read(info.file_size)  # asked for all, zipfile would unpack beyond it
    if len(data) != info.file_size:
        raise UserError(
            f"{name!r} in the archive has {len(data):,} bytes, not {info.file_size:,} as listed",
            fix="zip it again",
        )
    return data


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
