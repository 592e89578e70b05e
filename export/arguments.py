"""What the commands of this folder can be told alike."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.sides import sides, size_named, spelled
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.given import Given, opened_at
from ghostnet_tf.data.items import Items
from ghostnet_tf.data.kept_for_test import without_test
from ghostnet_tf.data.labels import Labels, labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.skipped import Skips

from .qat.asked import STEPS
from .recipes import (
    ALIASES,
    DEFAULT_RECIPES,
    RECIPES,
    recipe_named,
    refuse_keeping_nothing,
)

SIDES = range(32, 2049)  # pixels of an image's side


def add_json(group: argparse._ActionsContainer) -> None:
    group.add_argument("--json", action="store_true", help="one JSON document on stdout")


def add_size(group: argparse._ActionsContainer, what: str) -> None:
    group.add_argument("--size", type=size_named, metavar="PIXELS|HxW", help=what)


def add_overwrite(group: argparse._ActionsContainer) -> None:
    group.add_argument(
        "--overwrite", action="store_true", help="replace files of that name from other weights"
    )


def add_export_options(parse: argparse.ArgumentParser) -> None:
    """What can be said of an export, wherever the network comes from."""
    how = parse.add_argument_group("how")
    how.add_argument(
        "--recipe",
        nargs="+",
        metavar="RECIPE",
        help=f"one or more of those below (default: {' '.join(DEFAULT_RECIPES)})",
    )
    how.add_argument(
        "--keep-float",
        nargs="+",
        metavar="LAYER",
        help="layers that static recipes leave in float32: names as compare prints them, or of a "
        "block; * stands for any text",
    )
    how.add_argument(
        "--qat",
        nargs="?",
        type=int,
        const=STEPS,
        metavar="STEPS",
        help=f"fine-tune weights and ranges for full int8 on --photos, without labels (default: "
        f"{STEPS} steps); for a file that loses too much",
    )
    add_size(how, "of the image's side, or height x width, as 96x160")
    how.add_argument("--labels", metavar="NAME|FILE", help="class names of weights without them")
    how.add_argument(
        "--ghostop",
        action="store_true",
        default=None,
        help="also each file with Ghost operators, as FILE_ghostop.tflite, where they fit",
    )
    how.add_argument(
        "--postprocess",
        action="store_true",
        default=None,
        help="of a detector: also each file that chooses among its boxes itself, for MediaPipe, as "
        "FILE_postprocess.tflite",
    )
    photos = parse.add_argument_group("photos")
    photos.add_argument(
        "--photos",
        "--data",
        metavar="DIR|ZIP|NPZ",
        help="to calibrate static recipes on: photos, or sounds for a network that hears; .npz: "
        "samples for one that takes neither",
    )
    photos.add_argument(
        "--labelled",
        metavar="DIR|ZIP|NPZ",
        help="photos or sounds in class folders, to measure accuracy on; .npz: samples with "
        "true_class",
    )
    out = parse.add_argument_group("output")
    out.add_argument(
        "--out", type=user_path, default=Path("build"), metavar="DIR", help="of the files"
    )
    add_overwrite(out)
    add_json(out)
    out.add_argument(
        "--timings", action="store_true", help="seconds per stage and peak memory, on stderr"
    )


def recipe_table() -> str:
    """Every recipe with its short names, and when to choose it: the end of `--help`."""
    rows = []
    for name, recipe in RECIPES.items():
        short = [alias for alias, long in ALIASES.items() if long == name]
        rows.append((", ".join([name, *short]), recipe.when))
    width = max(len(names) for names, _ in rows)
    lines = [f"  {names:{width}}  {when}" for names, when in rows]
    return "\n".join(["recipes, and when to choose them:", *lines])


def recipes_of(args: argparse.Namespace) -> tuple[str, ...]:
    """The recipes that were asked for, by their long names, if they and the size exist."""
    if args.size is not None and not all(side in SIDES for side in sides(args.size)):
        raise UserError(
            f"--size is {spelled(args.size)} pixels", fix=f"choose {SIDES[0]} to {SIDES[-1]}"
        )
    recipes = tuple(map(recipe_named, args.recipe or DEFAULT_RECIPES))
    refuse_keeping_nothing(recipes, args.keep_float or ())
    return recipes


def refuse_unchosen(args: argparse.Namespace, recipes: Sequence[str], name: str, task: str) -> None:
    """UserError where boxes are to be chosen in files that have none, or have integers."""
    if not args.postprocess:
        return
    if task != "detect":
        raise UserError(
            f"{name} finds nothing, so there are no boxes to choose among",
            fix=f"leave {option('postprocess', True)} out",
        )
    for recipe in recipes:
        if RECIPES[recipe].is_integer_io:
            raise UserError(
                f"{recipe} answers in integers, and boxes are chosen among floats",
                fix=f"leave {option('postprocess', True)} or that recipe out",
            )


def photos_of(args: argparse.Namespace) -> tuple[Given | None, Given | None]:
    """Those to calibrate on and the labelled ones, as far as they were given.

    What is skipped of either stands in one list.
    """
    skipped = Skips()
    photos = opened_at(args.photos, skipped) if args.photos else None
    if isinstance(photos, Photos):
        photos, n = without_test(photos)
        if n:
            note(f"the {n} photos of the split test are left alone")
    labelled = opened_at(args.labelled, skipped) if args.labelled else None
    return photos, labelled


def skips_of(photos: Given | None) -> Skips:
    """What was left out of them; samples are whole, or refused."""
    return photos.skipped if isinstance(photos, Items) else Skips()


def labels_of(args: argparse.Namespace) -> Labels | None:
    """The class names that were given; asked for early, so that a bad file is said at once."""
    return labels(args.labels) if args.labels else None


def refuse_below_one(parse: argparse.ArgumentParser, args: argparse.Namespace, name: str) -> None:
    value = getattr(args, name)
    if value is not None and value < 1:
        parse.error(f"--{name} is {value}; it must be 1 or more")
