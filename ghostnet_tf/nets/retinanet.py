"""RetinaNet on any backbone: a pyramid, heads that all levels share, and nine anchors a cell.

Lin et al., Focal Loss for Dense Object Detection (arXiv 1708.02002), section 4, as mmdetection
builds it: the detector in which GhostNet's paper compares backbones (section 4.4).
"""

import math
from typing import Any

import keras
from keras import layers

from ghostnet_tf.base.sides import Size
from ghostnet_tf.nets.conv_norm import register
from ghostnet_tf.nets.detector import EDGES, PRIOR
from ghostnet_tf.nets.fpn import CHANNELS, FPN, conv
from ghostnet_tf.nets.image_model import ImageModel
from ghostnet_tf.nets.taps import taps
from ghostnet_tf.nets.zoo import Entry

ops: Any = keras.ops  # whose annotations allow for None everywhere
STRIDES = (8, 16, 32, 64, 128)
DEPTH = 4  # convolutions before the last one, of either head
SIDE = 4.0  # of the smallest anchor, in strides
SCALES = tuple(2 ** (i / 3) for i in range(3))
RATIOS = (0.5, 1.0, 2.0)  # height over width
ANCHORS = len(SCALES) * len(RATIOS)  # of a cell
BOX = 4  # what stands behind the values of each anchor: its middle x y, its sides x y, as shares
LARGEST = math.log(1000 / 16)  # of the logarithm of how much larger a box is than its anchor


def retinanet(under: Entry, classes: int, size: Size | None, name: str, **build: Any) -> ImageModel:
    """Normalised RGB (N, H, W, 3) -> raw values (N, anchors, classes + 4 + 4), see `split`.

    H and W are multiples of 32. Anchors are in the order of the levels, each row by row, nine a
    cell.
    """
    backbone = under.build(classes=2, size=size, **build)
    maps = FPN(3, more="convolutions", channels=CHANNELS, name="neck")(taps(backbone, under))
    raw = JoinedAnchors(name="raw")(SharedHeads(classes, CHANNELS, name="heads")(maps))
    return ImageModel(backbone.inputs[0], raw, name=name)


def split(raw: Any, classes: int) -> tuple[Any, Any, Any]:
    """(N, anchors, ...) -> logits of scores (..., classes), offsets (..., 4), anchors (..., 4)."""
    return raw[..., :classes], raw[..., classes:-BOX], raw[..., -BOX:]


def corners(offsets: Any, anchors: Any) -> Any:
    """Offsets (N, anchors, 4) and anchors (..., 4) -> corners (N, anchors, 4), not cut off."""
    middle = anchors[..., :2] + offsets[..., :2] * anchors[..., 2:]
    half = 0.5 * anchors[..., 2:] * ops.exp(ops.minimum(offsets[..., 2:], LARGEST))
    return ops.concatenate([middle - half, middle + half], axis=-1)


@register
class SharedHeads(layers.Layer):
    """Of each anchor what is there, and where; all levels share the weights.

    Maps (N, h, w, C) -> one list: the logits of the scores (N, h, w, 9 x classes) of every level,
    then the offsets (N, h, w, 9 x 4) of every level.
    """

    def __init__(self, classes: int, channels: int = CHANNELS, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes
        self.scores = self._chain("scores", ANCHORS * classes, channels)
        self.places = self._chain("places", ANCHORS * EDGES, channels)
        # The paper begins all of these so small; after four of them nothing is left of a signal of
        # fewer channels, and so only the last ones do.
        small: Any = keras.initializers.RandomNormal(stddev=0.01)
        for layer in (self.scores[-1], self.places[-1]):
            layer.conv.kernel_initializer = small
        prior: Any = keras.initializers.Constant(math.log(PRIOR / (1 - PRIOR)))
        self.scores[-1].conv.bias_initializer = prior

    @staticmethod
    def _chain(kind: str, last: int, channels: int) -> list[Any]:
        before = [conv(channels, 3, name=f"{kind}_{i}", relu=True) for i in range(DEPTH)]
        return [*before, conv(last, 3, name=f"{kind}_last")]

    def build(self, input_shape):
        for chain in (self.scores, self.places):
            shapes = [tuple(shape) for shape in input_shape]
            for layer in chain:
                layer.build(shapes[0])
                layer.conv.input_shapes = shapes  # of all its uses: `counts` asks
                shapes = [layer.compute_output_shape(shape) for shape in shapes]

    def compute_output_shape(self, input_shape):
        channels = (ANCHORS * self.classes, ANCHORS * EDGES)
        return [(*shape[:-1], n) for n in channels for shape in input_shape]

    def call(self, maps, training=None):
        found = []
        for chain in (self.scores, self.places):
            for x in maps:
                for layer in chain:
                    x = layer(x, training=training)
                found.append(x)
        return found

    def decoder(self) -> layers.Layer:
        """What makes boxes and scores of what it gives."""
        return DecodedAnchors(self.classes, name="decoded")


def _rows(maps: list[Any], channels: int) -> Any:
    """Maps (N, h, w, 9 x channels) of all levels -> (N, anchors, channels)."""
    return ops.concatenate([ops.reshape(x, (ops.shape(x)[0], -1, channels)) for x in maps], axis=1)


def anchors(maps: list[Any]) -> Any:
    """(anchors, 4): the middle of each, x y, and its sides, as shares of the image.

    `maps` of all levels, for their sides alone.
    """
    height, width = (STRIDES[0] * side for side in ops.shape(maps[0])[1:3])
    # Of equal area at each scale, wide ones first.
    sides = [
        (SIDE * scale / ratio**0.5, SIDE * scale * ratio**0.5)
        for scale in SCALES
        for ratio in RATIOS
    ]
    shape = ops.convert_to_tensor(sides, "float32")  # (9, 2), x y, in strides
    found = []
    for stride, level in zip(STRIDES, maps, strict=True):
        rows, columns = (ops.arange(side, dtype="float32") + 0.5 for side in ops.shape(level)[1:3])
        y, x = ops.meshgrid(rows * stride / height, columns * stride / width, indexing="ij")
        middle = ops.reshape(ops.stack([x, y], axis=-1), (-1, 1, 2))
        step = ops.stack([ops.cast(stride / side, "float32") for side in (width, height)])
        both = (ops.repeat(middle, ANCHORS, axis=1), ops.zeros_like(middle) + shape * step)
        found.append(ops.reshape(ops.concatenate(both, axis=-1), (-1, BOX)))
    return ops.concatenate(found, axis=0)


@register
class JoinedAnchors(layers.Layer):
    """What `SharedHeads` gives as one tensor, for the loss: (N, anchors, classes + 4 + 4)."""

    def compute_output_shape(self, input_shape):
        classes = input_shape[0][-1] // ANCHORS
        cells = [s[1] and s[2] and s[1] * s[2] for s in input_shape[: len(STRIDES)]]
        n = None if None in cells else ANCHORS * sum(cells)
        return (input_shape[0][0], n, classes + EDGES + BOX)

    def call(self, maps):
        levels = len(STRIDES)
        logits = _rows(maps[:levels], maps[0].shape[-1] // ANCHORS)
        offsets = _rows(maps[levels:], EDGES)
        of_all = anchors(maps[:levels])[None]
        many = ops.broadcast_to(of_all, (ops.shape(logits)[0], *ops.shape(of_all)[1:]))
        return ops.concatenate([logits, offsets, ops.cast(many, logits.dtype)], axis=-1)


@register
class DecodedAnchors(layers.Layer):
    """What `SharedHeads` gives as boxes (N, anchors, 4) within 0..1 and scores (N, anchors, C)."""

    def __init__(self, classes: int, **kwargs):
        super().__init__(**kwargs)
        self.classes = classes

    def compute_output_shape(self, input_shape):
        joined = JoinedAnchors().compute_output_shape(input_shape)
        return (*joined[:2], EDGES), (*joined[:2], self.classes)

    def call(self, maps):
        levels = len(STRIDES)
        said = corners(_rows(maps[levels:], EDGES), anchors(maps[:levels]))
        # min and max, of which XNNPACK fuses the ReLU into what is before it
        boxes = ops.relu(1.0 - ops.relu(1.0 - said))
        return boxes, ops.sigmoid(_rows(maps[:levels], self.classes))
