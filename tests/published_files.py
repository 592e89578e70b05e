"""What files of published GhostNets hold: seeded tensors under their names, in their layouts."""

from collections.abc import Mapping
from functools import cache
from math import prod

import keras
import numpy as np

from ghostnet_tf.nets import zoo
from ghostnet_tf.weights import dialects, translate
from tests.seeded_tensors import tensor, uniform

Tensors = dict[str, np.ndarray]
NAMINGS = {
    "official": dialects.OFFICIAL,
    "early": dialects.EARLY,
    "paddle": dialects.PADDLE,
    "tensorflow": dialects.TENSORFLOW,
}


@cache
def network(model: str, pad_mode: str = "symmetric") -> keras.Model:
    """Every test loads its own weights into it."""
    return zoo.parse_model(model).build(pad_mode=pad_mode)


@cache
def shapes(model: str) -> Mapping[str, tuple[int, ...]]:
    return {v.path: tuple(v.shape) for v in network(model).weights}


def file_of(kind: str, model: str) -> Tensors:
    """Seeded tensors under the names, and in the layouts, of such a file."""
    naming, tensors = NAMINGS[kind], {}
    for place in translate.places(naming, shapes(model)):
        sides = zip(naming.axes[place.kind], place.in_file, strict=False)
        fan_in = prod(side for axis, side in sides if axis in "IHW")
        tensors[place.name] = tensor(place.name, place.in_file, fan_in)
        if kind != "official" and "se/expand/" in place.path:
            # what reaches the gates lies around the whole of what they let through, and beyond
            wide = place.path.endswith("kernel")
            low, high = (-0.03, 0.03) if wide else (-0.3, 1.3)
            tensors[place.name] = uniform(place.name, place.in_file, low, high)
    return tensors
