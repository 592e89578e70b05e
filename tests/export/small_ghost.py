"""A GhostNet of four blocks, with every place for another form, in float32 and in int8."""

from functools import cache

import numpy as np
from calibrated import measure
from ghosts import images, static

SIZE = 32
BLOCKS = ("block_00", "block_01", "block_02", "block_03")


@cache
def small() -> bytes:
    """(1, 32, 32, 3) -> (1, 5); blocks 1 and 3 have stride 2, block 2 a gate and a residual."""
    import keras
    from keras import layers

    from export.from_keras import to_float32
    from ghostnet_tf.nets.layers import ConvNorm, GhostBottleneck

    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3))
    x = ConvNorm(6, 3, 2, "relu", "symmetric", name="stem")(image)  # (N, 16, 16, 6)
    x = GhostBottleneck(18, 6, 3, 1, 0.0, name="block_00")(x)
    x = GhostBottleneck(20, 12, 3, 2, 0.0, name="block_01")(x)  # (N, 8, 8, 12)
    x = GhostBottleneck(20, 12, 3, 1, 0.25, name="block_02")(x)
    x = GhostBottleneck(40, 16, 5, 2, 0.0, name="block_03")(x)  # (N, 4, 4, 16)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(image, layers.Dense(5, name="logits")(x))
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.path.endswith("beta"):  # or no bias could ever be wrong
            weight.assign(rng.normal(0, 0.3, weight.shape))
    return to_float32(model, SIZE)


@cache
def small_int8() -> bytes:
    return static(small(), measure(small(), photos(), "minmax"))


def photos(n: int = 8):
    """(n, 32, 32, 3), generated."""
    return images(n, SIZE)
