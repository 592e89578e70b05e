"""Photos as a person gives them, and what a classifier answers to each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np

from ghostnet_tf.base.record import UNKNOWN
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.skipped import Skips

from .classifier import Classifier
from .scores import shares

NO_PROBABILITIES = (
    "gives values that are no probabilities (it ends in a tanh, say): they are shown as they are"
)
BATCH = 32  # photos in memory at a time, however many a folder holds


@dataclass(frozen=True)
class Answer:
    """One photo, and the classes that its network finds in it."""

    photo: str  # or recording
    top: list[dict[str, Any]]  # id, name, probability (or value: see `best`); the likeliest first


def answers(
    classifier: Classifier, paths: Sequence[str], top: int, skipped: Skips
) -> Iterator[Answer]:
    """For each photo of `paths`, as `Items.given` finds them."""
    pixels_of = classifier.preprocessing.pixels
    photos = ((name, pixels_of(photo)) for name, photo in Photos.given(paths, skipped))
    while batch := list(islice(photos, BATCH)):
        images = classifier.preprocessing.normalise(np.stack([pixels for _, pixels in batch]))
        scores = classifier.by_class(images)
        for (name, _), row in zip(batch, scores, strict=True):
            yield Answer(name, best(row, classifier, top))


class Named(Protocol):
    """What has names for its outputs."""

    @property
    def labels(self) -> Labels: ...
    @property
    def scores(self) -> str: ...


def best(scores: np.ndarray, classifier: Named, top: int) -> list[dict[str, Any]]:
    """The first `top` classes by score, (labels,), with their probabilities.

    Of scores that nobody knows the meaning of, with their `value` in the place of a probability.
    """
    probabilities = shares(scores, classifier.scores)
    key = "value" if classifier.scores == UNKNOWN else "probability"
    return [
        {
            "id": classifier.labels.ids[i],
            "name": classifier.labels.names[i],
            key: round(float(probabilities[i]), 6),
        }
        for i in np.argsort(-scores, kind="stable")[:top]
    ]
