"""Somebody's ONNX network becomes verified `.tflite` files:

python export/from_onnx.py FILE.onnx --channels rgb --preprocessing imagenet [--photos DIR]

An ONNX file does not say how a photo becomes its input. That has to be told, all of it.
"""

import argparse
import json
import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import IMAGENET, RESAMPLE, Preprocessing
from ghostnet_tf.nets.zoo import MOBILENET

from .to_tflite import add_export_options, document, recipes_of, refuse_unwritable, table

if TYPE_CHECKING:
    from ghostnet_tf.base.progress import Stages

    from .network import Network

NEEDED = ("onnx", "onnxsim", "onnxruntime", "onnx2tf", "tf_keras", "onnx_graphsurgeon", "sng4onnx")
PREPROCESSINGS = {"imagenet": IMAGENET, "mobilenet": MOBILENET}


def parser() -> argparse.ArgumentParser:
    parse = argparse.ArgumentParser(description="An ONNX network becomes verified .tflite files.")
    parse.add_argument("model", type=Path, metavar="FILE.onnx")
    parse.add_argument("--name", help="of the network in the files' names; default: the file's")
    parse.add_argument("--channels", choices=("rgb", "bgr"), help="as the network was trained")
    parse.add_argument(
        "--preprocessing",
        choices=PREPROCESSINGS,
        help="imagenet: as torchvision and timm; mobilenet: as TensorFlow's, from -1 to 1. Or:",
    )
    number = {"type": float, "nargs": 3, "metavar": ("R", "G", "B")}
    parse.add_argument("--mean", **number, help="of values from 0 to 1, red first in any case")
    parse.add_argument("--std", **number, help="likewise")
    parse.add_argument("--crop", type=float, help="centre crop, as a share of the short side")
    parse.add_argument("--resample", choices=RESAMPLE, help="filter that resizes the photo")
    add_export_options(parse)
    return parse


def main(argv: list[str] | None = None, stages: "Stages | None" = None) -> int:
    args = parser().parse_args(argv)
    recipes, preprocessing = recipes_of(args), preprocessing_of(args)
    photos = Photos.open(args.photos) if args.photos else None
    labelled = Photos.open(args.labelled) if args.labelled else None
    refuse_unwritable(args.out)
    refuse_without_extra()

    os.environ["KERAS_BACKEND"] = "tensorflow"
    from ghostnet_tf.base.progress import Stages

    from .pipeline import export

    stages = stages or Stages()
    with stages.stage(f"convert {args.model.name}"):
        network = network_of(args, preprocessing)
    result = export(network, recipes, photos, labelled, args.out, stages)
    print(
        json.dumps(document([result], original="onnx"), indent=1)
        if args.json
        else table(network, result)
    )
    return 0


def preprocessing_of(args: argparse.Namespace) -> Preprocessing:
    """What was told of photos, for RGB; whatever was left out is named, never guessed."""
    known = PREPROCESSINGS.get(args.preprocessing)
    parts = ("mean", "std", "crop", "resample")
    told = {name: getattr(args, name) for name in parts if getattr(args, name) is not None}
    if known and told:
        raise UserError(
            f"--preprocessing {args.preprocessing} says what --{' --'.join(told)} says too",
            fix="give the one or the other",
        )
    lacking = [name for name in parts if name not in told and not known]
    lacking += ["channels"] if args.channels is None else []
    if lacking:
        raise UserError(
            f"how a photo becomes the input of {args.model.name!r} is not known: "
            f"--{' --'.join(lacking)}",
            fix="--channels rgb --preprocessing imagenet, if it is torchvision's or timm's; or "
            "--channels, --mean, --std, --crop and --resample as it was trained",
        )
    if known:
        return known
    at_any_size = {"size": args.size or IMAGENET.size}  # until the file has been read
    return Preprocessing.from_dict({**told, **at_any_size})


def refuse_without_extra() -> None:
    if lacking := [name for name in NEEDED if find_spec(name) is None]:
        raise UserError(
            f"reading ONNX needs packages that are not installed: {', '.join(lacking)}",
            fix="pip install --no-deps -r requirements-onnx.txt",
        )


def network_of(args: argparse.Namespace, preprocessing: Preprocessing) -> "Network":
    from ghostnet_tf.base.files import sha256
    from ghostnet_tf.data.labels import labels

    from .network import Network
    from .onnx.convert import from_onnx

    converted, size = from_onnx(args.model, args.channels == "bgr", args.size)
    return Network(
        model=converted,
        name=re.sub(r"\W+", "_", args.name or args.model.stem),
        weights="onnx",
        weights_sha256=sha256(args.model.read_bytes()),
        preprocessing=preprocessing.at(size),
        labels=labels(args.labels) if args.labels else None,
    )


if __name__ == "__main__":
    run(main)
