"""A network that says of every pixel what it is of: LR-ASPP on any backbone.

Lite R-ASPP is of MobileNetV3's paper (arXiv 1905.02244, section 6.4), as torchvision's `lraspp.py`
has it: what lies at stride 16, gated by the whole image, beside what lies at stride 8. The last
stride of the backbone is taken out, so that its last blocks see twice as many pixels each way.
While it trains, the network gives logits at stride 8; in files at full size, or at stride 8
(`deployed`).
"""

from typing import Any

import keras
from keras import layers

from ghostnet_tf.base.sides import Size
from ghostnet_tf.nets.conv_norm import ConvNorm, PointwiseConv2D, register
from ghostnet_tf.nets.image_model import ImageModel
from ghostnet_tf.nets.layers import GhostBottleneck
from ghostnet_tf.nets.taps import taps
from ghostnet_tf.nets.zoo import Entry

ops: Any = keras.ops  # whose annotations allow for None everywhere
CHANNELS = 128  # of the branch at stride 16
STRIDE = 8  # of the logits
LOGITS = "logits"  # the output of a file


def segmenter(under: Entry, classes: int, size: Size | None, name: str, **build: Any) -> ImageModel:
    """Normalised RGB (N, H, W, 3) -> logits (N, ceil(H / 8), ceil(W / 8), classes). Any H and W."""
    whole = under.build(classes=2, size=size, **build)
    _, middle, _ = taps(whole, under)
    backbone = without_last_stride(whole, middle._keras_history.operation)
    low, _, high = taps(backbone, under)
    logits = LiteRASPP(classes, name="lraspp")([low, high])
    return ImageModel(backbone.inputs[0], logits, name=name)


def deployed(model: keras.Model, stride: int = 1) -> keras.Model:
    """The same layers with one output, logits (N, ceil(H / stride), ceil(W / stride), classes)."""
    image, logits = model.inputs[0], model.outputs[0]
    if stride == 1:
        logits = Enlarged(name="enlarged")([logits, image])
    return keras.Model(image, {LOGITS: logits}, name=f"{model.name}_deployed")


def without_last_stride(model: keras.Model, after: layers.Layer) -> keras.Model:
    """`model` anew, with random weights of the same names; behind `after` no layer has a stride.

    Dilation, which would keep what each of the last blocks sees of the image, is left out: the
    blocks learn it anew, and every operator stays one that fits Ghost operators.
    """
    behind = model.layers[model.layers.index(after) + 1 :]

    def made(layer: layers.Layer) -> layers.Layer:
        config = layer.get_config()
        if layer in behind and config.get("strides") in (2, (2, 2), [2, 2]):
            config["strides"] = 1
            if isinstance(layer, GhostBottleneck):
                config["unstrided"] = True
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=made)


def enlarged(x: Any, to: Any) -> Any:
    """(N, h, w, C) as high and wide as `to` (N, H, W, ...): bilinear, pixels by their middles."""
    return ops.image.resize(x, ops.shape(to)[1:3], interpolation="bilinear")


@register
class LiteRASPP(layers.Layer):
    """Maps at strides 8 (N, h, w, C) and 16 -> logits (N, h, w, classes).

    Each has a classifier of its own, and their sum answers. The one at stride 16 stands before the
    enlarging, where torchvision's stands behind it: of linear maps the order changes nothing, and
    so it is of a quarter of the pixels. The gate is relu6(x + 3) / 6, which XNNPACK takes in int8.
    """

    def __init__(self, classes: int, channels: int = CHANNELS, **kwargs):
        super().__init__(**kwargs)
        self.classes, self.channels = classes, channels
        self.pool = layers.GlobalAveragePooling2D(keepdims=True, name="pool")
        self.reduce = ConvNorm(channels, activation="relu", name="reduce")
        self.gate = PointwiseConv2D(
            channels, 1, use_bias=False, activation="hard_sigmoid", name="gate"
        )
        self.gated, self.add = layers.Multiply(name="gated"), layers.Add(name="add")
        self.low = PointwiseConv2D(classes, 1, name="low")
        self.high = PointwiseConv2D(classes, 1, name="high")

    def build(self, input_shape):
        low, high = input_shape
        self.reduce.build(high)
        self.gate.build((high[0], 1, 1, high[-1]))
        self.low.build(low)
        self.high.build((*high[:-1], self.channels))

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], self.classes)

    def call(self, maps, training=None):
        low, high = maps
        gate = self.gate(self.pool(high), training=training)  # (N, 1, 1, channels)
        x = self.gated([self.reduce(high, training=training), gate])
        coarse = self.high(x, training=training)  # at stride 16
        fine = self.low(low, training=training)  # at stride 8
        return self.add([enlarged(coarse, fine), fine])


@register
class Enlarged(layers.Layer):
    """Logits (N, h, w, classes) and the image (N, H, W, C) -> (N, H, W, classes)."""

    def compute_output_shape(self, input_shape):
        logits, image = input_shape
        return (*image[:-1], logits[-1])

    def call(self, both):
        return enlarged(*both)
