"""Photos with boxes, as a run takes them: what is true of each stands where its class would."""

from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from ghostnet_tf.data.boxed_photos import BoxedPhotos
from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.skipped import Skips
from ghostnet_tf.tasks.split_photos import SplitPhotos, to_learn_from


class Annotated(SplitPhotos[BoxedPhotos]):
    """See `SplitPhotos`."""

    colours = None

    def __init__(self, parts: list[BoxedPhotos]):
        super().__init__(parts)
        self.classes = tuple(parts[0].classes)

    @classmethod
    def open(cls, place: str | Path) -> Self:
        return cls(BoxedPhotos.parts(place, Skips(), to_learn_from))

    @cached_property
    def label_of(self) -> np.ndarray:
        """(n,) of `Boxes`."""
        boxes = [part.boxes(i) for part in self.parts for i in range(len(part))]
        return as_array(boxes)

    def read(self, index: int) -> Image.Image:
        """The photo; UserError for one that cannot be used, which has been noted."""
        return self.usable(index)


def as_array(boxes: list[Boxes]) -> np.ndarray:
    """(n,) of `Boxes`, to be indexed by positions."""
    found = np.empty(len(boxes), object)
    found[:] = boxes
    return found
