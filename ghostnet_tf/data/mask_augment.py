"""Random views of a photo with its mask: flip, colour, crop and scale, of both alike."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ghostnet_tf.base.sides import Size, sides
from ghostnet_tf.data.box_augment import GREY, Rectangle, cropped, recoloured, somewhere
from ghostnet_tf.data.masks import IGNORED

Masked = tuple[np.ndarray, np.ndarray]  # (H, W, 3) uint8, and (H, W) uint8 of classes


@dataclass(frozen=True)
class MaskViews:
    """How much is varied. Called with pixels, a mask and a Generator, it gives both anew."""

    size: Size | None = None  # of every view; None: as large as its photo
    flip: float = 0.5  # how often left becomes right
    colour: float = 0.2  # brightness, contrast and saturation by up to this share, either way
    scale: tuple[float, float] = (0.75, 2.0)  # how much larger things become
    stretch: float = 0.1  # how much more so in one direction than in the other, at most

    def __call__(self, pixels: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> Masked:
        """(H, W, 3) and (H, W) uint8 -> the same of (height, width)."""
        height, width = mask.shape
        rectangle = somewhere((width, height), self.scale, self.stretch, rng)
        size = sides(self.size) if self.size is not None else (height, width)
        pixels, mask = view(pixels, mask, rectangle, size)
        if rng.random() < self.flip:
            pixels, mask = flipped(pixels, mask)
        return recoloured(pixels, self.colour, rng), mask


def view(
    pixels: np.ndarray, mask: np.ndarray, rectangle: Rectangle, size: tuple[int, int]
) -> Masked:
    """What lies in a rectangle, as (height, width) of `size`; beyond the photo is no class.

    A class has no half: of the mask the nearest pixel is taken.
    """
    photo = cropped(Image.fromarray(pixels), rectangle, size, GREY, Image.Resampling.BILINEAR)
    seen = cropped(Image.fromarray(mask), rectangle, size, IGNORED, Image.Resampling.NEAREST)
    return np.asarray(photo), np.asarray(seen)


def flipped(pixels: np.ndarray, mask: np.ndarray) -> Masked:
    """Left becomes right, of both."""
    return np.ascontiguousarray(pixels[:, ::-1]), np.ascontiguousarray(mask[:, ::-1])
