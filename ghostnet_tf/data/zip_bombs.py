"""A zip that a stranger packed, opened: what would take hours or fill the memory is refused first.

`zipfile` believes an archive's own list of its files, whatever is in it. So the list is measured
before it is read, and compared with the file when it is: entries that lie upon one another are how
a small file becomes a large one without end (Fifield, A better zip bomb, 2019).
"""

import io
import zipfile
from pathlib import Path

from ghostnet_tf.base.errors import UserError, reading

MAX_ENTRIES = 200_000  # Tiny ImageNet has 120,000
MAX_LIST_BYTES = 64 << 20  # of all names, with what stands beside them
ENTRY = b"PK\1\2"  # begins each entry of the list (APPNOTE.TXT 4.3.12)
LOCAL_HEADER_BYTES = 30  # and the name, before an entry's content (4.3.7)
# Photos do not shrink by much; pictures of one colour do, and a few of those are no bomb.
MAX_UNPACKED_BYTES, MAX_RATIO = 2_000_000_000, 100
AS_A_FOLDER = "unpack it where you trust it, and give the folder"


def open_archive(path: Path) -> zipfile.ZipFile:
    """The archive at `path`; UserError, within seconds, for what is none or would be too much."""
    what = repr(str(path))
    with reading(what, fix="download it again?"):
        try:
            archive = _Archive(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            raise UserError(
                f"{what} is neither a folder nor a zip archive", fix="download it again?"
            ) from None
    archive.measured.is_measured = True
    _refuse_bombs(archive, path)
    return archive


class _Archive(zipfile.ZipFile):
    """Closes its file with itself, as `zipfile` does with one that it has opened."""

    def __init__(self, path: Path):
        self.measured = _Measured(path)
        super().__init__(self.measured)

    def close(self) -> None:
        super().close()
        self.measured.close()


class _Measured(io.FileIO):
    """A file whose reader asks for the whole list of an archive in one piece, wherever that is."""

    is_measured = False

    def read(self, size: int | None = -1, /) -> bytes:
        if self.is_measured:
            return super().read(size)
        if size is not None and size > MAX_LIST_BYTES:
            raise UserError(
                f"{str(self.name)!r} has a list of {size:,} bytes; {MAX_LIST_BYTES:,} are read",
                fix=AS_A_FOLDER,
            )
        data = super().read(size)
        if (entries := data.count(ENTRY)) > MAX_ENTRIES:
            raise UserError(
                f"{str(self.name)!r} lists {entries:,} files; {MAX_ENTRIES:,} are read",
                fix=AS_A_FOLDER,
            )
        return data


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
