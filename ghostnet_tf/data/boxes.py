"""The boxes of one photo, as shares of its width and height, with the class of each."""

from dataclasses import dataclass
from typing import Self

import numpy as np

LEAST_SIDE = 1e-5  # of the photo: a thinner box may become none where it is mirrored in float32


@dataclass(frozen=True, eq=False)
class Boxes:
    """Any number of boxes, none included: a photo without a thing on it is an example as well."""

    corners: np.ndarray  # (n, 4) float32: x1 y1 x2 y2 from the left and upper edge, 0..1
    classes: np.ndarray  # (n,) int64: positions in the list of class names

    def __post_init__(self):
        corners = np.asarray(self.corners, np.float32).reshape(-1, 4)
        classes = np.asarray(self.classes, np.int64).reshape(-1)
        if len(corners) != len(classes):
            raise ValueError(f"{len(corners)} boxes have {len(classes)} classes")
        object.__setattr__(self, "corners", corners)
        object.__setattr__(self, "classes", classes)

    @classmethod
    def none(cls) -> Self:
        return cls(np.empty((0, 4), np.float32), np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.classes)

    def of(self, which: np.ndarray) -> Self:
        """Some of them, by a mask or by positions."""
        return type(self)(self.corners[which], self.classes[which])


def has_extent(corners: np.ndarray) -> np.ndarray:
    """(..., 4) -> (...): whether both sides are long enough to be seen."""
    return np.min(corners[..., 2:] - corners[..., :2], axis=-1) >= LEAST_SIDE


def area(corners: np.ndarray) -> np.ndarray:
    """(..., 4) -> (...): width by height; no less than 0 where the corners are in order."""
    return (corners[..., 2] - corners[..., 0]) * (corners[..., 3] - corners[..., 1])


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Corners (n, 4) and (m, 4), float32 -> (n, m) float32: what two share of what they cover.

    0 where both are empty. Each operation is rounded to float32 in the order that stands here, so
    that other languages can give the same bits: width, height, their product; the sum of both areas
    less that; the quotient.
    """
    a, b = np.asarray(a, np.float32)[:, None], np.asarray(b, np.float32)[None]
    zero = np.float32(0)
    width = np.maximum(zero, np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0]))
    height = np.maximum(zero, np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1]))
    shared = width * height
    covered = (area(a) + area(b)) - shared
    return np.divide(shared, covered, out=np.zeros_like(shared), where=covered > 0)
