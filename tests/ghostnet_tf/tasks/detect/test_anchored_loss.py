"""RetinaNet: which anchors answer for which box, and what its loss says of known values."""

import math

import keras
import numpy as np
import pytest

from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.boxes import iou as iou_in_numpy
from ghostnet_tf.nets.retinanet import corners
from ghostnet_tf.tasks.detect.anchored_loss import (
    AnchoredDetection,
    focal,
    match,
    offsets_of,
    smooth,
)
from ghostnet_tf.tasks.detect.detect import targets
from ghostnet_tf.tasks.detect.heads import head_of
from ghostnet_tf.tasks.detect.loss import Detection
from ghostnet_tf.tasks.detect.nms import keep
from ghostnet_tf.tasks.detect.raw import anchored

CLASSES = 3
# Middle x y, sides x y: three beside one another, a wide one, one far from everything.
ANCHORS = np.float32(
    [[0.2, 0.3, 0.2, 0.4], [0.4, 0.3, 0.2, 0.4], [0.6, 0.3, 0.2, 0.4], [0.3, 0.3, 0.4, 0.2],
     [0.9, 0.9, 0.1, 0.1]]
)  # fmt: skip


def boxes(*corners_of: tuple[float, ...], classes: list[int]) -> Boxes:
    return Boxes(np.array(corners_of), np.array(classes))


def test_an_anchor_answers_from_half_an_overlap_on_and_is_silent_below_it():
    # x from .1: IoU .75 with anchor 0; from .25 the next: .2 x .4 of it, .45 of 1: ignored
    truth = boxes((0.1, 0.1, 0.36667, 0.5), classes=[2])

    answers, counted, own = (np.asarray(x)[0] for x in match(ANCHORS[None], targets([truth], 2)))

    overlap = iou_in_numpy(
        np.column_stack([ANCHORS[:, :2] - ANCHORS[:, 2:] / 2, ANCHORS[:, :2] + ANCHORS[:, 2:] / 2]),
        truth.corners.astype(np.float32),
    )[:, 0]
    assert overlap[0] == pytest.approx(0.75, abs=1e-3) and 0.4 < overlap[3] < 0.5 < overlap[0]
    assert answers.tolist() == [1, 0, 0, 0, 0] and counted.tolist() == [1, 1, 1, 0, 1]
    assert own[0].tolist() == pytest.approx([2, 0.1, 0.1, 0.36667, 0.5])


def test_a_box_that_no_anchor_fits_is_learned_by_the_best():
    truth = boxes((0.88, 0.88, 0.9, 0.9), (0.1, 0.1, 0.3, 0.5), classes=[0, 1])  # 4 % of anchor 4

    answers, _, own = (np.asarray(x)[0] for x in match(ANCHORS[None], targets([truth], 3)))

    assert answers.tolist() == [1, 0, 0, 0, 1]
    assert own[4, 0] == 0 and own[0, 0] == 1
    nothing = np.asarray(match(ANCHORS[None], targets([Boxes.none()], 1))[0])
    assert not nothing.any()


def test_offsets_say_the_box_whichever_way_it_is_longer():
    wanted = np.float32([[[0.3, 0.1, 0.9, 0.25]] * len(ANCHORS)])

    said = corners(offsets_of(wanted, ANCHORS[None]), ANCHORS[None])

    assert np.allclose(said, wanted, atol=1e-6)


def test_known_values():
    nat = np.asarray(focal(np.float32([0.0, 0.0, 30.0]), np.float32([1.0, 0.0, 1.0])))
    assert np.allclose(nat, [0.25 * math.log(2) / 4, 0.75 * math.log(2) / 4, 0], atol=1e-6)
    assert np.allclose(smooth(np.float32([0, 0.1, -1])), [0, 0.045, 1 - 0.5 / 9])


def test_a_detector_has_the_loss_of_its_heads():
    assert head_of("ghostnet_100_retinanet").loss is AnchoredDetection
    assert head_of("ghostnet_100_det").loss is Detection


def test_what_is_said_moves_to_the_boxes():
    """No network: the values themselves learn, by the gradient of the loss alone."""
    import tensorflow as tf

    two = boxes((0.12, 0.1, 0.33, 0.45), (0.5, 0.2, 0.75, 0.6), classes=[2, 0])
    start = np.zeros((1, len(ANCHORS), CLASSES + 8), np.float32)
    start[..., -4:] = ANCHORS
    values, wanted, loss = keras.Variable(start), targets([two], 3), AnchoredDetection(CLASSES)
    optimizer = keras.optimizers.Adam(0.1)
    fixed = np.ones(start.shape, np.float32)
    fixed[..., -4:] = 0.0  # where an anchor is, it does not learn

    @tf.function
    def slope():
        with tf.GradientTape() as tape:
            nat = loss(wanted, values.value)
        return tape.gradient(nat, values.value) * fixed

    for _ in range(80):
        optimizer.apply([slope()], [values])

    found = keep(*anchored(np.asarray(values)[0], CLASSES), score=0.5)
    assert sorted(found.classes.tolist()) == [0, 2]
    assert iou_in_numpy(found.corners, two.corners.astype(np.float32)).max(axis=0).min() > 0.9
