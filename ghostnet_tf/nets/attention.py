"""GhostNetV2's attention: what every row and column of a map says of each of its pixels."""

from typing import Any

import keras
from keras import layers, ops

from ghostnet_tf.nets.conv_norm import ConvNorm, Shape, register

POOLED = 2  # pixels of a side that become one
REACH = 5  # pixels that each of the two depthwise convolutions sees, in a row and in a column


@register
class DFCAttention(layers.Layer):
    """A gate for every value of a map. (N, H, W, C) -> (N, H, W, filters), each in (0, 1).

    Decoupled fully connected attention (GhostNetV2, arXiv 2211.12905, section 3.2) as the authors'
    ghostnetv2_torch.py has it: at half the resolution a 1x1 convolution, then a depthwise one along
    the rows and one along the columns, each with its BatchNorm and no activation between; sigmoid;
    the nearest value for every pixel. H and W are 2 or more: an odd last row or column is read by
    no pool.
    """

    def __init__(self, filters: int, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.steps = [
            ConvNorm(filters, name="point"),
            ConvNorm(None, (1, REACH), name="row"),
            ConvNorm(None, (REACH, 1), activation="sigmoid", name="column"),
        ]

    def build(self, input_shape: Shape):
        batch, *sides, channels = input_shape
        shape = (batch, *(side and side // POOLED for side in sides), channels)
        for step in self.steps:
            step.build(shape)
            shape = step.compute_output_shape(shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.filters)

    def call(self, x, training=None):
        y = halved(x)  # (N, H // 2, W // 2, C)
        for step in self.steps:
            y = step(y, training=training)  # (N, H // 2, W // 2, filters)
        shape: Any = ops.shape(x)
        return nearest(y, *shape[1:3])


def halved(x: Any) -> Any:
    """The mean of every 2x2 pixels. (N, H, W, C) -> (N, H // 2, W // 2, C).

    As a depthwise convolution: XNNPACK has no average pooling in int8 (LiteRT 2.3.0).
    """
    dtype = keras.backend.standardize_dtype(x.dtype)
    kernel = ops.full((POOLED, POOLED, x.shape[-1], 1), 1 / POOLED**2, dtype)
    return ops.depthwise_conv(x, kernel, POOLED)


def nearest(x: Any, height: Any, width: Any) -> Any:
    """The nearest value for every pixel, as PyTorch has it. (N, h, w, C) -> (N, height, width, C).

    `height` is 2 h or 2 h + 1, `width` likewise. PyTorch reads row floor(i h / height) for row i:
    3 rows become 0 0 0 1 1 2 2. Keras and tf.image, which look from the middles of the pixels,
    read 0 0 1 1 1 2 2, and every network of 7x7 maps would be another one.
    In concatenations and reshapes, because XNNPACK has no RESIZE_NEAREST_NEIGHBOR.
    """
    shape: Any = ops.shape(x)
    _, h, w, channels = shape
    x = ops.reshape(ops.concatenate([x, x], 3), (-1, h, 2 * w, channels))  # every pixel twice
    x = ops.reshape(ops.concatenate([x, x], 2), (-1, 2 * h, 2 * w, channels))  # every row twice
    return _first_again(_first_again(x, 1, height), 2, width)


def _first_again(x: Any, axis: int, side: Any) -> Any:
    """The first row or column once more where an odd number of them is wanted."""
    shape: Any = ops.shape(x)
    has = shape[axis]
    if isinstance(side, int) and side == has:
        return x
    missing = side - has  # 1, or 0 where sizes are open
    first = x[:, :missing] if axis == 1 else x[:, :, :missing]
    return ops.concatenate([first, x], axis)
