"""A detector's file that chooses among its boxes itself, written beside the plain one."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.files import sha256, user_path, write_together
from ghostnet_tf.base.record import (
    Postprocessed,
    PreprocessingFields,
    Record,
    finished,
    load,
    postprocess_path,
    record_path,
)
from ghostnet_tf.data.given import Given
from ghostnet_tf.tasks.detect.nms import Found, keep

from .contract import facts
from .detection import chosen
from .flatbuffer import Flatbuffer
from .ghostop.making import proof_images
from .metadata import attach_metadata
from .postprocess import uniform, with_postprocess
from .runtime import Runtime
from .tensors import origin_of, tensors_of

# Of the boxes, those that both files must give. The operator rounds otherwise: of two boxes whose
# IoU is within a rounding of the limit, it may keep the other.
SAME = 0.98
NEAR = 1e-4  # of two scores, or of the same edge of two boxes, as shares


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A file that chooses among its boxes, as it was written."""

    path: Path
    record: Record


def write_postprocess(plain: str | Path, photos: Given | None = None) -> Chosen:
    """The plain file of a detector, with its record, with `TFLite_Detection_PostProcess` behind it.

    CheckFailed where it does not choose the boxes that ours leaves (`tasks/detect/nms.py`).
    """
    plain = user_path(plain)
    data, record = load(plain)
    data = Flatbuffer(data)
    how, kept = record.preprocessing, record.boxes
    if how is None or kept is None:
        raise UserError(
            f"{plain.name!r} does not give boxes and scores, so there is nothing to choose from",
            fix="give a detector's plain file",
        )
    bare = with_postprocess(data, how, kept, plain.name)
    images = np.asarray(proof_images(data, record, photos, plain.name))
    ours = [
        keep(boxes, scores, kept.iou, kept.score, kept.most)
        for boxes, scores in zip(*Runtime(data).run(images), strict=True)
    ]
    answers = Runtime(bare).run(otherwise(images, how))
    theirs = [chosen(*row) for row in zip(*answers, strict=True)]
    n, same = agreement(ours, theirs, kept.most)
    if same < SAME * n:
        raise CheckFailed(
            f"{plain.name!r} with boxes chosen in the file gives {same} of the {n} boxes that it "
            f"should; {SAME:.0%} are asked",
            fix="nothing was written; leave the option out, and choose outside of the file",
        )
    origin = origin_of(images, photos)
    says = facts(bare)
    record = replace(
        record,
        preprocessing=uniform(how),
        inputs=tensors_of(bare.graph, bare.graph.inputs),
        outputs=tensors_of(bare.graph, bare.graph.outputs),
        ops=dict(sorted(says.ops.items())),
        partitions=says.delegation.partitions,
        delegated_ops=says.delegation.n_delegated,
        total_ops=says.delegation.n_ops,
        parity_db=None,
        parity_equal=None,
        parity_on=None,
        postprocess=Postprocessed(
            plain=plain.name,
            plain_sha256=sha256(data),
            images=len(images),
            images_from=origin,
            boxes=n,
            same=same,
        ),
    )
    data = attach_metadata(bare, record)
    record = finished(record, data)
    path = postprocess_path(plain)
    write_together({path: data, record_path(path): record.to_json().encode()})
    return Chosen(path=path, record=record)


def is_current(plain: Path) -> bool:
    """Whether the file that chooses beside `plain` is of these bytes."""
    try:
        made = load(postprocess_path(plain))[1].postprocess
        return made is not None and made.plain_sha256 == load(plain)[1].sha256
    except UserError:
        return False


def otherwise(images: np.ndarray, how: PreprocessingFields) -> np.ndarray:
    """Images (N, H, W, C) as `how` has them -> as `uniform(how)` has them."""
    other = uniform(how)
    if other == how:
        return images
    mean, std, middle, spread = (
        np.array(fields[key]) for fields in (how, other) for key in ("mean", "std")
    )
    return ((images * std + mean - middle) / spread).astype(np.float32)


def agreement(ours: list[Found], theirs: list[Found], most: int) -> tuple[int, int]:
    """(boxes of either, the more of both on each photo; those that are in both).

    Where a photo has as many boxes as there is room for, which of the least sure ones are among
    them is anybody's choice: they are not counted.
    """
    counted = same = 0
    for a, b in zip(ours, theirs, strict=True):
        least = a.scores[-1] + NEAR if len(a) == most else -1.0
        first, second = (_rows(found)[found.scores > least] for found in (a, b))
        is_same: Any = (np.abs(first[:, None] - second[None]) < NEAR).all(axis=-1)
        counted += max(len(first), len(second))
        same += min(int(is_same.any(axis=1).sum()), int(is_same.any(axis=0).sum()))
    return counted, same


def _rows(found: Found) -> np.ndarray:
    """(n, 6): class, score, corners."""
    return np.column_stack([found.classes, found.scores, found.corners])
