"""Every name of a network that a user may type. Keras is imported when one is built, not before."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ghostnet_tf.errors import UserError, pick
from ghostnet_tf.preprocess import IMAGENET, Preprocessing
from ghostnet_tf.spec import SMALLEST_IMAGE

if TYPE_CHECKING:
    import keras

Family = Literal["ghostnet", "mobilenet_v3", "mobilenet_v3_delegable", "mobilenet_v2"]

# Values in [-1, 1], on which TensorFlow's MobileNets were trained (tensorflow/models, slim).
MOBILENET = Preprocessing(224, 0.875, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True, slots=True)
class Entry:
    """One network of the zoo, not yet built."""

    name: str
    width: float
    family: Family
    preprocessing: Preprocessing  # its authors'; a checkpoint brings its own
    builder: Callable[..., "keras.Model"]

    def build(
        self, classes: int = 1000, dropout: float = 0.2, size: int | None = None, **own: Any
    ) -> "keras.Model":
        """The network with random weights, (N, size, size, 3) -> logits (N, classes).

        With `size=None` it takes images of any size. `own` are arguments of this family alone:
        a GhostNet's `pad_mode`.
        """
        if size is not None and size < SMALLEST_IMAGE:
            raise UserError(
                f"{self.name} cannot see anything in {size} pixels",
                fix=f"use images of {SMALLEST_IMAGE} pixels or more",
            )
        return self.builder(self.width, classes, dropout, size, self.name, **own)


def parse_model(name: str) -> Entry:
    """The network of this name, at any width: `ghostnet_075`, `mobilenetv3_small_050_delegable`."""
    found = re.fullmatch(r"(\w+)_(\d{3})((?:_delegable)?)", name, re.ASCII)
    if found and found[1] + found[3] in KINDS and found[2] != "000":
        return Entry(name, int(found[2]) / 100, *KINDS[found[1] + found[3]])
    return pick(name, MODELS, "model")


def _ghostnet(width, classes, dropout, size, name, pad_mode: Any = "symmetric"):
    from ghostnet_tf.models import GhostNet

    return GhostNet(
        width,
        input_shape=(size, size, 3),
        classes=classes,
        dropout=dropout,
        pad_mode=pad_mode,
        name=name,
    )


def _mobilenet_v3(kind: Literal["large", "small"], delegable: bool = False):
    def build(width, classes, dropout, size, name):
        from ghostnet_tf.baselines import mobilenet_v3

        return mobilenet_v3(kind, width, classes, dropout, size, delegable, name)

    return build


def _mobilenet_v2(width, classes, dropout, size, name):
    from ghostnet_tf.baselines import mobilenet_v2

    return mobilenet_v2(width, classes, dropout, size, name)


V3, DELEGABLE = "mobilenet_v3", "mobilenet_v3_delegable"
# fmt: off
KINDS: dict[str, tuple[Family, Preprocessing, Callable]] = {  # a name without its width
    "ghostnet":                    ("ghostnet",     IMAGENET,  _ghostnet),
    "mobilenetv3_large":           (V3,             MOBILENET, _mobilenet_v3("large")),
    "mobilenetv3_large_delegable": (DELEGABLE,      MOBILENET, _mobilenet_v3("large", True)),
    "mobilenetv3_small":           (V3,             MOBILENET, _mobilenet_v3("small")),
    "mobilenetv3_small_delegable": (DELEGABLE,      MOBILENET, _mobilenet_v3("small", True)),
    "mobilenetv2":                 ("mobilenet_v2", MOBILENET, _mobilenet_v2),
}
# fmt: on

MODELS = {  # the names to show; parse_model knows every other width too
    name: parse_model(name)
    for name in (
        "ghostnet_050",
        "ghostnet_100",
        "ghostnet_130",
        "mobilenetv3_large_100",
        "mobilenetv3_large_100_delegable",
        "mobilenetv3_large_075",
        "mobilenetv3_large_075_delegable",
        "mobilenetv3_small_100",
        "mobilenetv3_small_100_delegable",
        "mobilenetv2_100",
    )
}
