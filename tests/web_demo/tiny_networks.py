"""Networks of a convolution or two that find things on every picture: cheap to make and to run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from export.detector_graph import OUTPUTS
from export.from_keras import to_float32
from export.segmenter_graph import stride_of
from export.tensors import tensors_of
from ghostnet_tf.base.record import BoxesKept, Masks, PreprocessingFields, Record, save

SIZE = HEIGHT, WIDTH = 64, 96  # the page must not mix them up
STRIDE, FINE = 16, 8  # of a detector's cells, of a segmenter's logits
CLASSES = ("disc", "square", "star")
COLOURS = ((250, 20, 20), (20, 250, 20), (20, 20, 250))


def save_detector(folder: Path, like: Record) -> Path:
    """`like`: the record of another file, for all that nobody looks at here."""
    boxes = BoxesKept(iou=0.4, score=0.05, most=12)
    says = {"model": "tinyback_100_det", "task": "detect", "boxes": boxes, "scores": "sigmoid"}
    return saved(folder, detector(), replace(seeing(like), **says))


def save_segmenter(folder: Path, like: Record) -> Path:
    masks = Masks(stride=FINE, ignored=255, colours=COLOURS)
    says = {"model": "tinyback_100_seg", "task": "segment", "masks": masks, "scores": "logits"}
    return saved(folder, segmenter(), replace(seeing(like), **says))


def seeing(like: Record) -> Record:
    assert like.preprocessing
    how = PreprocessingFields(**{**like.preprocessing, "size": [*SIZE], "crop": 1.0})
    how["fit"] = "stretch"
    said = replace(like, weights="drawn", preprocessing=how, accuracy=None)
    return replace(said, labels=CLASSES, label_ids=CLASSES)


def saved(folder: Path, model: keras.Model, record: Record) -> Path:
    file = to_float32(model, SIZE)
    inputs, outputs = (tensors_of(file.graph, of) for of in (file.graph.inputs, file.graph.outputs))
    if record.task == "detect":
        assert tuple(tensor.name for tensor in outputs) == OUTPUTS
    else:
        assert stride_of(file.graph) == FINE
    return save(folder, replace(record, inputs=inputs, outputs=outputs), file)[0]


def mean_colours(image: Any, side: int, values: int, scale: float, **how: Any) -> Any:
    """(N, H / side, W / side, values) of the mean colour of each square, by random weights."""
    layer = layers.Conv2D(values, 1, **how)
    found = layer(layers.AveragePooling2D(side)(image))
    kernel = np.random.default_rng(4).normal(0, scale, (1, 1, 3, values))
    layer.set_weights([kernel, np.zeros(values)])
    return found


def detector() -> keras.Model:
    """Each cell has one box, whose size and scores come from its mean colour."""
    image = keras.Input((HEIGHT, WIDTH, 3), name="image")
    rows, columns = HEIGHT // STRIDE, WIDTH // STRIDE

    def of_cells(values: int, scale: float) -> Any:
        shares = mean_colours(image, STRIDE, values, scale, activation="sigmoid")
        return layers.Reshape((rows * columns, values))(shares)

    y, x = np.mgrid[:rows, :columns].reshape(2, -1)
    middle = np.stack([(x + 0.5) / columns, (y + 0.5) / rows] * 2, 1)[None].astype(np.float32)
    reach = np.array([-0.3, -0.2, 0.2, 0.3], np.float32)
    named = {"boxes": of_cells(4, 0.5) * reach + middle, "scores": of_cells(len(CLASSES), 0.6)}
    return keras.Model(image, named, name="tiny_detector")


def segmenter() -> keras.Model:
    image = keras.Input((HEIGHT, WIDTH, 3), name="image")
    logits = mean_colours(image, FINE, len(CLASSES), 1.0)
    return keras.Model(image, {"logits": logits}, name="tiny_segmenter")
