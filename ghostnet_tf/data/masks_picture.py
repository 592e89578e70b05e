"""Masks laid over photos, and a picture of twelve of them: to be looked at before training starts.

A class that is off by one, or masks of other photos, are seen there at once.
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from ghostnet_tf.data.boxes_picture import PHOTOS, TILE, evenly, sheet
from ghostnet_tf.data.class_colours import Colour
from ghostnet_tf.data.masked_photos import MaskedPhotos
from ghostnet_tf.data.masks import IGNORED

SHARE = 0.55  # of the colour in what is painted; the rest is the photo


def painted(photo: Image.Image, mask: np.ndarray, colours: Sequence[Colour]) -> Image.Image:
    """The photo, and over it the colour of each pixel's class; (H, W) uint8, 255 stays as it is."""
    pixels = np.asarray(photo.convert("RGB"))
    paints = np.zeros((IGNORED + 1, 3), np.float32)
    paints[: len(colours)] = colours
    mixed = (pixels * (1 - SHARE) + paints[mask] * SHARE).round().astype(np.uint8)
    return Image.fromarray(np.where((mask == IGNORED)[..., None], pixels, mixed))


def picture(photos: MaskedPhotos) -> bytes:
    """A PNG of up to twelve photos at even distances under their masks, and what colours mean.

    Photos that cannot be read are skipped, and noted by `photos`.
    """
    tiles = []
    for i in evenly(len(photos), PHOTOS):
        if (both := photos.readable(i)) is not None:
            tiles.append(painted(*both, photos.colours))
            tiles[-1].thumbnail(TILE)
    return sheet(tiles, photos.classes, photos.colours)
