"""What an ONNX file does not say and somebody has to tell: how a photo becomes its input."""

import argparse
from typing import Any

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.preprocess import IMAGENET, RESAMPLE, Preprocessing
from ghostnet_tf.nets.zoo import MOBILENET

NONE = "none"
PREPROCESSINGS = {"imagenet": IMAGENET, "mobilenet": MOBILENET}


def add_preprocessing_options(parse: argparse.ArgumentParser) -> None:
    told = parse.add_argument_group("how a photo becomes its input")
    told.add_argument(
        "--channels",
        choices=("rgb", "bgr", "grey", NONE),
        help=f"as the network was trained; {NONE}: it takes no photo, but samples, as of several "
        "inputs or other channels",
    )
    told.add_argument(
        "--preprocessing",
        choices=PREPROCESSINGS,
        help="imagenet: as torchvision and timm; mobilenet: as TensorFlow's, from -1 to 1. Or:",
    )
    number: Any = {"type": float, "nargs": "+", "metavar": "SHARE"}
    told.add_argument(
        "--mean",
        **number,
        help="of values from 0 to 1: red, green, blue in any case, or one of grey",
    )
    told.add_argument("--std", **number, help="likewise")
    told.add_argument("--crop", type=float, help="centre crop, as a share of the short side")
    told.add_argument("--resample", choices=RESAMPLE, help="filter that resizes the photo")


def preprocessing_of(args: argparse.Namespace) -> Preprocessing | None:
    """What was told of photos, for RGB or grey; whatever was left out is named, never guessed.

    None for a network that takes none.
    """
    known = PREPROCESSINGS.get(args.preprocessing)
    parts = ("mean", "std", "crop", "resample")
    told = {name: getattr(args, name) for name in parts if getattr(args, name) is not None}
    if known and told:
        raise UserError(
            f"--preprocessing {args.preprocessing} says what --{' --'.join(told)} says too",
            fix="give the one or the other",
        )
    if args.channels == NONE:
        said = [*told, *(["preprocessing"] if known else []), *(["size"] if args.size else [])]
        if said:
            raise UserError(
                f"--channels {NONE} says that no photo becomes the input, and --{said[0]} how one "
                "does",
                fix="give the one or the other",
            )
        return None
    lacking = [name for name in parts if name not in told and not known]
    lacking += ["channels"] if args.channels is None else []
    if lacking:
        raise UserError(
            f"how a photo becomes the input of {args.model.name!r} is not known: "
            f"--{' --'.join(lacking)}",
            fix="--channels rgb --preprocessing imagenet, if it is torchvision's or timm's; or "
            "--channels, --mean, --std, --crop and --resample as it was trained; --channels "
            f"{NONE} if it takes no photo",
        )
    is_grey = args.channels == "grey"
    if known:
        return known.in_grey() if is_grey else known
    at_any_size = {"size": args.size or IMAGENET.size}  # until the file has been read
    return Preprocessing.from_dict({**told, **at_any_size, "channels": 1 if is_grey else 3})
