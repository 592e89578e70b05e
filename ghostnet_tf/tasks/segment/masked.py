"""Photos with masks, as a run takes them: the mask of each stands where its class would."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from ghostnet_tf.data.masked_photos import MaskedPhotos
from ghostnet_tf.data.masks import IGNORED, MaskClasses
from ghostnet_tf.data.skipped import Skips
from ghostnet_tf.tasks.split_photos import SplitPhotos, to_learn_from


@dataclass(frozen=True)
class Packed:
    """A mask in little memory: most pixels are like their neighbours."""

    data: bytes
    shape: tuple[int, int]
    counts: np.ndarray  # (classes,) int64: pixels of each

    @classmethod
    def of(cls, mask: np.ndarray, classes: int) -> Self:
        """(H, W) uint8 of classes, `IGNORED` where there is none."""
        counts = np.bincount(mask[mask != IGNORED], minlength=classes)
        return cls(zlib.compress(mask.tobytes(), 1), mask.shape, counts)

    def unpacked(self) -> np.ndarray:
        return np.frombuffer(zlib.decompress(self.data), np.uint8).reshape(self.shape)


class Masked(SplitPhotos[MaskedPhotos]):
    """See `SplitPhotos`."""

    def __init__(self, parts: list[MaskedPhotos]):
        super().__init__(parts)
        self.classes, self.colours = parts[0].classes, parts[0].colours
        self.label_of = np.empty(len(self.names), object)  # of `Packed`, of photos that were read

    @classmethod
    def open(cls, place: str | Path, class_file: str | Path | None = None) -> Self:
        """`class_file`: what the numbers in masks mean, where no such file lies with them."""
        skipped = Skips()
        classes = MaskClasses.read(class_file) if class_file is not None else None
        whole = MaskedPhotos.open(place, skipped, classes=classes)
        splits = to_learn_from(whole.splits)
        if splits == [None]:
            return cls([whole])
        of = whole.mask_classes
        return cls([MaskedPhotos.open(place, skipped, split, of) for split in splits])

    def read(self, index: int) -> Image.Image:
        """The photo, whose mask is then in `label_of`; UserError where one cannot be used."""
        photo, mask = self.usable(index, " or its mask")
        if self.label_of[index] is None:
            self.label_of[index] = Packed.of(mask, len(self.classes))
        return photo
