"""Masks: of every pixel of a photo the number of its class, and the file that says what these are.

    0<TAB>Sky<TAB>128 128 128
    1<TAB>Building<TAB>128 0 0
    11<TAB>ignored

A line a class, with tabs: its number in the masks, its name, and its colour if it shall have one. A
number whose name is `ignored` is of no class, as 255 is without saying. Where no line has a number,
they are numbered from 0 on. Lines with `#` are passed over.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.schema import short
from ghostnet_tf.data import label_file
from ghostnet_tf.data.annotations import class_names
from ghostnet_tf.data.class_colours import Colour, colour
from ghostnet_tf.data.photo import open_numbers

IGNORED = 255  # in every mask that is handed on: a pixel that teaches nothing and is not scored
LARGEST = 65_535  # in a PNG
NO_CLASS = "ignored"
HOW = "a line a class: its number, its name and its colour (red green blue), with tabs between"


@dataclass(frozen=True)
class MaskClasses:
    """What the numbers in masks mean: from 0 on the classes, and those that mean none."""

    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    ignored: frozenset[int] = frozenset((IGNORED,))

    def __post_init__(self):
        if not 0 < len(self.names) <= IGNORED:
            raise UserError(f"{len(self.names)} classes cannot be told apart in a mask: 1 to 255")
        if odd := sorted(n for n in self.ignored if not 0 <= n <= LARGEST):
            raise UserError(f"no mask has the number {odd[0]}: 0 to {LARGEST}")
        if both := sorted(self.ignored & {*range(len(self.names))}):
            raise UserError(
                f"{both[0]} is the number of class {self.names[both[0]]!r}, and to be ignored",
                fix="give it one meaning",
            )

    @classmethod
    def of(cls, names: Sequence[str], ignored: Iterable[int] = ()) -> Self:
        """Of these names, in colours of ours."""
        colours = tuple(colour(i) for i in range(len(names)))
        return cls(tuple(names), colours, frozenset((IGNORED, *ignored)))

    @classmethod
    def read(cls, path: str | Path) -> Self:
        return cls.parsed(label_file.lines(path), repr(str(path)))

    @classmethod
    def parsed(cls, lines: Sequence[str], title: str) -> Self:
        """From the lines of a class file; UserError that names the line."""
        told = [(i, line) for i, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
        if not any(re.match(r"\s*\d+\s*\t", line, re.ASCII) for _, line in told):
            told = [(i, f"{number}\t{line}") for number, (i, line) in enumerate(told)]
        rows = [_row(line, f"line {i} of {title}") for i, line in told]
        named: dict[int, tuple[str, Colour | None]] = {}
        ignored = {IGNORED}
        for where, number, name, paint in rows:
            if number in named or (name == NO_CLASS and number in ignored - {IGNORED}):
                raise UserError(f"{where} gives {number} a second meaning", fix=HOW)
            if name == NO_CLASS:
                ignored.add(number)
            else:
                named[number] = name, paint
        if lacking := sorted({*range(len(named))} - {*named}):
            raise UserError(
                f"{title} has {len(named)} classes, and none with the number {lacking[0]}",
                fix="number the classes from 0 on without a gap; what is none is called ignored",
            )
        names = class_names((named[i][0] for i in range(len(named))), title)
        colours = tuple(named[i][1] or colour(i) for i in range(len(named)))
        return cls(names, colours, frozenset(ignored))

    def ignoring(self, numbers: Iterable[int]) -> Self:
        return replace(self, ignored=self.ignored | {*numbers})

    def lines(self) -> list[str]:
        """As a class file."""
        rows = zip(self.names, self.colours, strict=True)
        classes = [f"{i}\t{name}\t{' '.join(map(str, c))}" for i, (name, c) in enumerate(rows)]
        return classes + [f"{n}\t{NO_CLASS}" for n in sorted(self.ignored - {IGNORED})]

    def mask(self, data: bytes, name: str) -> np.ndarray:
        """A mask's PNG -> (H, W) uint8 of classes, `IGNORED` where there is none.

        UserError for a number that means nothing, which names it and where it stands.
        """
        numbers = open_numbers(data, name)
        meaning = np.full(LARGEST + 1, -1)
        meaning[: len(self.names)] = np.arange(len(self.names))
        meaning[list(self.ignored)] = IGNORED
        mask = meaning[numbers]
        if (mask < 0).any():
            row, column = np.argwhere(mask < 0)[0].tolist()
            others = ", ".join(map(str, sorted(self.ignored)))
            raise UserError(
                f"mask {name!r} has {numbers[row, column]} at column {column}, row {row}: classes "
                f"are 0 to {len(self.names) - 1}, and ignored is {others}",
                fix=f"name it in the class file, or ignore it: {option('ignore', 'N')}",
            )
        return mask.astype(np.uint8)


def _row(line: str, where: str) -> tuple[str, int, str, Colour | None]:
    """(where, number, name, colour) of a line of a class file."""
    number, _, rest = line.partition("\t")
    name, _, paint = rest.partition("\t")
    if not re.fullmatch(r"\d{1,5}", number.strip(), re.ASCII) or not name.strip():
        raise UserError(f"{where} is {short(line)!r}: no number and name of a class", fix=HOW)
    if int(number) > LARGEST:
        raise UserError(f"{where}: no mask has the number {number}", fix=HOW)
    found = re.findall(r"\d+", paint, re.ASCII)
    is_colour = re.fullmatch(r"[\d\s,]*", paint, re.ASCII) and len(found) in (0, 3)
    if not is_colour or any(len(f) > 3 or int(f) > 255 for f in found):
        raise UserError(f"{where} has the colour {short(paint)!r}", fix="three numbers up to 255")
    r, g, b = map(int, found or (0, 0, 0))
    return where, int(number), name.strip(), (r, g, b) if found else None
