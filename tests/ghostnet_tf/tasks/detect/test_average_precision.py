import json

import numpy as np
import pytest

from ghostnet_tf.data.boxes import Boxes, iou
from ghostnet_tf.tasks.detect.average_precision import average_precision
from ghostnet_tf.tasks.detect.nms import Found

CLASSES, SIZES = ("a", "b"), [(200, 100), (640, 480)]
TRUTH = [
    Boxes([[0.1, 0.4, 0.3, 0.9], [0.6, 0.2, 0.9, 0.9]], [0, 1]),
    Boxes([[0.1, 0.3, 0.3, 0.5], [0.5, 0.1, 0.7, 0.3], [0.1, 0.7, 0.3, 0.9]], [0, 0, 1]),
]


def found(boxes: Boxes, scores=None) -> Found:
    scores = np.linspace(0.9, 0.5, len(boxes)) if scores is None else scores
    return Found(boxes.corners, boxes.classes, np.float32(scores))


def test_what_is_found_all_and_alone_scores_1(capsys):
    said = average_precision([found(one) for one in TRUTH], TRUTH, CLASSES, SIZES)

    assert said["ap"] == said["ap50"] == pytest.approx(1)
    assert [row["boxes"] for row in said["per_class"].values()] == [3, 2]
    assert said["curves"]["b"] == pytest.approx([1] * 101)
    assert json.loads(json.dumps(said)) == said
    assert capsys.readouterr() == ("", "")


def test_half_found_scores_half_and_the_curve_ends_there():
    half = [found(TRUTH[0]), found(Boxes.none())]

    said = average_precision(half, TRUTH, CLASSES, SIZES)

    assert said["per_class"]["b"]["ap50"] == pytest.approx(51 / 101)  # recalls 0 to 0.50
    assert said["per_class"]["a"]["ap50"] == pytest.approx(34 / 101)  # to 1/3
    assert said["curves"]["b"][50:52] == [pytest.approx(1), 0]


def test_a_false_box_that_is_surer_costs_precision():
    extra = Boxes([*TRUTH[0].corners.tolist(), [0, 0, 0.1, 0.1]], [0, 1, 1])

    surer = average_precision([found(extra, [0.9, 0.5, 0.8])], TRUTH[:1], CLASSES, SIZES[:1])
    less = average_precision([found(extra, [0.9, 0.8, 0.5])], TRUTH[:1], CLASSES, SIZES[:1])

    assert surer["per_class"]["b"]["ap50"] == pytest.approx(0.5)
    assert less["per_class"]["b"]["ap50"] == pytest.approx(1)


def test_a_box_somewhat_off_counts_at_the_thresholds_that_it_reaches():
    moved = Boxes(
        TRUTH[0].corners + np.float32([0.04, 0, 0.04, 0]), TRUTH[0].classes
    )  # IoU .67, .76

    said = average_precision([found(moved)], TRUTH[:1], CLASSES, SIZES[:1])

    assert said["ap50"] == pytest.approx(1) and said["ap75"] == said["ap"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    "bug",
    [
        lambda one: Boxes(one.corners[:, [1, 0, 3, 2]], one.classes),  # x and y swapped
        lambda one: Boxes(one.corners, one.classes - 1),
        lambda one: Boxes(one.corners, (one.classes + 1) % 2),
        lambda one: Boxes((1 - one.corners)[:, [2, 1, 0, 3]], one.classes),  # flipped
    ],
    ids=["swapped", "class less one", "class and one", "flipped"],
)
def test_planted_bugs_of_the_boxes_score_nearly_nothing(bug):
    said = average_precision([found(bug(one)) for one in TRUTH], TRUTH, CLASSES, SIZES)

    assert said["ap50"] < 0.3


def test_what_no_true_box_is_of_has_no_score():
    nothing = average_precision([found(Boxes.none())], [Boxes.none()], CLASSES, SIZES[:1])
    some = average_precision([found(TRUTH[0])], [TRUTH[0]], ("a", "b", "c"), SIZES[:1])

    assert nothing["ap"] is None and nothing["curves"] == {}
    assert some["per_class"]["c"] == {"ap": None, "ap50": None, "boxes": 0}
    assert some["ap50"] == pytest.approx(1)


def test_sizes_are_of_the_photo_s_pixels():
    small = Boxes([[0, 0, 0.1, 0.1]], [0])

    said = average_precision([found(small)] * 2, [small] * 2, ("a",), [(200, 100), (640, 480)])

    assert said["by_size"] == {"small": pytest.approx(1), "medium": pytest.approx(1), "large": None}


def by_hand(founds, truths, label: int, least: float) -> float:
    """AP of a class at an IoU, box by box: the surest first, each takes the best that is left."""
    rows, there = [], 0
    for one, true in zip(founds, truths, strict=True):
        corners = true.corners[true.classes == label]
        there += len(corners)
        taken = set()
        is_asked = one.classes == label
        overlaps = iou(one.corners[is_asked], corners)
        for score, row in zip(one.scores[is_asked], overlaps, strict=True):
            free = [i for i in range(len(corners)) if i not in taken and row[i] >= least]
            if free:
                taken.add(max(free, key=lambda i: row[i]))
            rows.append((-score, bool(free)))
    right = np.cumsum([is_right for _, is_right in sorted(rows, key=lambda row: row[0])])
    precisions = right / np.arange(1, len(right) + 1)
    return sum(
        max(precisions[right / there >= recall], default=0) for recall in np.linspace(0, 1, 101)
    ) / 101  # fmt: skip


def test_ap_is_what_its_definition_gives_by_hand():
    rng = np.random.default_rng(0)
    truths, founds = [], []
    for _ in range(20):
        n = int(rng.integers(1, 10))
        middles, halves = rng.uniform(0.1, 0.9, (n, 2)), rng.uniform(0.03, 0.1, (n, 2))
        true = Boxes(np.hstack([middles - halves, middles + halves]), rng.integers(0, 2, n))
        is_found = rng.random(n) < 0.8
        false = rng.random((3, 2))
        corners = [true.corners[is_found] + rng.normal(0, 0.012, (is_found.sum(), 4)),
                   np.hstack([false, false + 0.1])]  # fmt: skip
        labels = np.concatenate([true.classes[is_found], rng.integers(0, 2, 3)])
        order = np.argsort(-(scores := rng.random(len(labels))))
        corners = np.float32(np.vstack(corners))
        truths.append(true)
        founds.append(Found(corners[order], labels[order], np.float32(scores[order])))

    said = average_precision(founds, truths, CLASSES, [(640, 480)] * 20)

    for label, name in enumerate(CLASSES):
        each = [by_hand(founds, truths, label, least) for least in np.linspace(0.5, 0.95, 10)]
        assert said["per_class"][name]["ap"] == pytest.approx(np.mean(each))
        assert said["per_class"][name]["ap50"] == pytest.approx(each[0]) and 0.4 < each[0] < 0.95
