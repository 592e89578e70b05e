"""A detector of two convolutions that finds things on every picture, many upon one another."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from export.detector_graph import OUTPUTS
from export.from_keras import to_float32
from export.tensors import tensors_of
from ghostnet_tf.base.record import BoxesKept, PreprocessingFields, Record, save

SIZE = HEIGHT, WIDTH = 64, 96  # the page must not mix them up
STRIDE = 16
CLASSES = ("disc", "square", "star")


def save_detector(folder: Path, like: Record) -> Path:
    """`like`: the record of another file, for all that nobody looks at here."""
    file = to_float32(network(), SIZE)
    assert like.preprocessing
    how = PreprocessingFields(**{**like.preprocessing, "size": [*SIZE], "crop": 1.0})
    how["fit"] = "stretch"
    record = replace(
        like,
        model="tinyback_100_det",
        weights="drawn",
        task="detect",
        preprocessing=how,
        labels=CLASSES,
        label_ids=CLASSES,
        scores="sigmoid",
        inputs=tensors_of(file.graph, file.graph.inputs),
        outputs=tensors_of(file.graph, file.graph.outputs),
        boxes=BoxesKept(iou=0.4, score=0.05, most=12),
        accuracy=None,
    )
    assert tuple(tensor.name for tensor in record.outputs) == OUTPUTS
    return save(folder, record, file)[0]


def network() -> keras.Model:
    """Each cell of 16 x 16 pixels has one box, whose size and scores come from its mean colour."""
    rng = np.random.default_rng(4)
    rows, columns = HEIGHT // STRIDE, WIDTH // STRIDE
    image = keras.Input((HEIGHT, WIDTH, 3), name="image")
    cells = layers.AveragePooling2D(STRIDE)(image)

    def of_cells(values: int, name: str, scale: float) -> Any:
        layer = layers.Conv2D(values, 1, activation="sigmoid")
        shares = layer(cells)
        layer.set_weights([rng.normal(0, scale, (1, 1, 3, values)), np.zeros(values)])
        return layers.Reshape((rows * columns, values), name=name)(shares)

    y, x = np.mgrid[:rows, :columns].reshape(2, -1)
    middle = np.stack([(x + 0.5) / columns, (y + 0.5) / rows] * 2, 1)[None].astype(np.float32)
    reach = np.array([-0.3, -0.2, 0.2, 0.3], np.float32)
    boxes = of_cells(4, "distances", 0.5) * reach + middle
    named = {"boxes": boxes, "scores": of_cells(len(CLASSES), "shares", 0.6)}
    return keras.Model(image, named, name="tiny_detector")
