import numpy as np
import pytest

from ghostnet_tf.data.boxes import Boxes, iou


def test_iou_is_what_two_boxes_share_of_what_they_cover():
    a = np.float32([[0, 0, 0.5, 0.5], [0.25, 0, 0.75, 0.5], [0.5, 0.5, 1, 1]])
    b = np.float32([[0, 0, 0.5, 0.5], [0.1, 0.1, 0.1, 0.1]])

    assert iou(a, b).tolist() == [[1, 0], [pytest.approx(1 / 3), 0], [0, 0]]
    assert iou(a, b).dtype == np.float32


def test_of_empty_boxes_nothing_is_shared_and_nothing_is_nan():
    point = np.float32([[0.5, 0.5, 0.5, 0.5]])

    assert iou(point, point).tolist() == [[0]]
    assert iou(point, np.empty((0, 4))).shape == (1, 0)


def test_a_photo_may_have_no_boxes():
    assert len(Boxes.none()) == 0 and Boxes.none().corners.shape == (0, 4)
    assert len(Boxes.none().of(np.empty(0, bool))) == 0


def test_a_box_without_a_class_is_a_bug():
    with pytest.raises(ValueError, match="2 boxes have 1 classes"):
        Boxes(np.zeros((2, 4)), np.zeros(1))
