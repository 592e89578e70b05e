"""A file that hears, and sound without an end: its words, each once, as they are said."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.long_sound import sound_blocks
from ghostnet_tf.tasks.keywords.smoothing import Smoothing

from .hearer import Hearer
from .scores import by_class, shares

EVERY_S = 0.25  # between two answers of a file that takes a whole window


@dataclass(frozen=True)
class Said:
    """A word, when it was heard, and how sure that was."""

    seconds: float  # from the beginning of the sound to the end of what was heard
    name: str
    probability: float  # the mean over the last answers

    def as_json(self) -> dict[str, Any]:
        return {
            "seconds": round(self.seconds, 3),
            "name": self.name,
            "probability": round(self.probability, 6),
        }


class Stream:
    """Takes sound as it comes. Before it there was silence.

    A file that was made for it is called for every hop; of another one the last window is heard
    four times a second.
    """

    def __init__(self, hearer: Hearer):
        self.hearer = hearer
        self.hop = hearer.hops.hop if hearer.hops else round(EVERY_S * hearer.hearing.rate)
        self.smoothing = smoothing_of(hearer)
        self._heard = 0  # samples
        self._left = np.zeros(0, np.float32)  # less than a hop
        self._window = np.zeros(hearer.hearing.length, np.float32)
        if hearer.hops:
            hearer.hops.forget()

    def hear(self, samples: np.ndarray) -> list[Said]:
        """(n,) float32 of -1 to 1, `hearer.hearing.rate` a second -> the words that they end.

        UserError for what is no sound.
        """
        samples = np.asarray(samples, np.float32)
        if samples.ndim != 1 or not np.isfinite(samples).all():
            raise UserError(
                f"samples of shape {samples.shape} are no sound of one channel"
                if samples.ndim != 1
                else "there is NaN or infinity among the samples",
                fix="give (n,) finite numbers from -1 to 1",
            )
        samples = np.concatenate([self._left, samples])
        n = len(samples) // self.hop * self.hop
        self._left = samples[n:]
        answers = (self._answer(some) for some in samples[:n].reshape(-1, self.hop))
        return [said for said in answers if said]

    def _answer(self, samples: np.ndarray) -> Said | None:
        hearer = self.hearer
        if hearer.hops:
            outputs = hearer.hops.call(samples)
        else:
            self._window = np.concatenate([self._window, samples])[-hearer.hearing.length :]
            outputs = np.asarray(hearer.predict(self._window[None]))[0]
        self._heard += len(samples)
        (row,) = by_class(outputs[None], len(hearer.labels), hearer.scores)
        seconds = self._heard / hearer.hearing.rate
        top = self.smoothing.heard(shares(row.astype(np.float64), hearer.scores), seconds)
        if top is None:
            return None
        return Said(seconds, hearer.labels.names[top], float(self.smoothing.means[top]))


def smoothing_of(hearer: Hearer) -> Smoothing:
    """As the record says, or as usual."""
    names, says = hearer.labels.names, hearer.smoothing
    return (
        Smoothing(names, says["seconds"], says["score"], says["rest"]) if says else Smoothing(names)
    )


def words_in(hearer: Hearer, path: str) -> Iterator[Said]:
    """The words of a recording of any length, in their order; it is read as they are asked for."""
    stream = Stream(hearer)
    for block in sound_blocks(path, hearer.hearing.rate):
        yield from stream.hear(block)
    yield from stream.hear(np.zeros(stream.hop, np.float32))  # for what is less than a hop
