"""How faithful a file is to the model it comes from, in decibels, and how faithful it must be."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ghostnet_tf.base.errors import pick

Outputs = np.ndarray | Sequence[np.ndarray]  # (N, classes), or one array for every output


@dataclass(frozen=True)
class Gate:
    """What a recipe must reach before a file gets its name, in dB of signal over error power."""

    bundled_db: float  # of the GhostNet that comes with the package
    any_db: float  # of whatever else there is
    why: str


# Against the Keras model; behind each row what was measured. Bundled: the GhostNet at 96 px, on
# generated images and on photos. Any: seeded weights, the range over GhostNet 0.5x and 1.0x at 32
# to 224 px, then the least of any network (MobileNetV2 at 64 px; in static recipes the bundled
# MobileNetV3, which leaves its ranges on generated images: on photos it reaches 17 and 30 dB).
# Planted bugs reach 32 dB and are the float32 gate's to catch; int8 with wrong ranges (a quarter,
# eightfold) reaches 2.9.
# fmt: off
GATES = {                    # bundled  any                                   bundled | any, least
    "float32":               Gate(110, 90, "same arithmetic in another order"),  # 124 | 112-117, 99
    "float16":               Gate(44, 30, "kernels keep 11 bits"),               #  50 |  47-56, 36
    "weight_only_wi8_afp32": Gate(24, 8, "kernels keep 8 bits a channel"),       #  30 |  20-28, 11
    "dynamic_wi8_afp32":     Gate(24, 7, "kernels and 1x1 inputs keep 8 bits"),  #  30 |  18-26, 9
    "static_wi8_ai8":        Gate(15, 5, "kernels and activations keep 8 bits"), #  19 |  10-20, 6.6
    "static_wi8_ai8_int8io": Gate(15, 5, "kernels and activations keep 8 bits"), #  19 |  10-20, 6.6
    "static_wi8_ai16":       Gate(19, 6, "kernels keep 8 bits a channel"),       #  23 |  20-28, 7.4
}
# fmt: on


@dataclass(frozen=True)
class Parity:
    """One file against its original on the same images."""

    snr_db: float  # of the worst output, where there are several
    top1_same: int | None  # images with the same first class; None where outputs are no classes
    n: int  # images


def snr_db(reference: ArrayLike, value: ArrayLike) -> float:
    """10 log10(signal power / error power); infinite when equal, -infinite when anything is NaN."""
    a, b = np.asarray(reference, np.float64), np.asarray(value, np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return -math.inf
    return ratio_db(float(np.square(a).sum()), float(np.square(a - b).sum()))


def ratio_db(signal: float, error: float) -> float:
    """10 log10(signal / error), of powers or of their sums."""
    if error == 0:
        return math.inf
    return 10 * math.log10(signal / error) if signal else -math.inf


def parity(reference: Outputs, outputs: Outputs) -> Parity:
    """Compare what two models made of the same images."""
    pairs = list(zip(as_list(reference), as_list(outputs), strict=True))
    first, second = pairs[0]
    is_classes = len(pairs) == 1 and first.ndim == 2
    top1 = int((first.argmax(1) == second.argmax(1)).sum()) if is_classes else None
    return Parity(min(snr_db(a, b) for a, b in pairs), top1, len(first))


def as_list(outputs: Outputs) -> list[np.ndarray]:
    return [outputs] if isinstance(outputs, np.ndarray) else list(outputs)


def asked_db(recipe: str, is_bundled: bool = False) -> float:
    """The least agreement that a file of this recipe must have with its original."""
    gate = pick(recipe, GATES, "recipe")
    return gate.bundled_db if is_bundled else gate.any_db


def broken_gate(
    recipe: str, measured: Parity, original: str = "Keras", is_bundled: bool = False
) -> list[str]:
    """Empty, or why a file of this recipe is not faithful enough."""
    needed = asked_db(recipe, is_bundled)
    if measured.snr_db >= needed:
        return []
    return [
        f"the outputs agree to {measured.snr_db:.1f} dB with the {original} model; {recipe} needs "
        f"{needed:.0f} ({GATES[recipe].why})"
    ]
