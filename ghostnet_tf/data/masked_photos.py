"""Photos with masks of what every pixel is of, in a folder or a zip, paired by their names."""

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.data.annotations import PhotoFinder, refuse_unknown, split_of_folders
from ghostnet_tf.data.formats import stem, suffix
from ghostnet_tf.data.label_file import lines_of
from ghostnet_tf.data.masks import MaskClasses
from ghostnet_tf.data.photo import open_numbers
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.places import Place, place
from ghostnet_tf.data.skipped import Skips, refuse_too_many, say_count
from ghostnet_tf.data.voc import split_lists

FOLDERS = {"masks", "mask", "labels", "annotations", "segmentationclass"}  # of masks, in any case
SEGNETS = "annot"  # how folders of masks end in SegNet's CamVid: trainannot beside train
ENDS = ("", "_mask", "_L")  # what a mask's name has beyond its photo's
CLASS_FILES = ("classes.txt", "classes.tsv", "labels.txt")
LISTS = ("ImageSets/Segmentation",)
FIX = "put masks/NAME.png beside images/NAME.jpg"


class MaskedPhotos:
    """Every photo that has a mask, by its position, in the order of the names.

    A photo without a mask, and what turns out not to be readable, is noted in `skipped`. UserError
    where that is more than half.
    """

    def __init__(
        self,
        source: Place,
        skipped: Skips,
        split: str | None = None,
        classes: MaskClasses | None = None,
        ignored: tuple[int, ...] = (),
    ):
        self.source, self.skipped, self.split = source, skipped, split
        masks = {name for name in source.files if is_mask(name)}
        if not masks:
            raise UserError(f"{source.title!r} holds no masks", fix=FIX)
        self._photos = Photos(source, skipped)
        photos = [name for name in self._photos.names if name not in masks]
        self._position = {name: i for i, name in enumerate(self._photos.names)}
        lists = split_lists(source, LISTS)
        by_folder = {found for name in photos if (found := split_of_folders(_split_name(name)))}
        self.splits = tuple(sorted(lists or by_folder))
        refuse_unknown(split, self.splits, source.title)
        if lists:
            asked = [split] if split is not None else [*lists]
            stems = {told for one in asked for told, _ in lists[one]}
            photos = [name for name in photos if stem(name) in stems]
        elif split is not None:
            photos = [n for n in photos if split_of_folders(_split_name(n)) == split]
        self._mask_of = self._paired(photos, PhotoFinder(masks))
        self.names = sorted(self._mask_of)
        found, self.order = (classes, "as given") if classes else _classes_in(source)
        if found is None:
            found, self.order = self._seen(masks, ignored), "as the masks have numbers"
        self._set = found.ignoring(ignored)

    @classmethod
    def open(
        cls,
        path: str | Path,
        skipped: Skips,
        split: str | None = None,
        classes: MaskClasses | None = None,
        ignored: tuple[int, ...] = (),
    ) -> Self:
        """The photos of a split that the place tells apart, or all of them.

        `classes`: else those of a class file that lies there, else of the numbers in its masks.
        `ignored`: numbers that are no class, beside 255.
        """
        return cls(place(path), skipped, split, classes, ignored)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def mask_classes(self) -> MaskClasses:
        return self._set

    @property
    def classes(self) -> tuple[str, ...]:
        return self._set.names

    @property
    def colours(self) -> tuple[tuple[int, int, int], ...]:
        return self._set.colours

    def readable(self, index: int) -> tuple[Image.Image, np.ndarray] | None:
        """The photo and its mask, (H, W) uint8 with 255 for no class; None where one is skipped."""
        name = self.names[index]
        photo = self._photos.readable(self._position[name])
        if photo is None:
            return None
        of = self._mask_of[name]
        try:
            mask = self._set.mask(self.source.read(of, "mask"), of)
            if mask.shape != (photo.height, photo.width):
                raise UserError(
                    f"mask {of!r} is of {mask.shape[1]} x {mask.shape[0]} pixels, and its photo "
                    f"{name!r} of {photo.width} x {photo.height}"
                )
        except UserError as error:
            self._skip(of, str(error))
            return None
        return photo, mask

    def subset(self, positions: np.ndarray) -> Self:
        """The photos at these positions, in their order."""
        some = object.__new__(type(self))
        some.__dict__ |= self.__dict__
        some.names = [self.names[i] for i in positions]
        return some

    def said(self) -> Iterator[str]:
        """What was found, a line each, to be looked at before training starts."""
        of = f" of split {self.split!r}" if self.split else ""
        yield f"{len(self)} photos{of} with masks"
        yield f"classes, {self.order}: {', '.join(f'{i} {n}' for i, n in enumerate(self.classes))}"
        yield f"of no class: {', '.join(map(str, sorted(self._set.ignored)))}"

    def _paired(self, photos: list[str], masks: PhotoFinder) -> dict[str, str]:
        """Photo -> its mask."""
        found, bad, why = {}, 0, ""
        for photo in photos:
            own = stem(photo)
            try:
                mask = next((m for end in ENDS if (m := masks.of_stem(own + end, photo))), "")
                why_not = "" if mask else f"photo {photo!r} has no mask"
            except UserError as error:
                mask, why_not = "", f"the mask of photo {photo!r} is in doubt: {error}"
            if mask:
                found[photo] = mask
            else:
                self._skip(photo, why_not)
                bad, why = bad + 1, why_not
        refuse_too_many(bad, len(photos), why)
        say_count(bad, len(photos))
        if not found:
            raise UserError(f"{self.source.title!r} holds masks, but no photo to one", fix=FIX)
        return found

    def _seen(self, masks: set[str], ignored: tuple[int, ...]) -> MaskClasses:
        """As many classes as there are numbers in the masks of all splits, called by them."""
        largest, bad = -1, 0
        for name in sorted(masks):
            try:
                numbers = open_numbers(self.source.read(name, "mask"), name)
            except UserError as error:
                self._skip(name, str(error))
                bad += 1
                refuse_too_many(bad, len(masks), str(error), "masks")
                continue
            there = np.flatnonzero(np.bincount(numbers.ravel(), minlength=256)).tolist()
            numbers_of_classes = {*there} - {255, *ignored}
            largest = max(largest, *numbers_of_classes, -1)
        if not 0 <= largest < 255:
            raise UserError(
                f"the masks of {self.source.title!r} have "
                + (f"a number {largest}" if largest > 0 else "no number but 255"),
                fix="classes are numbered from 0 on; name them in classes.txt",
            )
        return MaskClasses.of([str(i) for i in range(largest + 1)])

    def _skip(self, name: str, why: str) -> None:
        title = self.source.title
        self.skipped.note(str(user_path(title) / name), f"{why} (in {title!r})")


def is_mask(name: str) -> bool:
    """Whether a file of a place is a mask, by its name and the folders above it."""
    if suffix(name) != ".png":
        return False
    parts = [part.lower() for part in posixpath.dirname(name).split("/")]
    return any(part in FOLDERS or part.endswith(SEGNETS) for part in parts)


def without_masks(photos: Photos) -> Photos:
    """Those that are no masks: a folder with both is given as one of photos."""
    return photos.subset(np.flatnonzero([not is_mask(name) for name in photos.names]))


def _split_name(name: str) -> str:
    """With SegNet's folders named as splits are."""
    return name.replace(f"{SEGNETS}/", "/")


def _classes_in(source: Place) -> tuple[MaskClasses | None, str]:
    """What the class file of a place says, and that it does; None where there is none."""
    for name in sorted(source.files):
        if posixpath.basename(name) in CLASS_FILES:
            lines = lines_of(source.read(name, "file"), f"the lines of {name!r}")
            return MaskClasses.parsed(lines, repr(name)), f"as in {name}"
    return None, ""
