"""What a Keras model's own layers say of its input."""

from collections.abc import Iterator
from typing import Any

import keras
from keras import layers

# Keras' own layers that change the range of pixels, and arithmetic written into a model.
NORMALISING = {
    "Rescaling", "Normalization", "TrueDivide", "Divide", "Subtract", "Multiply", "Add",
}  # fmt: skip


def normaliser(model: keras.Model) -> str | None:
    """The first layer that rescales or normalises the image, before anything is learnt from it."""
    for operation in operations(model):
        if type(operation).__name__ in NORMALISING:
            return operation.name
        if getattr(operation, "weights", None):  # from here on the image is the network's
            return None
    return None


def operations(model: keras.Model) -> Iterator[Any]:
    """Layers and operations in the order of execution; those of models inside, too."""
    graph = getattr(model, "_functional", None) or model  # of a Sequential
    for operation in getattr(graph, "operations", None) or getattr(graph, "layers", ()):
        if isinstance(operation, keras.Model):
            yield from operations(operation)
        elif not isinstance(operation, layers.InputLayer):
            yield operation
