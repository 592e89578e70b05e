"""Feature pyramids: maps of a backbone that have seen the coarser ones (arXiv 1612.03144)."""

from typing import Any

import keras
from keras import layers

from ghostnet_tf.base.sides import Size
from ghostnet_tf.nets.attention import nearest
from ghostnet_tf.nets.conv_norm import ConvNorm, register
from ghostnet_tf.nets.image_model import ImageModel
from ghostnet_tf.nets.taps import finest, taps
from ghostnet_tf.nets.zoo import Entry

CHANNELS = 256
ops: Any = keras.ops  # whose annotations allow for None everywhere


def pyramid(under: Entry, size: Size | None, name: str, **build: Any) -> ImageModel:
    """Normalised RGB (N, H, W, 3) -> `p2` to `p6`, (N, H / stride, W / stride, 256) each.

    Strides 4, 8, 16, 32 and 64: what Faster R-CNN reads, whose second stage is no network of fixed
    shapes. H and W are multiples of 32.
    """
    backbone = under.build(classes=2, size=size, **build)
    maps = FPN(4, more="every second pixel", name="neck")(
        [finest(backbone, under), *taps(backbone, under)]
    )
    named = {f"p{i}": x for i, x in enumerate(maps, start=2)}
    return ImageModel(backbone.inputs[0], named, name=name)


def conv(filters: int, kernel: int, strides: int = 1, name: str = "", relu: bool = False) -> Any:
    """A convolution with a bias and no BatchNorm, padded as PyTorch's."""
    return ConvNorm(filters, kernel, strides, "relu" if relu else None, deployed=True, name=name)


@register
class FPN(layers.Layer):
    """Maps, each of half the side of the one before, become as many and more of 256 channels.

    A 1x1 convolution of each, plus the next coarser one at twice its size (the nearest pixel), then
    a 3x3. `more`, at twice the last stride: "convolutions" of the backbone's last map, two levels
    (RetinaNet; without the ReLU between them, as mmdetection has it), or "every second pixel" of
    the last map, one level (Faster R-CNN).
    """

    def __init__(self, levels: int, more: str, channels: int = CHANNELS, **kwargs):
        super().__init__(**kwargs)
        self.levels, self.more, self.channels = levels, more, channels
        self.lateral = [conv(channels, 1, name=f"lateral_{i}") for i in range(levels)]
        self.smooth = [conv(channels, 3, name=f"smooth_{i}") for i in range(levels)]
        n_extra = 2 if more == "convolutions" else 0
        self.extra = [conv(channels, 3, 2, name=f"extra_{i}") for i in range(n_extra)]

    def build(self, input_shape):
        for shape, lateral, smooth in zip(input_shape, self.lateral, self.smooth, strict=True):
            lateral.build(shape)
            smooth.build((*shape[:-1], self.channels))
        shape = input_shape[-1]
        for layer in self.extra:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)

    def compute_output_shape(self, input_shape):
        shapes = [(*shape[:-1], self.channels) for shape in input_shape]
        for _ in range(len(self.extra) or 1):
            batch, *sides, channels = shapes[-1]
            shapes.append((batch, *(side and -(-side // 2) for side in sides), channels))
        return shapes

    def call(self, maps, training=None):
        joined = [layer(x, training=training) for layer, x in zip(self.lateral, maps, strict=True)]
        for i in reversed(range(len(joined) - 1)):
            sides = ops.shape(joined[i])[1:3]
            joined[i] = joined[i] + nearest(joined[i + 1], *sides)
        found = [layer(x, training=training) for layer, x in zip(self.smooth, joined, strict=True)]
        if not self.extra:
            return [*found, every_second(found[-1])]
        first, second = self.extra
        coarse = first(maps[-1], training=training)
        return [*found, coarse, second(coarse, training=training)]


def every_second(x: Any) -> Any:
    """Of every 2x2 pixels the first. (N, H, W, C) -> (N, ceil(H / 2), ceil(W / 2), C).

    As a depthwise convolution: XNNPACK has no pool of one pixel, and no slice with a step.
    """
    ones = ops.ones((1, 1, x.shape[-1], 1), keras.backend.standardize_dtype(x.dtype))
    return ops.depthwise_conv(x, ones, 2)
