"""Somebody's ONNX network becomes verified `.tflite` files:

ghostnet from-onnx FILE.onnx --channels rgb --preprocessing imagenet [--photos DIR] [--ghostop]

An ONNX file does not say how a photo becomes its input. That has to be told, all of it.
"""

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import refuse_unwritable, user_path
from ghostnet_tf.data.given import Given
from ghostnet_tf.data.items import Items
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.data.samples import HOW, HOW_LABELLED

from .arguments import add_export_options, labels_of, photos_of, recipe_table, recipes_of
from .onnx.told import add_preprocessing_options, preprocessing_of
from .recipes import RECIPES

if TYPE_CHECKING:
    from .network import Network

NEEDED = ("onnx", "onnxsim", "onnxruntime", "onnx2tf", "tf_keras", "onnx_graphsurgeon", "sng4onnx")


def parser() -> argparse.ArgumentParser:
    parse = doors.parser(
        "from-onnx", "An ONNX network becomes verified .tflite files.", recipe_table()
    )
    parse.add_argument("model", type=user_path, metavar="FILE.onnx")
    parse.add_argument("--name", help="of the network in the files' names (default: the file's)")
    add_preprocessing_options(parse)
    add_export_options(parse)
    return parse


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    recipes, preprocessing = recipes_of(args), preprocessing_of(args)
    labels_of(args)
    photos, labelled = photos_of(args)
    refuse_unwritable(args.out)
    if not user_path(args.model).is_file():
        raise UserError(f"there is no file {str(args.model)!r}", fix="check the path")
    refuse_without_extra()
    if preprocessing is None:
        refuse_photos({"photos": photos, "labelled": labelled})
    if photos is None:
        refuse_uncalibrated(recipes, "photos" if preprocessing else "samples")

    os.environ["KERAS_BACKEND"] = "tensorflow"
    from ghostnet_tf.base.progress import Stages
    from ghostnet_tf.base.quiet import start_keras

    stages = Stages()
    with stages.stage("start TensorFlow"):
        start_keras()
        from .exporting import Exporting
    with stages.stage(f"convert {args.model.name}"):
        network = network_of(args, preprocessing)
    exporting = Exporting(args, photos, labelled, stages)
    exporting.write(network, recipes)
    exporting.add_ghostop()
    exporting.add_postprocess()
    exporting.end("onnx")
    return 0


def refuse_photos(given: Mapping[str, Given | None]) -> None:
    """Before a minute of conversion: option -> what was given to a network that takes no photo."""
    for name, place in given.items():
        if isinstance(place, Items):
            raise UserError(
                f"--channels none says that no photo becomes the input, and --{name} gives "
                f"{place.kinds}",
                fix=f"--{name} FILE.npz: {HOW_LABELLED if name == 'labelled' else HOW}",
            )


def refuse_uncalibrated(recipes: Sequence[str], kind: str) -> None:
    """Before a minute of conversion: an ONNX network brings no ranges."""
    place = "DIR" if kind == "photos" else "FILE.npz"
    if static := [recipe for recipe in recipes if RECIPES[recipe].how == "static"]:
        raise UserError(
            f"{static[0]} needs {kind} to calibrate on",
            fix=f"--photos {place} with 100 {kind} or more like those the network will see, or "
            "--recipe float32 alone",
        )


def refuse_without_extra() -> None:
    if lacking := [name for name in NEEDED if find_spec(name) is None]:
        raise UserError(
            f"reading ONNX needs packages that are not installed: {', '.join(lacking)}",
            fix=f"{sys.executable} -m pip install --no-deps -r requirements-onnx.txt (in a clone)",
        )


def network_of(args: argparse.Namespace, preprocessing: Preprocessing | None) -> "Network":
    from ghostnet_tf.base.files import sha256

    from .network import Network
    from .onnx.convert import from_onnx, samples_from_onnx

    if preprocessing is None:
        converted = samples_from_onnx(args.model)
    else:
        converted, size = from_onnx(
            args.model, args.channels == "bgr", args.size, preprocessing.channels
        )
        preprocessing = preprocessing.at(size)
    return Network(
        model=converted,
        name=re.sub(r"\W+", "_", args.name or args.model.stem),
        weights="onnx",
        weights_sha256=sha256(args.model.read_bytes()),
        preprocessing=preprocessing,
        labels=labels_of(args),
    )


if __name__ == "__main__":
    run(main)
