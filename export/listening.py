"""Recordings as the samples that a network which hears takes, to calibrate and to be scored on."""

from collections.abc import Sequence
from itertools import islice

import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.progress import Advance, Stages, silent
from ghostnet_tf.base.record import Record
from ghostnet_tf.data.given import Given
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.data.samples import MAX_BYTES, TRUE_CLASS, Samples
from ghostnet_tf.data.sound_augment import UNKNOWN
from ghostnet_tf.tasks.classify.ranks import ranks_of

from .evaluation import BATCH, Evaluation, note_trained_on
from .hearer import Hearer

INPUT = "samples"  # the array of a file; its name does not matter where there is one


def as_samples(
    given: Given | None,
    hearing: Hearing | None,
    title: str,
    most: int,
    stages: Stages | None = None,
) -> Photos | Samples | None:
    """Sounds as a network hears them, `most` of them evenly; whatever else as it is.

    What the names of files keep for a test is not among them. UserError for sounds to a network
    that hears nothing, and for photos to one that does.
    """
    refuse_other_kind(given, hearing, title)
    if not isinstance(given, Recordings) or hearing is None:
        return None if isinstance(given, Recordings) else given
    free = given.subset(np.flatnonzero(~given.tested()))
    chosen = free.evenly(most)
    with (stages or Stages()).stage("read sounds", len(chosen)) as advance:
        heard = [hearing.heard(sound) for _, sound in free.each(chosen, advance)]
    return Samples.of({INPUT: np.stack(heard)}, given.source.title)


def as_labelled_samples(
    given: Given | None, hearing: Hearing | None, labels: Labels | None, title: str
) -> Photos | Samples | None:
    """The same with what each is; of a place that keeps some for a test, these alone."""
    refuse_other_kind(given, hearing, title)
    if not isinstance(given, Recordings) or hearing is None:
        return None if isinstance(given, Recordings) else given
    tested = given.split(None)
    if 4 * len(tested) * hearing.length > MAX_BYTES:
        raise UserError(
            f"{len(tested):,} sounds are too many to score while files are made",
            fix=f"leave {option('labelled')} out; ghostnet evaluate takes any number",
        )
    outputs = true_words(tested, known(labels, title), title)
    read = [(i, hearing.heard(sound)) for i, sound in tested.each(range(len(tested)))]
    arrays = {
        INPUT: np.stack([heard for _, heard in read]),
        TRUE_CLASS: outputs[[i for i, _ in read]],
    }
    return Samples.of(arrays, given.source.title)


def window_of(record: Record | None) -> Hearing | None:
    """How a file hears that takes a window of sound; None for others, also hop by hop."""
    sound = record.sound if record else None
    return Hearing.from_dict({**sound}) if sound and not sound.get("streaming") else None


def refuse_other_kind(given: Given | None, hearing: Hearing | None, title: str) -> None:
    """UserError for sounds to a network that hears nothing, and for photos to one that does."""
    if isinstance(given, Recordings) and hearing is None:
        raise UserError(
            f"{title} takes no window of sound: it sees photos, or hears hop by hop; "
            f"{given.source.title!r} holds sounds",
            fix="give what it takes, or the file of a window",
        )
    if isinstance(given, Photos) and hearing is not None:
        raise UserError(
            f"{title} hears, and sees no photos",
            fix="give a folder or zip of sounds, or samples in an .npz",
        )


def known(labels: Labels | None, title: str) -> Labels:
    if labels is None:
        raise UserError(f"{title} names no words", fix=option("labels", "NAMES"))
    return labels


def true_words(sounds: Recordings, labels: Labels, title: str) -> np.ndarray:
    """The output that stands for each sound's class, (sounds,) int.

    A word that the network was not taught is unknown to it, where it has such a class.
    """
    if sounds.label_of is None:
        raise UserError(
            f"{sounds.source.title!r} says of no sound what it is",
            fix="put the sounds of each class into a folder of its own",
        )
    outputs = labels.outputs()
    other = outputs.get(UNKNOWN)
    if lacking := [name for name in sounds.classes if name not in outputs and other is None]:
        raise UserError(
            f"{title} does not know {len(lacking)} of the {len(sounds.classes)} classes, "
            f"first {lacking[0]!r}",
            fix=f"name each class as the network does, such as {labels.ids[0]!r}",
        )
    return np.array([outputs.get(name, other) for name in sounds.classes])[sounds.label_of]


def evaluate_sounds(
    hearers: Sequence[Hearer],
    sounds: Recordings,
    limit: int | None = None,
    advance: Advance = silent,
) -> Evaluation:
    """Let all hear the same sounds. `limit` takes them evenly from all classes."""
    note_trained_on(hearers, sounds)
    outputs = [true_words(sounds, one.labels, one.title) for one in hearers]
    by_class = np.argsort(outputs[0], kind="stable")
    n = min(limit or len(sounds), len(sounds))
    chosen = by_class[np.arange(n) * len(sounds) // n]
    ways = list(dict.fromkeys(one.hearing for one in hearers))
    read = (
        (i, {how: how.heard(sound) for how in ways}) for i, sound in sounds.each(chosen, advance)
    )
    ranks = []
    while batch := list(islice(read, BATCH)):
        positions = [i for i, _ in batch]
        heard = {how: np.stack([one[how] for _, one in batch]) for how in ways}
        ranks.append(
            [
                ranks_of(one.by_class(heard[one.hearing]), of[positions])
                for one, of in zip(hearers, outputs, strict=True)
            ]
        )
    return Evaluation(np.concatenate(ranks, axis=1))
