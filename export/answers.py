"""Photos as a person gives them, and what a classifier answers to each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.data.photos import Photos, open_photo
from ghostnet_tf.data.preprocess import Preprocessing

from .classifier import Classifier

BATCH = 32  # photos in memory at a time, however many a folder holds


@dataclass(frozen=True)
class Answer:
    """One photo: its first classes, or why it could not be read."""

    photo: str
    top: list[dict[str, Any]]  # id, name, probability; the likeliest first
    why: str = ""  # empty: it was read


def answers(classifier: Classifier, paths: Sequence[str], top: int) -> Iterator[Answer]:
    """For each photo of `paths`, in order; a folder stands for every photo in it and below it."""
    batch: list[tuple[str, np.ndarray | str]] = []
    for path in paths:
        for photo in read(path, classifier.preprocessing):
            batch.append(photo)
            if len(batch) == BATCH:
                yield from answered(classifier, batch, top)
                batch = []
    yield from answered(classifier, batch, top)


def read(path: str, preprocessing: Preprocessing) -> Iterator[tuple[str, np.ndarray | str]]:
    """The name of each photo, and its pixels, (size, size, 3) uint8, or why there are none."""
    try:
        if not user_path(path).is_dir():
            photo = open_photo(user_path(path).read_bytes(), path)
            yield path, preprocessing.pixels(photo)
            return
        photos = Photos.open(path)
    except (OSError, UserError) as error:
        why = error if isinstance(error, UserError) else error.strerror
        yield path, str(why) if path in str(why) else f"{path!r} cannot be read: {why}"
        return
    for i, name in enumerate(photos.names):
        whole = str(user_path(path) / name)
        try:
            yield whole, preprocessing.pixels(photos.read(i))
        except UserError as error:
            yield whole, f"{error} (in {path!r})"


def answered(
    classifier: Classifier, batch: Sequence[tuple[str, np.ndarray | str]], top: int
) -> Iterator[Answer]:
    """What the classifier makes of one batch, in its order."""
    pixels = [photo for _, photo in batch if isinstance(photo, np.ndarray)]
    scores: Iterator[np.ndarray] = iter(())
    if pixels:
        images = classifier.preprocessing.normalise(np.stack(pixels))
        scores = iter(np.asarray(classifier.predict(images)))
    for name, photo in batch:
        if isinstance(photo, str):
            yield Answer(name, [], photo)
        else:
            yield Answer(name, best(next(scores), classifier, top))


def best(scores: np.ndarray, classifier: Classifier, top: int) -> list[dict[str, Any]]:
    """The first `top` classes by score, (classes,), with their probabilities."""
    shares = scores if classifier.gives_probabilities else softmax(scores)
    return [
        {
            "id": classifier.labels.ids[i],
            "name": classifier.labels.names[i],
            "probability": round(float(shares[i]), 6),
        }
        for i in np.argsort(-scores, kind="stable")[:top]
    ]


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()
