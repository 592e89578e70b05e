"""By how much two detectors differ on the same photos, and how far chance goes.

AP under a draw of the photos is that of pycocotools, with every box counted as often as its photo.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ghostnet_tf.tasks.bootstrap import draws, interval
from ghostnet_tf.tasks.detect.average_precision import ALL_SIZES, AT_50, IOUS, RECALLS

if TYPE_CHECKING:
    from pycocotools.cocoeval import COCOeval

EPSILON = float(np.spacing(1))  # as pycocotools has it


@dataclass(frozen=True, eq=False)
class Matches:
    """The found boxes of one class on all photos, the surest first."""

    photo: np.ndarray  # (n,) int: where each was found
    is_right: np.ndarray  # (IoUs, n) bool
    there: np.ndarray  # (photos,) int: true boxes

    def precision(self, counts: np.ndarray) -> np.ndarray:
        """AP at each IoU, (IoUs,), where each photo counts so often; NaN where no box is true."""
        n = counts @ self.there
        if not n:
            return np.full(len(IOUS), np.nan)
        often = counts[self.photo]
        right = np.cumsum(self.is_right * often, axis=1)
        told = np.cumsum(often)
        precise = right / np.maximum(told, EPSILON)
        # A recall is reached with the best precision there is at it or beyond.
        precise = np.maximum.accumulate(precise[:, ::-1], axis=1)[:, ::-1]
        found = np.zeros((len(IOUS), len(RECALLS)))
        for row, recall, at in zip(found, right / n, precise, strict=True):
            places = np.searchsorted(recall, RECALLS)
            row[places < len(at)] = at[places[places < len(at)]]
        return found.mean(axis=1)


@dataclass(frozen=True)
class Difference:
    """Of one AP from another on the same photos, with its 95 % interval."""

    difference: float
    low: float
    high: float


def matches(judge: "COCOeval", photos: int) -> list[Matches]:
    """Of each class, as pycocotools has matched them."""
    areas, made = len(judge.params.areaRng), []
    for first in range(ALL_SIZES * photos, len(judge.evalImgs), areas * photos):
        of_photos = judge.evalImgs[first : first + photos]
        found = [(i, one) for i, one in enumerate(of_photos) if one is not None]
        there = np.zeros(photos, int)
        for i, one in found:
            there[i] = len(one["gtIds"])
        photo = np.concatenate(
            [np.empty(0, int), *(np.full(len(one["dtIds"]), i) for i, one in found)]
        )
        scores = np.concatenate([np.empty(0), *(one["dtScores"] for _, one in found)])
        right = np.concatenate(
            [np.empty((len(IOUS), 0), bool), *(one["dtMatches"] > 0 for _, one in found)], axis=1
        )
        order = np.argsort(-scores, kind="stable")
        made.append(Matches(photo[order], right[:, order], there))
    return made


def differences(these: list[Matches], first: list[Matches]) -> dict[str, Difference]:
    """By how much `these` are better than the `first` ones: {"ap": ..., "ap50": ...}."""
    photos = len(first[0].there)
    rows = [np.ones(photos, int), *draws(photos)]  # as they are, and then each draw
    apart = np.stack([_scores(these, row) - _scores(first, row) for row in rows])
    found = {}
    for i, name in enumerate(("ap", "ap50")):
        found[name] = Difference(float(apart[0, i]), *interval(apart[1:, i]))
    return found


def _scores(of_classes: list[Matches], counts: np.ndarray) -> np.ndarray:
    """(AP, AP50), the mean of the classes that are there."""
    each = np.stack([one.precision(counts) for one in of_classes])  # (classes, IoUs)
    known = each[~np.isnan(each[:, 0])]
    if not len(known):
        return np.full(2, np.nan)
    return np.array([known.mean(), known[:, AT_50].mean()])
