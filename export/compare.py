"""Where a quantized file loses its float32 file, layer by layer:

ghostnet compare FILE.tflite --photos DIR|ZIP [--with FLOAT32.tflite|WEIGHTS] [--limit N]
    [--node-data FILE] [--json]

With weights, or a .keras file, it is compared with the Keras model itself, where layers have the
names of tensors.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import refuse_unwritable, user_path, write_atomic
from ghostnet_tf.base.node_data import node_data
from ghostnet_tf.base.sides import sides, size_of
from ghostnet_tf.base.terminal import document, out, table
from ghostnet_tf.data.given import opened_at
from ghostnet_tf.data.masked_photos import without_masks
from ghostnet_tf.data.samples import Samples
from ghostnet_tf.nets import zoo

from . import arguments
from .recipes import RECIPES

if TYPE_CHECKING:
    from ghostnet_tf.base.record import Record

    from .flatbuffer import Flatbuffer
    from .keras_layers import KerasLayers


def parser() -> argparse.ArgumentParser:
    parse = doors.parser(
        "compare", "Where a quantized file loses its float32 file, layer by layer."
    )
    parse.add_argument("file", metavar="FILE.tflite", help="in int8 or any other recipe")
    parse.add_argument(
        "--with",
        dest="original",
        metavar="FILE.tflite|WEIGHTS",
        help="its float32 file (default: the one beside it, of the same name); or its Keras model: "
        "a .keras file, or weights as export takes them, for the network of its record",
    )
    photos = parse.add_argument_group("photos")
    photos.add_argument(
        "--photos",
        required=True,
        metavar="DIR|ZIP|NPZ",
        help="like those that are answered wrongly; sounds for a file that hears",
    )
    photos.add_argument("--limit", type=int, default=32, metavar="N", help="so many of them")
    output = parse.add_argument_group("output")
    output.add_argument(
        "--out", type=user_path, metavar="DIR", help="of the picture (default: beside the file)"
    )
    output.add_argument(
        "--node-data",
        type=user_path,
        metavar="FILE",
        help="every layer's dB, to lay over the graph in Model Explorer",
    )
    arguments.add_json(output)
    return parse


def main(argv: list[str] | None = None) -> int:
    parse = parser()
    args = parse.parse_args(argv)
    arguments.refuse_below_one(parse, args, "limit")
    path = user_path(args.file)
    picture = (args.out or path.parent) / f"{path.stem}_compared.png"

    given = opened_at(args.photos)

    from ghostnet_tf.base.progress import Stages

    from . import printed
    from .classifier import COPY_THE_RECORD, checked_preprocessing
    from .comparison import compare
    from .comparison_picture import draw
    from .listening import as_samples, window_of
    from .metadata import read_metadata
    from .runtime import Runtime
    from .tensors import samples_for

    data, record = opened(path)
    files = [picture, *filter(None, [args.node_data])]
    for file in files:
        refuse_unwritable(file.parent)
    other = str(args.original or float32_beside(path, record))
    original, its_record = None, None
    if other.endswith(".tflite"):
        float32, its_record = opened(user_path(other))
        pair = (of.weights_sha256 if of else None for of in (record, its_record))
        refuse_other_weights(*pair)
    else:
        made = keras_layers(other, path, record)
        float32, original = made.float32, made.values
    kept = record.kept_float.layers if record and record.kept_float else ()
    photos = as_samples(given, window_of(record), repr(path.name), args.limit)
    assert photos is not None
    if isinstance(photos, Samples):
        if original:
            raise UserError(
                "photos are compared with the Keras model itself, samples and sounds are not",
                fix="leave --with out, or --with FILE.tflite: its float32 file",
            )
        rows = samples_for(float32.graph, photos, args.limit, seed=0)
        found = compare(float32, data, rows, kept, original)
    else:
        says = record or its_record or read_metadata(data) or read_metadata(float32)
        if says is None or says.preprocessing is None:
            raise UserError(
                f"the preprocessing of {path.name!r} is not known",
                fix=f"{COPY_THE_RECORD}; what takes no photos is compared on --photos FILE.npz",
            )
        how = checked_preprocessing(says.preprocessing, path.name, Runtime(data).input_shape)
        checked_preprocessing(says.preprocessing, other, Runtime(float32).input_shape)
        if record and record.masks:
            photos = without_masks(photos)
        chosen = photos.evenly(args.limit)
        with Stages().stage("photos", len(chosen)) as advance:
            read = photos.each(chosen, advance)
            images = (how.images([photo])[0] for _, photo in read)
            found = compare(float32, data, images, kept, original)

    write_atomic(picture, draw(found, path.name))
    if args.node_data:
        levels = {layer.name: layer.snr_db for layer in found.layers}
        write_atomic(args.node_data, node_data("dB", levels, is_low_bad=True))
    if args.json:
        named = {"file": args.file, "with": other, "picture": str(picture)}
        document({**named, **found.as_json(), **arguments.skips_of(given).as_json()})
        return 0
    heads, rows, bold = printed.layer_rows(found)
    width = 60 + max(len(layer.name) for layer in found.layers)
    table(heads, rows, right=(2, 3, 4), bold=bold, min_width=width)
    out(*printed.fallen_lines(found), *(f"wrote {file}" for file in files))
    out(*printed.keep_lines(found, path, record, other, args.photos))
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


def keras_layers(original: str, path: Path, record: "Record | None") -> "KerasLayers":
    """The Keras model that a file was made from, out of a `.keras` file or of weights."""
    os.environ["KERAS_BACKEND"] = "tensorflow"  # the only one that can export
    from ghostnet_tf.base.quiet import start_keras

    start_keras()
    from ghostnet_tf.nets.image_model import load_model
    from ghostnet_tf.nets.pretrained import pretrained

    from .keras_layers import KerasLayers

    if record is None:
        raise UserError(
            f"{path.name!r} has no record, which says what network it is and at what size",
            fix="copy its .json beside it, or compare it with its float32 file",
        )
    if record.preprocessing is None:
        raise UserError(
            f"{path.name!r} takes no photos, and is not compared with the Keras model itself",
            fix="compare it with its float32 file: leave --with out, or --with FILE.tflite",
        )
    size = size_of(*sides(record.preprocessing["size"]))
    if original.endswith(".keras"):
        return KerasLayers(load_model(original), size)
    try:
        zoo.parse_model(record.model)
    except UserError:
        raise UserError(
            f"{record.model!r} is no network of ours, to which weights could be given",
            fix="compare with its float32 file, or with what model.save('x.keras') wrote",
        ) from None
    made = pretrained(record.model, original, size=size)
    refuse_other_weights(record.weights_sha256, made.sha256)
    return KerasLayers(made.model, size)


def refuse_other_weights(one: str | None, other: str | None) -> None:
    """SHA-256 of either, as far as it is known."""
    if None not in (one, other) and one != other:
        raise UserError(
            "the two files were made from different weights",
            fix="compare a file with the float32 file of the same export",
        )


if __name__ == "__main__":
    run(main)
