"""Recordings as a run learns words of them: some classes become one, and silence is made up."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.files import sha256
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.data.skipped import Skips
from ghostnet_tf.data.sound import Sound
from ghostnet_tf.data.sound_augment import SILENCE, UNKNOWN, SoundAugment
from ghostnet_tf.tasks.task import Settings

SILENT_S = 2.0  # of made-up silence more than is heard: the loudest part of it is


class Words:
    """See `task.Source`: every recording by its position, and behind them all silences."""

    colours = None  # of classes that nobody draws

    def __init__(self, recordings: Recordings, schedule: Settings):
        if recordings.label_of is None:
            raise UserError(
                f"{recordings.source.title!r} says of no sound what it is",
                fix="put the sounds of each class into a folder of its own, or name them "
                "CLASS_SPEAKER_NUMBER.wav",
            )
        self.recordings, self.seed = recordings, schedule.seed
        rate, seconds = recordings.usual()
        self.rate, self.seconds = schedule.rate or rate, schedule.seconds or seconds
        self.classes, labels = _with_unknown(
            recordings.classes, recordings.label_of, schedule.unknown
        )
        per_class = len(labels) / len(self.classes)
        self.silences = round(schedule.silence * per_class)
        if self.silences:
            if SILENCE in self.classes:
                raise UserError(
                    f"there is a class {SILENCE!r} already", fix="leave the silence setting out"
                )
            labels = np.append(labels, np.full(self.silences, len(self.classes)))
            self.classes = (*self.classes, SILENCE)
        self.label_of = labels
        self.names = [*recordings.names, *(f"{SILENCE} {i}" for i in range(self.silences))]
        tested = recordings.tested(schedule.speaker)
        self.tested = {name for name, is_one in zip(self.names, tested, strict=False) if is_one}
        if len(self.classes) < 2:
            raise UserError(
                f"{recordings.source.title!r} has one class; training needs two or more",
                fix="put the sounds of each class into a folder of its own, or make up another: "
                f"{option('set silence', 1)}",
            )

    @classmethod
    def open(cls, place: str | Path, schedule: Settings) -> "Words":
        return cls(Recordings.open(place), schedule)

    @property
    def skipped(self) -> Skips:
        return self.recordings.skipped

    def __len__(self) -> int:
        return len(self.names)

    def read(self, index: int) -> Sound:
        n = len(self.recordings)
        return self.recordings.read(index) if index < n else self.silence(index - n)

    def silence(self, number: int) -> Sound:
        """Noise, made up or a piece of what was recorded: the same for the same number."""
        rng = np.random.default_rng((self.seed, number))
        n = round((self.seconds + SILENT_S) * self.rate)
        return Sound(SoundAugment().noise_behind(n, rng, self.noises(self.rate)), self.rate)

    def noises(self, rate: int) -> list[np.ndarray]:
        """What was recorded of noise, (n,) each, at this rate."""
        return [one.at(rate).samples for one in self._noise]

    @cached_property
    def _noise(self) -> list[Sound]:
        return self.recordings.noise()

    def digest(self, index: int) -> str:
        if index < len(self.recordings):
            return self.recordings.digest(index)
        return sha256(self.read(index).samples.tobytes())

    def skip(self, index: int, why: str) -> None:
        self.recordings.skip(index, why)


def _with_unknown(
    classes: Sequence[str], labels: np.ndarray, unknown: Sequence[str]
) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes with those of `unknown` as one behind the rest, and the label of each, (n,)."""
    if missing := [one for one in unknown if one not in classes]:
        raise UserError(f"there is no class {missing[0]!r}", fix=f"it has {', '.join(classes)}")
    kept = [one for one in classes if one not in unknown]
    if not unknown:
        return tuple(kept), labels
    if not kept or UNKNOWN in kept:
        raise UserError(f"no class is left beside {UNKNOWN!r}, or one has that name already")
    number = {one: i for i, one in enumerate(kept)}
    new = np.array([number.get(one, len(kept)) for one in classes])
    return (*kept, UNKNOWN), new[labels]
