"""What the training command does once its arguments are known to be good."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.base.progress import Advance, Stages
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.labels import naming
from ghostnet_tf.data.names import same
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.skipped import refuse_too_many, say_count
from ghostnet_tf.nets.pretrained import Pretrained, find, pretrained
from ghostnet_tf.train.data import Decoded, decode, hold_out
from ghostnet_tf.train.interrupt import ctrl_c_waits
from ghostnet_tf.train.schedule import Schedule
from ghostnet_tf.train.training import Run, steps_per_epoch
from ghostnet_tf.weights import Weights
from ghostnet_tf.weights.checkpoint import CheckpointInfo


def train(args: argparse.Namespace, photos: Photos, schedule: Schedule) -> dict[str, Any]:
    """Prepare, resume if there is something to resume, train to the end; the best epoch."""
    keras.utils.set_random_seed(schedule.seed)
    keras.mixed_precision.set_global_policy(schedule.precision)
    share_among_accelerators(schedule)

    made = _network(args, photos, schedule)
    info = CheckpointInfo(made.name, photos.classes, made.preprocessing)
    held_out = len(photos) // 20 or 1 if args.held_out is None else args.held_out
    data = _decode(photos, held_out, schedule, info)
    this = Run(args.out, schedule, info, made.model, *data)
    if this.resume():
        note(f"resuming {args.out} after epoch {len(this.history)}")
    _write_schedule(args.out, schedule)
    _epochs(this, args.stop_after)
    return {
        "weights": str(args.out / "best.safetensors"),
        "best": this.best,
        "epochs": len(this.history),
        "held_out": len(this.held_out),
        **photos.skipped.as_json(),
    }


def _network(args: argparse.Namespace, photos: Photos, schedule: Schedule) -> Pretrained:
    """The network to train, from other weights where they were asked for."""
    start = find(args.weights, args.model)
    new_head = False
    if isinstance(start, Weights):
        new_head = start.info is None or tuple(map(same, start.info.classes)) != photos.classes
    made = pretrained(
        args.model,
        start,
        size=schedule.final_size,
        classes=len(photos.classes),
        labels=naming(photos.classes),
        new_head=new_head,
        dropout=schedule.dropout,
    )
    if made.path:
        head = "a new classifier" if new_head else "its classifier, for the same classes"
        note(f"starting from {made.path} with {head}")
    return made


def share_among_accelerators(schedule: Schedule) -> None:
    """Let every accelerator that JAX sees take its share of each batch."""
    devices = keras.distribution.list_devices() if keras.backend.backend() == "jax" else []
    if len(devices) < 2:
        return
    if rest := schedule.batch % len(devices):
        raise UserError(
            f"a batch of {schedule.batch} cannot be shared among {len(devices)} accelerators",
            fix=f"--set batch={schedule.batch - rest or len(devices)}",
        )
    keras.distribution.set_distribution(keras.distribution.DataParallel(auto_shard_dataset=False))


def _epochs(this: Run, stop_after: int | None) -> None:
    last = this.schedule.epochs
    if stop_after is not None:
        last = min(last, len(this.history) + stop_after)
    steps, stages = steps_per_epoch(len(this.train), this.schedule), Stages()
    try:
        with ctrl_c_waits() as raise_if_waiting:
            while (done := len(this.history)) < last:
                with stages.stage(f"epoch {done + 1}/{this.schedule.epochs}", steps) as advance:
                    row = this.epoch(_Steps(advance, raise_if_waiting))
                note(_line(row, len(this.held_out)))
    except KeyboardInterrupt:
        done = len(this.history)
        where = f"epoch {done} is kept in {this.folder}, the same command resumes there"
        raise KeyboardInterrupt(where if done else "no epoch was finished") from None


def _decode(
    photos: Photos, count: int, schedule: Schedule, info: CheckpointInfo
) -> tuple[Decoded, Decoded]:
    """(training, held-out) photos in memory."""
    positions = hold_out(len(photos), count, schedule.seed)
    steps_per_epoch(len(positions[0]), schedule)  # refuses before the photos are read
    short_side = round(1.5 * max(size for _, size in schedule.sizes) / info.preprocessing.crop)
    with Stages().stage("reading photos", len(photos)) as advance:
        train, held_out = (decode(photos, some, short_side, advance) for some in positions)
    bad = len(photos) - len(train) - len(held_out)
    say_count(bad, len(photos))
    refuse_too_many(bad, len(photos), "the first of them are named above")
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


def _write_schedule(folder: Path, schedule: Schedule) -> None:
    write_atomic(folder / "schedule.json", json.dumps(schedule.to_dict(), indent=1).encode())


def _line(row: dict[str, Any], held_out: int) -> str:
    plain, averaged = (round(row[k] * held_out) for k in ("held_out_top1", "held_out_ema_top1"))
    return (
        f"epoch {row['epoch']:3d}  {row['size']} px  loss {row['loss']:.3f}"
        f"  {row['accuracy']:.1%} of the training photos  {plain} of {held_out} held-out photos,"
        f" averaged weights {averaged} of {held_out}"
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
