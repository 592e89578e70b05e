"""An anchor-free detector on any backbone: GhostPAN, light heads, and what they say as boxes.

The network is NanoDet-Plus' (RangiLyu, github.com/RangiLyu/nanodet, Apache-2.0), with ReLU instead
of LeakyReLU, which int8 keeps, and two last convolutions a level instead of one, so that scores and
distances each have a scale of their own. While it trains it gives one tensor of raw values; in
files two: `boxes` and `scores` (`deployed`).
"""

import math
from typing import Any

import keras
from keras import layers

from ghostnet_tf.base.sides import Size
from ghostnet_tf.nets.conv_norm import ConvNorm, PointwiseConv2D, Shape, register
from ghostnet_tf.nets.image_model import ImageModel
from ghostnet_tf.nets.layers import GhostBottleneck
from ghostnet_tf.nets.taps import taps
from ghostnet_tf.nets.zoo import Entry

ops: Any = keras.ops  # whose annotations allow for None everywhere
STRIDES = (8, 16, 32, 64)  # of the levels; the last one is made by the neck
CHANNELS, KERNEL = 96, 5  # of neck and heads
BINS = 8  # of a distance: 0, 1, ... 7 strides, reg_max + 1
EDGES = 4  # left, top, right, bottom: how far each is from the middle of a cell
CELL = 4  # what stands behind the values of each cell: its middle x y, its stride x y, as shares
PRIOR = 0.01  # score of a fresh network everywhere, else the first steps are about nothing there
BOXES, SCORES = "boxes", "scores"  # outputs of a file


def detector(under: Entry, classes: int, size: Size | None, name: str, **build: Any) -> ImageModel:
    """Normalised RGB (N, H, W, 3) -> raw values (N, cells, classes + 4 x 8 + 4), see `split`.

    H and W are multiples of 32. Cells are in the order of the levels, each row by row.
    """
    backbone = under.build(classes=2, size=size, **build)
    maps = GhostPAN(name="neck")(taps(backbone, under))
    raw = Joined(name="raw")(Heads(classes, name="heads")(maps))
    return ImageModel(backbone.inputs[0], raw, name=name)


def deployed(model: keras.Model) -> keras.Model:
    """The same layers with boxes (N, cells, 4), x1 y1 x2 y2 as shares, and scores (N, cells, C)."""
    heads: Any = model.get_layer("heads")
    boxes, scores = heads.decoder()(heads.output)
    named = {BOXES: boxes, SCORES: scores}
    return keras.Model(model.inputs[0], named, name=f"{model.name}_deployed")


def split(raw: Any, classes: int) -> tuple[Any, Any, Any]:
    """(N, cells, ...) -> logits of scores (..., classes), of bins (..., 4, 8), cells (..., 4)."""
    logits, bins, cells = raw[..., :classes], raw[..., classes:-CELL], raw[..., -CELL:]
    return logits, ops.reshape(bins, (*ops.shape(bins)[:-1], EDGES, BINS)), cells


def corners(bins: Any, cells: Any) -> Any:
    """Logits of bins (N, cells, 4, 8) and cells (N, cells, 4) -> (N, cells, 4), not cut off."""
    steps = ops.arange(BINS, dtype=bins.dtype)
    distance = ops.sum(ops.softmax(bins, axis=-1) * steps, axis=-1)  # strides
    middle, stride = cells[..., :2], cells[..., 2:]
    return ops.concatenate(
        [middle - distance[..., :2] * stride, middle + distance[..., 2:] * stride], axis=-1
    )


class _Chain(layers.Layer):
    """Layers one after the other."""

    parts: list[layers.Layer]

    def build(self, input_shape: Shape):
        for layer in self.parts:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        for layer in self.parts:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def call(self, x, training=None):
        for layer in self.parts:
            x = layer(x, training=training)
        return x


@register
class Separable(_Chain):
    """Depthwise convolution, then 1x1, each with BatchNorm and ReLU.

    (N, H, W, C) -> (N, ceil(H / strides), ceil(W / strides), filters).
    """

    def __init__(self, filters: int, kernel_size: int = KERNEL, strides: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.parts = [
            ConvNorm(None, kernel_size, strides, "relu", name="dw"),
            ConvNorm(filters, activation="relu", name="pw"),
        ]


@register
class GhostPAN(layers.Layer):
    """Three maps, strides 8, 16, 32, become four of 96 channels that have seen one another.

    Down from the coarsest, up again, and a fourth level at stride 64. Each map is joined with its
    neighbour and mixed by one Ghost bottleneck, whose cheap halves are 5x5.
    """

    def __init__(self, channels: int = CHANNELS, kernel: int = KERNEL, **kwargs):
        super().__init__(**kwargs)
        self.channels, self.kernel = channels, kernel
        block: dict[str, Any] = {"kernel_size": kernel, "cheap_kernel": kernel}
        levels = range(3)
        self.reduce = [ConvNorm(channels, activation="relu", name=f"reduce_{i}") for i in levels]
        self.down = [
            GhostBottleneck(channels, channels, **block, name=f"down_{i}") for i in levels[:2]
        ]
        self.shrink = [Separable(channels, kernel, 2, name=f"shrink_{i}") for i in levels[:2]]
        self.up = [GhostBottleneck(channels, channels, **block, name=f"up_{i}") for i in levels[1:]]
        self.extra = [Separable(channels, kernel, 2, name=f"extra_{i}") for i in range(2)]
        self.enlarge = layers.UpSampling2D(2, interpolation="bilinear", name="enlarge")
        self.join, self.add = layers.Concatenate(name="join"), layers.Add(name="add")

    def build(self, input_shape):
        for layer, shape in zip(self.reduce, input_shape, strict=True):
            layer.build(shape)
        one = self.compute_output_shape(input_shape)
        both = [(*shape[:-1], 2 * self.channels) for shape in one]
        for layers_, shapes in (
            (self.down, both[:2]),
            (self.shrink, one[:2]),
            (self.up, both[1:3]),
            (self.extra, one[2:]),  # of the coarsest, both
        ):
            for layer, shape in zip(layers_, shapes, strict=True):
                layer.build(one[2] if layers_ is self.extra else shape)

    def compute_output_shape(self, input_shape):
        shapes = [(*shape[:-1], self.channels) for shape in input_shape]
        return [*shapes, self.extra[0].compute_output_shape(shapes[-1])]

    def call(self, maps, training=None):
        fine, middle, coarse = (
            layer(x, training=training) for layer, x in zip(self.reduce, maps, strict=True)
        )
        middle = self.down[1](self.join([self.enlarge(coarse), middle]), training=training)
        fine = self.down[0](self.join([self.enlarge(middle), fine]), training=training)
        found = [fine]
        for shrink, up, x in zip(self.shrink, self.up, (middle, coarse), strict=True):
            small = shrink(found[-1], training=training)
            found.append(up(self.join([small, x]), training=training))
        first, second = self.extra
        both = [first(coarse, training=training), second(found[-1], training=training)]
        return [*found, self.add(both)]


@register
class Heads(layers.Layer):
    """Of each level what is in its cells, and where; no level shares its weights.

    Maps (N, h, w, C) -> one list: the logits of the scores (N, h, w, classes) of every level, then
    those of the bins of the four distances (N, h, w, 4 x 8) of every level.
    """

    def __init__(self, classes: int, channels: int = CHANNELS, kernel: int = KERNEL, **kwargs):
        super().__init__(**kwargs)
        self.classes, self.channels, self.kernel = classes, channels, kernel
        self.towers = [
            [Separable(channels, kernel, name=f"stride_{s}_{i}") for i in range(2)] for s in STRIDES
        ]
        prior = keras.initializers.Constant(math.log(PRIOR / (1 - PRIOR)))
        self.scores = [self._last(classes, f"scores_{s}", bias_initializer=prior) for s in STRIDES]
        self.bins = [self._last(EDGES * BINS, f"bins_{s}") for s in STRIDES]

    @staticmethod
    def _last(channels: int, name: str, **bias: Any) -> PointwiseConv2D:
        small: Any = keras.initializers.RandomNormal(
            stddev=0.01
        )  # one gives the same numbers each time
        return PointwiseConv2D(channels, 1, kernel_initializer=small, name=name, **bias)

    def build(self, input_shape):
        for i, shape in enumerate(input_shape):
            for layer in self.towers[i]:
                layer.build(shape)
                shape = layer.compute_output_shape(shape)
            self.scores[i].build(shape)
            self.bins[i].build(shape)

    def compute_output_shape(self, input_shape):
        return [(*s[:-1], n) for n in (self.classes, EDGES * BINS) for s in input_shape]

    def call(self, maps, training=None):
        towers = []
        for layers_, x in zip(self.towers, maps, strict=True):
            for layer in layers_:
                x = layer(x, training=training)
            towers.append(x)
        lasts = zip([*self.scores, *self.bins], [*towers, *towers], strict=True)
        return [last(x, training=training) for last, x in lasts]

    def decoder(self) -> layers.Layer:
        """What makes boxes and scores of what it gives."""
        return Decoded(name="decoded")


def _rows(maps) -> tuple[Any, Any]:
    """What `Heads` gives -> logits (N, cells, classes) and bins (N, cells, 4 x 8)."""
    n = len(STRIDES)
    flat = [ops.reshape(x, (ops.shape(x)[0], -1, x.shape[-1])) for x in maps]
    return ops.concatenate(flat[:n], axis=1), ops.concatenate(flat[n:], axis=1)


def _cells(maps) -> Any:
    """(cells, 4): the middle of each, x y, and its stride in x and y, as shares of the image."""
    found = []
    height, width = (STRIDES[0] * side for side in ops.shape(maps[0])[1:3])
    for stride, level in zip(STRIDES, maps, strict=False):
        rows, columns = (ops.arange(side, dtype="float32") + 0.5 for side in ops.shape(level)[1:3])
        y, x = ops.meshgrid(rows * stride / height, columns * stride / width, indexing="ij")
        steps = (ops.full_like(x, stride / width), ops.full_like(x, stride / height))
        found.append(ops.reshape(ops.stack([x, y, *steps], axis=-1), (-1, CELL)))
    return ops.concatenate(found, axis=0)


@register
class Joined(layers.Layer):
    """What `Heads` gives as one tensor, for the loss: (N, cells, classes + 4 x 8 + 4)."""

    def compute_output_shape(self, input_shape):
        channels = input_shape[0][-1] + input_shape[-1][-1] + CELL
        cells = [s[1] and s[2] and s[1] * s[2] for s in input_shape[: len(STRIDES)]]
        return (input_shape[0][0], None if None in cells else sum(cells), channels)

    def call(self, maps):
        logits, bins = _rows(maps)
        cells = _cells(maps)[None]
        many = ops.broadcast_to(cells, (ops.shape(logits)[0], *ops.shape(cells)[1:]))
        return ops.concatenate([logits, bins, ops.cast(many, logits.dtype)], axis=-1)


@register
class Decoded(layers.Layer):
    """What `Heads` gives as boxes (N, cells, 4) within 0..1 and scores (N, cells, classes)."""

    def compute_output_shape(self, input_shape):
        joined = Joined().compute_output_shape(input_shape)
        return (*joined[:2], EDGES), (*joined[:2], input_shape[0][-1])

    def call(self, maps):
        logits, bins = _rows(maps)
        cells = _cells(maps)
        shape = ops.shape(bins)
        shares = ops.softmax(ops.reshape(bins, (shape[0], -1, EDGES, BINS)), axis=-1)
        distance = ops.sum(shares * ops.arange(BINS, dtype="float32"), axis=-1)  # strides
        middle = ops.concatenate([cells[:, :2]] * 2, axis=-1)
        stride = ops.concatenate([-cells[:, 2:], cells[:, 2:]], axis=-1)
        # min and max, of which XNNPACK fuses the ReLU into what is before it
        beyond = ops.relu((1.0 - middle) - distance * stride)
        return ops.relu(1.0 - beyond), ops.sigmoid(logits)
