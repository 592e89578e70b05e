"""A small network with every place for a Ghost operator, in float32 and in two kinds of int8."""

from functools import cache

import numpy as np

from export.calibrate import measure
from export.quantize import apply, quantize
from export.ranges import Ranges
from export.recipes import RECIPES

SIZE = 16
STATIC = "static_wi8_ai8"


@cache
def micro() -> bytes:
    """(1, 16, 16, 3) -> (1, 4): three Ghost modules, one with a residual, one with two cheap
    sides; depthwise convolutions of both paddings at stride 2."""
    import keras
    from keras import layers

    from export.convert import to_float32

    keras.utils.set_random_seed(0)

    def depthwise(kernel: int, name: str, **more):
        return layers.DepthwiseConv2D(
            kernel,
            padding=more.pop("padding", "same"),
            bias_initializer="normal",
            name=name,
            **more,
        )

    def ghost(x, name: str, cheap: int = 1, kernel: int = 3, activation: str | None = None):
        primary = layers.Conv2D(7, 1, activation=activation, name=f"{name}_primary")(x)
        names = [f"{name}_cheap"] + [f"{name}_cheap_{i}" for i in range(1, cheap)]
        sides = [depthwise(kernel, n, activation=activation)(primary) for n in names]
        return layers.Concatenate(name=f"{name}_concat")([primary, *sides])

    image = keras.Input((SIZE, SIZE, 3), batch_size=1)
    first = ghost(image, "ghost1", activation="relu")
    x = layers.Add(name="residual")([ghost(first, "ghost2", kernel=5), first])
    x = ghost(x, "ghost3", cheap=2, activation="relu")
    x = layers.ZeroPadding2D(2)(x)
    x = depthwise(5, "strided", strides=2, padding="valid")(x)
    x = depthwise(3, "same", strides=2, activation="relu6")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return to_float32(keras.Model(image, layers.Dense(4, name="logits")(x)), SIZE)


def images(n: int = 8, size: int = SIZE) -> np.ndarray:
    from ghostnet_tf.generated import generated_images

    return generated_images(n, (size, size), seed=3)


@cache
def micro_ranges() -> Ranges:
    return measure(micro(), images(), "minmax")


def static(float32: bytes, ranges: Ranges) -> bytes:
    return quantize(float32, STATIC, ranges)


@cache
def micro_int8() -> bytes:
    return static(micro(), micro_ranges())


@cache
def micro_unequal() -> bytes:
    """With a scale of its own for each side of a concatenation, and a QUANTIZE before it."""
    return apply(RECIPES[STATIC], micro(), micro_ranges().spans)
