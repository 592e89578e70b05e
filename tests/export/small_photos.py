"""A few small photos that differ from one another, and in every part."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image


def small_photos(
    folder: Path, size: tuple[int, int], classes: Sequence[str], n: int, seed: int
) -> Path:
    """`n` photos of `size`, (width, height), in a folder for each class; "." is `folder` itself."""
    rng = np.random.default_rng(seed)
    for name in classes:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for i in range(n):
            tiles = Image.fromarray(rng.integers(0, 256, (5, 7, 3)).astype(np.uint8))
            photo = tiles.resize(size, Image.Resampling.BICUBIC)
            photo.save(folder / name / f"{i:02}.png")
    return folder
