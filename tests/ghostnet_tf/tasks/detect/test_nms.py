import json
from pathlib import Path

import numpy as np
import pytest

from android_demo.checks import goldens
from ghostnet_tf.tasks.detect import nms
from ghostnet_tf.tasks.detect.nms import keep
from tests.counts import examples


def kept_by_hand(corners, scores, iou, score, most):
    """The definition once more, a box at a time, in scalars of float32."""
    f = np.float32
    asked = [
        (-scores[i, c], i, c)
        for i in range(len(scores))
        for c in range(scores.shape[1])
        if scores[i, c] >= f(score)
    ]
    kept = []
    for _, i, c in sorted(asked):
        if len(kept) == most:
            break
        if all(c != d or not overlap(corners[i], corners[j]) > f(iou) for j, d in kept):
            kept.append((i, c))
    return kept


def overlap(a, b):
    zero = np.float32(0)
    w = max(zero, min(a[2], b[2]) - max(a[0], b[0]))
    h = max(zero, min(a[3], b[3]) - max(a[1], b[1]))
    both = w * h
    covered = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both
    return both / covered if covered > 0 else zero


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes in heaps, scores of few values, so that many are equal."""
    rng = np.random.default_rng(seed)
    n, classes = int(rng.integers(1, 60)), int(rng.integers(1, 4))
    middles = rng.random((4, 2))[rng.integers(4, size=n)] + rng.normal(0, 0.05, (n, 2))
    halves = rng.uniform(0.02, 0.2, (n, 2))
    corners = np.float32(np.hstack([middles - halves, middles + halves]).clip(0, 1))
    return corners, np.float32(rng.integers(0, 20, (n, classes)) / 19)


def differing(count: int) -> list[int]:
    found = []
    for seed in range(count):
        corners, scores = drawn(seed)
        iou, score, most = [(0.6, 0.05, 100), (0.3, 0.5, 5), (0, 0, 1000)][seed % 3]
        wanted = kept_by_hand(corners, scores, iou, score, most)
        got = keep(corners, scores, iou, score, most)
        same = (
            [c for _, c in wanted] == got.classes.tolist()
            and [scores[i, c] for i, c in wanted] == got.scores.tolist()
            and [corners[i].tolist() for i, _ in wanted] == got.corners.tolist()
        )
        if not same:
            found.append(seed)
    return found


def test_what_is_kept_is_what_the_definition_says():
    assert differing(examples(60, 3000)) == []


def test_the_fixtures_of_other_languages_are_what_python_says_today():
    """The app's and the page's tests give the same bits as these."""
    fixtures = json.loads(goldens.FILE.read_text())["nms"]

    assert fixtures == goldens.nms()
    assert sum(len(one["kept_classes"]) for one in fixtures) > 100


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("overlap > limit", "overlap >= limit"),
        ("& (classes[i + 1 :] == classes[i])", ""),
        ('kind="stable"', 'kind="quicksort"'),
        ("scores >= least", "scores > least"),
        ("len(kept) >= most", "len(kept) > most"),
    ],
)
def test_another_definition_is_caught(there, instead, monkeypatch):
    source = Path(nms.__file__).read_text()
    assert source.count(there) == 1
    planted = {"__name__": nms.__name__}
    exec(compile(source.replace(there, instead), nms.__file__, "exec"), planted)  # noqa: S102
    monkeypatch.setitem(globals(), "keep", planted["keep"])

    assert differing(60) != []


def test_of_equal_scores_the_first_box_is_kept_and_its_first_class():
    box = np.float32([[0, 0, 1, 1], [0, 0, 1, 0.99]])

    found = keep(box, np.full((2, 2), 0.5, np.float32))

    assert found.corners.tolist() == [box[0].tolist()] * 2 and found.classes.tolist() == [0, 1]


def test_nothing_found_is_nothing():
    found = keep(np.empty((0, 4)), np.empty((0, 3)))

    assert len(found) == 0 and found.corners.shape == (0, 4)


def test_a_score_that_is_no_number_is_none():
    found = keep(np.float32([[0, 0, 1, 1]] * 2), np.float32([[np.nan], [0.3]]))

    assert found.scores.tolist() == [np.float32(0.3)]
