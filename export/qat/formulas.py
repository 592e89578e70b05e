"""What the operators of a float32 `.tflite` compute, in TensorFlow: differentiable, for any batch.

Each takes the operator (for its options) and its inputs in their order: tensors (N, ...), constants
as they lie in the file, None for one that is left out.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

from ..op import Op

PADDINGS: dict[int, Any] = {schema.Padding.SAME: "SAME", schema.Padding.VALID: "VALID"}
FUSED: dict[str, Callable[[Any], Any]] = {
    "NONE": lambda x: x,
    "RELU": tf.nn.relu,
    "RELU6": tf.nn.relu6,
    "RELU_N1_TO_1": lambda x: tf.clip_by_value(x, -1.0, 1.0),
    "TANH": tf.tanh,
}


def convolution(op: Op, x, kernel, bias=None):
    """`kernel`: (out, height, width, in)."""
    told = op.options
    filters = tf.transpose(kernel, (1, 2, 3, 0))
    is_pointwise = tuple(kernel.shape[1:3]) == (1, 1) and (told.strideH, told.strideW) == (1, 1)
    if is_pointwise:  # TensorFlow's gradient of a 1x1 convolution is slow on a CPU
        y = tf.tensordot(x, filters[0, 0], 1)
    else:
        dilations = (told.dilationHFactor, told.dilationWFactor)
        strides = (told.strideH, told.strideW)
        y = tf.nn.conv2d(x, filters, strides, PADDINGS[told.padding], dilations=dilations)
    return y if bias is None else y + bias


def depthwise(op: Op, x, kernel, bias=None):
    """`kernel`: (1, height, width, in * multiplier)."""
    told, (_, height, width, _) = op.options, kernel.shape
    filters = tf.reshape(kernel, (height, width, x.shape[-1], -1))
    y = tf.nn.depthwise_conv2d(
        x, filters, (1, told.strideH, told.strideW, 1), PADDINGS[told.padding],
        dilations=(told.dilationHFactor, told.dilationWFactor),
    )  # fmt: skip
    return y if bias is None else y + bias


def fully_connected(op: Op, x, kernel, bias=None):
    """`kernel`: (out, in)."""
    if not op.options.keepNumDims:
        x = tf.reshape(x, (-1, kernel.shape[1]))
    y = tf.tensordot(x, tf.transpose(kernel), 1)
    return y if bias is None else y + bias


def reshape(op: Op, x, shape):
    """Its first axis is that of the batch, which is 1 in the file."""
    return tf.reshape(x, (-1, *map(int, shape[1:])))


def mean(op: Op, x, axes):
    return tf.reduce_mean(x, [int(a) for a in np.ravel(axes)], op.options.keepDims)


def concatenation(op: Op, *sides):
    return tf.concat(sides, op.options.axis)


def pool(by: Callable[..., Any]) -> Callable[..., Any]:
    def pooled(op: Op, x):
        told = op.options
        window = (told.filterHeight, told.filterWidth)
        return by(x, window, (told.strideH, told.strideW), PADDINGS[told.padding])

    return pooled


def resize_bilinear(op: Op, x, size):
    told = op.options
    return tf.compat.v1.image.resize_bilinear(
        x, size, align_corners=told.alignCorners, half_pixel_centers=told.halfPixelCenters
    )


OPERATORS: dict[str, Callable[..., Any]] = {
    "CONV_2D": convolution,
    "DEPTHWISE_CONV_2D": depthwise,
    "FULLY_CONNECTED": fully_connected,
    "ADD": lambda op, a, b: a + b,
    "SUB": lambda op, a, b: a - b,
    "MUL": lambda op, a, b: a * b,
    "CONCATENATION": concatenation,
    "PAD": lambda op, x, sides: tf.pad(x, sides),
    "MEAN": mean,
    "RESHAPE": reshape,
    "AVERAGE_POOL_2D": pool(tf.nn.avg_pool2d),
    "MAX_POOL_2D": pool(tf.nn.max_pool2d),
    "RESIZE_BILINEAR": resize_bilinear,
    "RELU": lambda op, x: tf.nn.relu(x),
    "RELU6": lambda op, x: tf.nn.relu6(x),
    "LEAKY_RELU": lambda op, x: tf.nn.leaky_relu(x, op.options.alpha),
    "HARD_SWISH": lambda op, x: x * tf.nn.relu6(x + 3) / 6,
    "LOGISTIC": lambda op, x: tf.sigmoid(x),
    "TANH": lambda op, x: tf.tanh(x),
    "SOFTMAX": lambda op, x: tf.nn.softmax(x * op.options.beta),
}


def computed(op: Op, inputs: Sequence[Any]) -> Any:
    """What `op`, one of `OPERATORS`, writes."""
    return FUSED[op.activation](OPERATORS[op.name](op, *inputs))
