"""Accuracy on labelled photos, of several networks side by side on the same photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.base.record import Accuracy
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.items import Items
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.tasks.classify.ranks import ranks_of

if TYPE_CHECKING:
    from .classifier import Classifier
    from .hearer import Hearer

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

    def is_same(self, classifier: int, to: int = 0) -> bool:
        """Whether both are right for the same photos, and wrong for the same."""
        return bool(((self.ranks[classifier] < 1) == (self.ranks[to] < 1)).all())

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
    for c in classifiers:
        refuse_multi_label(c)
    note_trained_on(classifiers, photos)
    outputs = [true_outputs(photos, c.labels, c.title) for c in classifiers]
    preprocessings = list({c.preprocessing for c in classifiers})
    chosen = photos.evenly(len(photos) if limit is None else limit)
    read = (
        (i, [how.pixels(photo) for how in preprocessings])
        for i, photo in photos.each(chosen, advance)
    )
    ranks = []
    while batch := list(islice(read, BATCH)):
        positions = [i for i, _ in batch]
        pixels = zip(*(views for _, views in batch), strict=True)
        images = {
            how: how.normalise(np.stack(p)) for how, p in zip(preprocessings, pixels, strict=True)
        }
        ranks.append(
            [
                ranks_of(c.by_class(images[c.preprocessing]), of[positions])
                for c, of in zip(classifiers, outputs, strict=True)
            ]
        )
    return Evaluation(np.concatenate(ranks, axis=1))


def note_trained_on(classifiers: Sequence["Classifier | Hearer"], photos: Items) -> None:
    """Of a network that was trained on these very photos, its accuracy on them says little."""
    if any(c.trained_on for c in classifiers):
        these = photos.as_one()
        for title in dict.fromkeys(c.title for c in classifiers if c.trained_on == these):
            note(
                f"note: {title} was trained on these very {photos.kinds}; what it will do on "
                f"others, {photos.kinds} tell that it has not seen"
            )


def refuse_multi_label(classifier: "Classifier") -> None:
    """One folder a class says one class a photo; of the others it says nothing."""
    if classifier.is_multi_label:
        refuse_each_for_itself(classifier.title)


def refuse_each_for_itself(title: str) -> NoReturn:
    raise UserError(
        f"{title} answers each class for itself (it ends in a sigmoid), and one class a photo or "
        "sample says nothing of its other classes: there is no top-1",
        fix="leave the labelled ones out, and see what `ghostnet predict --json` answers; where "
        "everything is of one class, gn.export with scores='softmax' and two names or more",
    )


def true_outputs(photos: Photos, labels: Labels, title: str) -> np.ndarray:
    """The output that stands for each photo's class, (photos,) int: by the name of its folder."""
    if photos.label_of is None:
        raise UserError("these photos have no labels", fix="put them into one folder per class")
    output_of = labels.outputs()
    if unknown := [name for name in photos.classes if name not in output_of]:
        raise UserError(
            f"{title} does not know {len(unknown)} of the {len(photos.classes)} class folders, "
            f"first {unknown[0]!r}",
            fix=f"name each folder by a label id of the network, such as {labels.ids[0]!r}",
        )
    return np.array([output_of[name] for name in photos.classes])[photos.label_of]
