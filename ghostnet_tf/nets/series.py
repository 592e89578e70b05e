"""Ghost modules in one dimension, for what sensors write down: (N, T, C)."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets.conv_norm import ConvNorm
from ghostnet_tf.nets.layers import GhostModule
from ghostnet_tf.nets.spec import divisible


@dataclass(frozen=True, slots=True)
class Stage:
    """One Ghost module, and what halves the time before it."""

    kernel: int  # steps of time that the cheap half looks at
    out: int  # channels
    stride: int = 1


STEM = 32  # channels of the first convolution
GHOST_SERIES = (
    #     k  out  s
    Stage(5, 32),
    Stage(5, 48, 2),
    Stage(5, 48),
    Stage(3, 64, 2),
    Stage(3, 64),
)


def ghost_series(
    shape: tuple[int, int],
    classes: int,
    width: float = 1.0,
    dropout: float = 0.2,
    name: str | None = None,
) -> keras.Model:
    """`shape` = (T, C): series (N, T, C) -> logits (N, classes).

    Time is the height of a map one pixel wide, so that every operator is one of the networks for
    photos. Where neither time nor channels change, a module adds what it was given.

        ghost_series((29, 12), classes=9).output_shape      # (None, 9)
    """
    steps, channels = shape
    halved = sum(stage.stride > 1 for stage in GHOST_SERIES)
    if steps < 2**halved or channels < 1:
        raise UserError(
            f"a series of {steps} steps and {channels} channels is too short",
            fix=f"give (steps, channels), of {2**halved} steps or more",
        )
    given = keras.Input(shape, name="series")
    x: Any = layers.Reshape((steps, 1, channels), name="column")(given)  # (N, T, 1, C)
    stem = divisible(STEM * width, 8)
    x = ConvNorm(stem, (7, 1), activation="relu", pad_mode="same", name="stem")(x)
    for i, stage in enumerate(GHOST_SERIES, 1):
        before = x
        if stage.stride > 1:
            halving: Any = {"kernel_size": (3, 1), "strides": stage.stride, "pad_mode": "same"}
            x = ConvNorm(None, **halving, name=f"block_{i}_dw")(x)
        ghost: Any = {"cheap_kernel": (stage.kernel, 1), "pad_mode": "same"}
        x = GhostModule(divisible(stage.out * width, 8), **ghost, name=f"block_{i}")(x)
        if x.shape == before.shape:
            x = layers.Add(name=f"block_{i}_add")([x, before])
    x = layers.GlobalAveragePooling2D(name="pool")(x)  # (N, channels)
    x = layers.Dropout(dropout, name="dropout")(x)
    x = layers.Dense(classes, name="classifier")(x)
    return keras.Model(given, x, name=name or f"ghost_series_{round(100 * width):03d}")
