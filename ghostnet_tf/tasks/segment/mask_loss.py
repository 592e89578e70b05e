"""The loss of a segmenter: cross-entropy of every pixel that is of a class, weighted by class."""

from typing import Any

import keras
import numpy as np

from ghostnet_tf.data.masks import IGNORED
from ghostnet_tf.nets.segmenter import enlarged

ops: Any = keras.ops  # whose annotations allow for None everywhere


class MaskLoss(keras.losses.Loss):
    """Classes (N, H, W), 255 for none, and logits (N, h, w, classes) -> nat, (N,).

    The logits are enlarged first. Of each photo the mean over the pixels that are of a class.
    """

    def __init__(self, weight_of: np.ndarray):
        super().__init__(name="masks")
        self.weight_of = weight_of.astype(np.float32)  # (classes,)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        known, classes = known_and_classes(y_true)
        logits = enlarged(ops.cast(y_pred, "float32"), classes)  # (N, H, W, classes)
        nat = ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)
        weight = ops.take(ops.convert_to_tensor(self.weight_of), classes) * known
        return ops.sum(nat * weight, axis=(1, 2)) / ops.maximum(ops.sum(known, axis=(1, 2)), 1.0)


def share_right(targets: Any, outputs: Any) -> Any:
    """Of each photo's pixels that are of a class, how many are answered right, (N,)."""
    known, classes = known_and_classes(targets)
    answers = ops.argmax(enlarged(ops.cast(outputs, "float32"), classes), axis=-1)
    right = ops.cast(ops.cast(answers, "int32") == classes, "float32") * known
    return ops.sum(right, axis=(1, 2)) / ops.maximum(ops.sum(known, axis=(1, 2)), 1.0)


def known_and_classes(targets: Any) -> tuple[Any, Any]:
    """(1 where there is a class and 0 elsewhere, the class or 0), (N, H, W) float32 and int32."""
    known = ops.cast(ops.not_equal(targets, float(IGNORED)), "float32")
    return known, ops.cast(ops.cast(targets, "float32") * known, "int32")
