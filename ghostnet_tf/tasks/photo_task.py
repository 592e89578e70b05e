"""What tasks that learn from photos have in common."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.sides import sides
from ghostnet_tf.tasks.task import Settings

if TYPE_CHECKING:
    from PIL import Image

    from ghostnet_tf.weights.checkpoint import CheckpointInfo

LARGER = 1.5  # than the largest size that is trained at: a crop of a photo still fills it


class PhotoTask:
    """Part of `task.Task`."""

    kinds = "photos"

    def settings(self, source: Any) -> dict[str, Any]:
        """None: photos become as large as the schedule says."""
        return {}

    def keeping(
        self, info: "CheckpointInfo", schedule: Settings
    ) -> "Callable[[Image.Image], np.ndarray]":
        """Photos shrunk so that no short side is longer than training has use for."""
        how = info.sight
        at = [size for _, size in schedule.sizes]
        if not at:
            raise UserError(
                "the schedule has no sizes, and photos need one", fix=option("size", how.size)
            )
        return shrinking(round(LARGER * max(max(sides(size)) for size in at) / how.crop))


def shrinking(short_side: int) -> "Callable[[Image.Image], np.ndarray]":
    """A photo -> (H, W, 3) uint8, whose short side has no more pixels than that."""

    def kept(photo: "Image.Image") -> np.ndarray:
        shrink = short_side / min(photo.size)
        if shrink < 1:
            width, height = (max(1, round(side * shrink)) for side in photo.size)
            photo = photo.resize((width, height))
        return np.asarray(photo)

    return kept
