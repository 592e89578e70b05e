"""One recording: a file -> mono samples at the rate that a network hears, in its window."""

import io
import sys
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from math import gcd
from pathlib import Path
from typing import Any, Self

import numpy as np

from ghostnet_tf.base.errors import UserError, reading
from ghostnet_tf.data import wav
from ghostnet_tf.data.photo import read_file

RATES = (8_000, 48_000)  # samples a second, the least and the most
LONGEST_S = 60.0  # a recording to learn or to answer: more is a meeting, and no keyword
SHORTEST_S = 0.03  # one frame of the usual front end
LOUDEST = 8.0  # of float samples, whose full scale is 1: some programs go a little beyond it
FULL_SCALE = 0.999
CLIPPED = 0.01  # share of samples at full scale, from which on a recording is said to be clipped
NEEDS = f"{sys.executable} -m pip install soundfile"
CUT = "cut the words out of it, a file each"

NAMES = "WAV, FLAC or OGG"
SUFFIXES = frozenset((".wav", ".wave", ".flac", ".ogg", ".oga"))
LOSSY = "compressed in a way that is not read: save it as WAV"
UNREADABLE = {
    **dict.fromkeys((".mp3", ".m4a", ".aac", ".opus", ".wma", ".amr", ".webm", ".3gp"), LOSSY),
    **dict.fromkeys((".aif", ".aiff", ".au", ".caf"), "of a kind that is not read: save it as WAV"),
}


@dataclass(frozen=True)
class Sound:
    """Mono samples, (n,) float32, full scale is -1 to 1."""

    samples: np.ndarray
    rate: int  # samples a second

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def clipped(self) -> float:
        """The share of samples at full scale: what was louder is lost."""
        return float((np.abs(self.samples) >= FULL_SCALE).mean())

    def at(self, rate: int) -> Self:
        """The same sound at another rate, without what that rate cannot carry."""
        if rate == self.rate:
            return self
        from scipy import signal  # nobody who sees has to wait for it

        shared = gcd(rate, self.rate)
        up, down = rate // shared, self.rate // shared
        samples = signal.resample_poly(self.samples, up, down, window=low_pass(up, down))
        return replace(self, samples=samples.astype(np.float32), rate=rate)


def read_sound(path: str | Path) -> Sound:
    """The recording in a file."""
    return open_sound(read_file(path, kind="sound"), str(path))


def open_sound(data: bytes, name: str, longest_s: float = LONGEST_S) -> Sound:
    """Encoded bytes -> one channel, the mean of all; UserError that names the file."""
    what = f"sound {name!r}"
    if not data:
        raise UserError(f"{what} is empty: 0 bytes", fix=wav.AGAIN)
    if is_coded(data):
        samples, rate = _by_soundfile(data, what, longest_s)
    elif wav.is_wav(data):
        layout, body = wav.parts_of(data, name)
        refuse_span(len(body) // layout.frame_bytes, layout.rate, longest_s, what)
        samples, rate = wav.decoded(body, layout), layout.rate
    else:
        raise UserError(f"{what} cannot be read: its content is no {NAMES}", fix=wav.AGAIN)
    return Sound(as_mono(samples, what), rate)


def as_mono(samples: np.ndarray, what: str, before: int = 0) -> np.ndarray:
    """(n, channels) -> (n,) float32, their mean; UserError for what is no sound.

    `before`: the samples of the recording that lie before these.
    """
    if not np.isfinite(samples).all():
        at = before + int(np.argwhere(~np.isfinite(samples))[0][0])
        raise UserError(f"{what} has NaN or infinity at sample {at:,}", fix=wav.AGAIN)
    if (most := float(np.abs(samples).max())) > LOUDEST:
        raise UserError(
            f"{what} has float samples up to {most:.6g}; full scale is 1",
            fix="divide them, by 32768 if they were integers",
        )
    return samples.mean(axis=1, dtype=np.float32)


def is_coded(data: bytes) -> bool:
    """Whether these are the first bytes of what soundfile reads for us."""
    return data[:4] in (b"fLaC", b"OggS")


def is_sound(data: bytes) -> bool:
    return is_coded(data) or wav.is_wav(data)


def _by_soundfile(data: bytes, what: str, longest_s: float) -> tuple[np.ndarray, int]:
    kind = "FLAC" if data[:4] == b"fLaC" else "OGG"
    with reading(what, wav.AGAIN), the_package(kind, what).SoundFile(io.BytesIO(data)) as file:
        of: Any = file
        refuse_span(of.frames, of.samplerate, longest_s, what)
        samples = of.read(dtype="float32", always_2d=True)
        said, rate = of.frames, of.samplerate
    if len(samples) != said:
        raise UserError(f"{what} is cut off: {len(samples):,} of {said:,} samples", fix=wav.AGAIN)
    return samples, rate


def the_package(kind: str, what: str) -> Any:
    """The module soundfile; UserError where it is not installed."""
    if not find_spec("soundfile"):
        raise UserError(f"{what} is {kind}, which the package soundfile reads", fix=NEEDS)
    import soundfile  # type: ignore[reportMissingImports]

    return soundfile


def refuse_span(n: int, rate: int, longest_s: float, what: str) -> None:
    """UserError unless so many samples at this rate can be a word; before they are decoded."""
    if not RATES[0] <= rate <= RATES[1]:
        raise UserError(
            f"{what} has {rate:,} samples a second; {RATES[0]:,} to {RATES[1]:,} are read",
            fix="save it at 16,000: ffmpeg -i IN.wav -ar 16000 OUT.wav",
        )
    if not n:
        raise UserError(f"{what} holds no samples", fix=wav.AGAIN)
    if n < SHORTEST_S * rate:
        raise UserError(f"{what} lasts {n / rate * 1000:.1f} ms: too short for any word", wav.AGAIN)
    if n > longest_s * rate:
        raise UserError(f"{what} lasts {n / rate:,.0f} s; {longest_s:.0f} are read", fix=CUT)


@lru_cache(maxsize=16)
def low_pass(up: int, down: int) -> np.ndarray:
    """The filter that `resample_poly` would make for itself, at every call anew."""
    from scipy import signal

    most = max(up, down)
    kaiser: Any = ("kaiser", 5.0)  # scipy's own annotation lacks what it documents
    return np.asarray(signal.firwin(20 * most + 1, 1.0 / most, window=kaiser))


def windowed(samples: np.ndarray, length: int) -> np.ndarray:
    """(length,) of the samples, as a network hears a recording in use.

    A shorter one lies in the middle of silence; of a longer one it is the part with most energy,
    the earliest of equal ones.
    """
    if len(samples) <= length:
        before = (length - len(samples)) // 2
        return np.pad(samples, (before, length - len(samples) - before))
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    start = int((energy[length:] - energy[:-length]).argmax())
    return samples[start : start + length]
