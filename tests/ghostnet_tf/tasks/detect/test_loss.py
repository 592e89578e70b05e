"""Which cells answer for which box, and what each part of the loss says of known values."""

import math

import keras
import numpy as np
import pytest

from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.boxes import iou as iou_in_numpy
from ghostnet_tf.nets.detector import BINS, CELL, EDGES
from ghostnet_tf.tasks.detect.assignment import assign, candidates, iou, surprise
from ghostnet_tf.tasks.detect.detect import targets
from ghostnet_tf.tasks.detect.loss import (
    Detection,
    distances,
    giou,
    of_bins,
    shares,
    surest_overlap,
)
from ghostnet_tf.tasks.detect.nms import keep
from ghostnet_tf.tasks.detect.raw import boxes_and_scores

CLASSES, SIDE = 3, 4  # cells of a side


def cells() -> np.ndarray:
    """(16, 4) of one level: a quarter of the image each, row by row."""
    middle = (np.arange(SIDE) + 0.5) / SIDE
    y, x = np.meshgrid(middle, middle, indexing="ij")
    step = np.full(SIDE * SIDE, 1 / SIDE)
    return np.stack([x.ravel(), y.ravel(), step, step], axis=-1).astype(np.float32)


def raw(photos=1, logit=-4.0) -> np.ndarray:
    """Nothing is anywhere, and every box reaches one stride to each side."""
    values = np.zeros((photos, SIDE * SIDE, CLASSES + EDGES * BINS + CELL), np.float32)
    values[..., :CLASSES] = logit
    bins = values[..., CLASSES:-CELL].reshape(photos, -1, EDGES, BINS)
    bins[..., 1] = 20.0
    values[..., CLASSES:-CELL] = bins.reshape(photos, -1, EDGES * BINS)
    values[..., -CELL:] = cells()
    return values


BIG = Boxes(np.array([[0.0, 0.25, 0.75, 1.0]]), np.array([2]))  # has nine middles in it
ONE = Boxes(np.array([[0.125, 0.375, 0.625, 0.875]]), np.array([2]))  # round cell 9, as it says


def test_the_cells_in_a_box_may_answer_and_the_one_with_its_middle():
    box = np.array([[[[0.2, 0.1, 0.9, 0.2]]]], np.float32)  # wide and flat

    can = np.asarray(candidates(cells()[None, :, None], box))[0, :, 0]

    assert np.flatnonzero(can).tolist() == [1, 2, 3]  # not 0, whose middle lies outside
    between = np.array([[[[0.26, 0.27, 0.3, 0.3]]]], np.float32)  # has no middle in it
    assert np.flatnonzero(candidates(cells()[None, :, None], between)[0, :, 0]).tolist() == [5]


def test_the_cell_that_says_it_best_answers():
    said = raw()
    said[0, 9, 2] = 2.0

    answers, picked = assign(said, targets([ONE], 2), CLASSES)

    assert np.asarray(answers)[0, 9] == 1
    assert np.asarray(picked)[0, 9].tolist() == [1, 0]


def test_a_box_takes_as_many_cells_as_overlaps_add_up_to():
    """The nine cells in it say boxes that overlap it by a third or so."""
    said = raw()
    said[0, :, 2] = np.linspace(-4, -3, 16)  # no two cost the same
    answers, _ = assign(said, targets([BIG], 1), CLASSES)

    overlap = iou_in_numpy(boxes_and_scores(raw()[0], CLASSES)[0], BIG.corners)[:, 0]
    can = np.asarray(candidates(cells()[None, :, None], BIG.corners[None, None]))[0, :, 0]
    assert can.sum() == 9
    assert int(np.asarray(answers).sum()) == int(overlap[can].sum()) > 1


def test_a_cell_answers_for_one_box_alone():
    said = raw()
    said[0, 9, [0, 2]] = 2.0  # it knows both classes
    two = Boxes(np.array([[0.1, 0.35, 0.6, 0.85], [0.125, 0.375, 0.625, 0.875]]), np.array([0, 2]))

    answers, picked = assign(said, targets([two], 5), CLASSES)

    assert np.asarray(answers)[0, 9] == 1
    assert np.asarray(picked)[0, 9].tolist() == [0, 1, 0, 0, 0]  # the one whose place it tells


def test_a_photo_without_boxes_has_no_answers_and_a_loss():
    answers, _ = assign(raw(), targets([Boxes.none()], 3), CLASSES)
    said = raw(logit=0.0)

    loss = Detection(CLASSES)(targets([Boxes.none()], 3), said)

    assert not np.asarray(answers).any()
    assert float(loss) == pytest.approx(SIDE * SIDE * CLASSES * math.log(2) / 4)  # 0.5 squared


def test_boxes_count_alike_however_sure_their_cells_are_of_them():
    """Cells that know their class by far, of one box, beside one that hardly knows its own."""
    answers = np.float32([[1, 1, 1, 0, 1]])
    picked = np.eye(2, dtype=np.float32)[[0, 0, 1, 0, 1]][None]
    logits = np.float32([[[9, -9], [9, -9], [-4, -5], [9, 9], [-6, -4]]])

    weight = np.asarray(shares(answers, picked, logits))

    assert np.allclose(weight, [[0.5, 0.5, 0.5, 0, 0.5]], atol=1e-3)
    logits[0, 4] = -5
    weight = np.asarray(shares(answers, picked, logits))
    assert weight[0, 2] > 0.7 and weight[0, 2] + weight[0, 4] == pytest.approx(1)  # surer: more
    assert np.asarray(shares(0 * answers, picked, logits)).tolist() == [[0] * 5]


def perfect() -> np.ndarray:
    said = raw(logit=-30.0)
    said[0, 9, 2] = 30.0
    return said


def test_who_says_it_all_has_no_loss():
    assert float(Detection(CLASSES)(targets([ONE], 1), perfect())) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [
        Boxes(ONE.corners, np.array([1])),  # off by one class
        Boxes(1 - ONE.corners[:, [2, 1, 0, 3]] * [1, 0, 1, 0] - ONE.corners * 0, np.array([2])),
        Boxes(ONE.corners[:, [1, 0, 3, 2]], np.array([2])),  # x and y swapped
    ],
    ids=["another class", "flipped", "swapped"],
)
def test_a_wrong_target_costs(wrong):
    corners = wrong.corners.clip(0, 1)

    loss = Detection(CLASSES)(targets([Boxes(corners, wrong.classes)], 1), perfect())

    assert float(loss) > 0.5


def test_what_fills_up_changes_nothing():
    said = raw(2)
    both = [ONE, Boxes.none()]

    losses = [float(Detection(CLASSES)(targets(both, most), said)) for most in (1, 7)]

    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_overlaps_are_those_of_numpy():
    rng = np.random.default_rng(0)
    a, b = (np.sort(rng.random((2, 9, 2)), axis=0).transpose(1, 0, 2).reshape(9, 4) for _ in "ab")
    a, b = a.astype(np.float32), b.astype(np.float32)

    assert np.allclose(iou(a[:, None], b[None]), iou_in_numpy(a, b), atol=1e-6)


def test_giou_falls_where_boxes_lie_apart():
    a = np.array([0.0, 0.0, 0.25, 1.0], np.float32)

    assert float(giou(a, a)) == pytest.approx(1)
    apart = np.array([0.75, 0.0, 1.0, 1.0], np.float32)
    assert float(giou(a, apart)) == pytest.approx(-0.5)  # half of what is around both is empty


def test_distances_are_in_strides_of_the_level():
    box, cell = np.array([[0.1, 0.2, 0.6, 0.9]]), np.array([[0.4, 0.3, 0.1, 0.2]])

    assert np.allclose(distances(box, cell), [[3, 0.5, 2, 3]], atol=1e-6)
    assert float(keras.ops.max(distances(np.array([[0.0, 0, 9, 9]]), cell))) < BINS - 1


def test_the_bins_beside_a_distance_share_it():
    certain = np.full((1, BINS), -40.0, np.float32)
    certain[0, 2], certain[0, 3] = math.log(0.75), math.log(0.25)

    nat = float(of_bins(certain, np.array([2.25], np.float32))[0])

    assert nat == pytest.approx(-0.75 * math.log(0.75) - 0.25 * math.log(0.25), abs=1e-5)
    assert float(of_bins(certain, np.array([5.0], np.float32))[0]) > 30


def test_surprise_is_the_entropy_times_how_far_off_it_is():
    said = np.float32([0.0, 0.0, 20.0])

    nat = np.asarray(surprise(said, np.float32([1.0, 0.5, 1.0])))

    assert np.allclose(nat, [math.log(2) / 4, 0, 0], atol=1e-6)


def test_what_is_watched_is_the_overlap_of_the_surest_cell():
    said = raw(2)
    said[:, 9, 2] = 5.0  # round cell 9, one stride each way: the box itself

    shares = np.asarray(surest_overlap(targets([ONE, Boxes.none()], 1), said, CLASSES))

    assert np.allclose(shares, [1, 1], atol=1e-5)
    said[0, 9, 2], said[0, 5, 2] = 4.0, 5.0  # the one above it: .1875 shared of .625
    assert float(surest_overlap(targets([BIG], 1), said[:1], CLASSES)[0]) == pytest.approx(0.3)


def test_what_is_said_moves_to_the_boxes():
    """No network: the values themselves learn, by the gradient of the loss alone."""
    two = Boxes(np.array([[0.0, 0.3, 0.6, 0.9], [0.55, 0.0, 0.95, 0.4]]), np.array([2, 0]))
    start = raw()
    start[..., CLASSES:-CELL] *= 0.1  # not sure of it
    values, wanted, loss = keras.Variable(start), targets([two], 3), Detection(CLASSES)
    optimizer = keras.optimizers.Adam(0.2)
    fixed = np.ones(start.shape, np.float32)
    fixed[..., -CELL:] = 0.0  # where a cell is, it does not learn

    import tensorflow as tf

    @tf.function
    def slope():
        with tf.GradientTape() as tape:
            nat = loss(wanted, values.value)
        return tape.gradient(nat, values.value) * fixed

    for _ in range(80):
        optimizer.apply([slope()], [values])

    corners, scores = boxes_and_scores(np.asarray(values)[0], CLASSES)
    found = keep(corners, scores, score=0.5)
    assert found.classes.tolist() in ([2, 0], [0, 2])
    overlap = iou_in_numpy(found.corners, two.corners)
    assert overlap.max(axis=0).min() > 0.9
