"""Whether a box that a file tells of can be one; what is wrong with it, where it cannot."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ghostnet_tf.data.annotations import Annotation, Written
from ghostnet_tf.data.boxes import Boxes, has_extent

ROUNDED = 0.001  # of a side: what a number with three digits may be off; a pixel where one knows


@dataclass(frozen=True)
class Fault:
    """One box that is none."""

    where: str  # line and box
    why: str


def checked(one: Annotation, positions: Mapping[str, int]) -> tuple[Boxes, list[Fault]]:
    """The boxes of a photo that can be, and what is wrong with the others.

    `positions`: of the classes' names. A box that reaches beyond its photo by no more than
    rounding is cut off there; of two equal ones of a class the second is left out.
    """
    faults, corners, classes = [], [], []
    seen: dict[tuple, str] = {}
    for box in one.boxes:
        inside = np.clip(box.corners, 0, 1).astype(np.float32)
        why = _why_not(box, inside, one.size, positions)
        label = box.label if isinstance(box.label, int) else positions.get(box.label, -1)
        key = (label, *inside.tolist())
        if not why and key in seen:
            why = f"it is the same as {seen[key]}: {box.said}"
        if why:
            faults.append(Fault(box.where, why))
            continue
        seen[key] = box.where
        corners.append(inside)
        classes.append(label)
    return Boxes(np.array(corners, np.float32), np.array(classes, np.int64)), faults


def _why_not(
    box: Written,
    inside: np.ndarray,
    size: tuple[int, int] | None,
    positions: Mapping[str, int],
) -> str:
    """Why a box cannot be one, as (4,) float32 `inside` its photo; "" where it can."""
    if box.fault:
        return box.fault
    if isinstance(box.label, int) and not 0 <= box.label < len(positions):
        return f"there is no class {box.label}: the names are of 0 to {len(positions) - 1}"
    if isinstance(box.label, str) and box.label not in positions:
        return f"there is no class {box.label!r}"
    x1, y1, x2, y2 = box.corners
    if x2 < x1 or y2 < y1:
        return f"its right or lower edge lies before its left or upper one: {box.said}"
    width, height = (1 / size[0], 1 / size[1]) if size else (ROUNDED, ROUNDED)
    if min(x1 + width, y1 + height) < 0 or x2 > 1 + width or y2 > 1 + height:
        of = f" of a photo of {size[0]} x {size[1]}" if size else ""
        return f"it reaches beyond the photo: {box.said}{of}"
    if not has_extent(inside):
        return f"it is empty: {box.said}"
    return ""
