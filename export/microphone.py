"""What a file that hears says while somebody speaks: each word once, as it is said."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError, reading

from .hearer import Hearer
from .scores import shares

EVERY_S = 0.25  # between two answers
NEEDS = f"{sys.executable} -m pip install sounddevice"
WAY_OUT = (
    "is a microphone there, and may this program use it? python -m sounddevice lists what there "
    "is; a recording in a file does as well"
)


@dataclass(frozen=True)
class Heard:
    """A word, and when it was said."""

    seconds: float  # since the beginning
    label: str
    name: str
    probability: float  # the mean of the answers that it was taken from


def spoken_words(hearer: Hearer, seconds: float | None = None) -> Iterator[Heard]:
    """Every word as it is heard; for so many seconds, or until somebody stops it."""
    from ghostnet_tf.tasks.keywords.smoothing import Smoothing

    how, smoothing = hearer.hearing, Smoothing(hearer.labels.ids)
    last = np.zeros(how.length, np.float32)
    for i, piece in enumerate(pieces(how.rate, round(EVERY_S * how.rate))):
        t = (i + 1) * EVERY_S
        last = np.concatenate([last, piece])[-how.length :]
        if t >= how.seconds:  # before that, most of it is nothing
            (row,) = hearer.by_class(last[None])
            found = smoothing.heard(shares(row.astype(np.float64), hearer.scores), t)
            if found is not None:
                labels, mean = hearer.labels, float(smoothing.means[found])
                yield Heard(t, labels.ids[found], labels.names[found], round(mean, 6))
        if seconds is not None and t >= seconds:
            return


def pieces(rate: int, n: int) -> Iterator[np.ndarray]:
    """(n,) float32 of the microphone that the system has chosen, one after the other."""
    if not find_spec("sounddevice"):
        raise UserError(
            "a microphone is read by the package sounddevice, which is not there", NEEDS
        )
    stream: Any
    with reading("the microphone", WAY_OUT):  # without PortAudio the import fails
        import sounddevice  # type: ignore[reportMissingImports]

        stream = sounddevice.InputStream(samplerate=rate, channels=1, dtype="float32")
        stream.start()
    try:
        for _ in count():
            with reading("the microphone", WAY_OUT):  # it may be pulled out
                samples, _ = stream.read(n)
            yield np.nan_to_num(np.asarray(samples, np.float32).reshape(-1))
    finally:
        stream.close()
