"""Of boxes that lie upon one another the surest: non-maximum suppression, defined once.

`web_demo/js/nms.js` and `Nms.kt` in `android_demo/core` give the same bits; the page, the app and
every score of ours go by this definition.

1. A candidate is a box with one of its classes whose score is at least `score`; a box can be one
   of several classes.
2. They are visited by score, the highest first; of equal ones the box with the lower number, then
   the class with the lower number.
3. A candidate is kept unless one of its own class was kept whose IoU with it is more than `iou`.
4. It ends at `most` boxes.

All numbers are float32, also `iou` and `score`, and each operation is rounded (`boxes.iou`).
"""

from dataclasses import dataclass

import numpy as np

from ghostnet_tf.data.boxes import iou as iou_of

IOU, SCORE, MOST = 0.6, 0.05, 100  # where a record says nothing else


@dataclass(frozen=True, eq=False)
class Found:
    """What a detector found on one photo, the surest first."""

    corners: np.ndarray  # (n, 4) float32: x1 y1 x2 y2, shares of the photo
    classes: np.ndarray  # (n,) int64
    scores: np.ndarray  # (n,) float32, 0..1

    def __len__(self) -> int:
        return len(self.classes)


def keep(
    corners: np.ndarray,
    scores: np.ndarray,
    iou: float = IOU,
    score: float = SCORE,
    most: int = MOST,
) -> Found:
    """Corners (n, 4) and scores (n, classes) of one photo -> what is kept of them."""
    corners, scores = np.asarray(corners, np.float32), np.asarray(scores, np.float32)
    limit, least = np.float32(iou), np.float32(score)
    boxes, classes = np.nonzero(scores >= least)  # by box, then by class; NaN is none
    order = np.argsort(-scores[boxes, classes], kind="stable")
    boxes, classes = boxes[order], classes[order]
    is_left = np.ones(len(boxes), bool)
    kept: list[int] = []
    for i in range(len(boxes)):
        if len(kept) >= most:
            break
        if not is_left[i]:
            continue
        kept.append(i)
        behind = np.flatnonzero(is_left[i + 1 :] & (classes[i + 1 :] == classes[i])) + i + 1
        (overlap,) = iou_of(corners[boxes[i]][None], corners[boxes[behind]])
        is_left[behind[overlap > limit]] = False
    boxes, classes = boxes[kept], classes[kept]
    return Found(corners[boxes], classes.astype(np.int64), scores[boxes, classes])
