"""Photos as a person gives them, and what a classifier answers to each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.record import UNKNOWN
from ghostnet_tf.data.formats import suffix
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photo import read_photo
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import Preprocessing
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
    """For each photo of `paths`, in order; a folder or zip stands for every photo in it.

    What cannot be read is noted in `skipped`, a whole folder without photos as one item.
    """
    photos = (photo for path in paths for photo in read(path, classifier.preprocessing, skipped))
    while batch := list(islice(photos, BATCH)):
        images = classifier.preprocessing.normalise(np.stack([pixels for _, pixels in batch]))
        scores = classifier.by_class(images)
        for (name, _), row in zip(batch, scores, strict=True):
            yield Answer(name, best(row, classifier, top))


def read(
    path: str, preprocessing: Preprocessing, skipped: Skips
) -> Iterator[tuple[str, np.ndarray]]:
    """The name of each photo that can be read, and its pixels, (H, W, C) uint8."""
    try:
        if not (user_path(path).is_dir() or suffix(path) == ".zip"):
            yield path, preprocessing.pixels(read_photo(path))
            return
        photos = Photos.open(path, skipped)
    except UserError as error:
        skipped.note(path, str(error), error.fix)
        return
    for i, name in enumerate(photos.names):
        if (photo := photos.readable(i)) is not None:
            yield str(user_path(path) / name), preprocessing.pixels(photo)


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
