"""What training asks of a detector's heads: their loss, and what their raw values mean."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ghostnet_tf.nets import zoo


@dataclass(frozen=True)
class Head:
    """One kind of heads; `classes` is always how many kinds of things are told apart."""

    loss: Callable[[int], Any]  # classes -> a Keras loss of targets (N, M, 5) and raw values
    split: Callable[[Any, int], tuple[Any, Any, Any]]  # raw values -> logits, places, cells
    corners: Callable[[Any, Any], Any]  # places and cells -> x1 y1 x2 y2
    # Raw values of one photo -> boxes (n, 4) within 0..1 and scores (n, classes), in NumPy.
    boxes_and_scores: Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]


def head_of(model: str) -> Head:
    """Of a detector of the zoo. TensorFlow is imported here."""
    if zoo.parse_model(model).head == zoo.RETINANET:
        from ghostnet_tf.nets import retinanet
        from ghostnet_tf.tasks.detect.anchored_loss import AnchoredDetection
        from ghostnet_tf.tasks.detect.raw import anchored

        return Head(AnchoredDetection, retinanet.split, retinanet.corners, anchored)
    from ghostnet_tf.nets import detector
    from ghostnet_tf.tasks.detect.loss import Detection
    from ghostnet_tf.tasks.detect.raw import boxes_and_scores

    return Head(Detection, detector.split, detector.corners, boxes_and_scores)
