"""Zip archives of other people, opened with a limit on what their list of files may cost.

`zipfile` reads that list at once, however long it says that it is: a small archive takes minutes
and gigabytes. So it is measured first.
"""

import io
import zipfile
from pathlib import Path
from typing import Any

from ghostnet_tf.base.errors import UserError, reading

MAX_FILES = 200_000  # Tiny ImageNet has 120,000 photos
MAX_LIST_BYTES = 4_000_000  # of the list at an archive's end: tens of thousands of short names
ENTRY = b"PK\1\2"  # begins each file's entry in the list (APPNOTE.TXT 4.3.12)
AGAIN = "download it again?"


def opened(
    source: Path | bytes, what: str, fix: str = AGAIN, max_list_bytes: int = MAX_LIST_BYTES
) -> zipfile.ZipFile:
    """The archive in a file or in memory; `what` names it in errors, as in "the archive 'a.zip'".

    UserError where it is none, or where its list of files is longer than these limits; `fix` is the
    way out of that. Members: `ghostnet_tf.base.files.read_member`.
    """
    return _Archive(source, what, fix, max_list_bytes)


class _Measured(io.BufferedReader):
    """A file whose reader asks for the whole list of an archive in one piece, wherever that is."""

    what, fix, max_bytes = "", "", 0
    is_measured = False  # from then on members are read, which have a limit of their own

    def read(self, size: int | None = -1, /) -> bytes:
        if self.is_measured:
            return super().read(size)
        if size is not None and size > self.max_bytes:
            said = f"{self.what} has a list of {size:,} bytes; {self.max_bytes:,} are read"
            raise UserError(said, fix=self.fix)
        data = super().read(size)
        if (n_files := data.count(ENTRY)) > MAX_FILES:
            raise UserError(
                f"{self.what} lists {n_files:,} files; {MAX_FILES:,} are read", self.fix
            )
        return data


class _Archive(zipfile.ZipFile):
    """Closes its file with itself, as `zipfile` does with one that it has opened.

    The file is made after the archive, so that of an archive that nobody closed it is the archive
    which the garbage collector meets first.
    """

    def __init__(self, source: Path | bytes, what: str, fix: str, max_list_bytes: int):
        raw: Any
        with reading(what, AGAIN):
            raw = io.BytesIO(source) if isinstance(source, bytes) else io.FileIO(source)
        self._file = _Measured(raw)
        self._file.what, self._file.fix, self._file.max_bytes = what, fix, max_list_bytes
        try:
            with reading(what, AGAIN):
                super().__init__(self._file)
        except BaseException:
            self._file.close()
            raise
        self._file.is_measured = True

    def close(self) -> None:
        super().close()
        if hasattr(self, "_file"):  # not where there is no such file
            self._file.close()
