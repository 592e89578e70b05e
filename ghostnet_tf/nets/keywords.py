"""Networks that spot keywords: MLPerf Tiny's DS-CNN, and its shape in Ghost modules.

Both hear samples, through a front end inside of them, or take features that somebody else computed.
"""

from typing import Any

import keras
from keras import layers

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import SPEECH_COMMANDS, Hearing
from ghostnet_tf.nets.conv_norm import BATCH_NORM, ConvNorm
from ghostnet_tf.nets.front_end import FrontEnd, SpecAugment
from ghostnet_tf.nets.image_model import ImageModel
from ghostnet_tf.nets.layers import GhostModule
from ghostnet_tf.nets.spec import divisible
from ghostnet_tf.nets.zoo import FRONT_END

BLOCKS = 4  # after the first convolution, in both
CHANNELS = 64
MASKS = {"frames": 8, "columns": 2}  # the most that training silences at a time


def ds_cnn(
    classes: int = 12,
    hearing: Hearing | None = None,
    features: tuple[int, int] = (SPEECH_COMMANDS.frames, SPEECH_COMMANDS.columns),
    name: str = "ds_cnn",
) -> ImageModel:
    """MLPerf Tiny's keyword spotter -> logits (N, classes).

    Hello Edge (arXiv 1711.07128), as in mlcommons/tiny, keras_model.py: every convolution has a
    bias beside its BatchNorm. With `hearing` its input is (N, hearing.length) samples, without it
    (N, *features, 1), theirs by default. The average over all is the mean here, as XNNPACK takes no
    AVERAGE_POOL_2D in int8; the softmax is left to whoever asks.

        ds_cnn().count_params()      # 24908
    """
    given, x = ears(hearing, features)
    conv: dict[str, Any] = {"padding": "same"}
    x = layers.Conv2D(CHANNELS, (10, 4), strides=2, **conv, name="stem_conv")(x)
    x = _norm_relu(x, "stem")  # (N, 25, 5, 64)
    x = layers.Dropout(0.2, name="stem_dropout")(x)
    for i in range(1, BLOCKS + 1):
        x = layers.DepthwiseConv2D(3, **conv, name=f"block_{i}_dw")(x)
        x = _norm_relu(x, f"block_{i}_dw")
        x = layers.Conv2D(CHANNELS, 1, **conv, name=f"block_{i}_pw")(x)
        x = _norm_relu(x, f"block_{i}_pw")  # (N, 25, 5, 64)
    return _answering(given, x, classes, name)


def ghost_kws(
    width: float = 1.0,
    classes: int = 12,
    hearing: Hearing | None = None,
    features: tuple[int, int] = (SPEECH_COMMANDS.frames, SPEECH_COMMANDS.columns),
    name: str | None = None,
) -> ImageModel:
    """DS-CNN's shape, a Ghost module in place of each depthwise and pointwise pair -> logits.

    Half of a module's channels are a pointwise convolution, the others a depthwise 3x3 of those.
    `width`: 0.5, 1 and 1.5 are its three sizes, of 32, 64 and 96 channels. Inputs as `ds_cnn`.

        ghost_kws(0.5).name      # "ghost_kws_050"
    """
    given, x = ears(hearing, features)
    channels = divisible(CHANNELS * width, 8)
    x = ConvNorm(channels, (10, 4), 2, "relu", pad_mode="same", name="stem")(x)
    x = layers.Dropout(0.2, name="stem_dropout")(x)
    for i in range(1, BLOCKS + 1):
        x = GhostModule(channels, pad_mode="same", name=f"block_{i}")(x)  # (N, 25, 5, channels)
    return _answering(given, x, classes, name or f"ghost_kws_{round(100 * width):03d}")


def ears(hearing: Hearing | None, features: tuple[int, int]) -> tuple[Any, Any]:
    """(the input, the features (N, frames, columns, 1) out of it)."""
    if hearing is None:
        given = keras.Input((*features, 1), name="features")
        return given, given
    given = keras.Input((hearing.length,), name="samples")
    x: Any = FrontEnd(**hearing.to_dict(), name=FRONT_END)(given)  # (N, 1, frames, columns)
    x = layers.BatchNormalization(**BATCH_NORM, name="norm")(x)
    x = layers.Reshape((hearing.frames, hearing.columns, 1), name="features")(x)
    return given, SpecAugment(**MASKS, name="spec_augment")(x)


def _norm_relu(x: Any, name: str) -> Any:
    x = layers.BatchNormalization(name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_act")(x)


def _answering(given: Any, x: Any, classes: int, name: str) -> ImageModel:
    if classes < 2:
        raise UserError(f"{classes} classes leave nothing to tell apart", fix="give 2 or more")
    x = layers.Dropout(0.4, name="dropout")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)  # (N, channels)
    return ImageModel(given, layers.Dense(classes, name="classifier")(x), name=name)
