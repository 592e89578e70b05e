"""What published GhostNet files call their weights: namings of three dialects.

A dialect is also arithmetic. `translate.py` turns B and C into A, which is what our layers compute:

        gate of the SE         squeezed channels   head                   padding     stem reads
    A   relu6(x + 3) / 6       divisible(c / 4)    convolution, bias      symmetric   RGB
    B   clip(x, 0, 1)          c // 4              convolution, BatchNorm symmetric   RGB
    C   clip(x, 0, 1)          c // 4              convolution, BatchNorm same        BGR

A: authors' ghostnet.py, and timm; of GhostNetV2, V3 and RepGhost too. B: the authors' first PyTorch
release, and PaddleClas. C: the authors' TensorFlow release.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

N_BLOCKS = 16  # of every GhostNet that is published: the rows of nets/spec.py
BLOCKS = {f"block_{i:02d}": i for i in range(N_BLOCKS)}
PATH = re.compile(r"(?:(block_\d\d)/)?(.+?)/((?:conv|norm)/\w+|\w+)")
STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")
NORM = tuple(f"norm/{name}" for name in STATISTICS)
# The order of a kernel's axes: in and out channels, height, width, channel and multiplier.
KERAS_AXES = {"conv": "HWIO", "depthwise": "HWCM", "gate": "HWIO", "head": "HWIO", "dense": "IO"}
TORCH_AXES = {"conv": "OIHW", "depthwise": "CMHW", "gate": "OIHW", "head": "OIHW", "dense": "OI"}
KINDS = {"se/reduce": "gate", "se/expand": "gate", "head": "head", "classifier": "dense"}
# With their branches; whatever is no depthwise convolution and stands in no row is an ordinary one.
DEPTHWISE = re.compile(r"(ghost\d/cheap_1|dw|shortcut_dw|attention/(row|column))(/\w+)?")


def kind_of(layer: str) -> str:
    """A key of `KERAS_AXES`. "ghost1/cheap_1/scale" -> "depthwise"."""
    return KINDS.get(layer, "depthwise" if DEPTHWISE.fullmatch(layer) else "conv")


@dataclass(frozen=True, slots=True)
class Naming:
    """How one kind of file names every tensor."""

    dialect: Literal["A", "B", "C"]
    origin: str  # who writes such files
    mark: str  # a pattern that only names of this kind match
    blocks: tuple[str, ...]  # what stands for {b}
    norm: tuple[str, str, str, str]  # gamma, beta, mean, variance, after the norm's own name
    axes: Mapping[str, str]  # of the kernels, by kind; a missing axis has length 1
    layers: Mapping[str, tuple[str, str]]  # our layer -> its kernel, and its norm or its bias
    is_deployed: bool = False  # its branches were folded into biases

    @property
    def pad_mode(self) -> Literal["symmetric", "same"]:
        return "same" if self.dialect == "C" else "symmetric"

    def __str__(self) -> str:
        return f"dialect {self.dialect} ({self.origin})"

    def find(self, path: str) -> tuple[str, str]:
        """The file's name of one of our variables, and the kind of its layer.

        "block_03/dw/conv/kernel" -> "blocks.3.0.conv_dw.weight", "depthwise". KeyError for what no
        GhostNet has.
        """
        found = PATH.fullmatch(path)
        if found is None:
            raise KeyError(path)
        block, layer, leaf = found.groups()
        kernel, other = self.layers[layer]
        names = {"kernel": kernel, "conv/kernel": kernel, "bias": other}
        if self.is_deployed:
            names["conv/bias"] = other
        for ours in (NORM, STATISTICS):  # of a convolution, and of a norm that stands alone
            names |= {name: other + theirs for name, theirs in zip(ours, self.norm, strict=True)}
        if ("{b}" in other) != bool(block):
            raise KeyError(path)
        this = self.blocks[BLOCKS[block]] if block else ""
        return names[leaf].replace("{b}", this), kind_of(layer)

    def names_of(self, *layers: str) -> set[str]:
        """What the file calls all tensors of these layers, of "head" and "classifier"."""
        names = set()
        for layer in layers:
            is_normed = layer == "head" and self.dialect != "A"
            leaves = ("conv/kernel", *NORM) if is_normed else ("kernel", "bias")
            names |= {self.find(f"{layer}/{leaf}")[0] for leaf in leaves}
        return names


TORCH_NORM = (".weight", ".bias", ".running_mean", ".running_var")

# Stage and place in the stage of each block, as the authors' ghostnet.py counts them.
STAGES = ("0.0", "1.0", "2.0", "3.0", "4.0", "5.0", "6.0", "6.1", "6.2", "6.3", "6.4", "7.0",
          "8.0", "8.1", "8.2", "8.3")  # fmt: skip

# fmt: off
OFFICIAL = Naming(
    "A", "official PyTorch or timm", r"blocks\.\d\.\d\.ghost1\.",
    tuple(f"blocks.{stage}" for stage in STAGES), TORCH_NORM, TORCH_AXES,
    {
        "stem":           ("conv_stem.weight",                     "bn1"),
        "ghost1/primary": ("{b}.ghost1.primary_conv.0.weight",     "{b}.ghost1.primary_conv.1"),
        "ghost1/cheap_1": ("{b}.ghost1.cheap_operation.0.weight",  "{b}.ghost1.cheap_operation.1"),
        "dw":             ("{b}.conv_dw.weight",                   "{b}.bn_dw"),
        "se/reduce":      ("{b}.se.conv_reduce.weight",            "{b}.se.conv_reduce.bias"),
        "se/expand":      ("{b}.se.conv_expand.weight",            "{b}.se.conv_expand.bias"),
        "ghost2/primary": ("{b}.ghost2.primary_conv.0.weight",     "{b}.ghost2.primary_conv.1"),
        "ghost2/cheap_1": ("{b}.ghost2.cheap_operation.0.weight",  "{b}.ghost2.cheap_operation.1"),
        "shortcut_dw":    ("{b}.shortcut.0.weight",                "{b}.shortcut.1"),
        "shortcut_1x1":   ("{b}.shortcut.2.weight",                "{b}.shortcut.3"),
        "last":           ("blocks.9.0.conv.weight",               "blocks.9.0.bn1"),
        "head":           ("conv_head.weight",                     "conv_head.bias"),
        "classifier":     ("classifier.weight",                    "classifier.bias"),
    },
)
EARLY = Naming(
    "B", "early PyTorch release", r"features\.\d+\.conv\.0\.primary_conv\.",
    tuple(f"features.{i + 1}" for i in range(N_BLOCKS)), TORCH_NORM,
    {**TORCH_AXES, "gate": "OI", "head": "OI"},
    {
        "stem":           ("features.0.0.weight",                  "features.0.1"),
        "ghost1/primary": ("{b}.conv.0.primary_conv.0.weight",     "{b}.conv.0.primary_conv.1"),
        "ghost1/cheap_1": ("{b}.conv.0.cheap_operation.0.weight",  "{b}.conv.0.cheap_operation.1"),
        "dw":             ("{b}.conv.1.0.weight",                  "{b}.conv.1.1"),
        "se/reduce":      ("{b}.conv.2.fc.0.weight",               "{b}.conv.2.fc.0.bias"),
        "se/expand":      ("{b}.conv.2.fc.2.weight",               "{b}.conv.2.fc.2.bias"),
        "ghost2/primary": ("{b}.conv.3.primary_conv.0.weight",     "{b}.conv.3.primary_conv.1"),
        "ghost2/cheap_1": ("{b}.conv.3.cheap_operation.0.weight",  "{b}.conv.3.cheap_operation.1"),
        "shortcut_dw":    ("{b}.shortcut.0.0.weight",              "{b}.shortcut.0.1"),
        "shortcut_1x1":   ("{b}.shortcut.1.weight",                "{b}.shortcut.2"),
        "last":           ("squeeze.0.weight",                     "squeeze.1"),
        "head":           ("classifier.0.weight",                  "classifier.1"),
        "classifier":     ("classifier.4.weight",                  "classifier.4.bias"),
    },
)
PADDLE = Naming(
    "B", "PaddleClas", r"_ghostbottleneck_\d+\.ghost_module_1\.",
    tuple(f"_ghostbottleneck_{i}" for i in range(N_BLOCKS)),
    ("._batch_norm.weight", "._batch_norm.bias", "._batch_norm._mean", "._batch_norm._variance"),
    {**TORCH_AXES, "gate": "IO", "dense": "IO"},
    {
        "stem":           ("conv1._conv.weight", "conv1"),
        "ghost1/primary": ("{b}.ghost_module_1.primary_conv._conv.weight",
                           "{b}.ghost_module_1.primary_conv"),
        "ghost1/cheap_1": ("{b}.ghost_module_1.cheap_operation._conv.weight",
                           "{b}.ghost_module_1.cheap_operation"),
        "dw":             ("{b}.depthwise_conv._conv.weight", "{b}.depthwise_conv"),
        "se/reduce":      ("{b}.se_block.squeeze.weight", "{b}.se_block.squeeze.bias"),
        "se/expand":      ("{b}.se_block.excitation.weight", "{b}.se_block.excitation.bias"),
        "ghost2/primary": ("{b}.ghost_module_2.primary_conv._conv.weight",
                           "{b}.ghost_module_2.primary_conv"),
        "ghost2/cheap_1": ("{b}.ghost_module_2.cheap_operation._conv.weight",
                           "{b}.ghost_module_2.cheap_operation"),
        "shortcut_dw":    ("{b}.shortcut_depthwise._conv.weight", "{b}.shortcut_depthwise"),
        "shortcut_1x1":   ("{b}.shortcut_conv._conv.weight", "{b}.shortcut_conv"),
        "last":           ("conv_last._conv.weight", "conv_last"),
        "head":           ("fc_0._conv.weight", "fc_0"),
        "classifier":     ("fc_1.weight", "fc_1.bias"),
    },
)
NET = "MobileNetV2"  # the scope's name in the authors' TensorFlow release
TENSORFLOW = Naming(
    "C", "official TensorFlow", rf"{NET}/Conv2d_\d+_up_pointwise/",
    tuple(f"{NET}/Conv2d_{i + 1}" for i in range(N_BLOCKS)),
    ("/gamma", "/beta", "/mean/EMA", "/variance/EMA"),
    {**KERAS_AXES, "dense": "HWIO"},
    {
        "stem":           (f"{NET}/Conv2d_0/W",               f"{NET}/Conv2d_0/bn"),
        "ghost1/primary": ("{b}_up_pointwise/conv1/W",        "{b}_up_pointwise/conv1/bn"),
        "ghost1/cheap_1": ("{b}_up_pointwise/dw1/DW",         "{b}_up_pointwise/dw1/bn"),
        "dw":             ("{b}_depthwise/W",                 "{b}_depthwise/output"),
        "se/reduce":      ("{b}_se/fc1/W",                    "{b}_se/fc1/b"),
        "se/expand":      ("{b}_se/fc2/W",                    "{b}_se/fc2/b"),
        "ghost2/primary": ("{b}_down_pointwise/conv1/W",      "{b}_down_pointwise/conv1/bn"),
        "ghost2/cheap_1": ("{b}_down_pointwise/dw1/DW",       "{b}_down_pointwise/dw1/output"),
        "shortcut_dw":    ("{b}_shortcut_dw/W",               "{b}_shortcut_dw/output"),
        "shortcut_1x1":   ("{b}_shortcut_1x1/W",              "{b}_shortcut_1x1/bn"),
        "last":           (f"{NET}/Conv2d_17/W",              f"{NET}/Conv2d_17/bn"),
        "head":           (f"{NET}/Conv2d_18/W",              f"{NET}/Conv2d_18/bn"),
        "classifier":     (f"{NET}/Logits/Conv2d_1c_1x1/W",   f"{NET}/Logits/Conv2d_1c_1x1/b"),
    },
)



def _beside(layer: str, theirs: str, *, scale: bool = True) -> dict[str, tuple[str, str]]:
    """GhostNetV3's convolutions beside each other, in timm's names."""
    named = {layer: f"{theirs}_conv.0", f"{layer}/more_1": f"{theirs}_conv.1",
             f"{layer}/more_2": f"{theirs}_conv.2"}
    named |= {f"{layer}/scale": f"{theirs}_scale"} if scale else {}
    return {ours: (f"{name}.conv.weight", f"{name}.bn1") for ours, name in named.items()}


ATTENTION = {
    "attention/point":    ("{b}.ghost1.short_conv.0.weight",     "{b}.ghost1.short_conv.1"),
    "attention/row":      ("{b}.ghost1.short_conv.2.weight",     "{b}.ghost1.short_conv.3"),
    "attention/column":   ("{b}.ghost1.short_conv.4.weight",     "{b}.ghost1.short_conv.5"),
}
V2 = replace(
    OFFICIAL, origin="GhostNetV2", mark=r"blocks\.\d\.\d\.ghost1\.short_conv\.0\.",
    layers={**OFFICIAL.layers, **ATTENTION},
)
V3 = replace(
    V2, origin="GhostNetV3 in training", mark=r"blocks\.\d\.\d\.ghost1\.primary_rpr_conv\.",
    layers={
        **V2.layers,
        **_beside("ghost1/primary", "{b}.ghost1.primary_rpr", scale=False),
        **_beside("ghost1/cheap_1", "{b}.ghost1.cheap_rpr"),
        "ghost1/cheap_1/skip": ("", "{b}.ghost1.cheap_rpr_skip"),
        **_beside("ghost2/primary", "{b}.ghost2.primary_rpr", scale=False),
        **_beside("ghost2/cheap_1", "{b}.ghost2.cheap_rpr"),
        "ghost2/cheap_1/skip": ("", "{b}.ghost2.cheap_rpr_skip"),
        **_beside("dw", "{b}.dw_rpr"),
    },
)
V3_DEPLOYED = replace(
    V2, origin="GhostNetV3, folded", mark=r"blocks\.\d\.\d\.ghost1\.primary_conv\.0\.bias",
    is_deployed=True,
    layers={
        **V2.layers,
        "ghost1/primary": ("{b}.ghost1.primary_conv.0.weight",
                           "{b}.ghost1.primary_conv.0.bias"),
        "ghost1/cheap_1": ("{b}.ghost1.cheap_operation.0.weight",
                           "{b}.ghost1.cheap_operation.0.bias"),
        "dw":             ("{b}.conv_dw.weight",                  "{b}.conv_dw.bias"),
        "ghost2/primary": ("{b}.ghost2.primary_conv.0.weight",
                           "{b}.ghost2.primary_conv.0.bias"),
        "ghost2/cheap_1": ("{b}.ghost2.cheap_operation.0.weight",
                           "{b}.ghost2.cheap_operation.0.bias"),
    },
)
REPGHOST = replace(
    OFFICIAL, origin="RepGhost in training", mark=r"blocks\.\d\.\d\.ghost1\.fusion_bn\.",
    layers={
        **OFFICIAL.layers,
        "ghost1/cheap_1/skip": ("", "{b}.ghost1.fusion_bn.0"),
        "ghost2/cheap_1/skip": ("", "{b}.ghost2.fusion_bn.0"),
    },
)
REPGHOST_DEPLOYED = replace(
    OFFICIAL, origin="RepGhost, folded", mark=r"blocks\.\d\.\d\.ghost1\.cheap_operation\.weight",
    is_deployed=True,
    layers={
        **OFFICIAL.layers,
        "ghost1/cheap_1": ("{b}.ghost1.cheap_operation.weight",  "{b}.ghost1.cheap_operation.bias"),
        "ghost2/cheap_1": ("{b}.ghost2.cheap_operation.weight",  "{b}.ghost2.cheap_operation.bias"),
    },
)
# fmt: on
# Names that only a later network has are looked for before those that it shares with GhostNet.
NAMINGS = (V3, V3_DEPLOYED, REPGHOST, REPGHOST_DEPLOYED, V2, OFFICIAL, EARLY, PADDLE, TENSORFLOW)


def recognise(names: Iterable[str]) -> tuple[Naming, str] | None:
    """Whose file this is, by the names of its tensors, and what stands before its names."""
    names = tuple(names)
    for naming in NAMINGS:
        mark = re.compile(rf"(.*[./])?{naming.mark}")
        for found in filter(None, map(mark.match, names)):
            return naming, found[1] or ""
    return None
