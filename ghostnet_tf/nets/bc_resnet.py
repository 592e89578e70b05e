"""BC-ResNet-1, a keyword spotter that is compared with: Broadcasted Residual Learning.

arXiv 2106.04140, and the authors' bcresnet.py (Qualcomm AI Research). Maps are (N, frames, bands,
C) here, where theirs are (N, C, bands, frames).
"""

from typing import Any

from keras import layers, ops

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.nets.conv_norm import BATCH_NORM, Norm, PointwiseConv2D, Shape, register
from ghostnet_tf.nets.image_model import ImageModel
from ghostnet_tf.nets.keywords import ears

BANDS = 40  # that it is made for: halved three times they are its five sub-bands
SUB_BANDS = 5
DROPOUT = 0.1
STEM, LAST = 16, 32  # channels of the first convolution, and of the last one
# channels, blocks, whether the first of them halves the bands; stage i looks 2^i frames apart
BC_RESNET_1 = ((8, 2, False), (12, 2, True), (16, 4, True), (20, 4, False))


@register
class AcrossBands(layers.DepthwiseConv2D):
    """A depthwise convolution over three neighbouring bands. (N, T, F, C) -> (N, T, F / s, C).

    With `halves` s is 2, which TensorFlow's own has only where frames are halved too: two bands
    are then the channels of one, a kernel of two such pairs sees what it should, and zeros.
    """

    def __init__(self, halves: bool = False, **kwargs):
        fixed = {"kernel_size": (1, 3), "padding": "same", "use_bias": False}
        super().__init__(**{**kwargs, **fixed})
        self.halves = halves

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "halves": self.halves}

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        n, frames, bands, channels = input_shape
        assert bands is not None
        return (n, frames, bands // 2 if self.halves else bands, channels)

    def call(self, x):
        if not self.halves:
            return super().call(x)
        _, frames, bands, channels = x.shape
        pairs: Any = ops.reshape(x, (-1, frames, bands // 2, 2 * channels))
        # Around band 2i lie 2i - 1, the second of the pair before, and 2i + 1, its own pair's.
        before, at, behind = (self.kernel[:, i : i + 1] for i in range(3))  # (1, 1, C, 1) each
        first, second = (
            ops.concatenate(taps, axis=1)
            for taps in ((ops.zeros_like(before), at), (before, behind))
        )
        pairs = ops.pad(pairs, [(0, 0), (0, 0), (1, 0), (0, 0)])
        both: Any = ops.depthwise_conv(pairs, ops.concatenate([first, second], axis=2))
        return both[..., :channels] + both[..., channels:]


@register
class SubSpectralNorm(layers.Layer):
    """A BatchNorm for each of five neighbouring parts of the bands. (N, T, F, C) -> the same.

    arXiv 2103.13620. In inference it is a 1x1 depthwise convolution whose channels are those of
    all bands: one factor for each, also in integers.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.norm = Norm(**BATCH_NORM, name="norm")

    def build(self, input_shape: Shape):
        channels = input_shape[-1]
        assert channels is not None
        self.norm.build((None, None, None, SUB_BANDS * channels))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def call(self, x, training=None):
        _, frames, bands, channels = x.shape
        each = bands // SUB_BANDS
        if training:
            x = ops.reshape(x, (-1, frames, SUB_BANDS, each, channels))
            x = ops.reshape(
                ops.transpose(x, (0, 1, 3, 2, 4)), (-1, frames, each, SUB_BANDS * channels)
            )
            x = ops.reshape(self.norm(x, training=True), (-1, frames, each, SUB_BANDS, channels))
            return ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4)), (-1, frames, bands, channels))
        norm: Any = self.norm
        factor = norm.gamma / ops.sqrt(norm.moving_variance + norm.epsilon)
        offset = norm.beta - norm.moving_mean * factor

        def of_all(values: Any) -> Any:  # (sub-bands * C,) -> (bands * C,)
            return ops.reshape(
                ops.repeat(ops.reshape(values, (SUB_BANDS, channels)), each, 0), (-1,)
            )

        row = ops.reshape(x, (-1, frames, 1, bands * channels))
        row = ops.depthwise_conv(row, ops.reshape(of_all(factor), (1, 1, -1, 1)))
        return ops.reshape(row + of_all(offset), (-1, frames, bands, channels))


@register
class BroadcastBlock(layers.Layer):
    """Convolutions across bands, and of the mean of all bands along time, added to each band.

    (N, T, F, C) -> (N, T, F or F / 2, filters). Figure 2 of the paper. Where channels change, a 1x1
    convolution comes first and nothing is added around the block.
    """

    def __init__(self, filters: int, dilation: int, halves: bool = False, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.dilation, self.halves = filters, dilation, halves
        self.across = AcrossBands(halves, name="across")
        self.across_norm = SubSpectralNorm(name="across_norm")
        self.along = layers.DepthwiseConv2D(
            (3, 1), padding="same", dilation_rate=(dilation, 1), use_bias=False, name="along"
        )
        self.along_norm = Norm(**BATCH_NORM, name="along_norm")
        self.mix = PointwiseConv2D(filters, 1, use_bias=False, name="mix")
        self.dropout = layers.SpatialDropout2D(DROPOUT, name="dropout")
        self.entry: PointwiseConv2D | None = None

    def get_config(self) -> dict[str, Any]:
        own = {"filters": self.filters, "dilation": self.dilation, "halves": self.halves}
        return {**super().get_config(), **own}

    def build(self, input_shape: Shape):
        if input_shape[-1] != self.filters:
            self.entry = PointwiseConv2D(self.filters, 1, use_bias=False, name="entry")
            self.entry_norm = Norm(**BATCH_NORM, name="entry_norm")
            self.entry.build(input_shape)
            input_shape = self.entry.compute_output_shape(input_shape)
            self.entry_norm.build(input_shape)
        self.across.build(input_shape)
        n, frames, bands, channels = self.across.compute_output_shape(input_shape)
        self.across_norm.build((n, frames, bands, channels))
        for layer in (self.along, self.along_norm, self.mix):
            layer.build((n, frames, 1, channels))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*self.across.compute_output_shape(input_shape)[:-1], self.filters)

    def call(self, x, training=None):
        residual = None if self.entry else x
        if self.entry:
            x = ops.relu(self.entry_norm(self.entry(x, training=training), training=training))
        x = self.across_norm(self.across(x), training=training)  # (N, T, f, filters)
        mean: Any = ops.mean(x, axis=2, keepdims=True)  # (N, T, 1, filters)
        mean = ops.silu(self.along_norm(self.along(mean), training=training))
        mean = self.dropout(self.mix(mean, training=training), training=training)
        x = x + mean
        return ops.relu(x if residual is None else x + residual)


def bc_resnet_1(
    classes: int = 12,
    hearing: Hearing | None = None,
    features: tuple[int, int] = (101, BANDS),
    name: str = "bc_resnet_1",
) -> ImageModel:
    """The logarithms of 40 mel bands, or samples -> logits (N, classes).

    Inputs as `ghost_kws` has them; with `hearing`, its `bands` must be 40 and `coefficients` 0.

        bc_resnet_1().count_params()      # 11648
    """
    columns = hearing.columns if hearing else features[1]
    if columns != BANDS or (hearing and hearing.coefficients):
        raise UserError(
            f"{name} hears {BANDS} mel bands of a frame, and not {columns} "
            + ("coefficients" if hearing and hearing.coefficients else "columns"),
            fix=f"Hearing(bands={BANDS}, coefficients=0, ...)",
        )
    given, x = ears(hearing, features)
    x = layers.ZeroPadding2D(2, name="stem_pad")(x)
    x = layers.Conv2D(STEM, 5, strides=(1, 2), use_bias=False, name="stem_conv")(x)
    x = layers.BatchNormalization(**BATCH_NORM, name="stem_norm")(x)
    x = layers.ReLU(name="stem_act")(x)  # (N, T, 20, 16)
    for i, (channels, blocks, halves) in enumerate(BC_RESNET_1):
        for j in range(blocks):
            first: Any = {"halves": halves and j == 0, "name": f"stage_{i + 1}_block_{j + 1}"}
            x = BroadcastBlock(channels, 2**i, **first)(x)  # (N, T, 20, 10 or 5, channels)
    x = layers.ZeroPadding2D((2, 0), name="last_pad")(x)
    x = layers.DepthwiseConv2D(5, use_bias=False, name="last_dw")(x)  # (N, T, 1, 20)
    x = PointwiseConv2D(LAST, 1, use_bias=False, name="last_conv")(x)
    x = layers.BatchNormalization(**BATCH_NORM, name="last_norm")(x)
    x = layers.ReLU(name="last_act")(x)  # (N, T, 1, 32)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return ImageModel(given, layers.Dense(classes, name="classifier")(x), name=name)
