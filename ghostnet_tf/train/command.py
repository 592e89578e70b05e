"""`ghostnet train PHOTOS --model ghostnet_050 --out runs/mine`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from ghostnet_tf.base import doors
from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.doors import next_line, typed
from ghostnet_tf.base.errors import UserError, all_is_said
from ghostnet_tf.base.files import refuse_unwritable, user_path
from ghostnet_tf.base.interrupt import answering
from ghostnet_tf.base.sides import size_named
from ghostnet_tf.base.terminal import document, note, out
from ghostnet_tf.nets import zoo
from ghostnet_tf.tasks.task import CLASSIFY, TASKS, Source, Task, task
from ghostnet_tf.train import schedule as schedules
from ghostnet_tf.train.schedule import Schedule

FLAGS = ("--freeze", "--class-weights", "--json")  # options without a value
UNTOUCHED = "nothing was changed, the same command begins again"


def example() -> str:
    weights = "runs/mine/best.safetensors"
    return f"""\
your own photos, one folder per class, from the bundled weights to a .tflite:
  {typed("train", "my_photos", "--weights", "tinyimagenet", "--out", "runs/mine")}
  {typed("export", "--weights", weights, "--photos", "my_photos")}

The same command resumes a run that was stopped; with a larger --epochs, one that was finished:
then the learning rate warms up again and falls to zero at the new end. KERAS_BACKEND=jax trains
on GPUs, all of them.

settings of the schedule (--set NAME=VALUE), with the defaults of each schedule:
{schedules.settings_table()}
"""


def parser() -> argparse.ArgumentParser:
    parse = doors.parser(
        "train", "Train a network of the zoo on a folder (or zip) of class folders.", example()
    )
    parse.add_argument(
        "photos",
        metavar="DIR|ZIP",
        help="one sub-folder of photos per class; to detect: photos with annotations of "
        "Pascal VOC, COCO or YOLO; to segment: photos with masks; to spot keywords: one sub-folder "
        "of sounds per word",
    )
    parse.add_argument(
        "--labels",
        type=user_path,
        metavar="FILE",
        help="to segment: what the numbers in masks mean (default: classes.txt among them)",
    )
    parse.add_argument(
        "--task", default=CLASSIFY, metavar="NAME", help=f"one of {', '.join(TASKS)}"
    )
    network = parse.add_argument_group("network")
    network.add_argument(
        "--model",
        metavar="NAME",
        help=f"one of {', '.join(zoo.MODELS)} (default: ghostnet_050), with --task detect one of "
        "these with _det behind it (default: ghostnet_050_det), with --task segment with _seg, "
        "with --task keywords one that hears (default: ghost_kws_100)",
    )
    network.add_argument(
        "--weights",
        metavar="NAME|FILE",
        help="start from these, not from nothing: tinyimagenet, bccd, digits, or a .safetensors, "
        ".weights.h5 or .keras file; other classes get a new classifier",
    )
    network.add_argument(
        "--channels",
        type=int,
        choices=(1, 3),
        help="1: it sees photos in grey, whatever they are; 3: in RGB (default: as its weights)",
    )
    how = parse.add_argument_group("how")
    how.add_argument(
        "--schedule",
        metavar="NAME|FILE",
        help=f"one of {', '.join(schedules.SCHEDULES)}, or a JSON file "
        "(default: finetune, or that of the task's name)",
    )
    how.add_argument("--recipe", metavar="NAME|FILE", help=argparse.SUPPRESS)  # its old name
    how.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="change one setting of the schedule, e.g. mixup=0.2; may be repeated",
    )
    how.add_argument("--epochs", type=_positive, metavar="N", help="as --set epochs=N")
    how.add_argument("--batch", type=_positive, metavar="N", help="photos or sounds in a step")
    how.add_argument("--learning-rate", metavar="RATE", help="at its peak")
    how.add_argument(
        "--size", type=size_named, metavar="PX|HxW", help="of the photos, in every epoch"
    )
    how.add_argument(
        "--freeze", action="store_true", help="train the classifier alone, for very few photos"
    )
    how.add_argument(
        "--class-weights", action="store_true", help="photos of rare classes count more"
    )
    how.add_argument(
        "--early-stop",
        type=_positive,
        metavar="N",
        help="stop after N epochs that brought nothing better",
    )
    how.add_argument(
        "--held-out",
        type=_positive,
        metavar="N",
        help="photos or sounds kept out of training, to choose the best epoch on (default: one in "
        "five up to a hundred, from 2,000 on one in twenty)",
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
    line = sys.argv[1:] if argv is None else argv
    args = parser().parse_args(line)
    todo = task(args.task)
    args.model = args.model or todo.model
    zoo.parse_model(args.model)
    if args.recipe is not None:
        note("note: --recipe is now called --schedule; the old name goes soon")
        args.schedule = args.recipe
    schedule = schedules.load(args.schedule or todo.schedule).with_settings(
        [*args.set, *_settings(args)]
    )
    photos = answering(lambda: todo.open(args.photos, schedule, args.labels), UNTOUCHED)
    classes = len(photos.classes)
    if args.classes not in (None, classes):
        raise UserError(
            f"{args.photos!r} has {classes} class folders, not {args.classes}",
            fix=f"look for a folder too many or too few, or give --classes {classes}",
        )
    refuse_unwritable(args.out)

    from ghostnet_tf.base.quiet import start_keras

    with alone(args.out / "state.safetensors", f"training in {str(args.out)!r}"):
        start_keras(UNTOUCHED)
        result = answering(lambda: _trained(args, todo, photos, schedule), UNTOUCHED)
    if args.json:
        kept = {key: value for key, value in result.items() if key not in ("run", "report")}
        document(kept | result["report"].to_dict())
    else:
        out(*summary(args, line, result))
    all_is_said()
    return 0


def _trained(
    args: argparse.Namespace, todo: Task, photos: Source, schedule: Schedule
) -> dict[str, Any]:
    from ghostnet_tf.train.loop import Job, train

    return train(
        Job(
            photos=photos,
            schedule=schedule,
            model=args.model,
            weights=args.weights,
            out=args.out,
            held_out=args.held_out,
            stop_after=args.stop_after,
            channels=args.channels,
            task=todo,
        )
    )


def _settings(args: argparse.Namespace) -> list[str]:
    """The options that are settings of a schedule, as `--set` takes them."""
    given = {
        "epochs": args.epochs,
        "batch": args.batch,
        "learning_rate": args.learning_rate,
        "sizes": None if args.size is None else json.dumps([[0, args.size]]),
        "freeze": "true" if args.freeze else None,
        "class_weights": "true" if args.class_weights else None,
        "early_stop": args.early_stop,
    }
    return [f"{name}={value}" for name, value in given.items() if value is not None]


def summary(args: argparse.Namespace, line: list[str], result: dict[str, Any]) -> list[str]:
    """What came out, and what to type next; `line`: what was typed."""
    best, report, learning = result["best"], result["report"], result["run"].learning
    from ghostnet_tf.train.best import averaged_is_better, score_of

    which = "averaged weights" if averaged_is_better(best, learning.chosen) else "weights"
    reached = learning.best(*score_of(best, learning.chosen), result["held_out"])
    lines = report.lines(args.out)
    if (peak := result["peak_memory_bytes"]) is not None:
        lines.append(f"took {peak / 2**30:.1f} GiB of memory at most")
    return [
        f"best: the {which} of epoch {best['epoch']}, {reached}, {result['why']}",
        *lines,
        f"wrote {result['weights']}, {report.picture} and report.json beside it",
        *_next(args, line, result),
    ]


def _next(args: argparse.Namespace, line: list[str], result: dict[str, Any]) -> list[str]:
    """The command to type next: the export of what is worth it."""
    run, report = result["run"], result["report"]
    if report.is_useful:
        given = "--photos" if run.task.kinds == "photos" else "--data"
        return [next_line("export", "--weights", result["weights"], given, args.photos)]
    begun = args.weights is not None
    wrong, options = run.task.remedy(report, run.history, run.schedule, args.model, begun, args.out)
    return [
        f"not worth an export: {report.worthless}; {wrong}",
        next_line("train", *_without(line, options), *options),
    ]


def _without(line: list[str], options: list[str]) -> list[str]:
    """What was typed, but for what is now said anew."""
    kept, words = [], iter(line)
    for word in words:
        name, equals, _ = word.partition("=")
        if not name.startswith("--") or name not in options:
            kept.append(word)
        elif not equals and name not in FLAGS:
            next(words, None)
    return kept


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number
