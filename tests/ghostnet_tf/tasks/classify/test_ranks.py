import numpy as np
import pytest

from ghostnet_tf.tasks.classify.ranks import accuracy, ranks_of

NAN = float("nan")


def test_ranks_of_a_hand_made_case():
    scores = np.array(
        [
            [9, 1, 2, 3],  # right
            [9, 1, 2, 3],  # last
            [5, 5, 0, 0],  # a tie, and the true class stands second
            [5, 5, 0, 0],  # a tie, and the true class stands first
            [NAN, 1, 2, 3],  # the true class has no score
            [1, NAN, 0, 0],  # another class has no score
        ]
    )

    assert ranks_of(scores, np.array([0, 1, 1, 0, 0, 0])).tolist() == [0, 3, 1, 0, 4, 1]


def test_a_network_of_nan_is_never_right():
    assert accuracy(np.full((3, 10), NAN), np.array([0, 1, 2])) == {"top1": 0.0, "top5": 0.0}


def test_a_network_that_says_the_same_of_every_class_is_right_by_chance_only():
    labels = np.arange(10)

    assert accuracy(np.zeros((10, 10)), labels) == {"top1": 0.1, "top5": 0.5}


@pytest.mark.parametrize(("rank", "top1", "top5"), [(0, 1.0, 1.0), (4, 0.0, 1.0), (5, 0.0, 0.0)])
def test_top5_are_five(rank, top1, top5):
    scores = np.arange(10, 0, -1)[None]

    assert accuracy(scores, np.array([rank])) == {"top1": top1, "top5": top5}
