"""What a run is about to do, said before its first step."""

from collections.abc import Sequence

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.sides import spelled
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.train.data import Cut
from ghostnet_tf.train.memory import GIB
from ghostnet_tf.train.schedule import Schedule

LISTED = 20  # classes; of more only the smallest and the largest
RARE = 10  # photos to train on: a class with fewer is named
UNBALANCED = 5  # times as many photos in the largest class as in the smallest


def refuse_too_few_classes(photos: Photos) -> None:
    """UserError where there is nothing to tell apart."""
    if (classes := len(photos.classes)) < 2:
        raise UserError(
            f"{photos.source.title!r} has {classes or 'no'} class folder{'s' * (classes != 1)}; "
            "training needs two or more",
            fix="put the photos of each class into a folder of its own",
        )


def of_classes(classes: Sequence[str], train: np.ndarray, held_out: np.ndarray) -> list[str]:
    """Classes with their counts; `train`, `held_out`: the labels on both sides, (n,) int."""
    counts = np.bincount(train, minlength=len(classes))
    held = np.bincount(held_out, minlength=len(classes))
    order = np.argsort(-(counts + held), kind="stable").tolist()
    ends = [*order[: LISTED // 2], *order[-(LISTED // 2) :]] if len(order) > LISTED else order
    width = max(len(classes[i]) for i in ends)
    lines = [f"{len(classes)} classes, photos to train on and held out:"]
    lines += [f"  {classes[i]:{width}} {counts[i]:6} {held[i]:5}" for i in ends]
    if len(order) > LISTED:
        lines.insert(1 + LISTED // 2, f"  ... {len(order) - LISTED} more ...")
    return lines


def doubts(
    classes: Sequence[str], train: np.ndarray, held_out: np.ndarray, schedule: Schedule
) -> list[str]:
    """What is wanting in these photos, a sentence each."""
    counts = np.bincount(train, minlength=len(classes))
    held = np.bincount(held_out, minlength=len(classes))
    most, least, found = int(counts.argmax()), int(counts.argmin()), []
    if counts[most] >= UNBALANCED * counts[least]:
        weighed = "rare ones count more" if schedule.class_weights else "try class weights"
        found.append(
            f"unbalanced: {counts[most]} photos of {classes[most]!r} to train on, "
            f"{counts[least]} of {classes[least]!r}; {weighed}"
        )
    if rare := [repr(classes[i]) for i in np.flatnonzero(counts < RARE).tolist()]:
        more = f" and {len(rare) - LISTED} more" if len(rare) > LISTED else ""
        names = ", ".join(rare[:LISTED])
        found.append(f"rare, fewer than {RARE} photos to train on: {names}{more}")
    if unscored := [repr(classes[i]) for i in np.flatnonzero(held == 0).tolist()]:
        more = f" and {len(unscored) - LISTED} more" if len(unscored) > LISTED else ""
        found.append(f"trained on, but not scored: {', '.join(unscored[:LISTED])}{more}")
    return found


def of_photos(train: int, held_out: int, skipped: int, in_memory: int, size_bytes: int) -> str:
    """How many photos on each side, and where they are."""
    left_out = f", {skipped} skipped" if skipped else ""
    where = f"decoded in memory: {in_memory} in {size_bytes / GIB:.2f} GiB"
    if rest := train + held_out - in_memory:
        where += f", the other {rest} whenever they are needed"
    return f"{train} photos to train on, {held_out} held out{left_out}; {where}"


def of_schedule(schedule: Schedule, cut: Cut, photos: int) -> list[str]:
    """Epochs, batch, learning rate and size; what becomes of photos that fill no batch."""
    sizes = ", then ".join(f"{spelled(size)} px" for _, size in schedule.sizes)
    kept = ", the classifier alone" if schedule.freeze else ""
    lines = [
        f"{_n(schedule.epochs, 'epoch', 's')} of {_n(cut.steps, 'batch', 'es')} of {cut.batch}, "
        f"learning rate {schedule.learning_rate:g}, {sizes}{kept}"
    ]
    twice = cut.twice(photos)
    if twice < 0:
        lines.append(f"{-twice} of {photos} photos sit out each epoch, others every time")
    elif cut.batch != schedule.batch:
        again = f", {twice} of them twice" if twice else ""
        lines.append(
            f"batches of {cut.batch} instead of {schedule.batch}: every epoch shows all "
            f"{photos} photos{again}"
        )
    return lines


def _n(count: int, noun: str, plural: str) -> str:
    return f"{count} {noun}{plural * (count != 1)}"
