"""Zip archives of other people, opened with a limit on what their list of files may cost."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ghostnet_tf.base.errors import UserError, reading

MAX_LIST_BYTES = 4_000_000  # of the list at an archive's end: tens of thousands of files
AGAIN = "download it again?"


@contextmanager
def opened(source: Path | bytes, what: str) -> Iterator[zipfile.ZipFile]:
    """The archive in a file or in memory; `what` names it in errors, as in "the archive 'a.zip'".

    UserError where it is none, or where its list of files is so long that reading it alone takes
    minutes. Members: `ghostnet_tf.base.files.read_member`.
    """
    raw: Any
    with reading(what, AGAIN):
        raw = io.BytesIO(source) if isinstance(source, bytes) else io.FileIO(source)
    with raw, _Limited(raw, what) as file:
        with reading(what, AGAIN):
            archive = zipfile.ZipFile(file)
        file.is_open = True
        with archive:
            yield archive


class _Limited(io.BufferedReader):
    """`zipfile` reads the list of files at once, as long as the archive says that it is."""

    def __init__(self, raw: Any, what: str):
        super().__init__(raw)
        self.what = what
        self.is_open = False  # from then on members are read, which have a limit of their own

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.is_open and (size or 0) > MAX_LIST_BYTES:
            raise UserError(f"{self.what} lists more files than {MAX_LIST_BYTES:,} bytes can name")
        return super().read(size)
