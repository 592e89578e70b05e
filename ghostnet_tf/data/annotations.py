"""What files say of where things are on photos, before anybody has looked whether it can be so.

Each format has a reader of its own (`voc.py`, `coco.py`, `yolo.py`), and all of them give this.
"""

import posixpath
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.schema import short
from ghostnet_tf.data.names import same, unwritable

MAX_CLASSES = 10_000  # LVIS has 1,203; beyond it something else was taken for a class
LONGEST = 1000  # letters of a class's name
PARTS = 4  # of a photo's path, from its end, by which it is known
MAX_ALIKE = 1000  # photos of one name among which the nearest is looked for
SHOWN = 20  # splits in an error
# Folders that hold one kind of file.
KINDS = {
    "images", "jpegimages", "imgs", "annotations", "labels", "xml", "xmls",
    "masks", "mask", "segmentationclass",
}  # fmt: skip
# What people call the folders and lists of a split, with a year after it or without.
SPLITS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test", "trainval": "trainval",
}  # fmt: skip


@dataclass(frozen=True)
class Written:
    """One box as a file has it."""

    label: str | int  # a class's name, or its position in the list of names
    corners: tuple[float, ...]  # x1 y1 x2 y2 as shares of the photo, wherever they lie
    where: str  # "line 12, box 3"
    said: str  # the numbers as they stand there
    fault: str = ""  # why it is no box at all


@dataclass(frozen=True)
class Annotation:
    """All that is said of one photo."""

    file: str  # of the annotation, in the place; "" for a photo of which nothing is said
    photo: str  # in the place; "" where it is not there
    size: tuple[int, int] | None = None  # width, height in pixels, as said
    boxes: tuple[Written, ...] = ()
    fault: str = ""  # why nothing of it can be used


@dataclass(frozen=True)
class Told:
    """What is said of the photos of one split, or of all."""

    annotations: tuple[Annotation, ...]
    notes: tuple[str, ...] = ()  # what was passed over on purpose


@dataclass(frozen=True)
class Annotations:
    """All that is said in one place, whose files have been read."""

    format: str  # as people call it
    classes: tuple[str, ...]
    order: str  # by what the classes have it
    splits: tuple[str, ...]
    of: Callable[[str | None], Told]  # of one of these splits; None: of all photos


def split_of(name: str) -> str:
    """train, val or test, as a folder, list or file is called; "" for any other name."""
    name = name.lower().removeprefix("instances_")  # COCO's files
    return SPLITS.get(re.sub(r"[-_]?(19|20)\d\d$", "", name), "")


def split_of_folders(name: str) -> str:
    """The split that a file lies in, by the folders above it; "" where none is called so."""
    above = posixpath.dirname(name).split("/")
    return next((found for part in reversed(above) if (found := split_of(part))), "")


def refuse_unknown(split: str | None, splits: Iterable[str], title: str) -> None:
    """UserError for a split that is not there, which lists those that are."""
    known = sorted(splits)
    if split is not None and split not in known:
        raise UserError(
            f"{title!r} has no split {split!r}",
            fix=f"it has {', '.join(known[:SHOWN])}"
            if known
            else "it is not split: leave that out",
        )


def class_names(names: Iterable[str], file: str) -> tuple[str, ...]:
    """Names of classes that `file` gives, in one spelling; UserError where they cannot be names."""
    found = tuple(same(name.strip()) for name in names)
    if len(found) > MAX_CLASSES:
        raise UserError(f"{file!r} has {len(found):,} classes; {MAX_CLASSES:,} are read")
    first: dict[str, int] = {}
    for i, name in enumerate(found):
        if why := f"it has {len(name):,} letters" * (len(name) > LONGEST) or unwritable(name):
            raise UserError(f"class {i} of {file!r} cannot be called {short(name)!r}: {why}")
        if first.setdefault(name, i) != i:
            raise UserError(
                f"class {name!r} stands twice in {file!r}: {first[name]} and {i}",
                fix="give every class a name of its own",
            )
    return found


class PhotoFinder:
    """Which photo of a place a file means, that knows it by a name, or by a part of its path."""

    def __init__(self, names: Iterable[str]):
        self.names = frozenset(names)
        self._by_end: dict[str, list[str]] = defaultdict(list)  # of up to `PARTS` parts
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        self._beside: dict[str, list[str]] = defaultdict(list)  # of a stem, in folders of a split
        for name in sorted(self.names):
            parts = name.split("/")
            for n in range(1, min(len(parts), PARTS) + 1):
                self._by_end["/".join(parts[-n:])].append(name)
            stem = posixpath.splitext(parts[-1])[0]
            self._by_stem[stem].append(name)
            self._beside[_place_of(stem, name)].append(name)

    def named(self, said: str, near: str) -> str:
        """The photo that `near`, a file of the same place, calls `said`; "" where there is none."""
        whole = same(said).replace("\\", "/")
        parts = [part for part in whole.split("/") if part not in ("", ".", "..")]
        if (found := "/".join(parts)) in self.names:
            return found
        for n in range(min(len(parts), PARTS), 0, -1):  # the whole path, and then ever less of it
            if found := self._by_end.get("/".join(parts[-n:])):
                return nearest(found, near)
        return ""

    def of_stem(self, stem: str, near: str) -> str:
        """The photo whose name without its ending is `stem`."""
        beside = self._beside.get(_place_of(stem, near), [])
        return beside[0] if len(beside) == 1 else nearest(self._by_stem.get(stem, []), near)


def _place_of(stem: str, file: str) -> str:
    """Where a file is, but for the folders that tell photos from what is said of them."""
    folders = file.lower().split("/")[:-1]
    kept = [part.removesuffix("annot") for part in folders if part not in KINDS]
    return "/".join([*kept, stem])


def nearest(found: list[str], near: str) -> str:
    """The one of these names that shares most folders with `near`; "" of none.

    UserError where that leaves a doubt.
    """
    if len(found) < 2:
        return found[0] if found else ""
    if len(found) > MAX_ALIKE:
        raise UserError(f"it may mean {found[0]!r} or {len(found) - 1} others")
    shared = [_shared(name, near) for name in found]
    most = max(shared)
    best = [name for name, n in zip(found, shared, strict=True) if n == most]
    if len(best) > 1:
        raise UserError(f"it may mean {best[0]!r} or {best[1]!r}")
    return best[0]


def _shared(a: str, b: str) -> tuple[int, bool]:
    """How many folders two files share, from the top and from the bottom; and the same split?"""
    ours, theirs = a.split("/")[:-1], b.split("/")[:-1]
    of = split_of_folders(b) or split_of(posixpath.splitext(posixpath.basename(b))[0])
    n = _alike(ours, theirs) + _alike(ours[::-1], theirs[::-1])
    return n, bool(of) and split_of_folders(a) == of


def _alike(a: list[str], b: list[str]) -> int:
    """How many of the first are equal."""
    n = 0
    while n < min(len(a), len(b)) and a[n] == b[n]:
        n += 1
    return n
