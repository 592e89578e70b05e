"""What a file that hears says while somebody speaks: each word once, as it is said."""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import count
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError, reading

from .hearer import Hearer
from .stream import Said, Stream

NEEDS = f"{sys.executable} -m pip install sounddevice"
WAY_OUT = (
    "is a microphone there, and may this program use it? python -m sounddevice lists what there "
    "is; a recording in a file does as well"
)


def spoken_words(hearer: Hearer, seconds: float | None = None) -> Iterator[Said]:
    """Every word as it is heard; for so many seconds, or until somebody stops it."""
    stream = Stream(hearer)
    for i, piece in enumerate(pieces(hearer.hearing.rate, stream.hop), 1):
        yield from stream.hear(piece)
        if seconds is not None and i * stream.hop >= seconds * hearer.hearing.rate:
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
