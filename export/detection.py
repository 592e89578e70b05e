"""A file that finds things: what it says of a photo."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.tasks.detect.nms import IOU, MOST, SCORE, Found, keep

from .classifier import COPY_THE_RECORD, Classifier, checked_preprocessing, open_classifier
from .detector_graph import finds, is_postprocessed
from .metadata import read_metadata
from .runtime import Runtime
from .scores import checked_labels
from .segmentation import Segmenter, open_segmenter
from .segmenter_graph import is_segmenter
from .trusted import Opened, trusted

SURE = 0.3  # score from which on a box is shown to a person


@dataclass(frozen=True)
class Detector:
    """A finished file, or weights in Keras, ready to look at photos."""

    title: str
    run: Callable[[np.ndarray], Iterable[np.ndarray]]  # images -> boxes, scores of each
    preprocessing: Preprocessing
    labels: Labels
    iou: float = IOU  # of two boxes of a class, above which the surer one stays
    most: int = MOST  # boxes of a photo
    has_chosen: bool = False  # the file itself chooses among its boxes

    def find(self, photo: Image.Image, score: float = SCORE) -> Found:
        """What is on the photo, the surest first; corners as shares of it."""
        answers = self.run(self.preprocessing.images([photo]))
        if self.has_chosen:
            places, kinds, scores, count = (values[0] for values in answers)
            return chosen(places, kinds, scores, count, score)
        boxes, scores = answers
        return keep(boxes[0], scores[0], self.iou, score, self.most)


def chosen(
    boxes: np.ndarray, kinds: np.ndarray, scores: np.ndarray, count: np.ndarray, score: float = 0.0
) -> Found:
    """What a file has chosen itself, y1 x1 y2 x2 in a row, as if we had; below `score` nothing."""
    n = int(np.count_nonzero(scores[: int(count)] >= np.float32(score)))  # the surest come first
    corners = boxes[:n, [1, 0, 3, 2]].clip(0, 1)  # through a logarithm and back: 1.0000001
    return Found(corners, kinds[:n].astype(np.int64), scores[:n])


def open_any(path: str | Path, opened: Opened | None = None) -> Classifier | Detector | Segmenter:
    """Whatever a finished file is that sees, by its graph."""
    opened = opened or trusted(path)
    if is_segmenter(opened[0].graph):
        return open_segmenter(path, opened)
    return (open_detector if finds(opened[0].graph) else open_classifier)(path, opened)


def open_detector(path: str | Path, opened: Opened | None = None) -> Detector:
    """A `.tflite` file with its record or, where there is none, with the metadata inside it."""
    path = user_path(path)
    data, record = opened or trusted(path)
    says = record or read_metadata(data)
    if says is None or says.preprocessing is None or not says.labels:
        raise UserError(
            f"{path.name!r} finds things, and nothing says what they are called or how a photo is "
            "prepared",
            fix=COPY_THE_RECORD,
        )
    if not finds(data.graph):
        raise UserError(
            f"{path.name!r} does not give boxes and scores", fix="give a detector's .tflite file"
        )
    runtime = Runtime(data)
    how = checked_preprocessing(says.preprocessing, path.name, runtime.input_shape)
    labels = checked_labels(Labels(says.label_ids, says.labels), data.graph, "sigmoid")
    kept = record.boxes if record and record.boxes else None
    return Detector(
        path.name,
        runtime.run,
        how,
        labels,
        kept.iou if kept else IOU,
        kept.most if kept else MOST,
        is_postprocessed(data.graph),
    )


def rows_of(found: Found, labels: Labels, size: tuple[int, int]) -> list[dict[str, Any]]:
    """Every box as JSON has it; x1 y1 x2 y2 in pixels of the photo (width, height)."""
    pixels = np.array([*size, *size], np.float32)
    return [
        {
            "label": labels.ids[kind],
            "name": labels.names[kind],
            "score": round(float(score), 4),
            "box": [round(float(value), 1) for value in corners * pixels],
        }
        for corners, kind, score in zip(found.corners, found.classes, found.scores, strict=True)
    ]
