"""Words of two tones, as a small FSDD: any keyword spotter tells them apart within seconds."""

import zipfile
from pathlib import Path

import numpy as np

from tests.ghostnet_tf.data.waves import wav

WORDS = {"0": (1900, 2600), "1": (250, 500), "2": (300, 2300)}  # hertz of two tones
RATES = (8000, 16_000, 48_000)


def word(name: str, seed: int, rate: int = 8000) -> np.ndarray:
    """(n,) float64: two tones that come and go, for about 0.3 s, none like another."""
    rng = np.random.default_rng(seed)
    n = round(rng.uniform(0.2, 0.35) * rate)
    at = np.arange(n) / rate
    tones = [np.sin(2 * np.pi * f * rng.uniform(0.93, 1.07) * at) for f in WORDS[name]]
    return 0.2 * np.hanning(n) * sum(tones) + rng.normal(0, 1e-3, n)


def small_fsdd(path: Path, each: int, others: dict[str, bytes]) -> Path:
    """A zip of so many of each word, of two speakers and several rates, and of `others` by name."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in WORDS:
            for i in range(each):
                rate, who = RATES[i % len(RATES)], ("anna", "ben")[i % 2]
                archive.writestr(f"{name}_{who}_{i}.wav", wav(word(name, i, rate), rate))
        for name, data in others.items():
            archive.writestr(name, data)
    return path
