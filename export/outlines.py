"""What a segmenter's file says of photos, printed and painted, and how much of that is true."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.base.terminal import shown
from ghostnet_tf.data.masked_photos import MaskedPhotos, is_mask
from ghostnet_tf.data.masks_picture import painted
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.skipped import Skips, refuse_too_many
from ghostnet_tf.tasks.bootstrap import draws, interval
from ghostnet_tf.tasks.segment.mean_iou import confusion, mean_iou

from .segmentation import Segmenter


@dataclass(frozen=True)
class Outlined:
    """One photo, and the class of every pixel of it."""

    photo: str
    classes: list[dict[str, Any]]  # label, name, share of the pixels: the largest first
    image: Image.Image
    mask: np.ndarray  # (height, width) uint8

    def picture(self, segmenter: Segmenter) -> bytes:
        """A PNG of the photo under its mask."""
        data = io.BytesIO()
        painted(self.image, self.mask, segmenter.colours).save(data, "PNG")
        return data.getvalue()


def outlined(segmenter: Segmenter, paths: Sequence[str], skipped: Skips) -> Iterator[Outlined]:
    """For each photo of `paths`, as `Items.given` finds them; masks among them are none."""
    for name, photo in Photos.given(paths, skipped, leave=is_mask):
        mask = segmenter.classes_on(photo)
        yield Outlined(name, shares_of(mask, segmenter), photo, mask)


def shares_of(mask: np.ndarray, segmenter: Segmenter) -> list[dict[str, Any]]:
    """Of the classes that are there, as JSON has it."""
    labels, counts = segmenter.labels, np.bincount(mask.ravel(), minlength=len(segmenter.labels))
    return [
        {
            "label": labels.ids[kind],
            "name": labels.names[kind],
            "share": round(float(counts[kind] / mask.size), 4),
        }
        for kind in np.argsort(-counts, kind="stable")
        if counts[kind]
    ]


def said(one: Outlined) -> list[str]:
    """A photo and the share of each class, a line each."""
    return [one.photo, *(f"  {row['share']:6.1%}  {shown(row['name'])}" for row in one.classes)]


@dataclass(frozen=True)
class Outlining:
    """Of several segmenters on the same photos, what was answered for what."""

    names: tuple[str, ...]  # of the classes
    counts: np.ndarray  # (segmenters, photos, classes, classes) int64

    def scores(self, segmenter: int) -> dict[str, Any]:
        """As `mean_iou` has it."""
        return mean_iou(self.counts[segmenter].sum(axis=0), self.names)

    def difference(self, segmenter: int, to: int = 0) -> dict[str, float]:
        """Of one mIoU from another, with its 95 % interval.

        By a bootstrap: a mean of ratios over all photos has no interval in a formula.
        """
        whole = self.scores(segmenter)["miou"] - self.scores(to)["miou"]
        often = draws(self.counts.shape[1]).astype(np.float64)
        ours, theirs = (
            _mean_ious(np.tensordot(often, self.counts[k].astype(np.float64), 1))
            for k in (segmenter, to)
        )
        low, high = interval(ours - theirs)
        return {"miou": float(whole), "low": low, "high": high}


def _mean_ious(counts: np.ndarray) -> np.ndarray:
    """(draws, classes, classes) -> (draws,): the means over classes that are there or answered."""
    right = np.diagonal(counts, axis1=1, axis2=2)
    either = counts.sum(axis=1) + counts.sum(axis=2) - right
    known = either > 0
    return (right / np.where(known, either, 1)).sum(axis=1) / known.sum(axis=1).clip(1)


def outlining(
    segmenters: Sequence[Segmenter], photos: MaskedPhotos, advance: Advance = silent
) -> Outlining:
    """Every segmenter on the same photos; UserError where it has other classes than the masks."""
    for one in segmenters:
        refuse_other_classes(one, photos)
    counts: list[list[np.ndarray]] = [[] for _ in segmenters]
    bad, n = 0, len(photos.classes)
    for i in range(len(photos)):
        both = photos.readable(i)
        if both is None:
            bad += 1
            refuse_too_many(bad, len(photos), "they are named above")
        else:
            photo, mask = both
            for of, one in zip(counts, segmenters, strict=True):
                of.append(confusion(one.classes_on(photo), mask, n))
        advance(1)
    if not np.sum(counts):
        raise UserError(
            "no pixel of these masks is of a class: there is nothing to score", fix="give others"
        )
    return Outlining(photos.classes, np.array(counts))


def refuse_other_classes(segmenter: Segmenter, photos: MaskedPhotos) -> None:
    """UserError that names the first class which differs: numbers alone would be compared else."""
    ours, theirs = segmenter.labels.ids, photos.classes
    if ours != theirs:
        both = zip((*ours, *[""] * len(theirs)), (*theirs, *[""] * len(ours)), strict=False)
        number, (own, other) = next((i, pair) for i, pair in enumerate(both) if len({*pair}) > 1)
        raise UserError(
            f"{segmenter.title}: class {number} is {own or 'none'!r}, and in the masks of "
            f"{photos.source.title!r} {other or 'none'!r}",
            fix="say what the numbers in the masks mean: --labels FILE, or classes.txt among them",
        )


def score_lines(files: Sequence[str], found: Outlining) -> list[str]:
    """mIoU of each file, against the first, and the IoU of each class side by side."""
    scores = [found.scores(k) for k in range(len(files))]
    lines = [f"{found.counts.shape[1]} photos"]
    for k, (file, row) in enumerate(zip(files, scores, strict=True)):
        line = f"{file}: mIoU {_share(row['miou'])}, {row['pixel_accuracy']:.1%} of the pixels"
        if k:
            d = found.difference(k)
            line += f", {100 * d['miou']:+.2f} points ({100 * d['low']:+.2f} to "
            line += f"{100 * d['high']:+.2f}) against the first"
        lines.append(line)
    width = max(len(shown(name)) for name in found.names)
    lines.append(f"IoU by class{' of each file, in their order' if len(files) > 1 else ''}:")
    for name in found.names:
        of_class = [row["per_class"][name] for row in scores]
        ious = "  ".join(_share(one["iou"]) for one in of_class)
        lines.append(f"  {shown(name):{width}}  {ious}  of {of_class[0]['pixels']:,} pixels")
    return lines


def _share(value: float | None) -> str:
    return "-    " if value is None else f"{value:.3f}"
