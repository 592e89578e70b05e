"""Photos with the boxes of what is on them, in a folder or a zip, whatever wrote them down."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Self

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.schema import short
from ghostnet_tf.data import coco, voc, yolo
from ghostnet_tf.data.annotations import (
    Annotation,
    Annotations,
    PhotoFinder,
    Told,
    refuse_unknown,
)
from ghostnet_tf.data.box_check import Fault, checked
from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.formats import suffix
from ghostnet_tf.data.names import same
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.places import Place, place
from ghostnet_tf.data.skipped import Skips, refuse_too_many, say_count

READERS: tuple[ModuleType, ...] = (voc, coco, yolo)
FORMATS = "Pascal VOC (XML), COCO (JSON) or YOLO (text with its yaml)"
SHOWN = 10  # names of classes in an error
SAME_SHAPE = 0.02  # how far width by height may be from what the annotation says


class BoxedPhotos:
    """Every photo by its position, in the order of the names, with its boxes.

    What cannot be used (an annotation, or one box of it) is noted in `skipped`, with file, line
    and box. UserError where that is more than half.
    """

    def __init__(self, photos: Photos, skipped: Skips, split: str | None, all_: Annotations):
        self.source, self.skipped, self.split = photos.source, skipped, split
        self._photos = photos
        self.format, self.classes, self.order = all_.format, all_.classes, all_.order
        told = all_.of(split)
        self.splits, self.notes = all_.splits, told.notes
        self._said: dict[str, tuple[Annotation, Boxes]] = {}
        self.left_out = Counter[str]()  # of "annotations" and "boxes", how many cannot be used
        self.asked = Counter[str]()  # and how many there are
        self._use(told)
        if not self.classes:
            raise UserError(
                f"no annotation of {photos.source.title!r} names a class",
                fix="draw a box or two first",
            )
        self.names = sorted(self._said)

    @classmethod
    def open(cls, where: str | Path | Place, skipped: Skips, split: str | None = None) -> Self:
        """The photos of a split that the place tells apart, or all of them."""
        (made,) = cls.parts(where, skipped, lambda _: [split])
        return made

    @classmethod
    def parts(
        cls,
        where: str | Path | Place,
        skipped: Skips,
        chosen: Callable[[tuple[str, ...]], Sequence[str | None]],
    ) -> list[Self]:
        """Those splits that `chosen` takes of the ones that are there; None: all photos as one.

        Files are read once, and what was left out of all of them is counted once.
        """
        source = place(where) if isinstance(where, str | Path) else where
        photos = Photos(source, skipped)
        told = _reader(source).read(source, PhotoFinder(photos.names))
        wanted = chosen(told.splits)
        for split in wanted:
            refuse_unknown(split, told.splits, source.title)
        made = [cls(photos, skipped, split, told) for split in wanted]
        for items in ("annotations", "boxes"):
            bad = sum(one.left_out[items] for one in made)
            say_count(bad, sum(one.asked[items] for one in made), items)
        return made

    def __len__(self) -> int:
        return len(self.names)

    def boxes(self, index: int) -> Boxes:
        return self._said[self.names[index]][1]

    def readable(self, index: int) -> Image.Image | None:
        """The photo, upright and in RGB, or None for one that cannot be used and is skipped."""
        name = self.names[index]
        photo = self._photos.readable(self._position[name])
        size = self._said[name][0].size
        if photo is None or size is None:
            return photo
        said, is_ = size[0] / size[1], photo.width / photo.height
        # A pixel more or less is rounding, in whatever resized it.
        rounding = 1 / min(*size, *photo.size)
        if abs(said / is_ - 1) > SAME_SHAPE + rounding:
            self._skip(
                name,
                f"photo {name!r} is of {photo.width} x {photo.height} pixels, and its annotation "
                f"{self._said[name][0].file!r} says {size[0]} x {size[1]}: turned after it was "
                "annotated?",
            )
            return None
        return photo

    def subset(self, positions: np.ndarray) -> Self:
        """The photos at these positions, in their order."""
        some = object.__new__(type(self))
        some.__dict__ |= self.__dict__
        some.names = [self.names[i] for i in positions]
        return some

    def ordered_as(self, classes: Sequence[str], of: str) -> Self:
        """The same, with the classes in the order of a network's, or of whatever else `of` names.

        UserError for a box whose class is none of these.
        """
        position = {same(name): i for i, name in enumerate(classes)}
        for name, n in self.counts().items():
            if n and name not in position:
                raise UserError(
                    f"{n} boxes of {self.source.title!r} are of class {name!r}, and {of} knows "
                    f"{', '.join(map(short, classes[:SHOWN]))}{', ...' * (len(classes) > SHOWN)}",
                    fix="give photos of the same classes; do their names differ?",
                )
        becomes = np.array([position.get(name, -1) for name in self.classes], np.int64)
        other = self.subset(np.arange(len(self)))
        other.classes, other.order = tuple(classes), f"as in {of}"
        other._said = {
            name: (one, Boxes(boxes.corners, becomes[boxes.classes]))
            for name, (one, boxes) in self._said.items()
        }
        return other

    def counts(self) -> dict[str, int]:
        """Class -> how many boxes are of it."""
        of = np.zeros(len(self.classes), int)
        for i in range(len(self)):
            of += np.bincount(self.boxes(i).classes, minlength=len(self.classes))
        return {name: int(n) for name, n in zip(self.classes, of, strict=True)}

    def said(self) -> Iterator[str]:
        """What was found, a line each, to be looked at before training starts."""
        empty = sum(not len(self.boxes(i)) for i in range(len(self)))
        of = f" of split {self.split!r}" if self.split else ""
        yield (
            f"{len(self)} photos{of} with annotations of {self.format}, {empty} of them without a "
            "box"
        )
        counts = ", ".join(f"{i} {name} ({n})" for i, (name, n) in enumerate(self.counts().items()))
        yield f"classes, {self.order}: {counts}"
        yield from self.notes

    def _use(self, told: Told) -> None:
        """Keep what can be used; name, count and leave out all else."""
        position = {name: i for i, name in enumerate(self.classes)}
        bad, bad_boxes, n_boxes, last = 0, 0, 0, ""
        for one in told.annotations:
            fault = one.fault
            if not fault and one.photo in self._said:
                other = self._said[one.photo][0].file
                fault = f"photo {one.photo!r} is annotated twice, in {other!r} and {one.file!r}"
            if fault:
                self._skip(one.file, fault)
                bad, last = bad + 1, fault
                continue
            boxes, faults = checked(one, position)
            for wrong in faults:
                last = self._skip_box(one, wrong)
            bad_boxes, n_boxes = bad_boxes + len(faults), n_boxes + len(one.boxes)
            self._said[one.photo] = one, boxes
        n = len(told.annotations)
        refuse_too_many(bad, n, last, "annotations")
        refuse_too_many(bad_boxes, n_boxes, last, "boxes")
        self.left_out.update(annotations=bad, boxes=bad_boxes)
        self.asked.update(annotations=n, boxes=n_boxes)
        if not self._said:
            raise UserError(f"{self.source.title!r} holds no annotated photo", fix=_FIX)
        self._position = {name: i for i, name in enumerate(self._photos.names)}

    def _skip(self, name: str, why: str) -> None:
        title = self.source.title
        self.skipped.note(str(user_path(title) / name), f"{why} (in {title!r})")

    def _skip_box(self, one: Annotation, wrong: Fault) -> str:
        why = f"{wrong.where} of {one.file!r} is left out: {wrong.why}"
        self._skip(f"{one.file}: {wrong.where}", why)
        return why


_FIX = f"give a folder or zip of photos and annotations: {FORMATS}"


def _reader(source: Place) -> ModuleType:
    """The one reader whose files are here."""
    here = [reader for reader in READERS if reader.is_here(source)]
    if not here and any(suffix(name) == ".json" for name in source.files):
        here = [coco]  # which says what it lacks
    if not here:
        raise UserError(f"{source.title!r} holds photos, but no annotations of them", fix=_FIX)
    if len(here) > 1:
        both = " and ".join(reader.NAME for reader in here)
        raise UserError(
            f"{source.title!r} holds annotations of {both}, which need not say the same",
            fix="give a folder or zip with those of one format",
        )
    return here[0]
