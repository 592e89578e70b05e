"""The sides of an image: one number of pixels for a square one, else height and width."""

import re
from collections.abc import Sequence

from ghostnet_tf.base.errors import UserError

Size = int | tuple[int, int]  # pixels: of every side, or (height, width) where these differ
HOW = "224, or 96x160: height, then width"


def sides(size: int | Sequence[int]) -> tuple[int, int]:
    """(height, width)."""
    if isinstance(size, Sequence):
        height, width = size
        return height, width
    return size, size


def size_of(height: int, width: int) -> Size:
    """The one number, where both sides are equal."""
    return height if height == width else (height, width)


def spelled(size: int | Sequence[int]) -> str:
    """96, (96, 160) -> "96", "96x160": as in the names of files."""
    height, width = sides(size)
    return str(height) if height == width else f"{height}x{width}"


def size_named(text: str) -> Size:
    """What somebody typed: the other way round."""
    found = re.fullmatch(r"(\d{1,6})(?:[xX](\d{1,6}))?", text, re.ASCII)
    if found is None:
        raise UserError(f"{text!r} is no size of an image", fix=HOW)
    return size_of(int(found[1]), int(found[2] or found[1]))


def image_shape(size: Size | None, channels: int = 3) -> tuple[int | None, int | None, int]:
    """(height, width, channels) of an image of this size, or of any."""
    height, width = (None, None) if size is None else sides(size)
    return height, width, channels
