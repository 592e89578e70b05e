"""Photos with discs and squares on them, and masks of what every pixel is of."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIZE = (96, 72)  # width and height: not square
CLASSES = ("ground", "disc", "square")
COLOURS = ((90, 90, 90), (220, 60, 60), (60, 60, 220))
NOTHING = 7  # in the masks: of no class


def class_file() -> str:
    rows = zip(CLASSES, COLOURS, strict=True)
    lines = [f"{i}\t{name}\t{' '.join(map(str, colour))}" for i, (name, colour) in enumerate(rows)]
    return "\n".join([*lines, f"{NOTHING}\tignored", ""])


def drawn(rng: np.random.Generator) -> tuple[Image.Image, np.ndarray]:
    """A photo and its mask, (H, W) uint8: two shapes, and a border of no class."""
    width, height = SIZE
    noise = rng.integers(-15, 15, (height, width, 3))
    photo, mask = Image.new("RGB", SIZE, COLOURS[0]), Image.new("L", SIZE)
    pens = ImageDraw.Draw(photo), ImageDraw.Draw(mask)
    for kind, left in ((1, 6), (2, 52)):
        side = int(rng.integers(20, 34))
        x, y = left + int(rng.integers(0, 8)), int(rng.integers(4, height - side - 4))
        for pen, fill in zip(pens, (COLOURS[kind], kind), strict=True):
            shape = pen.ellipse if kind == 1 else pen.rectangle
            shape((x, y, x + side, y + side), fill=fill)
    numbers = np.array(mask)
    numbers[:2] = NOTHING
    pixels = (np.asarray(photo) + noise).clip(0, 255).astype(np.uint8)
    return Image.fromarray(pixels), numbers


def masked(folder: Path, count: int, splits: tuple[str, ...] = ("train", "val")) -> Path:
    """`count` photos of each split, images/NAME.png and masks/NAME.png in its folder."""
    rng = np.random.default_rng(5)
    for split in splits:
        for part in ("images", "masks"):
            (folder / split / part).mkdir(parents=True)
    for number in range(count):
        photo, mask = drawn(rng)
        for split in splits:
            photo.save(folder / f"{split}/images/{split}_{number}.png")
            Image.fromarray(mask).save(folder / f"{split}/masks/{split}_{number}.png")
    (folder / "classes.txt").write_text(class_file())
    return folder
