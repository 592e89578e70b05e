"""Random views of a photo with its boxes: flip, colour, crop and scale, mosaic.

Every choice comes from one Generator. A view is a rectangle of the photo, of whole pixels, which
may reach beyond it; so that where a box goes is exact and no pixel is off.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageEnhance

from ghostnet_tf.base.sides import Size, sides
from ghostnet_tf.data.boxes import Boxes, has_extent

GREY = (124, 116, 104)  # the mean of ImageNet: what lies beyond a photo
Rectangle = tuple[int, int, int, int]  # left, top, width, height in pixels
Boxed = tuple[np.ndarray, Boxes]  # (H, W, 3) uint8, and where things are on it


@dataclass(frozen=True)
class Views:
    """How much is varied. Called with pixels, boxes and a Generator, it gives both anew."""

    size: Size | None = None  # of every view; None: as large as its photo
    flip: float = 0.5  # how often left becomes right
    colour: float = 0.2  # brightness, contrast and saturation by up to this share, either way
    scale: tuple[float, float] = (0.7, 1.4)  # how much larger things become
    stretch: float = 0.1  # how much more so in one direction than in the other, at most
    least_visible: float = 0.4  # of a box's area; of which less is seen is no box any more

    def __call__(self, pixels: np.ndarray, boxes: Boxes, rng: np.random.Generator) -> Boxed:
        """(H, W, 3) uint8 and its boxes -> (height, width, 3) uint8 and the boxes on that."""
        height, width = pixels.shape[:2]
        rectangle = somewhere((width, height), self.scale, self.stretch, rng)
        size = sides(self.size) if self.size is not None else (height, width)
        return self._mirrored(view(pixels, boxes, rectangle, size, self.least_visible), rng)

    def of_four(self, four: Sequence[Boxed], rng: np.random.Generator) -> Boxed:
        """Four photos as one picture of `size`: see `mosaic`."""
        assert self.size is not None
        return self._mirrored(mosaic(four, self.size, rng, self.least_visible), rng)

    def _mirrored(self, seen: Boxed, rng: np.random.Generator) -> Boxed:
        """Perhaps, and in other colours."""
        pixels, boxes = seen
        if rng.random() < self.flip:
            pixels, boxes = flipped(pixels, boxes)
        return recoloured(pixels, self.colour, rng), boxes


def somewhere(
    size: tuple[int, int],
    scale: tuple[float, float],
    stretch: float,
    rng: np.random.Generator,
) -> Rectangle:
    """What is seen of a photo of this (width, height) when things on it grow by `scale`."""
    width, height = size
    zoom = np.exp(rng.uniform(*np.log(scale)))
    ratio = np.exp(rng.uniform(-0.5, 0.5) * np.log1p(stretch))
    w, h = max(1, round(width / zoom * ratio)), max(1, round(height / zoom / ratio))
    return _start(width, w, rng), _start(height, h, rng), w, h


def _start(side: int, length: int, rng: np.random.Generator) -> int:
    """Where `length` begins within `side`, or around it where it is longer."""
    return int(rng.integers(min(0, side - length), max(0, side - length) + 1))


def view(
    pixels: np.ndarray,
    boxes: Boxes,
    rectangle: Rectangle,
    size: tuple[int, int],
    least_visible: float = 0.4,
) -> Boxed:
    """What lies in a rectangle, as (height, width) of `size`.

    A box is cut off at its edges; one of which less than `least_visible` is left goes.
    """
    height, width = pixels.shape[:2]
    left, top, w, h = rectangle
    seen = cropped(Image.fromarray(pixels), rectangle, size, GREY, Image.Resampling.BILINEAR)
    scale = np.array([width, height, width, height], np.float64) / (w, h, w, h)
    moved = boxes.corners * scale - np.array([left, top, left, top], np.float64) / (w, h, w, h)
    return np.asarray(seen), _cut(moved, boxes.classes, least_visible)


def cropped(
    image: Image.Image,
    rectangle: Rectangle,
    size: tuple[int, int],
    paper: tuple[int, int, int] | int,
    filter: Image.Resampling,
) -> Image.Image:
    """What lies in a rectangle of an image, on `paper` where it reaches beyond, as `size`."""
    left, top, w, h = rectangle
    seen = Image.new(image.mode, (w, h), paper)
    seen.paste(image, (-left, -top))
    return seen if size == (h, w) else seen.resize((size[1], size[0]), filter)


def _cut(corners: np.ndarray, classes: np.ndarray, least_visible: float) -> Boxes:
    """Corners (n, 4) float64 that may lie outside -> those of which enough lies inside."""
    inside = corners.clip(0, 1)
    whole, left = (
        (c[:, 2] - c[:, 0]).clip(0) * (c[:, 3] - c[:, 1]).clip(0) for c in (corners, inside)
    )
    made = Boxes(inside.astype(np.float32), classes)
    return made.of(has_extent(made.corners) & (left >= least_visible * whole))


def flipped(pixels: np.ndarray, boxes: Boxes) -> Boxed:
    """Left becomes right, of both."""
    x1, y1, x2, y2 = boxes.corners.T
    mirrored = np.stack([1 - x2, y1, 1 - x1, y2], axis=-1)
    return np.ascontiguousarray(pixels[:, ::-1]), Boxes(mirrored, boxes.classes)


def recoloured(pixels: np.ndarray, most: float, rng: np.random.Generator) -> np.ndarray:
    """Brightness, contrast and saturation, each changed by up to `most`."""
    photo = Image.fromarray(pixels)
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        photo = change(photo).enhance(1 + float(rng.uniform(-most, most)))
    return np.asarray(photo)


def mosaic(
    four: Sequence[Boxed], size: Size, rng: np.random.Generator, least_visible: float = 0.4
) -> Boxed:
    """Four photos with their boxes round one point, as one (Bochkovskiy et al., arXiv 2004.10934).

    Of each a random piece, so large that the whole photo would fill the picture. It is for sets of
    thousands.
    """
    height, width = sides(size)
    y, x = (int(rng.integers(side // 4, side - side // 4 + 1)) for side in (height, width))
    canvas = np.empty((height, width, 3), np.uint8)
    corners, classes = [], []
    for i, (pixels, boxes) in enumerate(four):
        left, right = ((0, x), (x, width))[i % 2]
        top, bottom = ((0, y), (y, height))[i // 2]
        tall, wide = pixels.shape[:2]
        w = max(1, round(wide * (right - left) / width))
        h = max(1, round(tall * (bottom - top) / height))
        at = (_start(wide, w, rng), _start(tall, h, rng), w, h)
        tile, seen = view(pixels, boxes, at, (bottom - top, right - left), least_visible)
        canvas[top:bottom, left:right] = tile
        share = np.array([right - left, bottom - top] * 2, np.float64)
        corners.append(
            (seen.corners * share + [left, top, left, top])
            / np.array([width, height] * 2, np.float64)
        )
        classes.append(seen.classes)
    made = Boxes(np.concatenate(corners).clip(0, 1), np.concatenate(classes))
    return canvas, made
