"""A finished network that can name photos, with what it says of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.record import PreprocessingFields, Record
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.preprocess import Preprocessing

from .detector_graph import finds
from .graph import Graph
from .metadata import Metadata, read_metadata
from .runtime import Runtime
from .scores import by_class, checked_labels, scores_of
from .segmenter_graph import is_segmenter
from .trusted import Opened, trusted

COPY_THE_RECORD = "copy the .json that was exported together with it"


@dataclass(frozen=True)
class Classifier:
    """Everything between a photo and a class. A Keras model makes one as well as a file does."""

    title: str
    predict: Callable[[np.ndarray], ArrayLike]  # (N, H, W, C) float32 -> (N, outputs)
    preprocessing: Preprocessing
    labels: Labels
    scores: str = "logits"  # what the outputs are: one of record.SCORES
    n_outputs: int | None = None  # None: as many as labels
    # Of which network, and of which weights; empty where nothing says so.
    model: str = ""
    weights_sha256: str = ""
    trained_on: str = ""  # `photos.of_all` of the photos

    @property
    def is_multi_label(self) -> bool:
        """Whether a photo may show several of the classes, or none."""
        n_outputs = self.n_outputs or len(self.labels)
        is_one_of_one = len(self.labels) == 1
        return is_one_of_one or (self.scores == "sigmoid" and n_outputs == len(self.labels))

    def by_class(self, images: np.ndarray) -> np.ndarray:
        """(N, H, W, C) float32 -> (N, labels): logits or probabilities, as `scores` says."""
        return by_class(np.asarray(self.predict(images)), len(self.labels), self.scores)


def open_classifier(path: str | Path, opened: Opened | None = None) -> Classifier:
    """A `.tflite` file with its record or, where there is none, with the metadata inside it.

    `opened`: what `trusted` gave of it, where somebody has asked already.
    """
    path = user_path(path)
    data, record = opened or trusted(path)
    if finds(data.graph):
        raise UserError(
            f"{path.name!r} finds things, and names no photo", fix="give a classifier's file"
        )
    if is_segmenter(data.graph):
        raise UserError(
            f"{path.name!r} outlines things, and names no photo", fix="give a classifier's file"
        )
    says = record or read_metadata(data)
    if says is None:
        raise UserError(
            f"{path.name!r} has neither a record beside it nor metadata inside: "
            "its preprocessing and its labels are not known",
            fix=COPY_THE_RECORD,
        )
    if says.preprocessing is None and record:
        raise UserError(
            f"{path.name!r} takes no photos: its inputs are {spelled_inputs(record)}",
            fix="give sounds: WAV, FLAC or OGG"
            if record.sound
            else "give samples in their place: an .npz with an array for each input",
        )
    if says.preprocessing is None:
        raise UserError(
            f"the metadata of {path.name!r} names no crop and no resampling filter, "
            "and it has no record",
            fix=COPY_THE_RECORD,
        )
    if not says.labels:
        raise UserError(
            f"{path.name!r} names no classes: nobody knows what its outputs mean",
            fix=f"export it again with {option('labels', 'NAMES')}",
        )
    runtime = Runtime(data)
    preprocessing = checked_preprocessing(says.preprocessing, path.name, runtime.input_shape)
    scores = scores_in(says, data.graph)
    labels = checked_labels(Labels(says.label_ids, says.labels), data.graph, scores)
    return Classifier(
        path.name,
        runtime.run,
        preprocessing,
        labels,
        scores,
        int(runtime.outputs[0]["shape"][-1]),
        model=record.model if record else "",
        weights_sha256=record.weights_sha256 if record else "",
        trained_on=(record.trained_on if record else None) or "",
    )


def spelled_inputs(record: Record) -> str:
    return ", ".join(f"{one.name!r} {one.shape[1:]} {one.dtype}" for one in record.inputs)


def scores_in(says: Record | Metadata, graph: Graph) -> str:
    """What the outputs are, by the record; metadata and old records say nothing, the graph does."""
    told = says.scores if isinstance(says, Record) else "logits"
    return scores_of(graph) if told == "logits" else told


def checked_preprocessing(
    fields: PreprocessingFields, title: str, input_shape: tuple[int, ...]
) -> Preprocessing:
    """The preprocessing that someone wrote down, if it can be carried out for this input."""
    preprocessing = Preprocessing.from_dict({**fields})
    wanted = (1, *preprocessing.image_shape)
    if input_shape != wanted:
        raise UserError(
            f"{title!r} takes images of shape {input_shape}; its preprocessing makes {wanted}",
            fix="record and file do not belong together: copy or export the pair again",
        )
    return preprocessing
