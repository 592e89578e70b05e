"""Examples become batches, each a function of (seed, epoch, number): a run can be resumed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256
from ghostnet_tf.base.progress import Advance
from ghostnet_tf.tasks.task import Learning, Source
from ghostnet_tf.train import memory
from ghostnet_tf.train.prefetch import prefetched
from ghostnet_tf.train.schedule import Schedule


@dataclass(frozen=True)
class Decoded:
    """Photos or sounds as they are trained on, and what is true of each."""

    # (H, W, 3) uint8, or (n,) float32; decoded anew where memory does not hold all
    pixels: Sequence[np.ndarray]
    labels: np.ndarray  # (n,): what is true of each, as its task has it; a class is an int
    names: list[str] = field(default_factory=list)  # in their source
    digests: list[str] = field(default_factory=list)  # of their files: SHA-256

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, positions: np.ndarray) -> "Decoded":
        """Those at these positions."""
        return Decoded(
            _Some(self.pixels, positions),
            self.labels[positions],
            [self.names[i] for i in positions] if self.names else [],
            [self.digests[i] for i in positions] if self.digests else [],
        )

    @property
    def fingerprint(self) -> str:
        """Of names and contents: equal for the same photos alone."""
        rows = zip(self.names, self.digests, strict=True)
        text = "\n".join(f"{digest} {name}" for name, digest in rows)
        return sha256(text.encode("utf-8", "surrogateescape"))


class Pixels(Sequence):
    """What `keeping` makes of each that is read, some of them in memory."""

    def __init__(self, photos: Source, positions: list[int], keeping: Callable[[Any], np.ndarray]):
        self.photos, self.positions, self.keeping = photos, positions, keeping
        self.kept: dict[int, np.ndarray] = {}  # by their position in `photos`

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, i):
        position = self.positions[i]
        kept = self.kept.get(position)
        return self.read(position) if kept is None else kept

    def read(self, position: int) -> np.ndarray:
        """From the file."""
        return self.keeping(self.photos.read(position))


class _Some(Sequence):
    """Some of the items of a sequence, in their order."""

    def __init__(self, of: Sequence, positions: np.ndarray):
        self.of, self.positions = of, positions

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, i):
        return self.of[int(self.positions[i])]


def decode(
    photos: Source,
    positions: np.ndarray,
    keeping: Callable[[Any], np.ndarray],
    advance: Advance,
    max_bytes: int | None = None,
) -> Decoded:
    """Read every one once; keep the first ones decoded, in `max_bytes` of memory.

    The others are decoded again whenever they are asked for. Those that cannot be read are left
    out, and noted in `photos.skipped`.
    """
    assert photos.label_of is not None
    room = memory.for_photos() if max_bytes is None else max_bytes
    pixels, digests = Pixels(photos, [], keeping), []

    def read(number: int) -> tuple[np.ndarray, str] | None:
        position = int(positions[number])
        try:
            return pixels.read(position), photos.digest(position)
        except UserError as error:
            photos.skip(position, str(error))
            return None

    for position, found in zip(positions, prefetched(read, len(positions)), strict=True):
        if found is not None:
            photo, digest = found
            pixels.positions.append(int(position))
            digests.append(digest)
            if photo.nbytes <= room:
                pixels.kept[int(position)] = photo
                room -= photo.nbytes
        advance()
    read_ones = np.array(pixels.positions, int)
    names = [photos.names[i] for i in read_ones]
    return Decoded(pixels, photos.label_of[read_ones], names, digests)


@dataclass(frozen=True)
class Cut:
    """How an epoch is cut into batches, all of one size: each size is a graph to be traced."""

    steps: int
    batch: int  # examples in a step

    @classmethod
    def of(cls, photos: int, schedule: Schedule, accelerators: int = 1) -> "Cut":
        """Of so many training photos; each accelerator takes as many of a batch as the others.

        With `every_photo` there are as few batches as hold them all, and those as small as do.
        """
        if not schedule.every_photo:
            assert photos >= schedule.batch, "the batch of a small set has to shrink"
            return cls(photos // schedule.batch, schedule.batch)
        steps = -(-photos // schedule.batch)
        batch = -(-photos // steps)
        return cls(steps, -(-batch // accelerators) * accelerators)

    def twice(self, photos: int) -> int:
        """How many are seen a second time in an epoch, to fill the last batch; below 0: sit out."""
        return self.steps * self.batch - photos


class TrainBatches:
    """One epoch, augmented: (batch, ...) float32 and targets (batch, ...) float32."""

    def __init__(
        self,
        data: Decoded,
        learning: Learning,
        schedule: Schedule,
        epoch: int,
        cut: Cut | None = None,  # None: of one accelerator
    ):
        self.data, self.learning, self.schedule = data, learning, schedule
        self.epoch, self.size = epoch, schedule.size_at(epoch)
        self.cut = Cut.of(len(data), schedule) if cut is None else cut
        order = np.random.default_rng((schedule.seed, epoch)).permutation(len(data))
        # The first ones once more where the last batch is not full; or the last ones left out.
        self.order = np.resize(order, self.cut.steps * self.cut.batch)

    def __len__(self) -> int:
        return self.cut.steps

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self.schedule.seed, self.epoch, number))
        chosen = self.order[number * self.cut.batch :][: self.cut.batch]
        pixels = [self.data.pixels[i] for i in chosen]
        return self.learning.batch(pixels, self.data.labels[chosen], self.size, rng)


class EvalBatches:
    """Photos or sounds as they are in use: (batch, ...) float32, no labels.

    The last one fills up the last batch: one shape to compile, and one that can be shared among
    accelerators. Cut the predictions to the number of examples.
    """

    def __init__(self, data: Decoded, learning: Learning, batch: int):
        self.data, self.learning, self.batch = data, learning, batch

    def __len__(self) -> int:
        return -(-len(self.data) // self.batch)

    def __getitem__(self, number: int) -> np.ndarray:
        chosen = np.arange(number * self.batch, (number + 1) * self.batch)
        return self.learning.seen(
            [self.data.pixels[i] for i in chosen.clip(max=len(self.data) - 1)]
        )
