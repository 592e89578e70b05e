"""Boxes drawn into photos, and a picture of twelve of them: to be looked at before training starts.

A class that is off by one, or corners whose x and y are swapped, are seen there at once.
"""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ghostnet_tf.base.terminal import shown
from ghostnet_tf.data.boxed_photos import BoxedPhotos
from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.class_colours import Colour, colour

COLUMNS, PHOTOS = 4, 12
TILE = (360, 300)  # pixels of a photo in the picture, at most
GAP, LETTERS, LEGEND = 6, 12, 18  # pixels: between tiles, of a letter, of a line of class names
LONGEST = 24  # letters of a name
NAMED = 60  # classes in the legend


def drawn(
    photo: Image.Image,
    boxes: Boxes,
    names: Sequence[str],
    scores: Sequence[float] | None = None,
) -> Image.Image:
    """The photo with a frame round each box, and the name of its class, with its score if given.

    The first boxes lie on top.
    """
    made = photo.convert("RGB")
    pen, font = ImageDraw.Draw(made), ImageFont.load_default(LETTERS)
    for i in reversed(range(len(boxes))):
        label = int(boxes.classes[i])
        x1, y1, x2, y2 = (
            (boxes.corners[i] * (*photo.size, *photo.size)).round().astype(int).tolist()
        )
        x2, y2 = max(x1, x2 - 1), max(y1, y2 - 1)  # the last pixel inside
        pen.rectangle((x1, y1, x2, y2), outline=colour(label), width=2)
        text = _short(names[label]) + (f" {scores[i]:.0%}" if scores is not None else "")
        _write(pen, font, (x1, y1), text, label, photo.size)
    return made


def _write(
    pen: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    at: tuple[int, int],
    text: str,
    label: int,
    size: tuple[int, int],
) -> None:
    """On paper of the class's colour, above the box where there is room."""
    left, top, right, bottom = pen.textbbox((0, 0), text, font=font)
    width, height = round(right - left) + 4, round(bottom - top) + 4
    x = max(0, min(at[0], size[0] - width))
    y = at[1] - height if at[1] >= height else at[1]
    pen.rectangle((x, y, x + width - 1, y + height - 1), fill=colour(label))
    pen.text((x + 2 - left, y + 2 - top), text, fill="black", font=font)


def picture(photos: BoxedPhotos) -> bytes:
    """A PNG of up to twelve photos at even distances with their boxes, and what the colours mean.

    Photos that cannot be read are skipped, and noted by `photos`.
    """
    tiles = []
    for i in evenly(len(photos), PHOTOS):
        if (photo := photos.readable(i)) is not None:
            photo.thumbnail(TILE)
            tiles.append(drawn(photo, photos.boxes(i), photos.classes))
    return sheet(tiles, photos.classes, [colour(i) for i in range(len(photos.classes))])


def sheet(tiles: Sequence[Image.Image], names: Sequence[str], colours: Sequence[Colour]) -> bytes:
    """A PNG of pictures of up to `TILE`, and below them what the colours mean."""
    rows = -(-len(tiles) // COLUMNS)
    legend = [f"{i} {_short(name)}" for i, name in enumerate(names[:NAMED])]
    lines = -(-len(legend) // COLUMNS)
    width, height = ((side + GAP) for side in TILE)
    paper = Image.new(
        "RGB", (COLUMNS * width + GAP, rows * height + lines * LEGEND + 2 * GAP), "white"
    )
    for i, tile in enumerate(tiles):
        paper.paste(tile, (GAP + i % COLUMNS * width, GAP + i // COLUMNS * height))
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(LETTERS)
    for i, text in enumerate(legend):
        x, y = GAP + i % COLUMNS * width, GAP + rows * height + i // COLUMNS * LEGEND
        pen.rectangle((x, y, x + LETTERS, y + LETTERS), fill=colours[i])
        pen.text((x + LETTERS + GAP, y - 2), text, fill="black", font=font)
    data = io.BytesIO()
    paper.save(data, "PNG")
    return data.getvalue()


def evenly(count: int, most: int) -> list[int]:
    """The positions of `most` of `count` at even distances, or of all."""
    n = min(count, most)
    return (np.arange(n) * count // max(n, 1)).tolist()


def _short(name: str) -> str:
    return shown(name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}...")
