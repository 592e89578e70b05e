"""How faithful a file is to the model it comes from, and how faithful it must be.

In decibels; where a network gives classes or yes and no itself, in the share that is equal.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ghostnet_tf.base.errors import pick
from ghostnet_tf.base.record import MAX_PARITY_DB
from ghostnet_tf.data.samples import Images

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
# The share of the integers that must be equal, of the worst output; behind each the least that was
# measured of 30 ArgMax (over pixels of 2 to 21 classes, and images of 5 and 100; random weights, 32
# generated images). Int8 with a quarter of its ranges reaches .18 or less from 21 classes on.
EQUAL = {
    "float32": 0.999,  # 1
    "float16": 0.99,  # 1
    "weight_only_wi8_afp32": 0.9,  # .979
    "dynamic_wi8_afp32": 0.9,  # .980
    "static_wi8_ai8": 0.9,  # .971
    "static_wi8_ai8_int8io": 0.9,  # .971
    "static_wi8_ai16": 0.9,  # .978
}


# A network may multiply the rounding of float32 itself: a GhostNet with fresh weights has gates
# that get 1e5 where 3 is all they tell apart, and Keras is then as far from its sums in float64
# (73 dB) as from its file (72). So where a float32 file misses its gate, the last bit of every
# pixel is changed in the original, and the file may differ by MARGIN_DB more than the original
# does then. Measured (file; original): bundled 126; 132, seeded GhostNet 115; 115, seeded
# MobileNetV2 99.5; 99.5, fresh GhostNets 72.3; 74.6, 72.7; 83.4, 83; 84, 106; 115, 114; 101. Bugs
# planted in those reach 26, and LEAST_DB is always asked. From 110 dB on, nothing is asked less.
LAST_BIT = 2.0**-23
MARGIN_DB, LEAST_DB = 20.0, 50.0


@dataclass(frozen=True)
class Parity:
    """One file against its original on the same images."""

    snr_db: float | None  # of the worst output, where there are several; None: none is measured so
    top1_same: int | None  # images with the same first class; None where outputs are no classes
    n: int  # images
    equal: float | None = None  # share of the integers, of the worst output; None: there are none


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


def bounded_db(db: float) -> float:
    """As JSON can have it."""
    return min(max(db, -MAX_PARITY_DB), MAX_PARITY_DB)


def parity(reference: Outputs, outputs: Outputs) -> Parity:
    """Compare what two models made of the same images."""
    pairs = list(zip(as_list(reference), as_list(outputs), strict=True))
    counted = [(a, b) for a, b in pairs if is_counted(a)]
    decibels = [snr_db(a, b) for a, b in pairs if not is_counted(a)]
    first, second = pairs[0]
    is_classes = len(pairs) == 1 and first.ndim == 2 and not counted
    top1 = int((first.argmax(1) == second.argmax(1)).sum()) if is_classes else None
    return Parity(
        min(decibels, default=None),
        top1,
        len(first),
        min((equal_share(a, b) for a, b in counted), default=None),
    )


def is_counted(values: np.ndarray) -> bool:
    """Whether these are classes, places or yes and no, which are equal or are not."""
    return values.dtype.kind in "iub"


def equal_share(reference: np.ndarray, value: np.ndarray) -> float:
    """From 0 to 1; of values without a place (), too."""
    return float(np.mean(reference == value))


def likeness(reference: np.ndarray, value: np.ndarray) -> float:
    """The larger, the more alike: in dB, or as a share where integers are compared."""
    compare = equal_share if is_counted(reference) else snr_db
    return compare(reference, value)


def as_list(outputs: Outputs) -> list[np.ndarray]:
    return [outputs] if isinstance(outputs, np.ndarray) else list(outputs)


def asked_db(recipe: str, is_bundled: bool = False) -> float:
    """The least agreement that a file of this recipe must have with its original."""
    gate = pick(recipe, GATES, "recipe")
    return gate.bundled_db if is_bundled else gate.any_db


def unsteady_db(run: Callable[[Any], Outputs], images: Images) -> float | None:
    """How far a network agrees with itself on images or samples whose last bits differ.

    None: no decibels, or nothing but integers goes in, which have no such bits.
    """
    rng = np.random.default_rng(0)
    if isinstance(images, np.ndarray):
        return parity(run(images), run(_moved(images, rng))).snr_db
    rows = [(row,) if isinstance(row, np.ndarray) else row for row in images]
    if not any(values.dtype.kind == "f" for values in rows[0]):
        return None
    moved = [tuple(_moved(values, rng) for values in row) for row in rows]
    return parity(run(rows), run(moved)).snr_db


def _moved(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if values.dtype.kind != "f":
        return values
    signs = rng.choice([-LAST_BIT, LAST_BIT], values.shape)
    return (values.astype(np.float64) * (1 + signs)).astype(values.dtype)


def asked_of_unsteady(asked: float, unsteady: float | None) -> float:
    """What is asked of the float32 file of a network that agrees with itself so far."""
    return asked if unsteady is None else min(asked, max(unsteady - MARGIN_DB, LEAST_DB))


def broken_gate(
    recipe: str,
    measured: Parity,
    original: str = "Keras",
    is_bundled: bool = False,
    asked: float | None = None,
) -> list[str]:
    """Empty, or why a file of this recipe is not faithful enough; `asked`: in place of its gate."""
    needed, why = asked_db(recipe, is_bundled) if asked is None else asked, GATES[recipe].why
    broken = []
    if measured.snr_db is not None and not measured.snr_db >= needed:
        broken.append(
            f"the outputs agree to {measured.snr_db:.1f} dB with the {original} model; {recipe} "
            f"needs {needed:.0f} ({why})"
        )
    if measured.equal is not None and measured.equal < EQUAL[recipe]:
        broken.append(
            f"{measured.equal:.2%} of the integers are those of the {original} model; {recipe} "
            f"needs {EQUAL[recipe]:.1%} ({why})"
        )
    return broken
