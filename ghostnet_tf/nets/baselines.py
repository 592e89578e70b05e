"""MobileNetV2 and V3 of keras.applications: the networks that GhostNet is measured against.

Input is RGB in [-1, 1], output are logits. Variables have the names and the order that
keras.applications gives them, so weights can be exchanged with it.
"""

import re
from typing import Any, Literal

import keras
from keras import layers, ops

from ghostnet_tf.base.sides import Size, image_shape
from ghostnet_tf.nets.image_model import ImageModel

APPLICATIONS = {"large": "MobileNetV3Large", "small": "MobileNetV3Small"}
RANDOM_LOGITS: dict[str, Any] = {"weights": None, "classifier_activation": None}


@keras.saving.register_keras_serializable(package="ghostnet_tf")
def delegable_hard_swish(x):
    """x relu6(x + 3) / 6, the sixth on the side of x. Same shape.

    The other orders are recognised by TensorFlow's converter and become HARD_SWISH, which XNNPACK
    does not take in int8: the graph falls to pieces. This one stays ADD (with relu6), MUL, MUL.
    """
    return ops.relu6(x + 3.0) * (x * (1.0 / 6.0))


def mobilenet_v3(
    kind: Literal["large", "small"],
    alpha: float = 1.0,
    classes: int = 1000,
    dropout: float = 0.2,
    size: Size | None = None,
    delegable: bool = False,
    name: str | None = None,
    channels: int = 3,
) -> ImageModel:
    """(N, H, W, 3) in [-1, 1] -> (N, classes). Paper: arXiv 1905.02244.

    `delegable` spells the hard-swish so that mobile runtimes take it in int8; same function as the
    stock network of keras.applications, which the other is.

        mobilenet_v3("large", 0.75, size=224).output_shape      # (None, 1000)
    """
    stock = getattr(keras.applications, APPLICATIONS[kind])(
        input_tensor=_image(size, channels),
        alpha=alpha,
        classes=classes,
        dropout_rate=dropout,
        include_preprocessing=False,
        name=name,
        **RANDOM_LOGITS,
    )
    return _rebuilt(stock, delegable)


def mobilenet_v2(
    alpha: float = 1.0,
    classes: int = 1000,
    dropout: float = 0.2,
    size: Size | None = None,
    name: str | None = None,
    channels: int = 3,
) -> ImageModel:
    """(N, H, W, 3) in [-1, 1] -> (N, classes). Paper: arXiv 1801.04381, whose top has a dropout."""
    stock = keras.applications.MobileNetV2(
        input_tensor=_image(size, channels),
        alpha=alpha,
        classes=classes,
        name=name,
        **RANDOM_LOGITS,
    )
    return _rebuilt(stock, dropout=dropout)


def _image(size: Size | None, channels: int):
    return keras.Input(image_shape(size, channels), name="image")


def _rebuilt(stock: keras.Model, delegable: bool = False, dropout: float = 0.0) -> ImageModel:
    """The same function, with stable names, and paddings that need no known image size."""

    def rebuild(layer, x, *others, **kwargs):
        if isinstance(layer, layers.ZeroPadding2D):
            # keras.applications pads by hand what "same" pads, and takes a side for even where the
            # size is open: a network trained on open sizes would shift at an odd one.
            return x
        config = layer.get_config()
        if isinstance(layer, layers.DepthwiseConv2D):
            config["padding"] = "same"
        if delegable and getattr(layer, "activation", None) is keras.activations.hard_swish:
            config["activation"] = delegable_hard_swish
        if _was_named_by_keras(layer):
            # "re_lu_7" counts every ReLU of the process; the layer before it is a name that stays.
            config["name"] = f"{x._keras_history.operation.name}_{_kind(layer)}"
        if dropout and layer.name == "predictions":
            x = layers.Dropout(dropout, name="dropout")(x)
        return type(layer).from_config(config)(x, *others, **kwargs)

    clone = keras.models.clone_model(
        stock, clone_function=lambda layer: layer, call_function=rebuild
    )
    # One image, not a list of one: Keras warns at every call that gives a list's only member.
    return ImageModel(clone.inputs[0], clone.outputs[0], name=stock.name)


def _kind(layer) -> str:
    return type(layer).__name__.lower()


def _was_named_by_keras(layer) -> bool:
    return re.sub(r"[_\d]", "", layer.name) == re.sub(r"\d", "", _kind(layer))
