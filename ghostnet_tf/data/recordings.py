"""Recordings in a folder or a zip: class sub-folders label them, or their names do."""

import math
import re
from collections import Counter
from functools import cached_property
from posixpath import basename, dirname
from typing import Self

import numpy as np

from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.data import sound
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.items import Items
from ghostnet_tf.data.places import Place
from ghostnet_tf.data.skipped import Skips
from ghostnet_tf.data.sound import Sound, is_sound, open_sound, read_sound
from ghostnet_tf.data.sound_augment import Spoken

NOISE = "_background_noise_"  # the folder of Speech Commands that is no class: noise to mix in
LONGEST_NOISE_S = 600.0
LOOKED_AT = 200  # recordings, for their rate and length
ENOUGH_RATE = 16_000  # of speech, samples a second: what is above it says no more of a word
NEARLY_ALL, LONGEST_HEARD_S = 0.95, 5.0  # share of the recordings that shall fit; seconds
TEST, ALL = "test", "all"  # splits, beside those of each speaker
FIRST_TO_LEARN = 5  # FSDD's official split: those numbered 0 to 4 are the test
# As the Free Spoken Digit Dataset names its files: 7_jackson_32.wav.
FLAT = re.compile(r"(?P<label>[^_/]+)_(?P<speaker>[^_/]+)_(?P<index>\d+)\.\w+")


class Recordings(Items[Sound]):
    """Every recording by its position: see `Items`.

    Where all lie in one folder and are called `<class>_<speaker>_<number>`, those names label them.
    What lies in `_background_noise_` is no recording, but in `noise`.
    """

    kind, kinds = "sound", "sounds"
    formats, suffixes, unreadable = sound.NAMES, sound.SUFFIXES, sound.UNREADABLE

    def __init__(self, source: Place, skipped: Skips | None = None):
        super().__init__(source, skipped)
        self.noise_names = [name for name in self.names if basename(dirname(name)) == NOISE]
        self.names = [name for name in self.names if basename(dirname(name)) != NOISE]
        if not self.names:
            raise UserError(
                f"{source.title!r} holds noise, and no {self.kinds} beside it",
                fix=f"put {NOISE} beside the folders of the classes",
            )

    def subset(self, positions: np.ndarray) -> Self:
        some = super().subset(positions)
        some.noise_names = self.noise_names
        return some

    def decode(self, data: bytes, name: str) -> Sound:
        return open_sound(data, name)

    @classmethod
    def of_file(cls, path: str) -> Sound:
        return read_sound(path)

    def is_one(self, data: bytes) -> bool:
        return is_sound(data)

    def noise(self) -> list[Sound]:
        """What lies in `_background_noise_` and can be read."""
        found = []
        for name in self.noise_names:
            try:
                data = self.source.read(name, self.kind)
                found.append(open_sound(data, name, longest_s=LONGEST_NOISE_S))
            except UserError as error:
                self._skip(name, str(error))
        return found

    def heard(self, how: Hearing, advance: Advance = silent) -> Spoken:
        """All that can be read, as a network hears them; UserError where there are no classes."""
        if self.label_of is None:
            raise UserError(
                f"{self.source.title!r} says of no sound what it is",
                fix="put the sounds of each class into a folder of its own, or name them "
                "CLASS_SPEAKER_NUMBER.wav",
            )
        found = [(i, how.heard(sound)) for i, sound in self.each(range(len(self)), advance)]
        positions = np.array([i for i, _ in found])
        labels = self.label_of[positions]
        if lost := sorted({*range(len(self.classes))} - {*labels.tolist()}):
            raise UserError(
                f"class {self.classes[lost[0]]!r} has no sound that can be read",
                fix="add sounds of it, or remove it",
            )
        return Spoken(np.stack([samples for _, samples in found]), labels, self.classes)

    def named(self, part: str) -> list[str]:
        """`speaker` or `index` of every file; of other names than FSDD's, empty ones."""
        found = map(FLAT.fullmatch, map(basename, self.names))
        return [one[part] if one else "" for one in found]

    def tested(self, speaker: str | None = None) -> np.ndarray:
        """Which of them are there to be tested on, and never learned from, (n,) bool.

        Where files are called <class>_<speaker>_<number>, those numbered 0 to 4, if every class has
        others: as FSDD is split. And all of `speaker`; UserError where there is no such.
        """
        of = self.named("speaker")
        if speaker is not None:
            pick(speaker, dict.fromkeys(sorted({*of} - {""})), "speaker")
        spoken = np.array([speaker is not None and one == speaker for one in of], bool)
        is_first = self._first_numbers()
        return spoken if is_first is None else spoken | is_first

    def _first_numbers(self) -> np.ndarray | None:
        """(n,) bool; None where names do not say it, or a class would be left with nothing."""
        classes, label_of = self._labelling
        found = [FLAT.fullmatch(basename(name)) for name in self.names]
        if label_of is None or not all(
            one and one["label"] == classes[label]
            for one, label in zip(found, label_of, strict=True)
        ):
            return None
        first = np.array([int(number) < FIRST_TO_LEARN for number in self.named("index")])
        left = {*label_of[~first].tolist()}
        return first if first.any() and len(left) == len(classes) else None

    def split(self, name: str | None) -> Self:
        """Those of a split: "test" (None, where there is one), "all", or a speaker's."""
        first = self._first_numbers()
        if name == ALL or (name is None and first is None):
            return self
        splits: dict[str, np.ndarray] = {ALL: np.ones(len(self), bool)}
        if first is not None:
            splits[TEST] = first
        of = np.array(self.named("speaker"))
        splits |= {one: of == one for one in sorted({*of.tolist()} - {""})}
        return self.subset(np.flatnonzero(pick(name or TEST, splits, "split")))

    def usual(self) -> tuple[int, float]:
        """(samples a second, seconds) that most have, of those that are looked at.

        No more than words need. Seconds are 1, or half seconds more where that is too short.
        """
        sounds = [self.readable(int(i)) for i in self.evenly(LOOKED_AT)]
        heard = [sound for sound in sounds if sound is not None]
        if not heard:
            return ENOUGH_RATE, 1.0
        rate, _ = Counter(sound.rate for sound in heard).most_common(1)[0]
        needed = float(np.quantile([sound.seconds for sound in heard], NEARLY_ALL))
        return min(rate, ENOUGH_RATE), min(max(1.0, math.ceil(2 * needed) / 2), LONGEST_HEARD_S)

    @cached_property
    def _class_names(self) -> list[str]:
        if len({*map(dirname, self.names)}) == 1:
            flat = [FLAT.fullmatch(basename(name)) for name in self.names]
            if all(flat):
                return [one["label"] for one in flat if one]
        return super()._class_names

    def _would_be_classes(self) -> list[str]:
        return [folder for folder in self.source.folders if basename(folder) != NOISE]
