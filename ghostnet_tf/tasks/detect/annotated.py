"""Photos with boxes, as a run takes them: what is true of each stands where its class would."""

from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256
from ghostnet_tf.data.boxed_photos import BoxedPhotos
from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.skipped import Skips

TRAIN, HELD_OUT = "train", "val"  # splits, whatever people call them


class Annotated:
    """The photos of a place; of one that tells splits apart those to train on, then to hold out.

    What else such a place has, a test split above all, is left alone.
    """

    colours = None

    def __init__(self, parts: list[BoxedPhotos]):
        self.parts, self.source, self.skipped = parts, parts[0].source, parts[0].skipped
        self.classes = tuple(parts[0].classes)
        self.names = [name for part in parts for name in part.names]

    @classmethod
    def open(cls, place: str | Path) -> Self:
        return cls(BoxedPhotos.parts(place, Skips(), _to_learn_from))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def n_train(self) -> int | None:
        """How many of the first photos are to train on; None where nobody has split them."""
        return len(self.parts[0]) if len(self.parts) > 1 else None

    @cached_property
    def label_of(self) -> np.ndarray:
        """(n,) of `Boxes`."""
        boxes = [part.boxes(i) for part in self.parts for i in range(len(part))]
        return as_array(boxes)

    def read(self, index: int) -> Image.Image:
        """The photo; UserError for one that cannot be used, which has been noted."""
        part, i = self.parts[0], index
        if index >= len(part):
            part, i = self.parts[1], index - len(part)
        photo = part.readable(i)
        if photo is None:
            raise UserError(f"photo {self.names[index]!r} cannot be used")
        return photo

    def digest(self, index: int) -> str:
        return sha256(self.source.read(self.names[index]))

    def skip(self, index: int, why: str) -> None:
        """Nothing: `read` has noted it, with a better reason."""


def _to_learn_from(splits: tuple[str, ...]) -> list[str | None]:
    """Those to train on and to hold out; all photos where these are not told apart."""
    return [TRAIN, HELD_OUT] if {TRAIN, HELD_OUT} <= {*splits} else [None]


def as_array(boxes: list[Boxes]) -> np.ndarray:
    """(n,) of `Boxes`, to be indexed by positions."""
    found = np.empty(len(boxes), object)
    found[:] = boxes
    return found
