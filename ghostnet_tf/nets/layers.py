"""The layers of GhostNet. Channels last, any Keras backend, serialisable by their arguments."""

import math
from typing import Any, Literal

from keras import layers

from ghostnet_tf.nets.attention import DFCAttention
from ghostnet_tf.nets.branches import conv_norm
from ghostnet_tf.nets.conv_norm import ConvNorm, PadMode, PointwiseConv2D, Shape, register
from ghostnet_tf.nets.spec import divisible, training_form


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
    is cut to `filters` where s does not divide them. `branches` names what trains beside each
    convolution, a key of `spec.TRAINING_FORMS`; `deployed`: biases are left of those.
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
        branches: str | None = None,
        deployed: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if ratio < 1:
            raise ValueError(f"ratio is {ratio}; it must be 1 or more")
        self.filters = filters
        self.intrinsic = math.ceil(filters / ratio)
        form = training_form(branches)
        both: dict[str, Any] = {
            "activation": activation,
            "pad_mode": pad_mode,
            "deployed": deployed,
        }
        self.primary = conv_norm(
            self.intrinsic, kernel_size, strides, branches=form.primary, name="primary", **both
        )
        self.cheap = [
            conv_norm(None, cheap_kernel, branches=form.cheap, name=f"cheap_{i}", **both)
            for i in range(1, ratio)
        ]
        self.concat = layers.Concatenate(name="concat") if self.cheap else None


@register
class RepGhostModule(Ghost):
    """A real convolution, and a cheap depthwise one of its output in that one's place.

    (N, H, W, C) -> (N, H, W, filters). RepGhost, arXiv 2211.06088, section 3.2: nothing is
    concatenated. While it trains the cheap convolution has the `branches` of the authors'
    repghost.py beside it; the activation comes after their sum.
    """

    concat = None

    def __init__(
        self,
        filters: int,
        cheap_kernel: int = 3,
        activation: str | None = "relu",
        branches: str | None = "repghost",
        deployed: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters = self.intrinsic = filters
        form = training_form(branches)
        both: dict[str, Any] = {"activation": activation, "deployed": deployed}
        self.primary = conv_norm(filters, branches=form.primary, name="primary", **both)
        cheap = conv_norm(None, cheap_kernel, branches=form.cheap, name="cheap_1", **both)
        self.cheap = [cheap]

    def call(self, x, training=None):
        return self.cheap[0](self.primary(x, training=training), training=training)


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
    none after the depthwise convolution, none after the addition. GhostNetV2's `attention` looks at
    the input and gates what the first module gives. `module` "repghost": see `RepGhostModule`.
    `unstrided`: its stride was taken out, and the convolutions that had it are there.
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
        attention: bool = False,
        module: Literal["ghost", "repghost"] = "ghost",
        branches: str | None = None,
        deployed: bool = False,
        unstrided: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters, self.kernel_size, self.strides = filters, kernel_size, strides
        self.has_depthwise = strides > 1 or unstrided
        self.pad_mode: PadMode = pad_mode
        ghost: dict[str, Any] = {"cheap_kernel": cheap_kernel}
        rest: dict[str, Any] = {"branches": branches, "deployed": deployed}
        kind: Any = RepGhostModule
        if module == "ghost":
            kind, ghost = GhostModule, {**ghost, "ratio": ratio, "pad_mode": pad_mode}
        self.ghost1 = kind(hidden, activation="relu", name="ghost1", **ghost, **rest)
        self.ghost2 = kind(filters, activation=None, name="ghost2", **ghost, **rest)
        self.attention = DFCAttention(hidden, name="attention") if attention else None
        self.gated = layers.Multiply(name="gated") if attention else None
        self.depthwise = None
        if self.has_depthwise:
            row = training_form(branches).dw
            self.depthwise = conv_norm(
                None,
                kernel_size,
                strides,
                None,
                pad_mode,
                branches=row,
                deployed=deployed,
                name="dw",
            )
        self.se = SqueezeExcite(divisible(hidden * se_ratio), name="se") if se_ratio else None
        self.shortcut: list[ConvNorm] = []
        self.add = layers.Add(name="add")

    def build(self, input_shape: Shape):
        if self.has_depthwise or input_shape[-1] != self.filters:
            depthwise = ConvNorm(
                None, self.kernel_size, self.strides, pad_mode=self.pad_mode, name="shortcut_dw"
            )
            self.shortcut = [depthwise, ConvNorm(self.filters, name="shortcut_1x1")]
        if self.attention is not None:
            self.attention.build(input_shape)
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
        gate = self.attention and self.attention(x, training=training)  # (N, H, W, hidden)
        x = self.ghost1(x, training=training)  # (N, H, W, hidden)
        if self.gated is not None:
            x = self.gated([x, gate])
        if self.depthwise is not None:
            x = self.depthwise(x, training=training)  # (N, h, w, hidden)
        if self.se is not None:
            x = self.se(x)
        x = self.ghost2(x, training=training)  # (N, h, w, filters)
        return self.add([x, residual])

    def _main_path(self) -> list[layers.Layer]:
        path = (self.ghost1, self.depthwise, self.se, self.ghost2)
        return [layer for layer in path if layer is not None]
