"""A small network, and its weights by path."""

from typing import Any

import keras
import numpy as np
from keras import layers

from ghostnet_tf.nets.layers import ConvNorm, GhostBottleneck


def small_net(width: int = 8, classes: int = 3) -> keras.Model:
    """(N, H, W, 3) -> (N, classes), of the layers that a GhostNet has."""
    image = keras.Input((None, None, 3), name="image")
    x = ConvNorm(width, 3, 2, "relu", name="stem")(image)
    x = GhostBottleneck(16, 8, 3, 2, 0.25, name="block_00")(x)
    x = GhostBottleneck(16, 8, name="block_01")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    return keras.Model(image, layers.Dense(classes, name="classifier")(x), name="small")


def scrambled(model: keras.Model, seed: int = 0) -> dict[str, np.ndarray]:
    """Give every weight a value of its own; returns them by path."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        variable.assign(rng.uniform(0.5, 1.5, variable.shape))
    return values(model)


def values(model: keras.Model) -> dict[str, np.ndarray]:
    return {v.path: np.array(_numpy(v)) for v in model.weights}


def _numpy(variable: Any) -> np.ndarray:
    return variable.numpy()
