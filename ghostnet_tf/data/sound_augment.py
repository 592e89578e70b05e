"""What training does to a recording, all of it drawn from one generator: the same twice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ghostnet_tf.base.errors import UserError

SILENCE = "silence"  # the class of noise and nothing else
UNKNOWN = "unknown"  # the class of all words that are not asked for
COLOURS = (0.0, 0.5, 1.0)  # of noise: power falls as 1 / f to twice this; white, pink, brown
QUIETEST, LOUDEST = -80.0, -34.0  # dB below full scale, of noise that is made up


@dataclass(frozen=True, kw_only=True)
class SoundAugment:
    """How far a recording may be from what was recorded."""

    shift_s: float = 0.1  # it begins so much sooner or later, at the most
    noise_share: float = 0.8  # of the recordings, behind which noise is put
    noise: tuple[float, float] = (QUIETEST, LOUDEST)  # dB, of its power below full scale
    gain: tuple[float, float] = (-12.0, 8.0)  # dB

    def __post_init__(self):
        if not 0 <= self.shift_s <= 1 or not 0 <= self.noise_share <= 1:
            raise UserError("shift_s and noise_share lie between 0 and 1")
        if self.noise[0] > self.noise[1] or self.gain[0] > self.gain[1]:
            raise UserError("noise and gain are (the least, the most) in dB")

    def __call__(
        self,
        samples: np.ndarray,
        rate: int,
        rng: np.random.Generator,
        noises: Sequence[np.ndarray] = (),
    ) -> np.ndarray:
        """(n,) float32 -> the same length: shifted, louder or quieter, with noise behind it.

        `noises`: recordings of noise at this rate; without any it is made up.
        """
        most = round(self.shift_s * rate)
        found = shifted(samples, int(rng.integers(-most, most + 1)))
        found = found * np.float32(10 ** (rng.uniform(*self.gain) / 20))
        if rng.random() < self.noise_share:
            found = found + self.noise_behind(len(samples), rng, noises)
        return found

    def noise_behind(
        self, n: int, rng: np.random.Generator, noises: Sequence[np.ndarray] = ()
    ) -> np.ndarray:
        """(n,) float32: a piece of one of `noises`, or made up, as loud as `noise` says."""
        found = noise(n, float(rng.choice(COLOURS)), rng)
        if noises:
            found = piece(noises[int(rng.integers(len(noises)))], n, rng)
        power = max(float(np.mean(np.square(found, dtype=np.float64))), 1e-12)
        return found * np.float32(10 ** (rng.uniform(*self.noise) / 20) / np.sqrt(power))


def shifted(samples: np.ndarray, later: int) -> np.ndarray:
    """So many samples later, or sooner where that is below 0; silence takes the place of both."""
    found = np.zeros_like(samples)
    if later >= 0:
        found[later:] = samples[: len(samples) - later]
    else:
        found[:later] = samples[-later:]
    return found


def noise(n: int, colour: float, rng: np.random.Generator) -> np.ndarray:
    """(n,) float32 of power 1 or so: 0 is white, 0.5 pink, 1 brown."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    falling = np.maximum(np.arange(len(spectrum)), 1.0) ** -colour
    found = np.fft.irfft(spectrum * falling, n)
    return (found / found.std()).astype(np.float32)


def piece(samples: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """(n,) from anywhere in a recording, which begins anew where it is too short."""
    start = int(rng.integers(max(1, len(samples) - n + 1)))
    return np.resize(samples[start:], n)


@dataclass(frozen=True)
class Spoken:
    """Recordings as a network hears them, and the class of each."""

    samples: np.ndarray  # (n, length) float32
    labels: np.ndarray  # (n,) int
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, which: np.ndarray) -> "Spoken":
        """Those at these positions, or where a mask says so; the classes stay."""
        return replace(self, samples=self.samples[which], labels=self.labels[which])
