"""Ghost-ResNet-50 and Ghost-ResNet-56 of the paper's section 4, and the plain ones.

The authors replace every convolution but the first by a Ghost module, the shortcuts' too
(huawei-noah/Efficient-AI-Backbones, issue 34). Their published `ghost_resnet.py` is no guide: it
never calls the BatchNorms that it declares, nor half of its kernels.
"""

from typing import Any

import keras
from keras import layers, ops

from ghostnet_tf.nets import spec, zoo
from ghostnet_tf.nets.conv_norm import BATCH_NORM, Shape, register
from ghostnet_tf.nets.image_model import ImageModel
from ghostnet_tf.nets.layers import GhostModule
from ghostnet_tf.nets.pretrained import with_weights

Size = tuple[int | None, int | None, int]


@register
class PaddedShortcut(layers.Layer):
    """A shortcut without parameters: He et al.'s option A.

    (N, H, W, C) -> (N, ceil(H / strides), ceil(W / strides), filters): even rows and columns, with
    as many channels of zeros before the old ones as after them.
    """

    def __init__(self, filters: int, strides: int, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.strides = filters, strides

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *sides, _ = input_shape
        return (batch, *(side and -(-side // self.strides) for side in sides), self.filters)

    def call(self, x):
        channels = x.shape[-1]
        new = self.filters - channels
        # A convolution with ones is a strided slice for which mobile runtimes have a fast kernel.
        x = ops.depthwise_conv(x, ops.ones((1, 1, channels, 1)), self.strides)  # (N, h, w, C)
        return ops.pad(x, ((0, 0), (0, 0), (0, 0), (new // 2, new - new // 2)))


@register
class DepthwiseNorm(layers.BatchNormalization):
    """BatchNorm that no convolution before it can take up. (N, H, W, C) -> (N, H, W, C).

    In inference it is a 1x1 depthwise convolution. Of the multiplication and addition that it would
    else become, int8 gives all factors one scale; a kernel has one for each channel.
    """

    def call(self, x, training=None, mask=None):
        if training and self.trainable:
            return super().call(x, training=training, mask=mask)
        own: Any = self  # Keras takes its variables for None
        factor = own.gamma * ops.rsqrt(own.moving_variance + own.epsilon)  # (C,)
        x = ops.depthwise_conv(x, ops.reshape(factor, (1, 1, -1, 1)))
        return x + (own.beta - own.moving_mean * factor)


@register
class ResidualBlock(layers.Layer):
    """Convolutions, a shortcut around them, and ReLU after the sum. Every convolution is Ghost.

    (N, H, W, C) -> (N, ceil(H / strides), ceil(W / strides), filters). With `inside` channels a
    bottleneck of 1x1, 3x3 and 1x1, whose shortcut is a 1x1 convolution where shapes differ;
    without, two of 3x3 and a padded shortcut. `drop_in`: see `GhostResNet56`.
    """

    def __init__(
        self,
        filters: int,
        inside: int = 0,
        strides: int = 1,
        ratio: int = 2,
        cheap_kernel: int = 3,
        drop_in: bool = False,
        branches: str | None = None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.filters, self.inside, self.strides = filters, inside, strides
        self.ghost: dict[str, Any] = {
            "ratio": ratio,
            "cheap_kernel": cheap_kernel,
            "branches": branches,
        }
        if inside:
            rows = ((inside, 1, 1), (inside, 3, strides), (filters, 1, 1))
        else:
            rows = ((filters, 3, strides), (filters, 3, 1))
        self.main: list[layers.Layer] = []
        for i, row in enumerate(rows, start=1):
            activation = "relu" if i < len(rows) else None
            self.main += convolution(*row, activation, drop_in, name=f"conv{i}", **self.ghost)
        self.shortcut: layers.Layer | None = None
        self.add = layers.Add(name="add")
        self.activation = layers.Activation("relu", name="act")

    def build(self, input_shape: Shape):
        if self.strides > 1 or input_shape[-1] != self.filters:
            if self.inside:
                how: dict[str, Any] = {"activation": None, "name": "shortcut", **self.ghost}
                self.shortcut = GhostModule(self.filters, 1, self.strides, **how)
            else:
                self.shortcut = PaddedShortcut(self.filters, self.strides, name="shortcut")
            self.shortcut.build(input_shape)
        for layer in self.main:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        for layer in self.main:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def call(self, x):
        residual = x if self.shortcut is None else self.shortcut(x)  # (N, h, w, filters)
        for layer in self.main:
            x = layer(x)
        return self.activation(self.add([x, residual]))  # (N, h, w, filters)


def convolution(
    filters: int,
    kernel_size: int,
    strides: int,
    activation: str | None,
    drop_in: bool,
    name: str,
    ratio: int,
    cheap_kernel: int,
    branches: str | None = None,
) -> list[layers.Layer]:
    """The layers in place of convolution, BatchNorm and activation."""
    ghost = (filters, kernel_size, strides, ratio, cheap_kernel)
    if not drop_in:
        return [GhostModule(*ghost, activation, branches=branches, name=name)]
    norm = DepthwiseNorm(**BATCH_NORM, name=f"{name}_norm")
    after = [layers.Activation(activation, name=f"{name}_act")] if activation else []
    return [GhostModule(*ghost, "relu", branches=branches, name=name), norm, *after]


def GhostResNet50(
    ratio: int = 2,
    cheap_kernel: int = 3,
    include_top: bool = True,
    weights: str | None = None,
    input_shape: Size | None = None,
    classes: int = 1000,
    classifier_activation: str | None = None,
    branches: str | None = None,
    name: str | None = "ghost_resnet50",
) -> ImageModel:
    """ResNet-50 of Ghost modules. Normalised RGB (N, H, W, 3) -> logits (N, classes).

    Without the top: the last map, (N, H / 32, W / 32, 2048). `ratio` is the paper's s and
    `cheap_kernel` its d. At 224 px, s = 2: 13.95 M parameters and 2.15 G multiply-adds, s = 4:
    8.15 M and 1.18 G. The paper has these multiply-adds (2.2 and 1.2 G), but 13.0 and 6.5 M
    parameters, which do not come out; nearly so if the classifier, 2.05 M, were Ghost too.
    `branches`: see `GhostNet`. Raises UserError for weights that do not fit.

        GhostResNet50(input_shape=(224, 224, 3)).output_shape      # (None, 1000)
    """
    image = keras.Input(input_shape or (None, None, 3), name="image")
    stem = GhostModule(64, 7, 2, ratio=1, name="stem")  # a plain convolution
    x = stem(image)  # (N, H / 2, W / 2, 64)
    x = layers.ZeroPadding2D(1, name="stem_pad")(x)  # nothing is below 0 after a ReLU
    x = layers.MaxPooling2D(3, 2, name="stem_pool")(x)  # (N, H / 4, W / 4, 64)
    x = stages(x, spec.RESNET50, ratio, cheap_kernel, branches=branches)
    return finished(
        image, x, include_top, classes, classifier_activation, name, weights, "ghost_resnet50"
    )


def ResNet50(**kwargs) -> ImageModel:
    """ResNet-50 of ordinary convolutions: 25.6 M parameters, 4.09 G multiply-adds at 224 px.

    Takes what `GhostResNet50` takes, without `ratio`. He et al., arXiv 1512.03385, Table 1.
    """
    return GhostResNet50(1, **{"name": "resnet50", **kwargs})


def GhostResNet56(
    ratio: int = 2,
    cheap_kernel: int = 3,
    include_top: bool = True,
    weights: str | None = None,
    input_shape: Size | None = None,
    classes: int = 10,
    classifier_activation: str | None = None,
    ghost_stem: bool = False,
    drop_in: bool = False,
    branches: str | None = None,
    name: str | None = "ghost_resnet56",
) -> ImageModel:
    """ResNet-56 of Ghost modules, for small images. Normalised RGB (N, H, W, 3) -> logits.

    Without the top: the last map, (N, H / 4, W / 4, 64). At 32 px and s = 2, 0.44 M parameters and
    65.3 M multiply-adds. The paper says 0.43 M and 63 M, which does not come out with d = 3; with
    d = 1 it does.

    `branches`: see `GhostNet`. `ghost_stem` replaces the first convolution too. `drop_in` is how
    others have read the paper: a Ghost module, ReLU at its end, stands where a convolution stood,
    and the BatchNorm that followed the convolution follows the module. The published CIFAR-10
    checkpoint is of such a network:
    `pretrained("ghost_resnet56", "ghost_resnet56_cifar10.npz")`. Source: arXiv 1911.11907, table 6.

        GhostResNet56(input_shape=(32, 32, 3)).output_shape        # (None, 10)
    """
    image = keras.Input(input_shape or (None, None, 3), name="image")
    x = image
    for layer in convolution(
        16,
        kernel_size=3,
        strides=1,
        activation="relu",
        drop_in=drop_in and ghost_stem,
        name="stem",
        ratio=ratio if ghost_stem else 1,
        cheap_kernel=cheap_kernel,
    ):
        x = layer(x)  # (N, H, W, 16)
    x = stages(x, spec.RESNET56, ratio, cheap_kernel, drop_in, branches)
    return finished(
        image, x, include_top, classes, classifier_activation, name, weights, "ghost_resnet56"
    )


def ResNet56(**kwargs) -> ImageModel:
    """ResNet-56 of ordinary convolutions: 0.85 M parameters, 125 M multiply-adds at 32 px.

    Takes what `GhostResNet56` takes, without `ratio`. He et al., arXiv 1512.03385, section 4.2.
    """
    return GhostResNet56(1, **{"name": "resnet56", **kwargs})


def stages(
    x, rows, ratio: int, cheap_kernel: int, drop_in: bool = False, branches: str | None = None
):
    """(N, H, W, C) through all blocks of a network, `stage_1_block_0` and so on."""
    for number, row in enumerate(rows, start=1):
        for i in range(row.blocks):
            x = ResidualBlock(
                row.out,
                row.inside,
                row.stride if i == 0 else 1,
                ratio,
                cheap_kernel,
                drop_in,
                branches,
                name=f"stage_{number}_block_{i}",
            )(x)
    return x


def finished(
    image, x, include_top, classes, activation, name, weights, zoo_name: str
) -> ImageModel:
    """Pooling and classifier where they are wanted, and weights."""
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)  # (N, C)
        x = layers.Dense(classes, activation=activation, name="classifier")(x)
    model = ImageModel(image, x, name=name)
    return with_weights(model, zoo.MODELS[zoo_name], weights, include_top)
