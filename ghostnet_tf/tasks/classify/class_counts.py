"""The classes of a run, said before its first step, and what is wanting in them."""

from collections.abc import Sequence

import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.hold_out import hold_out_by_class
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.tasks.task import Settings

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


def outlook(
    classes: tuple[str, ...],
    train: np.ndarray,
    held_out: np.ndarray,
    schedule: Settings,
    kinds: str = "photos",
) -> list[str]:
    """Classes with their counts, then what is wanting; labels on both sides, (n,) int."""
    both = classes, train, held_out
    return [*of_classes(*both, kinds), *doubts(*both, schedule, kinds)]


def of_classes(
    classes: Sequence[str], train: np.ndarray, held_out: np.ndarray, kinds: str = "photos"
) -> list[str]:
    """Classes with their counts; `train`, `held_out`: the labels on both sides, (n,) int."""
    counts = np.bincount(train, minlength=len(classes))
    held = np.bincount(held_out, minlength=len(classes))
    order = np.argsort(-(counts + held), kind="stable").tolist()
    ends = [*order[: LISTED // 2], *order[-(LISTED // 2) :]] if len(order) > LISTED else order
    width = max(len(classes[i]) for i in ends)
    lines = [f"{len(classes)} classes, {kinds} to train on and held out:"]
    lines += [f"  {classes[i]:{width}} {counts[i]:6} {held[i]:5}" for i in ends]
    if len(order) > LISTED:
        lines.insert(1 + LISTED // 2, f"  ... {len(order) - LISTED} more ...")
    return lines


def doubts(
    classes: Sequence[str],
    train: np.ndarray,
    held_out: np.ndarray,
    schedule: Settings,
    kinds: str = "photos",
) -> list[str]:
    """What is wanting in these, a sentence each."""
    counts = np.bincount(train, minlength=len(classes))
    held = np.bincount(held_out, minlength=len(classes))
    most, least, found = int(counts.argmax()), int(counts.argmin()), []
    if counts[most] >= UNBALANCED * counts[least]:
        weighed = "rare ones count more" if schedule.class_weights else "try class weights"
        found.append(
            f"unbalanced: {counts[most]} {kinds} of {classes[most]!r} to train on, "
            f"{counts[least]} of {classes[least]!r}; {weighed}"
        )
    if rare := [repr(classes[i]) for i in np.flatnonzero(counts < RARE).tolist()]:
        more = f" and {len(rare) - LISTED} more" if len(rare) > LISTED else ""
        names = ", ".join(rare[:LISTED])
        found.append(f"rare, fewer than {RARE} {kinds} to train on: {names}{more}")
    if unscored := [repr(classes[i]) for i in np.flatnonzero(held == 0).tolist()]:
        more = f" and {len(unscored) - LISTED} more" if len(unscored) > LISTED else ""
        found.append(f"trained on, but not scored: {', '.join(unscored[:LISTED])}{more}")
    return found


def refuse_lost(classes: Sequence[str], labels: np.ndarray, kinds: str = "photos") -> None:
    """UserError for a class of which none can be read; `labels` of those that can be, (n,) int."""
    if lost := set(range(len(classes))) - set(labels.tolist()):
        raise UserError(
            f"class {classes[min(lost)]!r} has no {kinds.removesuffix('s')} to train on: none of "
            "them can be read",
            fix=f"add {kinds} of it, or remove its folder",
        )


def held_out_by_class(
    labels: np.ndarray, count: int, seed: int, is_asked: bool, kinds: str = "photos"
) -> tuple[np.ndarray, np.ndarray]:
    """(training, held-out) positions of what can be read, with these labels, (n,) int."""
    if len(labels) <= count:
        raise UserError(
            f"{count} {kinds} cannot be held out of the {len(labels)} that can be read",
            fix=f"{option('held-out', 'N')} with a smaller N",
        )
    train, held_out = hold_out_by_class(labels, count, seed)
    if len(held_out) > count and is_asked:
        note(f"{len(held_out)} {kinds} are held out, not {count}: one of every class at least")
    return train, held_out
