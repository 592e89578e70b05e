"""Photos become batches, each a function of (seed, epoch, number): a run can be resumed."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import keras
import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.progress import Advance
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.train.augment import random_view
from ghostnet_tf.train.schedule import Schedule


@dataclass(frozen=True)
class Decoded:
    """Photos in memory: (H, W, 3) uint8 each, and the class of each."""

    pixels: list[np.ndarray]
    labels: np.ndarray  # (n,) int

    def __len__(self) -> int:
        return len(self.pixels)


def hold_out(count: int, held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(training, held-out) positions of `count` photos, each sorted; the same for the same seed."""
    if not 0 < held_out < count:
        raise UserError(
            f"{held_out} photos cannot be held out of {count}",
            fix="--held-out N, about one photo in twenty",
        )
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def decode(photos: Photos, positions: np.ndarray, short_side: int, advance: Advance) -> Decoded:
    """Read photos into memory, shrunk so that no short side exceeds `short_side` pixels.

    Those that cannot be read are left out, and noted in `photos.skipped`.
    """
    assert photos.label_of is not None
    pixels, kept = [], []

    def read(position: int) -> np.ndarray | None:
        photo = photos.readable(position)
        if photo is None:
            return None
        shrink = short_side / min(photo.size)
        if shrink < 1:
            width, height = (max(1, round(side * shrink)) for side in photo.size)
            photo = photo.resize((width, height))
        return np.asarray(photo)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            for position, photo in zip(positions, pool.map(read, positions), strict=True):
                if photo is not None:
                    pixels.append(photo)
                    kept.append(position)
                advance()
        except BaseException:  # Ctrl-C does not wait for the photos that nobody will look at
            pool.shutdown(cancel_futures=True)
            raise
    return Decoded(pixels, photos.label_of[np.array(kept, int)])


class TrainBatches(keras.utils.PyDataset):
    """One epoch, augmented: (batch, size, size, 3) float32 and targets (batch, classes) float32."""

    def __init__(
        self,
        data: Decoded,
        classes: int,
        schedule: Schedule,
        preprocessing: Preprocessing,
        epoch: int,
    ):
        super().__init__(workers=os.cpu_count() or 1, max_queue_size=8)
        self.data, self.schedule, self.preprocessing = data, schedule, preprocessing
        self.epoch, self.size = epoch, schedule.size_at(epoch)
        self.one_hot = np.eye(classes, dtype=np.float32)
        self.order = np.random.default_rng((schedule.seed, epoch)).permutation(len(data))

    def __len__(self) -> int:
        # the rest of the photos has its turn next epoch
        return len(self.data) // self.schedule.batch

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        schedule = self.schedule
        rng = np.random.default_rng((schedule.seed, self.epoch, number))
        chosen = self.order[number * schedule.batch : (number + 1) * schedule.batch]
        how = (self.size, schedule.crop_scale, schedule.flip, schedule.randaugment)
        views = [random_view(self.data.pixels[i], *how, rng) for i in chosen]
        images = self.preprocessing.normalise(np.stack(views))
        targets = self.one_hot[self.data.labels[chosen]]
        if schedule.mixup:  # arXiv 1710.09412, with the batch reversed as the partner
            share = np.float32(rng.beta(schedule.mixup, schedule.mixup))
            images = share * images + (1 - share) * images[::-1]
            targets = share * targets + (1 - share) * targets[::-1]
        return images, targets


class EvalBatches(keras.utils.PyDataset):
    """The photos as they will be seen in use: (batch, size, size, 3) float32, no labels.

    The last photo fills up the last batch: one shape to compile, and one that can be shared among
    accelerators. Cut the predictions to the number of photos.
    """

    def __init__(self, data: Decoded, preprocessing: Preprocessing, batch: int):
        super().__init__(workers=os.cpu_count() or 1, max_queue_size=8)
        self.data, self.preprocessing, self.batch = data, preprocessing, batch

    def __len__(self) -> int:
        return -(-len(self.data) // self.batch)

    def __getitem__(self, number: int) -> tuple[np.ndarray]:
        chosen = np.arange(number * self.batch, (number + 1) * self.batch)
        photos = [self.data.pixels[i] for i in chosen.clip(max=len(self.data) - 1)]
        return (self.preprocessing.images(map(Image.fromarray, photos)),)
