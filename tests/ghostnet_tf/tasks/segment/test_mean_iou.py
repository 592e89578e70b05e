import json

import numpy as np
import pytest

from ghostnet_tf.tasks.segment import mean_iou as module
from ghostnet_tf.tasks.segment.mean_iou import confusion, mean_iou

NAMES = ("a", "b", "c")
MASK = np.uint8([[0, 0, 0, 1], [1, 1, 255, 255]])
ANSWER = np.uint8([[0, 0, 1, 1], [1, 0, 2, 0]])


def test_every_class_has_what_both_share_of_what_either_has():
    said = mean_iou(confusion(ANSWER, MASK, 3), NAMES)

    assert said["per_class"] == {
        "a": {"iou": 2 / 4, "pixels": 3},
        "b": {"iou": 2 / 4, "pixels": 3},
        "c": {"iou": None, "pixels": 0},
    }
    assert said["miou"] == 0.5 and said["pixel_accuracy"] == pytest.approx(4 / 6)
    assert json.loads(json.dumps(said)) == said


def test_a_class_that_is_answered_and_nowhere_there_counts_as_nothing():
    said = mean_iou(confusion(np.uint8([0, 2]), np.uint8([0, 0]), 3), NAMES)

    assert said["per_class"]["c"]["iou"] == 0 and said["miou"] == pytest.approx((0.5 + 0) / 2)
    assert said["class_accuracy"] == 0.5


def test_matrices_of_several_photos_are_added_up():
    twice = confusion(ANSWER, MASK, 3) + confusion(ANSWER[:, ::-1], MASK[:, ::-1], 3)

    assert mean_iou(twice, NAMES)["miou"] == 0.5
    assert (twice == confusion(np.stack([ANSWER, ANSWER]), np.stack([MASK, MASK]), 3)).all()
    assert confusion(ANSWER, MASK, 3).tolist() == [[2, 1, 0], [1, 2, 0], [0, 0, 0]]


def test_pixels_of_no_class_count_neither_for_nor_against():
    other = ANSWER.copy()
    other[MASK == 255] = 1

    assert (confusion(other, MASK, 3) == confusion(ANSWER, MASK, 3)).all()


def test_planted_ignored_pixels_that_count_are_caught(monkeypatch):
    """As if 255 were a pixel of the last class, which it becomes where somebody clips it."""
    clipped = np.minimum(MASK, 2)

    assert mean_iou(confusion(ANSWER, clipped, 3), NAMES)["miou"] != pytest.approx(0.5)
    monkeypatch.setattr(module, "IGNORED", 254)
    with pytest.raises(ValueError):
        confusion(ANSWER, MASK, 3)


def test_nothing_but_no_class_has_no_score():
    said = mean_iou(confusion(np.zeros(3, int), np.full(3, 255), 3), NAMES)

    assert said["miou"] is said["pixel_accuracy"] is said["class_accuracy"] is None


def test_an_answer_of_another_shape_is_a_bug():
    with pytest.raises(ValueError, match="for masks of"):
        confusion(ANSWER.T, MASK, 3)
