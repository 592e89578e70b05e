"""Photos with masks, as a run takes them: the mask of each stands where its class would."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256
from ghostnet_tf.data.masked_photos import MaskedPhotos
from ghostnet_tf.data.masks import IGNORED, MaskClasses
from ghostnet_tf.data.skipped import Skips

TRAIN, HELD_OUT = "train", "val"  # splits


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


class Masked:
    """The photos of a place; of one that tells splits apart those to train on, then to hold out.

    What else such a place has, a test split above all, is left alone.
    """

    def __init__(self, parts: list[MaskedPhotos]):
        self.parts, self.source, self.skipped = parts, parts[0].source, parts[0].skipped
        self.classes, self.colours = parts[0].classes, parts[0].colours
        self.names = [name for part in parts for name in part.names]
        self.label_of = np.empty(len(self.names), object)  # of `Packed`, of photos that were read

    @classmethod
    def open(cls, place: str | Path, class_file: str | Path | None = None) -> Self:
        """`class_file`: what the numbers in masks mean, where no such file lies with them."""
        skipped = Skips()
        classes = MaskClasses.read(class_file) if class_file is not None else None
        whole = MaskedPhotos.open(place, skipped, classes=classes)
        if not {TRAIN, HELD_OUT} <= {*whole.splits}:
            return cls([whole])
        of = whole.mask_classes
        return cls([MaskedPhotos.open(place, skipped, s, of) for s in (TRAIN, HELD_OUT)])

    def __len__(self) -> int:
        return len(self.names)

    @property
    def n_train(self) -> int | None:
        """How many of the first photos are to train on; None where nobody has split them."""
        return len(self.parts[0]) if len(self.parts) > 1 else None

    def read(self, index: int) -> Image.Image:
        """The photo, whose mask is then in `label_of`; UserError where one cannot be used."""
        part, i = self.parts[0], index
        if index >= len(part):
            part, i = self.parts[1], index - len(part)
        both = part.readable(i)
        if both is None:
            raise UserError(f"photo {self.names[index]!r} or its mask cannot be used")
        photo, mask = both
        if self.label_of[index] is None:
            self.label_of[index] = Packed.of(mask, len(self.classes))
        return photo

    def digest(self, index: int) -> str:
        return sha256(self.source.read(self.names[index]))

    def skip(self, index: int, why: str) -> None:
        """Nothing: `read` has noted it, with a better reason."""
