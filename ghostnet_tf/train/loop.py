"""What the training command does once its arguments are known to be good."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from ghostnet_tf import weights
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.base.progress import Advance, Stages
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.nets import zoo
from ghostnet_tf.train.data import Decoded, decode, hold_out
from ghostnet_tf.train.interrupt import ctrl_c_waits
from ghostnet_tf.train.schedule import Recipe
from ghostnet_tf.train.training import Run, steps_per_epoch
from ghostnet_tf.weights.checkpoint import CheckpointInfo

NAMED = 10  # so many broken photos are named, all of them are counted


def train(args: argparse.Namespace, photos: Photos, recipe: Recipe) -> dict[str, Any]:
    """Prepare, resume if there is something to resume, train to the end; the best epoch."""
    console = Console(stderr=True)
    keras.utils.set_random_seed(recipe.seed)
    keras.mixed_precision.set_global_policy(recipe.precision)
    share_among_accelerators(recipe)

    entry = zoo.parse_model(args.model)
    start = weights.find(args.weights, args.model) if args.weights else None
    authors = start.info.preprocessing if start and start.info else entry.preprocessing
    facts = CheckpointInfo(args.model, photos.classes, authors.at(recipe.final_size))
    model = entry.build(classes=len(photos.classes), dropout=recipe.dropout)
    if start:
        new_head = start.info is None or start.info.classes != photos.classes
        weights.load(model, start, new_head)
        head = "a new classifier" if new_head else "its classifier, for the same classes"
        console.print(f"starting from {start.path} with {head}", soft_wrap=True)

    held_out = len(photos) // 20 or 1 if args.held_out is None else args.held_out
    data = _decode(photos, held_out, recipe, facts, console)
    this = Run(args.out, recipe, facts, model, *data)
    if this.resume():
        console.print(f"resuming {args.out} after epoch {len(this.history)}", soft_wrap=True)
    _write_recipe(args.out, recipe)
    _epochs(this, args.stop_after, console)
    return {
        "weights": str(args.out / "best.safetensors"),
        "best": this.best,
        "epochs": len(this.history),
        "skipped": [why for part in data for why in part.broken],
    }


def share_among_accelerators(recipe: Recipe) -> None:
    """Let every accelerator that JAX sees take its share of each batch."""
    devices = keras.distribution.list_devices() if keras.backend.backend() == "jax" else []
    if len(devices) < 2:
        return
    if rest := recipe.batch % len(devices):
        raise UserError(
            f"a batch of {recipe.batch} cannot be shared among {len(devices)} accelerators",
            fix=f"--set batch={recipe.batch - rest or len(devices)}",
        )
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))


def _epochs(this: Run, stop_after: int | None, console: Console) -> None:
    last = this.recipe.epochs
    if stop_after is not None:
        last = min(last, len(this.history) + stop_after)
    steps, stages = steps_per_epoch(len(this.train), this.recipe), Stages()
    try:
        with ctrl_c_waits() as raise_if_waiting:
            while (done := len(this.history)) < last:
                with stages.stage(f"epoch {done + 1}/{this.recipe.epochs}", steps) as advance:
                    row = this.epoch(_Steps(advance, raise_if_waiting))
                print(_line(row), file=console.file, flush=True)
    except KeyboardInterrupt:
        done = len(this.history)
        where = f"epoch {done} is kept in {this.folder}, the same command resumes there"
        raise KeyboardInterrupt(where if done else "no epoch was finished") from None


def _decode(
    photos: Photos, count: int, recipe: Recipe, facts: CheckpointInfo, console: Console
) -> tuple[Decoded, Decoded]:
    """(training, held-out) photos in memory."""
    positions = hold_out(len(photos), count, recipe.seed)
    steps_per_epoch(len(positions[0]), recipe)  # refuses before the photos are read
    short_side = round(1.5 * max(size for _, size in recipe.sizes) / facts.preprocessing.crop)
    with Stages().stage("reading photos", len(photos)) as advance:
        train, held_out = (decode(photos, some, short_side, advance) for some in positions)
    if broken := [*train.broken, *held_out.broken]:
        for why in broken[:NAMED]:
            console.print(f"skipped: {why}", soft_wrap=True, markup=False, highlight=False)
        console.print(f"skipped {len(broken)} of {len(photos)} photos that cannot be read")
    if not len(held_out):
        raise UserError(
            f"none of the {count} held-out photos can be read", fix="--held-out N with a larger N"
        )
    if untaught := set(range(len(photos.classes))) - set(train.labels):
        raise UserError(
            f"class {photos.classes[min(untaught)]!r} has no photo to train on: all are held out "
            "or cannot be read",
            fix="add photos of it, or remove its folder",
        )
    return train, held_out


def _write_recipe(folder: Path, recipe: Recipe) -> None:
    write_atomic(folder / "recipe.json", json.dumps(recipe.to_dict(), indent=1).encode())


def _line(row: dict[str, Any]) -> str:
    return (
        f"epoch {row['epoch']:3d}  {row['size']} px  loss {row['loss']:.3f}"
        f"  train {row['accuracy']:.3f}  held-out top-1 {row['held_out_top1']:.4f}"
        f"  EMA {row['held_out_ema_top1']:.4f}"
    )


class _Steps(keras.callbacks.Callback):
    """Tells a progress display of every batch, and lets Ctrl-C in after it."""

    def __init__(self, advance: Advance, raise_if_waiting: Callable[[], None]):
        super().__init__()
        self.advance, self.raise_if_waiting = advance, raise_if_waiting

    def on_train_batch_end(self, batch, logs=None):
        scores = logs or {}
        self.advance(said=f"loss {scores['loss']:.3f}  top-1 {scores['accuracy']:.3f}")
        self.raise_if_waiting()
