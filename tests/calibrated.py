"""The ranges of one method without equalization: what a calibration without any care gives."""

import numpy as np

from export.calibrate import METHODS, digest, observe
from export.ranges import Ranges
from ghostnet_tf.base.errors import pick


def measure(float32: bytes, images: np.ndarray, method: str) -> Ranges:
    """`images`: (N, H, W, C) float32, normalised. `method`: a key of METHODS."""
    pick(method, METHODS, "method")
    seen = observe(float32, images)
    return Ranges(method, seen.spans(method), seen.extremes(), {}, len(images), digest(images))
