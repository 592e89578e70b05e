"""What the training command does once its arguments are known to be good."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.files import write_atomic, write_together
from ghostnet_tf.base.interrupt import keep, may_stop, whole
from ghostnet_tf.base.progress import Stages
from ghostnet_tf.base.sides import spelled
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.hold_out import default_count, hold_out
from ghostnet_tf.data.skipped import refuse_too_many, say_count
from ghostnet_tf.tasks.task import CLASSIFY, Report, Source, Task, task
from ghostnet_tf.train import memory, outlook
from ghostnet_tf.train.best import why
from ghostnet_tf.train.data import Decoded, Pixels, decode
from ghostnet_tf.train.quick_start import started_quickly
from ghostnet_tf.train.schedule import Schedule
from ghostnet_tf.train.training import Run
from ghostnet_tf.weights.checkpoint import CheckpointInfo


@dataclass(frozen=True, kw_only=True)
class Job:
    """What is to be trained, on what, and where to."""

    photos: Source
    schedule: Schedule
    model: str  # of the zoo
    weights: str | None  # to start from
    out: Path
    held_out: int | None = None  # photos or sounds; None: a share of them
    stop_after: int | None = None  # epochs more
    channels: int | None = None  # 1: grey photos; None: as the weights have it, else RGB
    task: Task = field(default_factory=lambda: task(CLASSIFY))


def train(job: Job) -> dict[str, Any]:
    """Prepare, resume if there is something to resume, train to the end; what came out.

    Ends with the best weights in a network of its own: the key "run" has it. For `answering`: what
    a Ctrl-C says of the run is kept up to date.
    """
    policy = keras.mixed_precision.dtype_policy()
    keras.utils.set_random_seed(job.schedule.seed)
    keras.mixed_precision.set_global_policy(job.schedule.precision)
    try:
        with started_quickly():
            return _train(job)
    finally:
        keras.mixed_precision.set_global_policy(policy)


def _train(job: Job) -> dict[str, Any]:
    photos = job.photos
    job = replace(job, schedule=settled(job.schedule, job.task.settings(photos)))
    count = default_count(len(photos)) if job.held_out is None else job.held_out
    hold_out(len(photos), count, job.schedule.seed)  # refuses before the photos are read
    accelerators = share_among_accelerators()
    _refuse_unshared(job.schedule.batch, accelerators)
    if job.schedule.freeze and job.weights is None:
        raise UserError(
            "a network without weights has nothing worth freezing",
            fix=option("weights", "NAME|FILE"),
        )
    made, head = job.task.network(
        job.model, job.weights, photos.classes, job.schedule, job.channels
    )
    info = CheckpointInfo(
        made.name,
        photos.classes,
        made.preprocessing,
        branches=made.branches,
        colours=photos.colours,
        sound=made.sound,
    )
    read = _decode(job, info)
    sides_of = job.task.split(photos, read, count, job.schedule, job.held_out is not None)
    train, held_out = (read.subset(positions) for positions in sides_of)
    schedule = _fitting(job.schedule, len(train), job.task.kinds)
    if schedule.freeze:
        job.task.freeze(made.model)
    this = Run(
        job.out,
        schedule,
        info,
        made.model,
        train,
        held_out,
        accelerators=accelerators,
        task=job.task,
        source=photos,
    )
    _refuse_unshared(this.cut.batch, accelerators)
    note(*_plan(this, read, len(photos.skipped)))
    if this.resume():
        note(f"resuming {job.out} after epoch {len(this.history)}")
        if legs := this.schedule.legs:
            note(
                f"going on after {legs[-1]} epochs: the learning rate warms up again and falls to "
                f"zero at epoch {this.schedule.epochs}"
            )
    elif made.path:
        note(f"starting from {made.path} with {head}")
    keep(this.kept)
    _write_schedule(job.out, this.schedule)
    if not this.history:
        for name, picture in job.task.preview(photos).items():
            write_atomic(job.out / name, picture)
            note(f"drew {name} of what is trained on: is it as you meant it?")
    _epochs(this, job.stop_after)
    report = _report(this)
    return {
        "run": this,
        "weights": str(job.out / "best.safetensors"),
        "best": this.best,
        "why": why(this.history, this.learning.chosen),
        "epochs": len(this.history),
        "held_out": len(this.held_out),
        **photos.skipped.as_json(),
        "report": report,
        "peak_memory_bytes": memory.peak(),
    }


def settled(schedule: Schedule, by_the_data: dict[str, Any]) -> Schedule:
    """`schedule` with what it leaves open as the data have it."""
    open_ = {k: value for k, value in by_the_data.items() if getattr(schedule, k) is None}
    return replace(schedule, **open_)


def _fitting(schedule: Schedule, examples: int, kinds: str) -> Schedule:
    """`schedule` with a batch that so many training examples fill."""
    if schedule.batch <= examples:
        return schedule
    note(f"a batch of {schedule.batch} is more than the {examples} {kinds} to train on: {examples}")
    return replace(schedule, batch=examples)


def share_among_accelerators() -> int:
    """Let every accelerator that JAX sees take its share of each batch; how many there are.

    Before the network is made: its variables then lie on all of them.
    """
    devices = keras.distribution.list_devices() if keras.backend.backend() == "jax" else []
    if len(devices) > 1:
        keras.distribution.set_distribution(
            keras.distribution.DataParallel(auto_shard_dataset=False)
        )
    return max(1, len(devices))


def _refuse_unshared(batch: int, accelerators: int) -> None:
    if rest := batch % accelerators:
        raise UserError(
            f"a batch of {batch} cannot be shared among {accelerators} accelerators",
            fix=option("batch", batch - rest or accelerators),
        )


def _decode(job: Job, info: CheckpointInfo) -> Decoded:
    """All that can be read."""
    photos, kinds = job.photos, job.task.kinds
    keeping = job.task.keeping(info, job.schedule)
    with Stages().stage(f"reading {kinds}", len(photos)) as advance:
        read = decode(photos, np.arange(len(photos)), keeping, advance)
    bad = len(photos) - len(read)
    say_count(bad, len(photos), kinds)
    refuse_too_many(bad, len(photos), "the first of them are named above", kinds)
    return read


def _plan(this: Run, read: Decoded, skipped: int) -> list[str]:
    assert isinstance(read.pixels, Pixels)
    split = this.info.classes, this.train.labels, this.held_out.labels
    kept = read.pixels.kept.values()
    size = sum(photo.nbytes for photo in kept)
    counts = len(this.train), len(this.held_out), skipped
    sees, kinds = this.info.preprocessing, this.task.kinds
    in_grey = " for photos in grey" if sees and sees.channels == 1 else ""
    return [
        *this.task.outlook(*split, this.schedule),
        outlook.of_examples(kinds, *counts, len(read) - len(kept), len(kept), size),
        *outlook.of_schedule(this.schedule, this.cut, len(this.train), kinds),
        f"{this.info.model}{in_grey} into {this.folder}",
    ]


def _epochs(this: Run, stop_after: int | None) -> None:
    last = this.schedule.epochs
    if stop_after is not None:
        last = min(last, len(this.history) + stop_after)
    stages, size = Stages(), ()
    while (done := len(this.history)) < last and not this.is_finished:
        may_stop()
        if size != (size := this.schedule.size_at(done)):
            at = f" for {spelled(size)} px" if size else ""
            note(f"compiling the network{at}, which takes some seconds")
        with stages.stage(f"epoch {done + 1}/{this.schedule.epochs}", this.cut.steps) as advance:
            row = this.epoch(advance)
        note(_line(row, this))
    if this.is_finished and len(this.history) < this.schedule.epochs:
        note(f"stopped early: {this.schedule.early_stop} epochs brought nothing better")


def _report(this: Run) -> Report:
    """Of the best weights, which the network then has."""
    held_out = this.held_out
    kinds = this.task.kinds
    note(f"scoring {len(held_out)} held-out {kinds} with the weights of epoch {this.best['epoch']}")
    this.take_best()
    report = this.learning.report(this.outputs(), held_out)
    note(f"drawing {report.picture}")
    files = report.files(this.folder)
    with whole():
        write_together(files)
    return report


def _write_schedule(folder: Path, schedule: Schedule) -> None:
    write_atomic(folder / "schedule.json", json.dumps(schedule.to_dict(), indent=1).encode())


def _line(row: dict[str, Any], this: Run) -> str:
    at = f"  {spelled(row['size'])} px" if row["size"] else ""
    return (
        f"epoch {row['epoch']:3d}{at}  loss {row['loss']:.3f}  "
        f"{this.learning.epoch(row, len(this.held_out))}"
    )
