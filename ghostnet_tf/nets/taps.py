"""Where a detector reads its backbone: the last maps at strides 8, 16 and 32, of any network."""

import re
from collections.abc import Iterable
from typing import Any

import keras

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets.describe import describe, stage_of
from ghostnet_tf.nets.zoo import Entry

# The last block at each of these strides. What is pooled for the classes is left out: it is wide,
# and made for them alone. A reader that stops after each stride (as timm's `features_only` does)
# misses GhostNet's 112 channels at stride 16, and the four blocks at stride 32.
BLOCKS: dict[str, tuple[int, int, int]] = {
    "ghostnet": (4, 10, 15),
    "ghostnetv2": (4, 10, 15),
    "ghostnetv3": (4, 10, 15),
    "repghostnet": (4, 10, 15),
    "mobilenetv3_large": (5, 11, 14),
    "mobilenetv3_small": (2, 7, 10),
    "mobilenetv2": (5, 12, 16),
}
FINEST = {  # the last block at stride 4, which a pyramid of Faster R-CNN reads as well
    "ghostnet": 2,
    "ghostnetv2": 2,
    "ghostnetv3": 2,
    "repghostnet": 2,
    "mobilenetv3_large": 2,
    "mobilenetv3_small": 0,
    "mobilenetv2": 2,
}
OF_RESNET50 = ("resnet50", "ghost_resnet50")
RESNET50 = ("stage_2_block_3", "stage_3_block_5", "stage_4_block_2")
RESNET50_FINEST = "stage_1_block_2"


def taps(model: keras.Model, entry: Entry) -> list[Any]:
    """What those blocks of `model`, built by `entry`, give: (N, H / stride, W / stride, C) each.

    UserError for a network that has no maps at these strides.
    """
    kind = _kind(entry)
    if kind in OF_RESNET50:
        return [model.get_layer(name).output for name in RESNET50]
    return _outputs(model, BLOCKS[kind])


def finest(model: keras.Model, entry: Entry) -> Any:
    """What the last block at stride 4 gives: (N, H / 4, W / 4, C)."""
    kind = _kind(entry)
    if kind in OF_RESNET50:
        return model.get_layer(RESNET50_FINEST).output
    return _outputs(model, (FINEST[kind],))[0]


def _kind(entry: Entry) -> str:
    """A network's name without its width; UserError for one without maps to read."""
    kind = re.sub(r"_\d{3}(_delegable)?$|_s\d|_d\d", "", entry.name)
    if kind not in OF_RESNET50 and kind not in BLOCKS:
        raise UserError(
            f"{entry.name} has no maps at strides 8, 16 and 32, which a detector reads",
            fix="take a GhostNet, a MobileNet or a ResNet-50 under it",
        )
    return kind


def _outputs(model: keras.Model, rows: Iterable[int]) -> list[Any]:
    """What these blocks give."""
    last = {stage_of(layer.name): layer for layer in model.layers}
    return [last[f"block_{row:02d}"].output for row in rows]


def headless_macs(entry: Entry) -> int:
    """Multiply-adds of a classifier without its head and classes, at its authors' size.

    As the paper counts backbones in its table of detectors (section 4.4): the 1x1 convolution
    before the pool is among them.
    """
    described = describe(entry.build(size=entry.sight.size, deployed=True))
    return sum(row.macs for row in described.stages if row.name not in ("head", "classifier"))
