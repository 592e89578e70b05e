"""Every name of a network that a user may type. Keras is imported when one is built, not before."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from ghostnet_tf.base.errors import UserError, option, pick
from ghostnet_tf.base.record import CLASSIFY, KEYWORDS
from ghostnet_tf.base.sides import Size, image_shape, sides, spelled
from ghostnet_tf.data.hearing import SPEECH_COMMANDS, Hearing
from ghostnet_tf.data.labels import labels
from ghostnet_tf.data.preprocess import CIFAR10, IMAGENET, Preprocessing
from ghostnet_tf.data.senses import listening, seeing
from ghostnet_tf.nets.spec import TRAINING_FORMS, smallest_image

if TYPE_CHECKING:
    from ghostnet_tf.nets.image_model import ImageModel

Family = Literal[
    "ghostnet",
    "ghostnetv2",
    "repghost",
    "mobilenet_v3",
    "mobilenet_v3_delegable",
    "mobilenet_v2",
    "resnet",
    "vgg",
    "keywords",
]

# Values in [-1, 1], on which TensorFlow's MobileNets were trained (tensorflow/models, slim).
MOBILENET = Preprocessing(224, 0.875, "bilinear", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One network of the zoo, not yet built."""

    name: str
    width: float
    family: Family
    preprocessing: Preprocessing | None  # its authors'; a checkpoint brings its own
    builder: Callable[..., "ImageModel"]
    labels: str = "imagenet"  # the table of the classes that its authors had
    task: str = CLASSIFY
    backbone: str = ""  # of a detector or segmenter: the network of this zoo under it
    head: str = ""  # of a detector: what is behind the name of its backbone, one of HEADS
    sound: Hearing | None = None  # its authors'; of a network that sees no photos

    @property
    def sight(self) -> Preprocessing:
        """How a photo becomes its input; UserError where none does."""
        return seeing(self.preprocessing, self.name)

    @property
    def hearing(self) -> Hearing:
        """How a sound becomes its input; UserError where none does."""
        return listening(self.sound, self.name)

    @property
    def is_ghostnet(self) -> bool:
        """Whether `GhostNet` builds it."""
        return not self.backbone and self.family in ("ghostnet", "ghostnetv2", "repghost")

    def build(
        self,
        *,
        classes: int | None = None,
        dropout: float = 0.2,
        size: Size | None = None,
        name: str | None = None,
        branches: str | None = None,
        deployed: bool = False,
        channels: int = 3,
        **own: Any,
    ) -> "ImageModel":
        """The network with random weights, (N, H, W, channels) -> logits (N, classes).

        Its authors' classes by default. `channels`: 3, or 1 for grey images. `size` is (height,
        width), or both in one; with None it takes images of any. `own` are arguments of this family
        alone: a GhostNet's `pad_mode`, a Ghost-ResNet-56's `drop_in`, the `hearing` of a network
        that takes sounds, (N, hearing.length), in place of images.
        ResNets and VGG have no dropout. `branches`: what trains beside the convolutions of Ghost
        modules, a key of `spec.TRAINING_FORMS`, by default what its authors have. `deployed`: with
        what is left of its own branches after folding; that is what it costs.
        """
        if size is not None:
            self.refuse_size(size)
        if self.sound and channels != 3:
            _ = self.sight
        classes = len(labels(self.labels)) if classes is None else classes
        if channels != 3:
            own["channels"] = channels
        if deployed and self.is_ghostnet:
            own["deployed"] = True
        if branches is not None:
            pick(branches, TRAINING_FORMS, "kind of branches")
            if not self.is_ghostnet and self.family not in ("resnet", "vgg"):
                raise UserError(
                    f"{self.name} has no Ghost modules, so no branches beside their convolutions",
                    fix="leave branches out, or take a GhostNet",
                )
            own["branches"] = branches
        return self.builder(
            width=self.width,
            classes=classes,
            dropout=dropout,
            size=size,
            name=name or self.name,
            **own,
        )

    def refuse_size(self, size: Size) -> None:
        """UserError where the network cannot see photos of this size."""
        _ = self.sight
        smallest = smallest_image(self.family == "ghostnetv2")
        if min(sides(size)) < smallest:
            raise UserError(
                f"{self.name} cannot see anything in {spelled(size)} pixels",
                fix=f"use images of {smallest} pixels or more",
            )
        if self.backbone and self.task != "segment" and any(side % STRIDE for side in sides(size)):
            raise UserError(
                f"{self.name} cannot take {spelled(size)} pixels: its maps lie upon one another",
                fix=f"{option('size', 'PX')} with multiples of {STRIDE}",
            )


def parse_model(name: str) -> Entry:
    """The network of this name, at any width: `ghostnet_075`, `mobilenetv3_small_050_delegable`.

    The paper's other networks have no width; those of Ghost modules take s and d after their name,
    2 and 3 unless given: `ghost_vgg16_s4`, `ghost_vgg16_s2_d5`. With one of HEADS behind it a
    network is the backbone of a detector, `ghostnet_050_det`, of a segmenter, `ghostnet_050_seg`,
    or of a pyramid of maps, `ghostnet_050_fpn`.
    """
    for head in HEADS:
        under = name.removesuffix(head)
        if under != name and not under.endswith(HEADS):
            below = parse_model(under)
            return _segmenter(below, name) if head == SEGMENTER else _detector(below, name, head)
    if name in SPOTTERS:
        return Entry(
            name=name,
            width=SPOTTERS[name],
            family="keywords",
            preprocessing=None,
            builder=_spotter,
            labels="speech_commands",
            task=KEYWORDS,
            sound=SPEECH_COMMANDS if name != BC_RESNET else BROADCAST,
        )
    found = re.fullmatch(r"(\w+)_(\d{3})((?:_delegable)?)", name, re.ASCII)
    if found and found[1] + found[3] in KINDS and found[2] != "000":
        family, preprocessing, builder = KINDS[found[1] + found[3]]
        return Entry(
            name=name,
            width=int(found[2]) / 100,
            family=family,
            preprocessing=preprocessing,
            builder=builder,
        )
    found = re.fullmatch(r"(ghost_)?([a-z]+\d+)(?:_s([2-9]))?(?:_d([1-9]))?", name, re.ASCII)
    if found and found[2] in PAPERS and (found[1] or not (found[3] or found[4])):
        family, preprocessing, table = PAPERS[found[2]]
        ratio = int(found[3] or 2) if found[1] else 1
        builder = _of_the_paper(found[2], ratio, int(found[4] or 3))
        return Entry(
            name=name,
            width=1.0,
            family=family,
            preprocessing=preprocessing,
            builder=builder,
            labels=table,
        )
    return pick(name, MODELS, "model")


def _detector(under: Entry, name: str, head: str) -> Entry:
    def build(*, width, classes, dropout, size, name, **own):
        if head == DETECTOR:
            from ghostnet_tf.nets.detector import detector

            return detector(under, classes, size, name, **own)
        if head == RETINANET:
            from ghostnet_tf.nets.retinanet import retinanet

            return retinanet(under, classes, size, name, **own)
        from ghostnet_tf.nets.fpn import pyramid

        return pyramid(under, size, name, **own)

    return replace(
        under,
        name=name,
        # All of a photo: what lies at its edges is there as well.
        preprocessing=replace(under.sight, size=DETECTOR_SIZE, crop=1.0, fit="stretch"),
        builder=build,
        labels="coco",
        task="features" if head == PYRAMID else "detect",
        backbone=under.name,
        head=head,
    )


def _segmenter(under: Entry, name: str) -> Entry:
    def build(*, width, classes, dropout, size, name, **own):
        from ghostnet_tf.nets.segmenter import segmenter

        return segmenter(under, classes, size, name, **own)

    return replace(
        under,
        name=name,
        preprocessing=replace(under.sight, size=SEGMENTER_SIZE, crop=1.0, fit="stretch"),
        builder=build,
        labels="camvid",
        task="segment",
        backbone=under.name,
    )


def _ghostnet(design: str):
    def build(*, size, channels=3, **own):
        from ghostnet_tf.nets.ghostnet import GhostNet

        if "input_tensor" not in own:
            own["input_shape"] = image_shape(size, channels)
        return GhostNet(design=design, **own)

    return build


def _mobilenet_v3(kind: Literal["large", "small"], delegable: bool = False):
    def build(*, width, **own):
        from ghostnet_tf.nets.baselines import mobilenet_v3

        return mobilenet_v3(kind, width, delegable=delegable, **own)

    return build


def _mobilenet_v2(*, width, **own):
    from ghostnet_tf.nets.baselines import mobilenet_v2

    return mobilenet_v2(width, **own)


def _spotter(*, width, classes, dropout, size, name, hearing=None, **own):
    from ghostnet_tf.nets import bc_resnet, keywords

    hearing = hearing or parse_model(name).hearing
    if name == BC_RESNET:
        return bc_resnet.bc_resnet_1(classes, hearing, name=name, **own)
    if name == DS_CNN:
        return keywords.ds_cnn(classes, hearing, name=name, **own)
    return keywords.ghost_kws(width, classes, hearing, name=name, **own)


@cache
def _of_the_paper(base: str, ratio: int, cheap_kernel: int):
    def build(*, width, dropout, size, channels=3, **own):
        from ghostnet_tf.nets import resnet, vgg

        of_base = {
            "resnet50": resnet.GhostResNet50,
            "resnet56": resnet.GhostResNet56,
            "vgg16": vgg.GhostVGG16,
        }
        return of_base[base](ratio, cheap_kernel, input_shape=image_shape(size, channels), **own)

    return build


# Behind the name of a backbone: light heads without anchors, RetinaNet's, no heads at all, or what
# says of every pixel what it is.
HEADS = DETECTOR, RETINANET, PYRAMID, SEGMENTER = ("_det", "_retinanet", "_fpn", "_seg")
DETECTOR_SIZE = 320  # pixels of a side
STRIDE = 32  # of the coarsest map that a detector reads
SEGMENTER_SIZE = (360, 480)  # height and width
V3, DELEGABLE = "mobilenet_v3", "mobilenet_v3_delegable"
# fmt: off
KINDS: dict[str, tuple[Family, Preprocessing, Callable]] = {  # a name without its width
    "ghostnet":                    ("ghostnet",     IMAGENET,  _ghostnet("ghostnet")),
    "ghostnetv2":                  ("ghostnetv2",   IMAGENET,  _ghostnet("ghostnetv2")),
    "ghostnetv3":                  ("ghostnetv2",   IMAGENET,  _ghostnet("ghostnetv3")),
    "repghostnet":                 ("repghost",     IMAGENET,  _ghostnet("repghostnet")),
    "mobilenetv3_large":           (V3,             MOBILENET, _mobilenet_v3("large")),
    "mobilenetv3_large_delegable": (DELEGABLE,      MOBILENET, _mobilenet_v3("large", True)),
    "mobilenetv3_small":           (V3,             MOBILENET, _mobilenet_v3("small")),
    "mobilenetv3_small_delegable": (DELEGABLE,      MOBILENET, _mobilenet_v3("small", True)),
    "mobilenetv2":                 ("mobilenet_v2", MOBILENET, _mobilenet_v2),
}
PAPERS: dict[str, tuple[Family, Preprocessing, str]] = {  # its section 4, plain or with `ghost_`
    "resnet50":                    ("resnet",       IMAGENET, "imagenet"),
    "resnet56":                    ("resnet",       CIFAR10,  "cifar10"),
    "vgg16":                       ("vgg",          CIFAR10,  "cifar10"),
}
DS_CNN, BC_RESNET = "ds_cnn", "bc_resnet_1"
BROADCAST = replace(SPEECH_COMMANDS, hop=160, coefficients=0)  # as BC-ResNet's authors have it
FRONT_END = "front_end"  # the layer that makes features of samples
SPOTTERS = {                    # networks that hear; the three sizes of one, and its baselines
    "ghost_kws_050":               0.5,
    "ghost_kws_100":               1.0,
    "ghost_kws_150":               1.5,
    "ds_cnn":                      1.0,
    "bc_resnet_1":                 1.0,
}
# fmt: on

MODELS = {  # the names to show; parse_model knows every other width, s and d too
    name: parse_model(name)
    for name in (
        "ghostnet_050",
        "ghostnet_100",
        "ghostnet_130",
        "ghostnetv2_100",
        "ghostnetv2_130",
        "ghostnetv2_160",
        "ghostnetv3_100",
        "repghostnet_050",
        "repghostnet_058",
        "repghostnet_080",
        "repghostnet_100",
        "repghostnet_111",
        "repghostnet_130",
        "repghostnet_150",
        "repghostnet_200",
        "mobilenetv3_large_100",
        "mobilenetv3_large_100_delegable",
        "mobilenetv3_large_075",
        "mobilenetv3_large_075_delegable",
        "mobilenetv3_small_100",
        "mobilenetv3_small_100_delegable",
        "mobilenetv2_100",
        "ghost_resnet50",
        "ghost_resnet56",
        "ghost_vgg16",
        "resnet50",
        "resnet56",
        "vgg16",
        *SPOTTERS,
    )
}
