"""The table of a network: ghostnet describe ghostnet_100 --size 224"""

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ghostnet_tf.base import doors, terminal
from ghostnet_tf.base.quiet import start_keras
from ghostnet_tf.base.sides import Size, size_named, size_of, spelled
from ghostnet_tf.nets.zoo import MODELS, parse_model

if TYPE_CHECKING:
    import keras

# keras.applications' MobileNets: layers belong to a block by their prefix, to an end by their name.
BLOCK = re.compile(r"(?:expanded_conv|block)(?:_(\d+))?_(?=[a-z])")
ENDS = {
    "stem": ("conv", "conv_bn", "Conv1", "bn_Conv1"),
    "last": ("conv_1", "conv_1_bn", "Conv_1", "Conv_1_bn"),
    "head": ("conv_2",),
    "classifier": ("logits", "predictions"),
}


@dataclass(frozen=True)
class Stage:
    """One row: a block of the paper, or a convolution before or after the blocks."""

    name: str
    size_in: Size  # pixels of a side, or (height, width)
    size_out: Size
    channels_in: int
    channels_out: int
    kernel: int
    hidden: int | None  # channels inside the block
    squeezed: int | None  # channels inside squeeze-and-excitation
    stride: int
    parameters: int
    macs: int


@dataclass(frozen=True)
class Description:
    model: str
    size: Size | None  # of its image; None: it hears
    stages: tuple[Stage, ...]
    trainable_parameters: int
    total_parameters: int
    macs: int
    depthwise_macs: int


def describe(model: "keras.Model") -> Description:
    """The rows and totals of a network of the zoo that was built for one image size.

    Parameters are numbers, multiply-adds are of one image; ValueError where the size is open.

        describe(parse_model("ghostnet_100").build(size=224)).macs      # 141150512
    """
    from ghostnet_tf.nets import counts

    stages: dict[str, list[keras.layers.Layer]] = {}
    for layer in model.layers:
        if layer.weights:
            stages.setdefault(stage_of(layer.name), []).append(layer)
    trainable, total = counts.parameters(model)
    return Description(
        model=model.name,
        size=size_of(*shape[1:3]) if len(shape := model.inputs[0].shape) == 4 else None,
        stages=tuple(_stage(name, layers) for name, layers in stages.items()),
        trainable_parameters=trainable,
        total_parameters=total,
        macs=counts.macs(model),
        depthwise_macs=counts.depthwise_macs(model),
    )


def main(argv: list[str] | None = None) -> int | None:
    parser = doors.parser("describe", "The table of a network.")
    parser.add_argument(
        "model",
        help=f"{', '.join(MODELS)}, or another width, s or d of these; with _det "
        "or _retinanet behind it: a detector on it, with _fpn a pyramid of maps, with _seg a "
        "segmenter",
    )
    parser.add_argument(
        "--size",
        type=size_named,
        metavar="PIXELS|HxW",
        help="of the image (default: its authors')",
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    asked = parser.parse_args(argv)
    entry = parse_model(asked.model)
    start_keras()
    own = entry.preprocessing.size if entry.preprocessing else None
    size = own if asked.size is None else asked.size
    description = describe(entry.build(size=size, deployed=True))
    if asked.json:
        terminal.document(asdict(description))
    else:
        _print(description)
        if entry.backbone:
            from ghostnet_tf.nets.taps import headless_macs

            under = parse_model(entry.backbone)
            terminal.out(
                f"{under.name} without its head and classes, as the paper counts backbones, at "
                f"{spelled(under.sight.size)} px: {headless_macs(under) / 1e6:.2f} M"
            )


def stage_of(layer: str) -> str:
    """The row that a layer of this name belongs to: its block, its end, or one of its own."""
    if block := BLOCK.match(layer):
        return f"block_{int(block[1] or 0):02d}"
    return next((end for end, names in ENDS.items() if layer in names), layer)


def _stage(name: str, layers: list[Any]) -> Stage:
    from ghostnet_tf.nets import counts

    (size_in, channels_in), (size_out, channels_out) = (
        (size_of(*shape[1:3]) if len(shape) == 4 else 1, shape[-1])
        for shape in (_finest(layers[0].input), _finest(layers[-1].output))
    )
    return Stage(
        name=name,
        size_in=size_in,
        size_out=size_out,
        channels_in=channels_in,
        channels_out=channels_out,
        **_anatomy(layers),
        parameters=sum(counts.parameters(layer)[0] for layer in layers),
        macs=sum(counts.macs(layer) for layer in layers),
    )


def _finest(maps: Any) -> tuple[int, ...]:
    """The shape of one map, or of the first of several: a detector's neck has three."""
    return (maps[0] if isinstance(maps, list) else maps).shape


def _anatomy(layers: list[Any]) -> dict[str, Any]:
    """What is inside a block: a Ghost bottleneck, or a MobileNet's chain of layers."""
    from keras.layers import Conv2D, DepthwiseConv2D

    from ghostnet_tf.nets.counts import leaves
    from ghostnet_tf.nets.layers import GhostBottleneck

    block = layers[0]
    if isinstance(block, GhostBottleneck):
        return {
            "kernel": block.kernel_size,
            "hidden": block.ghost1.filters,
            "squeezed": block.se.squeezed if block.se else None,
            "stride": block.strides,
        }
    inside = [leaf for layer in layers for leaf in leaves(layer)]
    convs = [leaf for leaf in inside if isinstance(leaf, (Conv2D, DepthwiseConv2D))]
    depthwise = [conv for conv in convs if isinstance(conv, DepthwiseConv2D)]
    squeeze = [conv for conv in convs if "squeeze" in conv.name]
    return {
        "kernel": max((conv.kernel_size[0] for conv in convs), default=1),
        "hidden": depthwise[0].kernel.shape[2] if depthwise else None,
        "squeezed": squeeze[0].filters if squeeze else None,
        "stride": max((conv.strides[0] for conv in convs), default=1),
    }


def _of(size: Size | None) -> str:
    return f"at {spelled(size)} px" if size else "of one sound"


def _print(description: Description) -> None:
    columns = ("pixels", "channels", "kernel", "hidden", "SE", "stride", "parameters", "M MACs")
    terminal.table(
        ["block", *columns],
        [
            (
                row.name,
                f"{spelled(row.size_in)} -> {spelled(row.size_out)}",
                f"{row.channels_in} -> {row.channels_out}",
                str(row.kernel),
                str(row.hidden or "-"),
                str(row.squeezed or "-"),
                str(row.stride),
                f"{row.parameters:,}",
                f"{row.macs / 1e6:.2f}",
            )
            for row in description.stages
        ],
        right=range(1, 1 + len(columns)),
    )
    terminal.out(
        "",
        f"{description.model} {_of(description.size)}: "
        f"{description.macs / 1e6:.2f} M multiply-adds, "
        f"{description.depthwise_macs / 1e6:.2f} M of them depthwise",
        f"{description.trainable_parameters:,} trainable parameters, "
        f"{description.total_parameters:,} with the BatchNorm statistics",
    )
