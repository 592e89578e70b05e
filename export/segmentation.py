"""A file that says of every pixel what it is of."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.data.class_colours import Colour, colour
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.tasks.segment.pixels import answers, fitted

from .classifier import COPY_THE_RECORD, checked_preprocessing
from .metadata import read_metadata
from .runtime import Runtime
from .scores import checked_labels
from .segmenter_graph import is_segmenter
from .trusted import Opened, trusted


@dataclass(frozen=True)
class Segmenter:
    """A finished file, ready to look at photos."""

    title: str
    runtime: Runtime
    preprocessing: Preprocessing
    labels: Labels
    colours: tuple[Colour, ...]  # of the classes

    def classes_on(self, photo: Image.Image) -> np.ndarray:
        """The class of every pixel of the photo, (height, width) uint8."""
        logits = self.runtime.run(self.preprocessing.images([photo]))[0]
        return fitted(answers(logits, self.preprocessing.sides), (photo.height, photo.width))


def open_segmenter(path: str | Path, opened: Opened | None = None) -> Segmenter:
    """A `.tflite` file with its record or, where there is none, with the metadata inside it."""
    path = user_path(path)
    data, record = opened or trusted(path)
    says = record or read_metadata(data)
    if says is None or says.preprocessing is None or not says.labels:
        raise UserError(
            f"{path.name!r} outlines things, and nothing says what they are called or how a photo "
            "is prepared",
            fix=COPY_THE_RECORD,
        )
    if not is_segmenter(data.graph):
        raise UserError(
            f"{path.name!r} does not give logits of every pixel",
            fix="give a segmenter's .tflite file",
        )
    runtime = Runtime(data)
    how = checked_preprocessing(says.preprocessing, path.name, runtime.input_shape)
    labels = checked_labels(Labels(says.label_ids, says.labels), data.graph, "logits")
    colours = record.masks.colours if record and record.masks else ()
    if len(colours) != len(labels):
        colours = tuple(colour(i) for i in range(len(labels)))
    return Segmenter(path.name, runtime, how, labels, colours)
