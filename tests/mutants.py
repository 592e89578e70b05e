"""Damaged `.tflite` files, drawn from a seed: the same ones everywhere."""

import random
import struct
from collections.abc import Callable

# How a byte, a number or an offset of a flatbuffer can be wrong.
HUGE = (0x7FFFFFFF, 0xFFFFFFFF, 0x40000000, 0x00FFFFFF, 0)
ODD_FLOATS = (0.0, -1.0, 1e-30, 1e-10, 1e30, float("inf"), float("nan"))


def flipped(data: bytearray, dice: random.Random) -> None:
    """Up to eight bits, anywhere."""
    for _ in range(dice.randint(1, 8)):
        data[dice.randrange(8, len(data))] ^= 1 << dice.randrange(8)


def truncated(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(8, len(data)) :]


def enlarged(data: bytearray, dice: random.Random) -> None:
    """One number, such as the length of a vector, is huge or zero."""
    place = dice.randrange(2, len(data) // 4) * 4
    data[place : place + 4] = struct.pack("<I", dice.choice(HUGE))


def swapped(data: bytearray, dice: random.Random) -> None:
    """Two numbers, such as offsets or indices, in each other's place."""
    a, b = (dice.randrange(2, len(data) // 4) * 4 for _ in range(2))
    data[a : a + 4], data[b : b + 4] = data[b : b + 4], data[a : a + 4]


def rescaled(data: bytearray, dice: random.Random) -> None:
    """Some of the numbers that can be scales of quantization are another."""
    for _ in range(dice.randint(1, 4)):
        place = dice.choice(small_floats(data))
        data[place : place + 4] = struct.pack("<f", dice.choice(ODD_FLOATS))


def small_floats(data: bytearray) -> list[int]:
    """Where a float32 of 1e-6 to 1 lies: a scale, or a weight."""
    n = len(data) // 4
    values = struct.unpack(f"<{n}f", data[: 4 * n])
    return [4 * i for i, value in enumerate(values) if i > 1 and 1e-6 < value < 1] or [8]


HARMS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flipped, truncated, enlarged, swapped, rescaled,
)  # fmt: skip


def mutant(data: bytes, seed: int) -> bytes:
    """`data` with one or two kinds of damage; the first eight bytes still say `.tflite`."""
    dice = random.Random(seed)  # noqa: S311
    harmed = bytearray(data)
    for harm in dice.sample(HARMS, dice.randint(1, 2)):
        if len(harmed) > 64:
            harm(harmed, dice)
    return bytes(harmed)
