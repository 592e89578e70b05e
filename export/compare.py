"""Where a quantized file loses its float32 file, layer by layer:

ghostnet compare FILE.tflite --photos DIR|ZIP [--with FLOAT32.tflite] [--limit N] [--json]
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import refuse_unwritable, user_path, write_atomic
from ghostnet_tf.base.terminal import document, out, table
from ghostnet_tf.data.photos import Photos

from . import arguments
from .recipes import RECIPES

if TYPE_CHECKING:
    from ghostnet_tf.base.record import Record

    from .flatbuffer import Flatbuffer


def parser() -> argparse.ArgumentParser:
    parse = doors.parser(
        "compare", "Where a quantized file loses its float32 file, layer by layer."
    )
    parse.add_argument("file", metavar="FILE.tflite", help="in int8 or any other recipe")
    parse.add_argument(
        "--with",
        dest="float32",
        metavar="FILE.tflite",
        help="its float32 file (default: the one beside it, of the same name)",
    )
    photos = parse.add_argument_group("photos")
    photos.add_argument(
        "--photos", required=True, metavar="DIR|ZIP", help="like those that are answered wrongly"
    )
    photos.add_argument("--limit", type=int, default=32, metavar="N", help="so many of them")
    output = parse.add_argument_group("output")
    output.add_argument(
        "--out", type=user_path, metavar="DIR", help="of the picture (default: beside the file)"
    )
    arguments.add_json(output)
    return parse


def main(argv: list[str] | None = None) -> int:
    parse = parser()
    args = parse.parse_args(argv)
    arguments.refuse_below_one(parse, args, "limit")
    path = user_path(args.file)
    picture = (args.out or path.parent) / f"{path.stem}_compared.png"

    from ghostnet_tf.base.progress import Stages

    from . import printed
    from .classifier import COPY_THE_RECORD, checked_preprocessing
    from .comparison import compare
    from .comparison_picture import draw
    from .metadata import read_metadata
    from .runtime import Runtime

    data, record = opened(path)
    other = user_path(args.float32) if args.float32 else float32_beside(path, record)
    float32, its_record = opened(other)
    refuse_other_weights(record, its_record)
    refuse_unwritable(picture.parent)
    says = record or its_record or read_metadata(data) or read_metadata(float32)
    if says is None or says.preprocessing is None:
        raise UserError(f"the preprocessing of {path.name!r} is not known", fix=COPY_THE_RECORD)
    how = checked_preprocessing(says.preprocessing, path.name, Runtime(data).input_shape)
    checked_preprocessing(says.preprocessing, other.name, Runtime(float32).input_shape)
    photos = Photos.open(args.photos)
    chosen = photos.evenly(args.limit)
    with Stages().stage("photos", len(chosen)) as advance:
        read = photos.each(chosen, advance)
        found = compare(float32, data, (how.images([photo])[0] for _, photo in read))

    write_atomic(picture, draw(found, path.name))
    if args.json:
        files = {"file": args.file, "with": str(other), "picture": str(picture)}
        document({**files, **found.as_json(), **photos.skipped.as_json()})
        return 0
    heads, rows, bold = printed.layer_rows(found)
    width = 60 + max(len(layer.name) for layer in found.layers)
    table(heads, rows, right=(2, 3, 4), bold=bold, min_width=width)
    out(*printed.fallen_lines(found), f"wrote {picture}")
    return 0


def opened(path: Path) -> "tuple[Flatbuffer, Record | None]":
    """A file that may be run here, and whose tensors are those of its network."""
    from .trusted import trusted

    data, record = trusted(path)
    made = record and (record.operators or record.tuning)
    if made or any(op.is_ghost for op in data.graph.ops):
        plain = repr(made.plain) if made else "the plain file"
        raise UserError(
            f"{path.name!r} has other tensors than the network: it is tuned or has Ghost operators",
            fix=f"compare {plain}, which computes the same",
        )
    return data, record


def float32_beside(path: Path, record: "Record | None") -> Path:
    """Where the same export left the float32 file."""
    recipes = [record.recipe] if record else RECIPES
    # The longest: one recipe's name is the beginning of another's.
    recipe = max((r for r in recipes if path.stem.endswith(f"_{r}")), key=len, default="")
    if recipe == "float32":
        raise UserError(f"{path.name!r} is the float32 file", fix="compare one of another recipe")
    beside = path.with_name(f"{path.stem.removesuffix(recipe)}float32.tflite")
    if not recipe or not beside.is_file():
        raise UserError(
            f"there is no float32 file beside {str(path)!r}",
            fix="export both (--recipe float32 static_wi8_ai8), or say --with FILE.tflite",
        )
    return beside


def refuse_other_weights(record: "Record | None", other: "Record | None") -> None:
    if record and other and record.weights_sha256 != other.weights_sha256:
        raise UserError(
            "the two files were made from different weights",
            fix="compare a file with the float32 file of the same export",
        )


if __name__ == "__main__":
    run(main)
