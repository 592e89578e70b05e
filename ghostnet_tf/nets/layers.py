"""The layers of GhostNet. Channels last, any Keras backend, serialisable by their arguments."""

import math
from typing import Any, Literal, get_args

import keras
from keras import layers, ops

from ghostnet_tf.nets.spec import divisible

PadMode = Literal["symmetric", "same"]
Shape = tuple[int | None, ...]
register = keras.saving.register_keras_serializable(package="ghostnet_tf")

# PyTorch's numbers, in which the authors trained (their momentum 0.1 is Keras' 0.9). Keras' own
# epsilon of 1e-3 costs a ported checkpoint its accuracy.
BATCH_NORM: dict[str, Any] = {"epsilon": 1e-5, "momentum": 0.9}


def he_fan_out() -> Any:  # Keras' own annotation of initialisers is `str`
    """The authors' initial kernels (ghostnet.py, kaiming_normal_ with fan_out)."""
    return keras.initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal")


def he_depthwise(kernel_size: int) -> Any:
    """The same for a depthwise one: its fan_out is k * k in PyTorch; Keras counts all channels."""
    return keras.initializers.RandomNormal(stddev=math.sqrt(2.0) / kernel_size)


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
        y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=x, scale=tf.cast(self.gamma.value, tf.float32), mean=none, variance=none,
            offset=tf.cast(self.beta.value, tf.float32), epsilon=self.epsilon,
            exponential_avg_factor=1.0, is_training=True,
        )  # fmt: skip
        # It divides by one less than there are; Keras, and so the statistics in use, by all.
        n = tf.cast(tf.size(x) / tf.shape(x)[-1], tf.float32)
        for moving, new in (
            (self.moving_mean, mean),
            (self.moving_variance, variance * (n - 1) / n),
        ):
            kept = moving.value * self.momentum + new * (1.0 - self.momentum)
            moving.value.assign(kept, read_value=False)
        return tf.cast(y, self.compute_dtype)


@register
class ConvNorm(layers.Layer):
    """Convolution without bias, BatchNorm, and an optional activation.

    (N, H, W, C) -> (N, ceil(H / strides), ceil(W / strides), filters). `filters=None` is a
    depthwise convolution, which keeps C. `pad_mode`: "symmetric" as PyTorch, "same" as TensorFlow.
    """

    def __init__(
        self,
        filters: int | None,
        kernel_size: int = 1,
        strides: int = 1,
        activation: str | None = None,
        pad_mode: PadMode = "symmetric",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if pad_mode not in get_args(PadMode):
            raise ValueError(f"pad_mode is {pad_mode!r}; it is one of {get_args(PadMode)}")
        if keras.config.image_data_format() != "channels_last":
            raise ValueError("GhostNet is channels last: set Keras' image_data_format back to that")
        # At stride 2, "same" pads an even image only at its far edge; PyTorch pads both.
        # A ported checkpoint is off by half a pixel without this.
        explicit = pad_mode == "symmetric" and strides > 1 and kernel_size > 1
        self.pad = layers.ZeroPadding2D((kernel_size - 1) // 2, name="pad") if explicit else None
        conv: dict[str, Any] = {
            "kernel_size": kernel_size,
            "strides": strides,
            "padding": "valid" if explicit else "same",
            "use_bias": False,
            "name": "conv",
        }
        if filters is None:
            conv["depthwise_initializer"] = he_depthwise(kernel_size)
            self.conv = layers.DepthwiseConv2D(**conv)
        else:
            conv["kernel_initializer"] = he_fan_out()
            kind = PointwiseConv2D if kernel_size == strides == 1 else layers.Conv2D
            self.conv = kind(filters, **conv)
        self.norm = Norm(**BATCH_NORM, name="norm")
        self.activation = layers.Activation(activation, name="act") if activation else None

    def build(self, input_shape: Shape):
        self.conv.build(self._padded(input_shape))
        self.norm.build(self.compute_output_shape(input_shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return self.conv.compute_output_shape(self._padded(input_shape))

    def call(self, x, training=None):
        if self.pad is not None:
            x = self.pad(x)  # (N, H + k - 1, W + k - 1, C)
        x = self.norm(self.conv(x), training=training)  # (N, h, w, filters)
        return x if self.activation is None else self.activation(x)

    def _padded(self, shape: Shape) -> Shape:
        return shape if self.pad is None else self.pad.compute_output_shape(shape)


class Ghost(layers.Layer):
    """Some channels by `primary`, the others by each of `cheap` from those, cut to `filters`."""

    filters: int
    primary: layers.Layer
    cheap: list[layers.Layer]
    concat: layers.Layer | None

    def build(self, input_shape: Shape):
        self.primary.build(input_shape)
        for cheap in self.cheap:
            cheap.build(self.primary.compute_output_shape(input_shape))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*self.primary.compute_output_shape(input_shape)[:-1], self.filters)

    def call(self, x, training=None):
        intrinsic = self.primary(x, training=training)  # (N, h, w, ceil(filters / ratio))
        if self.concat is None:
            return intrinsic
        ghosts = [cheap(intrinsic, training=training) for cheap in self.cheap]
        both = self.concat([intrinsic, *ghosts])  # (N, h, w, ratio * ceil(filters / ratio))
        return both if both.shape[-1] == self.filters else both[..., : self.filters]


@register
class GhostModule(Ghost):
    """Some channels by a real convolution, the others by cheap depthwise ones of those.

    (N, H, W, C) -> (N, H / strides, W / strides, filters). Paper section 3.1, figure 1b.
    `ratio` is the paper's s (1: an ordinary convolution), `cheap_kernel` its d. The cheap part
    works on the *activated* primary output (authors' ghostnet.py). At s >= 3 it is s - 1 parallel
    depthwise convolutions, because a depth multiplier is a slow path in mobile runtimes; the output
    is cut to `filters` where s does not divide them.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int = 1,
        strides: int = 1,
        ratio: int = 2,
        cheap_kernel: int = 3,
        activation: str | None = "relu",
        pad_mode: PadMode = "symmetric",
        **kwargs,
    ):
        super().__init__(**kwargs)
        if ratio < 1:
            raise ValueError(f"ratio is {ratio}; it must be 1 or more")
        self.filters = filters
        self.intrinsic = math.ceil(filters / ratio)
        both: dict[str, Any] = {"activation": activation, "pad_mode": pad_mode}
        self.primary = ConvNorm(self.intrinsic, kernel_size, strides, name="primary", **both)
        self.cheap = [
            ConvNorm(None, cheap_kernel, name=f"cheap_{i}", **both) for i in range(1, ratio)
        ]
        self.concat = layers.Concatenate(name="concat") if self.cheap else None


@register
class SqueezeExcite(layers.Layer):
    """Scale every channel by what the whole image says of it. (N, H, W, C) -> (N, H, W, C).

    The gate is relu6(x + 3) / 6, as in the authors' ghostnet.py; their TensorFlow release clips to
    [0, 1] instead.
    """

    def __init__(self, squeezed: int, **kwargs):
        super().__init__(**kwargs)
        self.squeezed = squeezed
        self.pool = layers.GlobalAveragePooling2D(keepdims=True, name="pool")
        self.reduce = PointwiseConv2D(squeezed, 1, activation="relu", name="reduce")

    def build(self, input_shape: Shape):
        channels = input_shape[-1]
        self.expand = PointwiseConv2D(channels, 1, activation="hard_sigmoid", name="expand")
        self.reduce.build((*input_shape[:1], 1, 1, channels))
        self.expand.build((*input_shape[:1], 1, 1, self.squeezed))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def call(self, x):
        gate = self.expand(self.reduce(self.pool(x)))  # (N, 1, 1, C), each in [0, 1]
        return x * gate


@register
class GhostBottleneck(layers.Layer):
    """Two Ghost modules around an optional stride, with a shortcut. Paper section 3.2, figure 3.

    (N, H, W, C) -> (N, H / strides, W / strides, filters). No activation after the second module,
    none after the depthwise convolution, none after the addition.
    """

    def __init__(
        self,
        hidden: int,
        filters: int,
        kernel_size: int = 3,
        strides: int = 1,
        se_ratio: float = 0.0,
        ratio: int = 2,
        cheap_kernel: int = 3,
        pad_mode: PadMode = "symmetric",
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.strides = filters, kernel_size, strides
        self.pad_mode: PadMode = pad_mode
        ghost: dict[str, Any] = {
            "ratio": ratio,
            "cheap_kernel": cheap_kernel,
            "pad_mode": pad_mode,
        }
        self.ghost1 = GhostModule(hidden, activation="relu", name="ghost1", **ghost)
        self.ghost2 = GhostModule(filters, activation=None, name="ghost2", **ghost)
        self.depthwise = (
            ConvNorm(None, kernel_size, strides, pad_mode=pad_mode, name="dw")
            if strides > 1
            else None
        )
        self.se = SqueezeExcite(divisible(hidden * se_ratio), name="se") if se_ratio else None
        self.shortcut: list[ConvNorm] = []
        self.add = layers.Add(name="add")

    def build(self, input_shape: Shape):
        if self.strides > 1 or input_shape[-1] != self.filters:
            depthwise = ConvNorm(
                None, self.kernel_size, self.strides, pad_mode=self.pad_mode, name="shortcut_dw"
            )
            self.shortcut = [depthwise, ConvNorm(self.filters, name="shortcut_1x1")]
        for path in (self.shortcut, self._main_path()):
            shape = input_shape
            for layer in path:
                layer.build(shape)
                shape = layer.compute_output_shape(shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        for layer in self._main_path():
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def call(self, x, training=None):
        residual = x
        for layer in self.shortcut:
            residual = layer(residual, training=training)  # (N, h, w, filters)
        x = self.ghost1(x, training=training)  # (N, H, W, hidden)
        if self.depthwise is not None:
            x = self.depthwise(x, training=training)  # (N, h, w, hidden)
        if self.se is not None:
            x = self.se(x)
        x = self.ghost2(x, training=training)  # (N, h, w, filters)
        return self.add([x, residual])

    def _main_path(self) -> list[layers.Layer]:
        path = (self.ghost1, self.depthwise, self.se, self.ghost2)
        return [layer for layer in path if layer is not None]
