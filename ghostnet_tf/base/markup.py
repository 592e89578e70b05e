"""Others' text inside Markdown, as GitHub reads it: it stays text."""

import re
from collections.abc import Iterable

from ghostnet_tf.base.terminal import shown

CODE = re.compile(r"(`[^`]*`)")
# What begins a tag, a character reference, a link or an emphasis; "_" only at the edge of a word,
# so that the names of networks stay as they are.
ACTIVE = re.compile(r"[\\<\[\]*]|&(?=#?\w+;)|~~|(?<![^\W_])_|_(?![^\W_])")
# What makes a list, a heading, a quotation or a rule where it begins a line.
OF_A_BLOCK = re.compile(r"^()([#>+=~-])|^(\d+)([.)])(?=\s|$)")


def inline(text: str) -> str:
    """`text` on one line, for a cell, a heading or a sentence; nothing in it is Markdown or HTML.

    What stands between two backticks stays code, as in our own sentences; where backticks do not
    pair, they are characters like others. A bar becomes "/", in code and out of it.
    """
    text = shown(" ".join(text.split())).replace("|", "/")
    if "``" in text or text.count("`") % 2:
        return _escaped(text).replace("`", r"\`")
    return "".join(s if CODE.fullmatch(s) else _escaped(s) for s in CODE.split(text))


def paragraph(text: str) -> str:
    """The same as a line of its own, or as an item of a list."""
    return OF_A_BLOCK.sub(r"\1\3\\\2\4", inline(text))


def row(cells: Iterable[str]) -> str:
    """A line of a table, of cells that are `inline` already."""
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return ACTIVE.sub(lambda found: "&lt;" if found[0] == "<" else "\\" + found[0], text)
