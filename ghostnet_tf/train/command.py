"""`ghostnet train PHOTOS --model ghostnet_050 --out runs/mine`."""

import argparse
from pathlib import Path
from typing import Any

from ghostnet_tf.base import doors
from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.doors import typed
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import refuse_unwritable, user_path
from ghostnet_tf.base.terminal import document, note, out
from ghostnet_tf.nets import zoo
from ghostnet_tf.train import schedule as schedules


def example() -> str:
    weights = "runs/mine/best.safetensors"
    return f"""\
your own photos, one folder per class, from the bundled weights to a .tflite:
  {typed("train", "my_photos", "--weights", "tinyimagenet", "--out", "runs/mine")}
  {typed("export", "--weights", weights, "--photos", "my_photos")}

The same command resumes a run that was stopped. KERAS_BACKEND=jax trains on GPUs, all of them.
"""


def parser() -> argparse.ArgumentParser:
    parse = doors.parser(
        "train", "Train a network of the zoo on a folder (or zip) of class folders.", example()
    )
    parse.add_argument("photos", metavar="DIR|ZIP", help="one sub-folder of photos per class")
    network = parse.add_argument_group("network")
    network.add_argument(
        "--model", default="ghostnet_050", metavar="NAME", help=f"one of {', '.join(zoo.MODELS)}"
    )
    network.add_argument(
        "--weights",
        metavar="NAME|FILE",
        help="start from these instead of from nothing: tinyimagenet, or a .safetensors, "
        ".weights.h5 or .keras file; other classes get a new classifier",
    )
    how = parse.add_argument_group("how")
    how.add_argument(
        "--schedule",
        default="finetune",
        metavar="NAME|FILE",
        help=f"one of {', '.join(schedules.SCHEDULES)}, or a JSON file",
    )
    how.add_argument("--recipe", metavar="NAME|FILE", help=argparse.SUPPRESS)  # its old name
    how.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change one setting of the schedule, e.g. epochs=5; may be repeated",
    )
    how.add_argument(
        "--held-out",
        type=_positive,
        metavar="N",
        help="photos kept out of training, to choose the best epoch on (default: one in twenty)",
    )
    how.add_argument(
        "--classes", type=_positive, metavar="N", help="refuse another number of class folders"
    )
    how.add_argument(
        "--stop-after", type=_positive, metavar="N", help="stop after N more epochs; resume later"
    )
    output = parse.add_argument_group("output")
    output.add_argument(
        "--out", type=user_path, default=Path("runs/train"), metavar="DIR", help="of the run"
    )
    output.add_argument("--json", action="store_true", help="one JSON document on stdout")
    return parse


def main(argv: list[str] | None = None) -> int:
    args = parser().parse_args(argv)
    zoo.parse_model(args.model)
    if args.recipe is not None:
        note("note: --recipe is now called --schedule; the old name goes soon")
        args.schedule = args.recipe
    schedule = schedules.load(args.schedule).with_settings(args.set)
    from ghostnet_tf.data.photos import Photos

    photos = Photos.open(args.photos)
    if (classes := len(photos.classes)) < 2:
        raise UserError(
            f"{args.photos!r} has {classes or 'no'} class folder{'s' * (classes != 1)}; training "
            "needs two or more",
            fix="put the photos of each class into a folder of its own",
        )
    if args.classes not in (None, classes):
        raise UserError(
            f"{args.photos!r} has {classes} class folders, not {args.classes}",
            fix=f"look for a folder too many or too few, or give --classes {classes}",
        )
    refuse_unwritable(args.out)

    from ghostnet_tf.base.quiet import start_keras

    with alone(args.out / "state.safetensors", f"training in {str(args.out)!r}"):
        start_keras()
        from ghostnet_tf.train.loop import train

        result = train(args, photos, schedule)
    if args.json:
        document(result)
    else:
        out(*summary(args, result))
    return 0


def summary(args: argparse.Namespace, result: dict[str, Any]) -> list[str]:
    """What came out, and what to type next."""
    best, n = result["best"], result["held_out"]
    plain, averaged = best["held_out_top1"], best["held_out_ema_top1"]
    which = "averaged weights" if averaged >= plain else "weights"
    share = max(plain, averaged)
    own = ["--model", args.model, "--weights", result["weights"], "--photos", args.photos]
    return [
        f"best: the {which} of epoch {best['epoch']}, right for {round(share * n)} of {n} held-out "
        f"photos ({share:.1%})",
        f"wrote {result['weights']}",
        f"next: {typed('export', *own)}",
    ]


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number
