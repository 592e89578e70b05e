"""A finished network that names what it hears, and what it answers to recordings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.record import SmoothingFields
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.data.skipped import Skips
from ghostnet_tf.data.sound import CLIPPED

from .answers import Answer, best
from .classifier import COPY_THE_RECORD, scores_in
from .hops import Hops
from .runtime import Runtime
from .scores import by_class, checked_labels
from .trusted import Opened, trusted


@dataclass(frozen=True)
class Hearer:
    """Everything between a recording and a word."""

    title: str
    predict: Callable[[np.ndarray], ArrayLike]  # (N, length) float32 -> (N, outputs)
    hearing: Hearing
    labels: Labels
    scores: str  # what the outputs are: one of record.SCORES
    # Of which network, and of which weights; empty where nothing says so.
    model: str = ""
    weights_sha256: str = ""
    trained_on: str = ""  # `photos.of_all` of the sounds
    hops: Hops | None = None  # of a file that is called for every hop of a sound
    smoothing: SmoothingFields | None = None  # where it is not the usual one

    def by_class(self, samples: np.ndarray) -> np.ndarray:
        """(N, length) float32 -> (N, labels): logits or probabilities, as `scores` says."""
        return by_class(np.asarray(self.predict(samples)), len(self.labels), self.scores)


def open_hearer(path: str | Path, opened: Opened | None = None) -> Hearer:
    """A `.tflite` file with its record, which says what it hears: there is no other place."""
    path = user_path(path)
    data, record = opened or trusted(path)
    if record is None or record.sound is None:
        raise UserError(f"{path.name!r} takes no sound, as far as is known", COPY_THE_RECORD)
    hearing, runtime = Hearing.from_dict({**record.sound}), Runtime(data)
    hops, streaming = None, record.sound.get("streaming")
    if streaming:
        hops = Hops(runtime, data.graph, streaming, hearing.length, repr(path.name))
    elif runtime.input_shape != (1, hearing.length):
        raise UserError(
            f"{path.name!r} takes {runtime.input_shape}; its record says (1, {hearing.length})",
            fix="record and file do not belong together: copy or export the pair again",
        )
    if not record.labels:
        raise UserError(
            f"{path.name!r} names no words: nobody knows what its outputs mean",
            fix="export it again with labels",
        )
    scores = scores_in(record, data.graph)
    labels = checked_labels(Labels(record.label_ids, record.labels), data.graph, scores)
    return Hearer(
        path.name,
        hops.windows if hops else runtime.run,
        hearing,
        labels,
        scores,
        model=record.model,
        weights_sha256=record.weights_sha256,
        trained_on=record.trained_on or "",
        hops=hops,
        smoothing=record.sound.get("smoothing"),
    )


def words(hearer: Hearer, paths: Sequence[str], top: int, skipped: Skips) -> Iterator[Answer]:
    """For each recording of `paths`, as `Items.given` finds them."""
    for name, sound in Recordings.given(paths, skipped):
        if (share := sound.clipped) > CLIPPED:
            note(f"note: sound {name!r} is clipped: {share:.0%} of its samples are at full scale")
        (row,) = hearer.by_class(hearer.hearing.heard(sound)[None])
        yield Answer(name, best(row, hearer, top))
