"""Files of one kind in a folder or a zip, read by position; class sub-folders label them."""

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from posixpath import basename, dirname
from typing import ClassVar, Generic, Self, TypeVar

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256, user_path
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.data.formats import suffix
from ghostnet_tf.data.names import unwritable
from ghostnet_tf.data.places import Place, place
from ghostnet_tf.data.skipped import Skips, refuse_too_many, say_count

LOOKED_AT = 20  # items, for one that can be read
Item = TypeVar("Item")


class Items(Generic[Item]):
    """Every item by its position, in the order of the names. Nothing is unpacked to disk.

    Files of other kinds are passed over. Those of formats that a person takes for this kind and
    nothing here can read, and those that turn out to be damaged, are noted in `skipped`, which
    several collections of one command share.
    """

    kind: ClassVar[str]  # of one, in a sentence: "photo"
    kinds: ClassVar[str]  # of several
    formats: ClassVar[str]  # that are read: "JPEG or PNG"
    suffixes: ClassVar[frozenset[str]]  # of the names of files that are of this kind
    unreadable: ClassVar[Mapping[str, str]]  # suffix -> what such a file is, and what to do
    colours: ClassVar[None] = None  # of the classes: nobody chooses those of folders

    def __init__(self, source: Place, skipped: Skips | None = None):
        self.source = source
        self.skipped = Skips() if skipped is None else skipped
        self.names = sorted(name for name in source.files if suffix(name) in self.suffixes)
        closed = self.unreadable
        others = {n: closed[s] for n in sorted(source.files) if (s := suffix(n)) in closed}
        for name, why in others.items():
            self._skip(name, f"{name!r} is {why}")
        if not self.names:
            some = f" that can be read, but {len(others)} others" if others else ""
            raise UserError(
                f"{source.title!r} holds no {self.kinds}{some}",
                fix=f"give a folder or zip of {self.formats}: {', '.join(sorted(self.suffixes))}",
            )

    @abstractmethod
    def decode(self, data: bytes, name: str) -> Item:
        """The item out of its file; one that cannot be read is named in the error."""

    @classmethod
    @abstractmethod
    def of_file(cls, path: str) -> Item:
        """The item in a file of its own; UserError where there is none."""

    @abstractmethod
    def is_one(self, data: bytes) -> bool:
        """Whether a file is of this kind, by its first bytes."""

    @classmethod
    def open(cls, path: str | Path, skipped: Skips | None = None) -> Self:
        return cls(place(path), skipped)

    @classmethod
    def given(
        cls,
        paths: Iterable[str],
        skipped: Skips,
        leave: Callable[[str], bool] = lambda name: False,
    ) -> Iterator[tuple[str, Item]]:
        """Name and item of each of `paths`, in order; a folder or zip stands for all in it, but
        for those that `leave` says to leave out by their names in there.

        What cannot be read is noted in `skipped`, a whole folder without items as one of them.
        """
        for path in paths:
            try:
                if not (user_path(path).is_dir() or suffix(path) == ".zip"):
                    yield path, cls.of_file(path)
                    continue
                found = cls.open(path, skipped)
            except UserError as error:
                skipped.note(path, str(error), error.fix)
                continue
            for i, name in enumerate(found.names):
                if not leave(name) and (item := found.readable(i)) is not None:
                    yield str(user_path(path) / name), item

    def __len__(self) -> int:
        return len(self.names)

    def subset(self, positions: np.ndarray) -> Self:
        """Those at these positions, in their order."""
        some = object.__new__(type(self))
        some.source, some.skipped = self.source, self.skipped
        some.names = [self.names[i] for i in positions]
        return some

    def evenly(self, n: int) -> np.ndarray:
        """The positions of `n` at even distances, or of all if there are fewer; (n,) int.

        The names are sorted by class, so every class has its share.
        """
        n = min(n, len(self))
        return np.arange(n) * len(self) // n

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, sorted; none where all lie side by side."""
        return self._labelling[0]

    @property
    def label_of(self) -> np.ndarray | None:
        """The position of each one's class in `classes`, (n,) int."""
        return self._labelling[1]

    @cached_property
    def _labelling(self) -> tuple[tuple[str, ...], np.ndarray | None]:
        names = self._class_names
        classes = tuple(sorted({*names} - {""}))
        position = {name: i for i, name in enumerate(classes)}
        return classes, np.array([position[name] for name in names]) if classes else None

    def read(self, index: int) -> Item:
        """What is at this position; one that cannot be read is named in the error."""
        name = self.names[index]
        return self.decode(self.source.read(name, self.kind), name)

    def digest(self, index: int) -> str:
        """SHA-256 of its file."""
        return sha256(self.source.read(self.names[index], self.kind))

    def readable(self, index: int) -> Item | None:
        """The same, or None for one that cannot be read, which is then skipped."""
        try:
            return self.read(index)
        except UserError as error:
            self.skip(index, str(error))
            return None

    def one_file(self) -> str | None:
        """The path of one that can be read, as a person would type it; None in an archive."""
        for i, name in enumerate(self.names[:LOOKED_AT]):
            path = self.source.path_of(name)
            if path and self.readable(i) is not None:
                return path
        return None

    def each(
        self, positions: Iterable[int], advance: Advance = silent
    ) -> Iterator[tuple[int, Item]]:
        """(position, item) of those that can be read; the others are skipped.

        UserError as soon as more than `skipped.MAX_SHARE` of them cannot. `advance` is told of
        each once the caller is done with it.
        """
        positions = [int(i) for i in positions]
        bad = 0
        try:
            for i in positions:
                try:
                    item = self.read(i)
                except UserError as error:
                    self.skip(i, str(error))
                    bad += 1
                    refuse_too_many(bad, len(positions), str(error), self.kinds)
                else:
                    yield i, item
                advance(1)
        finally:
            say_count(bad, len(positions), self.kinds)

    def digests(self) -> dict[str, str]:
        """Name -> SHA-256 of its file, of all that are of this kind by their first bytes."""
        found = {}
        for i, name in enumerate(self.names):
            try:
                data = self.source.read(name, self.kind)
            except UserError as error:
                self.skip(i, str(error))
            else:
                if self.is_one(data):
                    found[name] = sha256(data)
        return found

    def as_one(self) -> str:
        """One hash of what is in all of them, whatever they are called: see `of_all`."""
        return of_all(self.digests().values())

    def skip(self, index: int, why: str) -> None:
        """Leave one out; `why` is a sentence that names it."""
        self._skip(self.names[index], why)

    def _skip(self, name: str, why: str) -> None:
        title = self.source.title
        self.skipped.note(str(user_path(title) / name), f"{why} (in {title!r})")

    @cached_property
    def _class_names(self) -> list[str]:
        """The class of each, empty where there are none; folders are checked here, and no sooner:
        without need of labels everything may lie anywhere."""
        refuse_bad_folders(self.source, self.names, self._would_be_classes(), self.kind)
        return [basename(dirname(name)) for name in self.names]

    def _would_be_classes(self) -> list[str]:
        """Every folder, of which those as deep as the others must not be empty."""
        return self.source.folders


def refuse_bad_folders(
    source: Place, names: list[str], all_folders: Iterable[str], kind: str
) -> None:
    """UserError unless all items lie in folders of one depth that can name classes."""
    kinds, title, parents_of = f"{kind}s", source.title, [dirname(name) for name in names]
    path_of = {name: PurePosixPath(name) for name in {*parents_of}}
    parents = [path_of[name] for name in parents_of]
    depths = Counter(len(parent.parts) for parent in parents)
    if len(depths) > 1:
        (usual, _), (_, others) = depths.most_common()[0], depths.most_common()[-1]
        stray = next(n for n, p in zip(names, parents, strict=True) if len(p.parts) != usual)
        raise UserError(
            f"{others} {kinds} of {title!r} lie outside the class folders, such as {stray!r}",
            fix=f"put every {kind} directly into the folder of its class, or all into one",
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
    would_be = {PurePosixPath(name) for name in all_folders}
    if empty := sorted(f for f in would_be - folders if len(f.parts) == depth):
        raise UserError(
            f"class folder {str(empty[0])!r} of {title!r} holds no {kinds}",
            fix=f"remove it, or put its {kinds} in",
        )


def of_all(digests: Iterable[str]) -> str:
    """SHA-256 over those of single files, in no order: equal for the same files alone."""
    return sha256("\n".join(sorted({*digests})).encode())
