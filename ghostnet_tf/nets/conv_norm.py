"""A convolution with its BatchNorm, which every network of Ghost modules is made of.

Channels last, any Keras backend, serialisable by its arguments.
"""

import math
from typing import Any, Literal, get_args

import keras
from keras import layers, ops

PadMode = Literal["symmetric", "same"]
Shape = tuple[int | None, ...]
register = keras.saving.register_keras_serializable(package="ghostnet_tf")

# PyTorch's numbers, in which the authors trained (their momentum 0.1 is Keras' 0.9). Keras' own
# epsilon of 1e-3 costs a ported checkpoint its accuracy.
BATCH_NORM: dict[str, Any] = {"epsilon": 1e-5, "momentum": 0.9}


def he_fan_out() -> Any:  # Keras' own annotation of initialisers is `str`
    """The authors' initial kernels (ghostnet.py, kaiming_normal_ with fan_out)."""
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


def he_depthwise(kernel_size: int | tuple[int, int]) -> Any:
    """The same for a depthwise one: its fan_out is k * k in PyTorch; Keras counts all channels."""
    rows, columns = _both(kernel_size)
    return keras.initializers.RandomNormal(stddev=math.sqrt(2.0 / (rows * columns)))


@register
class PointwiseConv2D(layers.Conv2D):
    """A 1x1 convolution that TensorFlow trains as a matrix product. (N, H, W, C) -> (N, H, W, F).

    On a CPU, TensorFlow's gradient of the same convolution makes an epoch of GhostNet 1.3 times
    as long. Inference, and so every exported graph, keeps the convolution.
    """

    def call(self, x, training=None):
        if not training or keras.backend.backend() != "tensorflow":
            return super().call(x)
        shape: Any = ops.shape(x)
        rows = ops.reshape(x, (-1, shape[-1]))  # (N * H * W, C)
        y: Any = ops.matmul(rows, ops.reshape(self.kernel, (-1, self.filters)))
        y = ops.reshape(y, (*shape[:-1], self.filters))  # (N, H, W, F)
        return self.activation(y + self.bias if self.use_bias else y)


class Norm(layers.BatchNormalization):
    """BatchNorm that TensorFlow trains as one operator. (N, H, W, C) -> (N, H, W, C).

    Keras writes it as 25, of which a GhostNet has 80: a third of the graph that is traced before
    the first step. Inference, and so every exported graph, keeps Keras' own.
    """

    def call(self, x, training=None):
        if not (training and self.trainable) or keras.backend.backend() != "tensorflow":
            return super().call(x, training=training)
        import tensorflow as tf

        x = tf.cast(x, tf.float32)
        none = tf.constant([], tf.float32)
        gamma, beta, moving_mean, moving_variance = self._variables()
        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=tf.cast(gamma.value, tf.float32), mean=none, variance=none,
            offset=tf.cast(beta.value, tf.float32), epsilon=self.epsilon,
            exponential_avg_factor=1.0, is_training=True,
        )  # fmt: skip
        # It divides by one less than there are; Keras, and so the statistics in use, by all.
        n = tf.cast(tf.size(x) / tf.shape(x)[-1], tf.float32)
        for moving, new in (
            (moving_mean, mean),
            (moving_variance, variance * (n - 1) / n),
        ):
            kept = moving.value * self.momentum + new * (1.0 - self.momentum)
            moving.value.assign(kept, read_value=False)
        return tf.cast(y, self.compute_dtype)

    def _variables(self) -> tuple[Any, ...]:
        return self.gamma, self.beta, self.moving_mean, self.moving_variance


@register
class ConvNorm(layers.Layer):
    """Convolution, BatchNorm, and an optional activation.

    (N, H, W, C) -> (N, ceil(H / strides), ceil(W / strides), filters). `filters=None` is a
    depthwise convolution, which keeps C. `pad_mode`: "symmetric" as PyTorch, "same" as TensorFlow.
    `deployed`: a bias has taken the place of the BatchNorm.
    """

    def __init__(
        self,
        filters: int | None,
        kernel_size: int | tuple[int, int] = 1,
        strides: int = 1,
        activation: str | None = None,
        pad_mode: PadMode = "symmetric",
        deployed: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if pad_mode not in get_args(PadMode):
            raise ValueError(f"pad_mode is {pad_mode!r}; it is one of {get_args(PadMode)}")
        if keras.config.image_data_format() != "channels_last":
            raise ValueError("GhostNet is channels last: set Keras' image_data_format back to that")
        # At stride 2, "same" pads an even image only at its far edge; PyTorch pads both.
        # A ported checkpoint is off by half a pixel without this.
        sides = _both(kernel_size)
        explicit = pad_mode == "symmetric" and strides > 1 and max(sides) > 1
        pads = tuple((side - 1) // 2 for side in sides)
        self.pad = layers.ZeroPadding2D(pads, name="pad") if explicit else None
        conv: dict[str, Any] = {
            "kernel_size": kernel_size,
            "strides": strides,
            "padding": "valid" if explicit else "same",
            "use_bias": deployed,
            "name": "conv",
        }
        if filters is None:
            conv["depthwise_initializer"] = he_depthwise(kernel_size)
            self.conv = layers.DepthwiseConv2D(**conv)
        else:
            conv["kernel_initializer"] = he_fan_out()
            kind = PointwiseConv2D if max(*sides, strides) == 1 else layers.Conv2D
            self.conv = kind(filters, **conv)
        self.norm = None if deployed else Norm(**BATCH_NORM, name="norm")
        self.activation = layers.Activation(activation, name="act") if activation else None

    @property
    def is_depthwise(self) -> bool:
        return isinstance(self.conv, layers.DepthwiseConv2D)

    def build(self, input_shape: Shape):
        self.conv.build(self._padded(input_shape))
        if self.norm is not None:
            self.norm.build(self.compute_output_shape(input_shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.conv.compute_output_shape(self._padded(input_shape))

    def call(self, x, training=None):
        if self.pad is not None:
            x = self.pad(x)  # (N, H + k - 1, W + k - 1, C)
        x = self.conv(x)  # (N, h, w, filters)
        if self.norm is not None:
            x = self.norm(x, training=training)
        return x if self.activation is None else self.activation(x)

    def _padded(self, shape: Shape) -> Shape:
        return shape if self.pad is None else self.pad.compute_output_shape(shape)


def _both(kernel_size: int | tuple[int, int]) -> tuple[int, int]:
    rows, columns = (kernel_size,) * 2 if isinstance(kernel_size, int) else kernel_size
    return rows, columns
