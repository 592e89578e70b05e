"""Accuracy on labelled photos, of several networks side by side on the same photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.base.record import Accuracy
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.train.score import ranks_of

if TYPE_CHECKING:
    from .classifier import Classifier

BATCH = 32  # photos decoded at a time, for however many classifiers
Z95 = 1.959964  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True)
class Difference:
    """Of one top-1 accuracy from another on the same photos, with its 95 % interval."""

    top1: float
    low: float
    high: float


@dataclass(frozen=True)
class Evaluation:
    """Where the true class came in each classifier's order: 0 is its first answer."""

    ranks: np.ndarray  # (classifiers, photos) int
    skipped: tuple[str, ...]  # why, for every photo that could not be read

    def accuracy(self, classifier: int) -> Accuracy:
        ranks = self.ranks[classifier]
        return Accuracy(float((ranks < 1).mean()), float((ranks < 5).mean()), len(ranks))

    def difference(self, classifier: int, to: int = 0) -> Difference:
        """Paired: only photos on which the two disagree say anything.

        Agresti and Min's interval (2005: half a photo is added to each of the four cells), which
        unlike the textbook's keeps a width where the two never disagree.
        """
        ours, theirs = self.ranks[classifier] < 1, self.ranks[to] < 1
        won, lost, n = int((ours & ~theirs).sum()), int((theirs & ~ours).sum()), len(ours) + 2
        middle = (won - lost) / n
        margin = Z95 * ((won + lost + 1) - n * middle**2) ** 0.5 / n
        return Difference((won - lost) / len(ours), middle - margin, middle + margin)


def evaluate(
    classifiers: Sequence["Classifier"],
    photos: Photos,
    limit: int | None = None,
    advance: Advance = silent,
) -> Evaluation:
    """Show the same photos to every classifier. `limit` takes them evenly from all classes."""
    outputs = [true_outputs(photos, c.labels, c.title) for c in classifiers]
    preprocessings = {c.preprocessing for c in classifiers}
    chosen = photos.evenly(len(photos) if limit is None else limit)
    ranks, skipped = [], []
    for batch in np.split(chosen, range(BATCH, len(chosen), BATCH)):
        read: dict[int, Image.Image] = {}
        for i in batch:
            try:
                read[i] = photos.read(i)
            except UserError as broken:
                skipped.append(str(broken))
        if read:
            images = {how: how.images(read.values()) for how in preprocessings}
            ranks.append(
                [
                    ranks_of(np.asarray(c.predict(images[c.preprocessing])), of[[*read]])
                    for c, of in zip(classifiers, outputs, strict=True)
                ]
            )
        advance(len(batch))
    if not ranks:
        raise UserError(f"none of the {len(chosen)} photos can be read; {skipped[0]}")
    return Evaluation(np.concatenate(ranks, axis=1), tuple(skipped))


def true_outputs(photos: Photos, labels: Labels, title: str) -> np.ndarray:
    """The output that stands for each photo's class, (photos,) int: by the name of its folder."""
    if photos.label_of is None:
        raise UserError("these photos have no labels", fix="put them into one folder per class")
    output_of = {id: output for output, id in enumerate(labels.ids)}
    if unknown := [name for name in photos.classes if name not in output_of]:
        raise UserError(
            f"{title} does not know {len(unknown)} of the {len(photos.classes)} class folders, "
            f"first {unknown[0]!r}",
            fix=f"name each folder by a label id of the network, such as {labels.ids[0]!r}",
        )
    return np.array([output_of[name] for name in photos.classes])[photos.label_of]
