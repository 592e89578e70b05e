"""A Ghost module made from a convolution that is already there."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from ghostnet_tf.nets.conv_norm import Shape, he_depthwise, register
from ghostnet_tf.nets.layers import Ghost

Pattern = dict[str, Any]  # a layer as Keras serialises it: what it is, without its weights


def pattern(layer: layers.Layer) -> Pattern:
    serialised: Any = keras.saving.serialize_keras_object(layer)
    # With "build_config" the copy would be built for the old shapes at once.
    return {key: value for key, value in serialised.items() if key != "build_config"}


def copied(pattern: Pattern, **settings: Any) -> Any:
    """A new layer after the pattern, with other settings for some."""
    config = {**pattern["config"], **settings}
    return keras.saving.deserialize_keras_object({**pattern, "config": config})


class Half(layers.Layer):
    """A convolution and what came behind it, one after the other."""

    def __init__(self, conv: layers.Layer, after: Sequence[layers.Layer], **kwargs):
        super().__init__(**kwargs)
        self.steps = [conv, *after]

    def build(self, input_shape: Shape):
        for step in self.steps:
            step.build(input_shape)
            input_shape = step.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.steps[0].compute_output_shape(input_shape)

    def call(self, x):
        for step in self.steps:
            x = step(x)
        return x


@register
class GhostConv2D(Ghost):
    """The Ghost module for a convolution and for the BatchNorm and activation `after` it.

    (N, H, W, C) -> what the convolution gives. Paper section 3.1. The first ceil(filters / ratio)
    channels are the convolution itself with fewer filters; every other group of as many is a
    depthwise convolution of those, with stride 1, no dilation, and a bias where the convolution has
    one. Both have their own BatchNorm and the activation.
    """

    def __init__(
        self,
        conv: Pattern,
        after: Sequence[Pattern] = (),
        ratio: int = 2,
        cheap_kernel: int = 3,
        **kwargs,
    ):
        super().__init__(**kwargs)
        old = conv["config"]
        self.filters = old["filters"]
        self.intrinsic = math.ceil(self.filters / ratio)

        def half(conv: layers.Layer, name: str) -> Half:
            behind = [copied(p, name="norm" if "momentum" in p["config"] else "act") for p in after]
            return Half(conv, behind, name=name, dtype=self.dtype_policy)

        def depthwise() -> layers.Layer:
            return layers.DepthwiseConv2D(
                cheap_kernel,
                padding="same",
                use_bias=old["use_bias"],
                activation=old["activation"],
                depthwise_initializer=he_depthwise(cheap_kernel),
                name="conv",
                dtype=self.dtype_policy,
            )

        self.primary = half(copied(conv, filters=self.intrinsic, name="conv"), "primary")
        self.cheap = [half(depthwise(), f"cheap_{i}") for i in range(1, ratio)]
        self.concat = layers.Concatenate(name="concat", dtype=self.dtype_policy)

    def start_from(self, conv: layers.Layer, after: Sequence[layers.Layer]) -> None:
        """Take over the weights of the layers that this module stands for.

        The first filters with their BatchNorm as they are. A ghost channel gets the scale and
        offset of the channel in whose place it stands; its statistics are still to be learnt.
        """
        n = self.intrinsic
        self.primary.steps[0].set_weights([values[..., :n] for values in conv.get_weights()])
        for position, old in enumerate(after, start=1):
            for i, half in enumerate([self.primary, *self.cheap]):
                for variable, theirs in zip(half.steps[position].weights, old.weights, strict=True):
                    if half is self.primary or not variable.path.rsplit("/", 1)[-1].startswith(
                        "moving"
                    ):
                        values, part = np.array(variable), np.array(theirs)[i * n : (i + 1) * n]
                        values[: len(part)] = part  # the last group may be cut
                        variable.assign(values)
