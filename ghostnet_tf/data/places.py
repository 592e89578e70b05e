"""Where photos lie: a folder or a zip, walked once, each file under the name shown for it."""

import os
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Protocol

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import read_member, user_path
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.annotations import split_of
from ghostnet_tf.data.names import of_file
from ghostnet_tf.data.photo import MAX_FILE_BYTES, read_file
from ghostnet_tf.data.zip_bombs import open_archive
from ghostnet_tf.data.zip_names import names_in

OUTSIDE = re.compile(r"/|[A-Za-z]:/")  # how a name in an archive begins that leads out of it
TRAIN = "train.zip"
MAX_FOLDERS = 100_000  # links to folders that hold such links could go on for ever
# What other systems leave among photos: beside those that begin with a dot.
NOT_OURS = {"__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information"}


class Place(Protocol):
    title: str
    files: list[str]  # relative, with forward slashes, in NFC; nothing hidden
    folders: list[str]

    def read(self, name: str, kind: str = "photo") -> bytes: ...

    def path_of(self, name: str) -> str | None: ...


def place(path: str | Path) -> "Folder | Zips | Zip":
    """The folder or zip at `path`; UserError where there is neither.

    A folder without folders that has a train.zip stands for what is in its zips.
    """
    path = user_path(path)
    if path.is_dir():
        folder = Folder(path)
        zips = [name for name in folder.files if split_of(name.removesuffix(".zip"))]
        return Zips(folder, zips) if TRAIN in zips and not folder.folders else folder
    if path.is_file():
        return Zip(path)
    raise UserError(f"there is no folder or zip {str(path)!r}", fix="check the path")


class Folder:
    """A folder with all below it; links to other folders are followed, but never in a circle."""

    def __init__(self, root: Path):
        self.title = str(root)
        self.folders: list[str] = []
        self._paths: dict[str, str] = {}  # by the names that are shown
        # Of each folder that is still to be looked into: how it is shown, what it was come to by.
        ahead = {os.fspath(root): ("", {os.path.realpath(root)})}
        for here, subfolders, files in os.walk(root, onerror=_raise, followlinks=True):
            above, way = ahead.pop(here)
            for name in subfolders.copy():
                path, real = os.path.join(here, name), os.path.realpath(os.path.join(here, name))
                if not _is_visible(name) or real in way:
                    subfolders.remove(name)
                    continue
                self.folders.append(above + of_file(name))
                ahead[path] = (f"{self.folders[-1]}/", way | {real})
            if len(self.folders) > MAX_FOLDERS:
                raise UserError(
                    f"{self.title!r} holds more than {MAX_FOLDERS:,} folders",
                    fix="give the folder that holds the photos; do links lead round in it?",
                )
            for name in filter(_is_visible, files):
                as_text = above + of_file(name)
                if as_text in self._paths:
                    raise _twice(self.title, as_text)
                self._paths[as_text] = os.path.join(here, name)
        self.files = [*self._paths]

    def read(self, name: str, kind: str = "photo") -> bytes:
        return read_file(self._paths[name], name, kind)

    def path_of(self, name: str) -> str:
        return self._paths[name]


class Zips:
    """A folder with a zip a split: train.zip is as a folder called train would be."""

    def __init__(self, folder: Folder, zips: list[str]):
        self.title = folder.title
        self._folder = folder
        self._zips = {name.removesuffix(".zip"): Zip(user_path(self.title) / name) for name in zips}
        beside = [name for name in folder.files if name not in zips]
        parts = self._zips.items()
        self.files = [*beside, *(f"{of}/{name}" for of, zip in parts for name in zip.files)]
        self.folders = [f"{of}/{name}" for of, zip in parts for name in zip.folders]

    def read(self, name: str, kind: str = "photo") -> bytes:
        split, _, inside = name.partition("/")
        if inside:
            return self._zips[split].read(inside, kind)
        return self._folder.read(name, kind)

    def path_of(self, name: str) -> str | None:
        return None if "/" in name else self._folder.path_of(name)


class Zip:
    """A zip archive, read where it lies: nothing is unpacked to the disk."""

    def __init__(self, path: Path):
        self.title = str(path)
        self.archive = open_archive(path)
        self._stored: dict[str, str] = {}  # shown name -> as the archive has it
        try:
            folders = self._list()
        except UserError:
            self.archive.close()
            raise
        self.files, self.folders = [*self._stored], sorted(folders)

    def _list(self) -> set[str]:
        """The folders of the archive; its files go into `_stored`."""
        folders: set[str] = set()
        shown_as, guessed = names_in(self.archive)
        if guessed:
            self._say_guess(shown_as.values(), guessed)
        for stored in dict.fromkeys(self.archive.namelist()):  # of two files of a name the last
            name = shown_as[stored]
            parts = PurePosixPath(name).parts
            if OUTSIDE.match(name) or ".." in parts:
                raise UserError(f"{self.title!r} names a file outside of itself: {name!r}")
            if not parts or not all(map(_is_visible, parts)):
                continue
            whole = PurePosixPath(name)
            folders |= {str(parent) for parent in whole.parents}
            if name.endswith("/"):
                folders.add(str(whole))
            elif str(whole) in self._stored:
                raise _twice(self.title, str(whole))
            else:
                self._stored[str(whole)] = stored
        return folders

    def read(self, name: str, kind: str = "photo") -> bytes:
        return read_member(self.archive, self._stored[name], MAX_FILE_BYTES)

    def path_of(self, name: str) -> None:
        """Nothing of an archive has a path."""

    def _say_guess(self, names: Iterable[str], encoding: str) -> None:
        some = next(name for name in names if not name.isascii())
        note(
            f"note: {self.title!r} does not say how its names are written; taken for "
            f"{encoding}, such as {some!r}. Zipped anew by a program that writes UTF-8, "
            "it would"
        )


def _is_visible(name: str) -> bool:
    return not name.startswith(".") and name not in NOT_OURS


def _twice(title: str, name: str) -> UserError:
    return UserError(
        f"{title!r} holds two files that are both called {name!r}: their names differ only in how "
        "an accent or a slash is written",
        fix="rename one of them",
    )


def _raise(error: OSError) -> None:
    raise UserError(f"folder {error.filename!r} cannot be read: {error.strerror}") from None
