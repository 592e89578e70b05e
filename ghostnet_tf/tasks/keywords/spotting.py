"""What a run of a keyword spotter asks while it trains: every epoch hears the recordings anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ghostnet_tf.base.sides import Size
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.sound_augment import SoundAugment
from ghostnet_tf.tasks.classify.one_class import OneClass


@dataclass(frozen=True, kw_only=True)
class Spotting(OneClass):
    """A network that learns which word is said: see `task.Learning`."""

    kinds: ClassVar[str] = "sounds"
    hearing: Hearing
    noises: Sequence[np.ndarray] = ()  # recorded, at the rate of `hearing`; none: made up

    def batch(
        self,
        pixels: Sequence[np.ndarray],
        labels: np.ndarray,
        size: Size | None,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(samples (N, length) float32, targets (N, classes) float32)."""
        how = SoundAugment(
            shift_s=self.schedule.shift,
            noise_share=self.schedule.noise,
            gain=self.schedule.gain,
        )
        heard = [how(samples, self.hearing.rate, rng, self.noises) for samples in pixels]
        return self.mixed(np.stack(heard), labels, rng)

    def seen(self, pixels: Sequence[np.ndarray]) -> np.ndarray:
        return np.stack(pixels)
