"""Digits that nobody said: a voice of pulses and three moving formants, and who hears them."""

import io
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np

from export.from_keras import to_float32
from export.tensors import tensors_of
from ghostnet_tf.base.record import Record, SoundFields, save
from ghostnet_tf.nets.pretrained import DIGITS, pretrained

RATE = 8000
PITCH, BANDWIDTH = 120, 80  # hertz
# What each formant moves through, in hertz: a word's one vowel.
WORDS = {
    "5": ((730, 400), (1090, 1900), (2440, 2600)),
    "8": ((530, 300), (1850, 2300), (2500, 3000)),
}


def word(digit: str, seconds: float = 0.35) -> np.ndarray:
    """(n,) of -1 to 1."""
    n = int(seconds * RATE)
    pulses, radius = np.zeros(n), np.exp(-np.pi * BANDWIDTH / RATE)
    pulses[:: RATE // PITCH] = 1
    sound = np.zeros(n)
    for (first, last), loud in zip(WORDS[digit], (1, 0.5, 0.25), strict=True):
        turns = 2 * radius * np.cos(2 * np.pi * np.linspace(first, last, n) / RATE)
        rings = np.zeros(n + 2)  # a resonator of two poles
        for i in range(n):
            rings[i + 2] = pulses[i] + turns[i] * rings[i + 1] - radius**2 * rings[i]
        sound += loud * rings[2:]
    sound *= np.hanning(n) ** 0.3
    return 0.4 * sound / np.abs(sound).max()


def wav(*parts: np.ndarray) -> bytes:
    """Of one channel, 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as into:
        into.setnchannels(1)
        into.setsampwidth(2)
        into.setframerate(RATE)
        into.writeframes(np.rint(32767 * np.concatenate(parts)).astype("<i2").tobytes())
    return file.getvalue()


def sentence() -> bytes:
    """Both words and silence round each, to be said again and again."""
    silence = np.zeros(int(1.2 * RATE))
    return wav(silence, word("5"), silence, silence, word("8"), silence)


def save_spotter(folder: Path, like: Record) -> Path:
    """The bundled digits as a file; `like`: another one's record, for all that nobody looks at."""
    digits = pretrained("ghost_kws_100", DIGITS)
    assert digits.sound and digits.labels and digits.sound.rate == RATE
    file = to_float32(digits.model, None)
    record = replace(
        like,
        model="ghost_kws_100",
        weights=digits.weights,
        recipe="float32",
        task="keywords",
        preprocessing=None,
        sound=SoundFields(**digits.sound.to_dict()),
        labels=digits.labels.names,
        label_ids=digits.labels.ids,
        scores="logits",
        inputs=tensors_of(file.graph, file.graph.inputs),
        outputs=tensors_of(file.graph, file.graph.outputs),
        accuracy=None,
    )
    return save(folder, record, file)[0]
