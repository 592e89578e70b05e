"""A zip of photos that a stranger packed: what would fill the memory or take hours is refused.

Entries that lie upon one another are how a small file becomes a large one without end (Fifield, A
better zip bomb, 2019).
"""

import zipfile
from pathlib import Path

from ghostnet_tf.base import archive
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.formats import format_of

MAX_LIST_BYTES = 64 << 20  # of all names, with what stands beside them
LOCAL_HEADER_BYTES = 30  # and the name, before an entry's content (APPNOTE.TXT 4.3.7)
# Photos do not shrink by much; pictures of one colour do, and a few of those are no bomb.
MAX_UNPACKED_BYTES, MAX_RATIO = 2_000_000_000, 100
HEAD_BYTES = 64  # tell what a file is
AS_A_FOLDER = "unpack it where you trust it, and give the folder"


def open_archive(path: Path) -> zipfile.ZipFile:
    """The archive at `path`; UserError, within seconds, for what is none or would be too much."""
    what = repr(str(path))
    try:
        photos = archive.opened(path, what, AS_A_FOLDER, MAX_LIST_BYTES)
    except UserError as error:
        if not isinstance(error.__cause__, zipfile.BadZipFile | NotImplementedError | ValueError):
            raise
        raise UserError(*_what_it_is(path, what)) from error.__cause__
    try:
        _refuse_bombs(photos, path)
    except UserError:
        photos.close()
        raise
    return photos


def _what_it_is(path: Path, what: str) -> tuple[str, str]:
    """(what is wrong, the way out) of a file that is no archive."""
    said = f"{what} is neither a folder nor a zip archive"
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if format := format_of(head):
        return f"{said}, but one photo ({format.name})", "give the folder or zip that it lies in"
    if head.startswith(b"PK"):
        return said, "zip or download it again: it is damaged"
    return said, "give a folder or zip of photos; unpack archives of other kinds"


def _refuse_bombs(archive: zipfile.ZipFile, path: Path) -> None:
    """UserError for entries that lie upon one another, or that unpack to too much."""
    infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
    ends, before = 0, ""
    for info in infos:
        if info.header_offset < ends:
            raise UserError(
                f"{str(path)!r} is a zip bomb: {info.filename!r} lies upon {before!r} in it",
                fix="use another archive",
            )
        # The name in the local header may be another; it cannot be shorter than empty.
        ends, before = info.header_offset + LOCAL_HEADER_BYTES + info.compress_size, info.filename
    size = path.stat().st_size
    unpacked = sum(info.file_size for info in infos)
    if unpacked > max(MAX_UNPACKED_BYTES, MAX_RATIO * size):
        raise UserError(
            f"{str(path)!r} would unpack to {unpacked:,} bytes, more than {MAX_RATIO} times its "
            f"own {size:,}: it could be a decompression bomb",
            fix=AS_A_FOLDER,
        )
