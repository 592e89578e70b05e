"""Enlarging logits as every other language has to: by the middles of pixels."""

import numpy as np
import pytest

from ghostnet_tf.tasks.segment.pixels import answers, fitted, widened

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("of", "to"), [((5, 7), (40, 56)), ((45, 60), (360, 480)), ((5, 8), (37, 61))]
)
def test_enlarging_is_tensorflows_bilinear(of, to):
    import tensorflow as tf

    logits = RNG.normal(size=(*of, 3)).astype(np.float32)

    theirs = tf.image.resize(logits, to, "bilinear").numpy()  # type: ignore
    assert widened(logits, to).dtype == np.float32
    np.testing.assert_allclose(widened(logits, to), theirs, atol=2e-5)


def test_the_class_of_a_pixel_is_the_first_of_the_largest():
    logits = np.zeros((2, 3, 4), np.float32)
    logits[1, 2, 3] = logits[1, 2, 1] = 1
    logits[0, 0, 2] = 1

    assert answers(logits, (2, 3)).tolist() == [[2, 0, 0], [0, 0, 1]]


def test_classes_are_fitted_by_the_nearest_pixel_height_first():
    classes = np.array([[0, 1, 2], [3, 4, 5]], np.uint8)

    assert fitted(classes, (4, 3)).tolist() == [[0, 1, 2], [0, 1, 2], [3, 4, 5], [3, 4, 5]]
    assert fitted(classes, (2, 6)).tolist() == [[0, 0, 1, 1, 2, 2], [3, 3, 4, 4, 5, 5]]
    assert fitted(classes, (1, 1)).tolist() == [[4]]
