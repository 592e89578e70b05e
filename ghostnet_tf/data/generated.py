"""Images and sounds out of a random generator, for whoever has none. NumPy only."""

import numpy as np

from ghostnet_tf.data.sound_augment import noise


def generated_images(n: int, size: tuple[int, int], seed: int = 0, channels: int = 3) -> np.ndarray:
    """(n, *size, channels) float32, as normalised photos are: coloured tiles of four sizes in one.

    Each has its own tint and contrast, or deep networks would find them all alike.
    """
    rng = np.random.default_rng(seed)
    images = np.zeros((n, *size, channels), np.float32)
    for tiles in (1, 4, 16, 64):
        colours = rng.normal(0, 0.5, (n, tiles, tiles, channels)).astype(np.float32)
        rows, columns = (np.arange(side) * tiles // side for side in size)
        images += colours[:, rows[:, None], columns]
    return images * rng.uniform(0.3, 1.7, (n, 1, 1, 1)).astype(np.float32)


def generated_sounds(n: int, length: int, seed: int) -> np.ndarray:
    """(n, length) float32: noise that swells and falls like a word, each of its own colour."""
    rng = np.random.default_rng(seed)
    found = []
    for colour in rng.uniform(0, 1, n):
        loud = 10 ** rng.uniform(-2.5, -0.5)
        at, width = rng.uniform(0.3, 0.7), rng.uniform(0.1, 0.3)
        envelope = np.exp(-(((np.arange(length) / length - at) / width) ** 2))
        found.append(loud * envelope * noise(length, float(colour), rng))
    return np.stack(found).astype(np.float32)
