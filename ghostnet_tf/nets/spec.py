"""Every network of the GhostNet papers, and what grew from them, as rows. No Keras here."""

from dataclasses import dataclass, replace
from typing import Literal

from ghostnet_tf.base.errors import pick

CHANNEL_DIVISOR = 4  # authors' ghostnet.py: every channel count is a multiple of four


@dataclass(frozen=True, slots=True)
class Block:
    """One Ghost bottleneck."""

    kernel: int  # depthwise kernel at stride 2 and in the shortcut; the cheap kernel is always 3
    hidden: int  # channels after the first Ghost module
    out: int  # channels after the second Ghost module
    se: float = 0.0  # squeeze ratio of `hidden`; 0 means no squeeze-and-excitation
    stride: int = 1
    attention: bool = False  # GhostNetV2: a gate on `hidden` from the block's input


# fmt: off
GHOSTNET = (
    #     k  hidden  out   se   s       resolution in -> out
    Block(3,    16,   16),             # 112 -> 112
    Block(3,    48,   24, 0.00, 2),    # 112 ->  56
    Block(3,    72,   24),             #  56 ->  56
    Block(5,    72,   40, 0.25, 2),    #  56 ->  28
    Block(5,   120,   40, 0.25),       #  28 ->  28
    Block(3,   240,   80, 0.00, 2),    #  28 ->  14
    Block(3,   200,   80),             #  14 ->  14
    Block(3,   184,   80),             #  14 ->  14
    Block(3,   184,   80),             #  14 ->  14
    Block(3,   480,  112, 0.25),       #  14 ->  14
    Block(3,   672,  112, 0.25),       #  14 ->  14
    Block(5,   672,  160, 0.25, 2),    #  14 ->   7
    Block(5,   960,  160),             #   7 ->   7
    Block(5,   960,  160, 0.25),       #   7 ->   7
    Block(5,   960,  160),             #   7 ->   7
    Block(5,   960,  160, 0.25),       #   7 ->   7
)
GHOSTNETV2 = tuple(  # arXiv 2211.12905: the same, and attention from the third block on
    replace(row, attention=i >= 2) for i, row in enumerate(GHOSTNET)
)
REPGHOST = (  # arXiv 2211.06088, table 1: half of `hidden`, which no concatenation doubles
    #     k  hidden  out   se   s       resolution in -> out
    Block(3,     8,   16),             # 112 -> 112
    Block(3,    24,   24, 0.00, 2),    # 112 ->  56
    Block(3,    36,   24),             #  56 ->  56
    Block(5,    36,   40, 0.25, 2),    #  56 ->  28
    Block(5,    60,   40, 0.25),       #  28 ->  28
    Block(3,   120,   80, 0.00, 2),    #  28 ->  14
    Block(3,   100,   80),             #  14 ->  14
    Block(3,   120,   80),             #  14 ->  14
    Block(3,   120,   80),             #  14 ->  14
    Block(3,   240,  112, 0.25),       #  14 ->  14
    Block(3,   336,  112, 0.25),       #  14 ->  14
    Block(5,   336,  160, 0.25, 2),    #  14 ->   7
    Block(5,   480,  160),             #   7 ->   7
    Block(5,   480,  160, 0.25),       #   7 ->   7
    Block(5,   480,  160),             #   7 ->   7
    Block(5,   480,  160, 0.25),       #   7 ->   7
)
STEM = 16        # 224 -> 112, an ordinary 3x3 convolution
LAST = 960       # an ordinary 1x1 convolution before the pooling
HEAD = 1280      # after the pooling; the one number that does not follow the width
FEATURE_TAPS = (2, 4, 10, 15)  # blocks whose outputs end the strides 4, 8, 16 and 32
# fmt: on
SMALLEST_IMAGE = 32  # pixels of a side: one is left after five halvings


@dataclass(frozen=True, slots=True)
class Branches:
    """What trains beside one convolution and its BatchNorm, each with a BatchNorm of its own."""

    more: int = 0  # of the same kernel
    scale: bool = False  # a 1x1 convolution
    skip: bool = False  # the input itself, where it has the output's shape


@dataclass(frozen=True, slots=True)
class TrainingForm:
    """The branches of every convolution of a kind; folded they are the plain network again."""

    primary: Branches = Branches()
    cheap: Branches = Branches()
    dw: Branches = Branches()  # between the modules of a block with a stride


# fmt: off
TRAINING_FORMS = {
    #                                      more scale  skip
    "repghost":   TrainingForm(                                   # arXiv 2211.06088, figure 3c
                      cheap=Branches(      0,  False, True)),
    "ghostnetv3": TrainingForm(                                   # arXiv 2404.11202, section 3.1
                      primary=Branches(    2,  False, False),
                      cheap=Branches(      2,  True,  True),
                      dw=Branches(         2,  True,  False)),
    "repvgg":     TrainingForm(                                   # arXiv 2101.03697, figure 2b
                      primary=Branches(    0,  True,  True),
                      cheap=Branches(      0,  True,  True),
                      dw=Branches(         0,  True,  False)),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Design:
    """One network of the family at width 1."""

    blocks: tuple[Block, ...]
    module: Literal["ghost", "repghost"] = "ghost"
    branches: str | None = None  # the training form that its authors have


DESIGNS = {
    "ghostnet": Design(GHOSTNET),
    "ghostnetv2": Design(GHOSTNETV2),
    "ghostnetv3": Design(GHOSTNETV2, branches="ghostnetv3"),
    "repghostnet": Design(REPGHOST, "repghost", "repghost"),
}


@dataclass(frozen=True, slots=True)
class GhostNetSpec:
    """A GhostNet at one width: every number is a channel count that a layer really has."""

    width: float
    stem: int
    blocks: tuple[Block, ...]
    last: int
    head: int = HEAD
    module: Literal["ghost", "repghost"] = "ghost"
    branches: str | None = None  # a key of TRAINING_FORMS

    @property
    def smallest_image(self) -> int:
        """Pixels of a side."""
        return smallest_image(any(row.attention for row in self.blocks))


def smallest_image(has_attention: bool) -> int:
    """Pixels of a side. Attention halves the last map once more, so that must have two."""
    return SMALLEST_IMAGE + has_attention


def divisible(channels: float, divisor: int = CHANNEL_DIVISOR) -> int:
    """The nearest multiple of `divisor`, never below 90 % of `channels` (authors' ghostnet.py)."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def ghostnet(width: float = 1.0, design: str = "ghostnet") -> GhostNetSpec:
    """The rows of one of `DESIGNS` at `width`; of GhostNet 0.5, 1.0 and 1.3 are published."""
    of = pick(design, DESIGNS, "design")
    blocks = tuple(
        replace(row, hidden=divisible(row.hidden * width), out=divisible(row.out * width))
        for row in of.blocks
    )
    stem, last = divisible(STEM * width), divisible(LAST * width)
    return GhostNetSpec(width, stem, blocks, last, module=of.module, branches=of.branches)


def training_form(branches: str | None) -> TrainingForm:
    """The branches of that name; none for None. UserError for other names."""
    return pick(branches, TRAINING_FORMS, "kind of branches") if branches else TrainingForm()


@dataclass(frozen=True, slots=True)
class Stage:
    """Residual blocks at one resolution."""

    blocks: int
    out: int  # channels after each block
    inside: int = 0  # channels of a bottleneck's 3x3 convolution; 0: a basic block, two of 3x3
    stride: int = 1  # of the first block


# fmt: off
RESNET50 = (  # He et al., arXiv 1512.03385, Table 1; the stride is at the 3x3 convolution
    #    blocks   out  inside  s     resolution in -> out
    Stage(    3,  256,     64),    #  56 ->  56, after a 7x7 convolution and a 3x3 pooling
    Stage(    4,  512,    128, 2), #  56 ->  28
    Stage(    6, 1024,    256, 2), #  28 ->  14
    Stage(    3, 2048,    512, 2), #  14 ->   7
)
RESNET56 = (  # the same paper, section 4.2, for CIFAR-10
    Stage(    9,   16),            #  32 ->  32, after a 3x3 convolution
    Stage(    9,   32, 0, 2),      #  32 ->  16
    Stage(    9,   64, 0, 2),      #  16 ->   8
)
VGG16 = (  # arXiv 1409.1556, column D: 3x3 convolutions, and after each row a 2x2 pooling
    (64, 64),                      #  32 ->  16 on CIFAR-10
    (128, 128),                    #  16 ->   8
    (256, 256, 256),               #   8 ->   4
    (512, 512, 512),               #   4 ->   2
    (512, 512, 512),               #   2 ->   1
)
VGG16_HEAD = 512  # one hidden layer before the classes, the head that fits the paper's counts
# fmt: on
