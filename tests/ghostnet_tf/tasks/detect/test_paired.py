"""Differences of AP: the draws are those of pycocotools, and the interval holds what is true."""

import numpy as np
import pytest

from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.tasks import bootstrap
from ghostnet_tf.tasks.detect.average_precision import average_precision, judged
from ghostnet_tf.tasks.detect.nms import Found
from ghostnet_tf.tasks.detect.paired import Matches, _scores, differences, matches
from tests.counts import examples

CLASSES, PHOTOS = ("a", "b", "c"), 12
SIZES = [(320, 240)] * PHOTOS


def boxes(rng: np.random.Generator, n: int) -> np.ndarray:
    corner = rng.uniform(0, 0.7, (n, 2))
    return np.concatenate([corner, corner + rng.uniform(0.1, 0.3, (n, 2))], axis=1)


def detected(seed: int, off: float) -> tuple[list[Found], list[Boxes]]:
    """What a detector finds that is `off` by so much, loses some and invents some; and the truth.

    The truth does not depend on how far it is off.
    """
    true, found, rng = [], [], np.random.default_rng(seed)
    for i in range(PHOTOS):
        n = int(rng.integers(0, 5))
        corners, kinds = boxes(rng, n), rng.integers(0, 2 + (i > 3), n)
        noise, scores = rng.normal(size=(n, 4)), rng.uniform(0.2, 1, n + 2)
        true.append(Boxes(corners, kinds))
        seen = np.concatenate([corners + off * noise, boxes(rng, 2)])
        kept = rng.random(n + 2) < 0.9
        found.append(
            Found(np.float32(seen)[kept], np.append(kinds, [0, 1])[kept], np.float32(scores)[kept])
        )
    return found, true


def of(seed: int, off: float) -> list[Matches]:
    found, true = detected(seed, off)
    return matches(judged(found, true, len(CLASSES), SIZES), PHOTOS)


def test_a_draw_scores_what_pycocotools_says_of_its_photos():
    found, true = detected(1, 0.02)
    mine = of(1, 0.02)
    for seed in range(4):
        drawn = np.random.default_rng(seed).integers(0, PHOTOS, PHOTOS) if seed else range(PHOTOS)
        theirs = average_precision(
            [found[i] for i in drawn], [true[i] for i in drawn], CLASSES, SIZES
        )

        ap, ap50 = _scores(mine, np.bincount(drawn, minlength=PHOTOS))

        assert ap == pytest.approx(theirs["ap"], abs=1e-9)
        assert ap50 == pytest.approx(theirs["ap50"], abs=1e-9)


def test_the_same_detector_differs_by_nothing_and_a_worse_one_by_what_it_lacks(monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", examples(60, 1000))
    good, bad = of(2, 0.01), of(2, 0.05)

    same, worse = differences(good, good)["ap"], differences(bad, good)["ap"]

    assert (same.difference, same.low, same.high) == (0, 0, 0)
    whole = np.ones(PHOTOS, int)
    assert worse.difference == pytest.approx(_scores(bad, whole)[0] - _scores(good, whole)[0])
    assert worse.low < worse.difference < worse.high < 0
    back = differences(good, bad)["ap"]
    assert (back.low, back.high) == pytest.approx((-worse.high, -worse.low))


def test_where_nothing_is_true_nothing_is_known(monkeypatch):
    monkeypatch.setattr(bootstrap, "DRAWS", 3)
    nothing = Found(np.empty((0, 4), np.float32), np.empty(0, int), np.empty(0, np.float32))
    none = matches(judged([nothing], [Boxes.none()], 3, SIZES[:1]), 1)

    assert np.isnan(differences(none, none)["ap"].difference)
