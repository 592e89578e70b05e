"""How well pixels are told apart: intersection over union of every class, over all photos at once.

The mean is over the classes that are there or were answered, as Pascal VOC's is. Pixels of no class
count neither for nor against.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ghostnet_tf.data.masks import IGNORED


def confusion(answers: np.ndarray, masks: np.ndarray, classes: int) -> np.ndarray:
    """Classes answered and true, integers of one shape -> (classes, classes) int64.

    Row the class, column the answer. Those of several photos are added up.
    """
    answers, masks = np.asarray(answers), np.asarray(masks)
    if answers.shape != masks.shape:
        raise ValueError(f"answers of the shape {answers.shape} for masks of {masks.shape}")
    counts = masks != IGNORED
    pairs = masks[counts].astype(np.int64) * classes + answers[counts]
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def mean_iou(counts: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """{"miou", "pixel_accuracy", "class_accuracy", "per_class": {name: {"iou", "pixels"}}}.

    `counts` is a confusion matrix. None for a class that is neither there nor answered, and for
    means of nothing.
    """
    right, there, answered = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    either = there + answered - right
    ious = [float(r / e) if e else None for r, e in zip(right, either, strict=True)]
    recalls = [float(r / t) for r, t in zip(right, there, strict=True) if t]
    known = [iou for iou in ious if iou is not None]
    return {
        "miou": float(np.mean(known)) if known else None,
        "pixel_accuracy": float(right.sum() / there.sum()) if there.sum() else None,
        "class_accuracy": float(np.mean(recalls)) if recalls else None,
        "per_class": {
            name: {"iou": iou, "pixels": int(n)}
            for name, iou, n in zip(names, ious, there, strict=True)
        },
    }
