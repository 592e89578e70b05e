"""A real `.tflite` that names six plain colours, with photos that it can name."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from export.graph import Graph
from export.metadata import attach_metadata
from ghostnet_tf.base.record import PreprocessingFields, Record, save

SIZE = 8
RGB = {
    "red": (1, 0, 0),
    "green": (0, 1, 0),
    "blue": (0, 0, 1),
    "yellow": (1, 1, 0),
    "magenta": (1, 0, 1),
    "cyan": (0, 1, 1),
}
IDS = tuple(f"c{i}" for i in range(len(RGB)))


@cache
def colour_model(softmax: bool = False) -> bytes:
    """(1, 8, 8, 3) -> (1, 6): how much the mean colour looks like each of the six."""
    import keras

    from export.from_keras import to_float32

    image = keras.Input((SIZE, SIZE, 3), batch_size=1)
    classify = keras.layers.Dense(len(RGB), activation="softmax" if softmax else None)
    model = keras.Model(image, classify(keras.layers.GlobalAveragePooling2D()(image)))
    classify.set_weights([2.0 * np.array(list(RGB.values())).T - 1, np.zeros(len(RGB))])
    return to_float32(model, SIZE)


def colour_record(**changes) -> Record:
    record = Record(
        model="colours",
        weights="handmade",
        weights_sha256="0" * 64,
        recipe="float32",
        family="delegable",
        parameters=24,
        preprocessing=PreprocessingFields(
            size=SIZE, crop=0.875, resample="bilinear", mean=[0.5] * 3, std=[0.5] * 3
        ),
        labels=tuple(RGB),
        label_ids=IDS,
        ops=dict(Graph(colour_model()).counts()),
        partitions=1,
        delegated_ops=2,
        total_ops=2,
    )
    return replace(record, **changes)


def saved(folder: Path, data: bytes | None = None, **changes) -> Path:
    """The file and its record, as an export leaves them."""
    record = colour_record(**changes)
    data = attach_metadata(data or colour_model(), record)
    return save(folder, record, data)[0]


def photo(path: Path, colour: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 10), tuple(255 * v for v in RGB[colour])).save(path)
    return path


def labelled(folder: Path, each: int = 2) -> Path:
    """`each` photos of every colour, in a class folder of its id."""
    for id, colour in zip(IDS, RGB, strict=True):
        for i in range(each):
            photo(folder / id / f"{i}.png", colour)
    return folder
