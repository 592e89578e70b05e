"""The worst photos of a run, each twice: with its true boxes, and with those that were found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ghostnet_tf.base.terminal import shown
from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.boxes_picture import GAP, LEGEND, LETTERS, LONGEST, TILE, drawn, sheet
from ghostnet_tf.data.class_colours import colour
from ghostnet_tf.tasks.detect.nms import Found

PHOTOS = 8


@dataclass(frozen=True, eq=False)
class Both:
    """A photo with what is on it, and with what was found there."""

    photo: str  # its name
    pixels: np.ndarray  # (H, W, 3) uint8
    truth: Boxes
    found: Found
    said: str  # of what was found


def worst_picture(rows: Sequence[Both], classes: Sequence[str]) -> bytes:
    """A PNG: left the truth, right what was found, and below what the colours mean."""
    tiles = []
    for row in rows[:PHOTOS]:
        photo = Image.fromarray(row.pixels)
        photo.thumbnail((TILE[0], TILE[1] - LEGEND))
        name = row.photo.rsplit("/", 1)[-1]
        tiles.append(_captioned(drawn(photo, row.truth, classes), f"true: {name}"))
        boxes = Boxes(row.found.corners, row.found.classes)
        found = drawn(photo, boxes, classes, row.found.scores.tolist())
        tiles.append(_captioned(found, f"found: {row.said}"))
    return sheet(tiles, classes, [colour(i) for i in range(len(classes))])


def _captioned(picture: Image.Image, text: str) -> Image.Image:
    """With a line above it."""
    made = Image.new("RGB", (TILE[0], picture.height + LEGEND), "white")
    made.paste(picture, (0, LEGEND))
    most = 2 * LONGEST
    said = shown(text if len(text) <= most else f"{text[: most - 3]}...")
    font = ImageFont.load_default(LETTERS)
    ImageDraw.Draw(made).text((GAP, 1), said, fill="black", font=font)
    return made
