"""What a network is fine-tuned on, and what it is judged by: photos in random views, or samples."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.augment import random_view
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.data.samples import Images, Sample

BATCH = 32
JUDGED = 64  # held back at most, and one in eight of fewer
CROP_SCALE = (0.5, 1.0)  # share of a photo's area
SEED = 0


@dataclass(frozen=True)
class Batches:
    """Batches by their number, always the same: (BATCH, ...) float32 for each input."""

    photos: Photos | list[Sample]
    preprocessing: Preprocessing | None  # None: of samples

    @cached_property
    def _held_back(self) -> np.ndarray:
        n = len(self.photos)
        some = min(JUDGED, n // 8)
        return np.arange(some) * n // some

    @cached_property
    def _order(self) -> np.ndarray:
        kept = np.setdiff1d(np.arange(len(self.photos)), self._held_back)
        return np.random.default_rng(SEED).permutation(kept)

    def __len__(self) -> int:
        """Of the photos that are trained on."""
        return len(self._order)

    def __getitem__(self, number: int) -> list[np.ndarray]:
        order = self._order
        chosen = np.resize(np.roll(order, -number * BATCH), BATCH)
        if not isinstance(self.photos, Photos):
            columns = zip(*(self.photos[i] for i in chosen), strict=True)
            return [np.stack(column).astype(np.float32) for column in columns]
        rng = np.random.default_rng((SEED, number))
        views = [view for i in chosen if (view := self._view(int(i), rng)) is not None]
        if not views:
            raise UserError("none of the photos to fine-tune on can be read", fix="give others")
        pixels = np.stack([views[i % len(views)] for i in range(BATCH)])
        return [self._preprocessing.normalise(pixels)]

    def judged(self) -> Images:
        """What is in no batch."""
        if not isinstance(self.photos, Photos):
            return [self.photos[i] for i in self._held_back]
        return self._preprocessing.images(photo for _, photo in self.photos.each(self._held_back))

    @property
    def _preprocessing(self) -> Preprocessing:
        assert self.preprocessing is not None, "photos need one"
        return self.preprocessing

    def _view(self, position: int, rng: np.random.Generator) -> np.ndarray | None:
        """(H, W, C) uint8; None of a photo that cannot be read, which is skipped."""
        assert isinstance(self.photos, Photos)
        photo = self.photos.readable(position)
        if photo is None:
            return None
        how = self._preprocessing
        pixels = random_view(np.asarray(photo), how.size, CROP_SCALE, True, None, rng)
        return how.in_channels(pixels)
