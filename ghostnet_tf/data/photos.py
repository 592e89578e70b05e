"""Photos in a folder or a zip, read by position; class sub-folders label them."""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath
from posixpath import basename, dirname
from typing import Self

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256, user_path
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.data.formats import NAMES, SUFFIXES, UNREADABLE, format_of, suffix
from ghostnet_tf.data.names import unwritable
from ghostnet_tf.data.photo import open_photo
from ghostnet_tf.data.places import Place, place
from ghostnet_tf.data.skipped import Skips, refuse_too_many, say_count

LOOKED_AT = 20  # photos, for one that can be read


class Photos:
    """Every photo by its position, in the order of the names. Nothing is unpacked to disk.

    Files that are no photos are passed over. Those of formats that a person takes for photos and
    nothing here can read, and those that turn out to be damaged, are noted in `skipped`, which
    several `Photos` of one command share.
    """

    def __init__(self, source: Place, skipped: Skips | None = None):
        self.source = source
        self.skipped = Skips() if skipped is None else skipped
        self.names = sorted(name for name in source.files if suffix(name) in SUFFIXES)
        others = {n: UNREADABLE[s] for n in sorted(source.files) if (s := suffix(n)) in UNREADABLE}
        for name, why in others.items():
            self._skip(name, f"{name!r} is {why}")
        if not self.names:
            some = f" that can be read, but {len(others)} others" if others else ""
            raise UserError(
                f"{source.title!r} holds no photos{some}",
                fix=f"give a folder or zip of {NAMES}: {', '.join(sorted(SUFFIXES))}",
            )

    @classmethod
    def open(cls, path: str | Path, skipped: Skips | None = None) -> Self:
        return cls(place(path), skipped)

    def __len__(self) -> int:
        return len(self.names)

    def subset(self, positions: np.ndarray) -> Self:
        """The photos at these positions, in their order."""
        some = object.__new__(type(self))
        some.source, some.skipped = self.source, self.skipped
        some.names = [self.names[i] for i in positions]
        return some

    def evenly(self, n: int) -> np.ndarray:
        """The positions of `n` photos at even distances, or of all if there are fewer; (n,) int.

        The names are sorted by class, so every class has its share.
        """
        n = min(n, len(self))
        return np.arange(n) * len(self) // n

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the class folders, sorted; none where the photos lie side by side."""
        return tuple(sorted({folder.name for folder in self._class_folders} - {""}))

    @cached_property
    def label_of(self) -> np.ndarray | None:
        """The position of each photo's class in `classes`, (n,) int."""
        if not self.classes:
            return None
        position = {name: i for i, name in enumerate(self.classes)}
        return np.array([position[basename(dirname(name))] for name in self.names])

    def read(self, index: int) -> Image.Image:
        """The photo, upright and in RGB; one that cannot be read is named in the error."""
        name = self.names[index]
        return open_photo(self.source.read(name), name)

    def readable(self, index: int) -> Image.Image | None:
        """The photo, or None for one that cannot be read, which is then skipped."""
        try:
            return self.read(index)
        except UserError as error:
            self.skip(index, str(error))
            return None

    def one_file(self) -> str | None:
        """The path of a photo that can be read, as a person would type it; None in an archive."""
        for i, name in enumerate(self.names[:LOOKED_AT]):
            path = self.source.path_of(name)
            if path and self.readable(i) is not None:
                return path
        return None

    def each(
        self, positions: Iterable[int], advance: Advance = silent
    ) -> Iterator[tuple[int, Image.Image]]:
        """(position, photo) of those that can be read; the others are skipped.

        UserError as soon as more than `skipped.MAX_SHARE` of them cannot. `advance` is told of
        each once the caller is done with it.
        """
        positions = [int(i) for i in positions]
        bad = 0
        try:
            for i in positions:
                try:
                    photo = self.read(i)
                except UserError as error:
                    self.skip(i, str(error))
                    bad += 1
                    refuse_too_many(bad, len(positions), str(error))
                else:
                    yield i, photo
                advance(1)
        finally:
            say_count(bad, len(positions))

    def digests(self) -> dict[str, str]:
        """Name -> SHA-256 of its file, of all that are photos by their first bytes."""
        found = {}
        for i, name in enumerate(self.names):
            try:
                data = self.source.read(name)
            except UserError as error:
                self.skip(i, str(error))
            else:
                if format_of(data):
                    found[name] = sha256(data)
        return found

    def as_one(self) -> str:
        """One hash of what is in all of them, whatever they are called: see `of_all`."""
        return of_all(self.digests().values())

    def skip(self, index: int, why: str) -> None:
        """Leave a photo out; `why` is a sentence that names it."""
        self._skip(self.names[index], why)

    def _skip(self, name: str, why: str) -> None:
        title = self.source.title
        self.skipped.note(str(user_path(title) / name), f"{why} (in {title!r})")

    @cached_property
    def _class_folders(self) -> set[PurePosixPath]:
        """Checked when labels are first asked for: photos without need of them may lie anywhere."""
        title, names = self.source.title, [dirname(name) for name in self.names]
        path_of = {name: PurePosixPath(name) for name in {*names}}
        parents = [path_of[name] for name in names]
        depths = Counter(len(parent.parts) for parent in parents)
        if len(depths) > 1:
            (usual, _), (_, others) = depths.most_common()[0], depths.most_common()[-1]
            stray = next(
                n for n, p in zip(self.names, parents, strict=True) if len(p.parts) != usual
            )
            raise UserError(
                f"{others} photos of {title!r} lie outside the class folders, such as {stray!r}",
                fix="put every photo directly into the folder of its class, or all into one",
            )
        (depth,) = depths
        folders = set(parents)
        for folder in sorted(folders):
            if folder.name and (why := unwritable(folder.name)):
                raise UserError(
                    f"class folder {str(folder)!r} of {title!r} cannot name a class: {why}",
                    fix="rename it",
                )
        first: dict[str, PurePosixPath] = {}
        for folder in sorted(folders):
            if first.setdefault(folder.name, folder) != folder:
                both = f"in {str(first[folder.name])!r} and in {str(folder)!r}"
                raise UserError(
                    f"class {folder.name!r} of {title!r} stands twice: {both}",
                    fix="give the folder that directly holds the class folders",
                )
        would_be = {PurePosixPath(name) for name in self.source.folders}
        if empty := sorted(f for f in would_be - folders if len(f.parts) == depth):
            raise UserError(
                f"class folder {str(empty[0])!r} of {title!r} holds no photos",
                fix="remove it, or put its photos in",
            )
        return folders


def of_all(digests: Iterable[str]) -> str:
    """SHA-256 over those of single photos, in no order: equal for the same photos alone."""
    return sha256("\n".join(sorted({*digests})).encode())
