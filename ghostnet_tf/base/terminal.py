"""All that our commands print: line by line, and no character of others' text steers a terminal.

Text that a file, a phone or a person gave may hold control characters. Nobody else calls `print`
or rich, so none of it is forgotten; `tests/test_architecture.py` looks after that.
"""

import json
import sys
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import TextIO

# Control characters, halves of a character, and what ends a line or a paragraph.
UNSAFE = {"Cc", "Cs", "Zl", "Zp"}
# What turns the direction of the text that follows: a name could look like another one.
BIDI = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
BIDI_MARKS = "\u061c\u200e\u200f"


def shown(text: object) -> str:
    """`text` on one line, without a character that could steer a terminal or forge a line.

    Such a character is written as Python writes it, "\\x1b". Letters of every language stay.
    """
    return "".join(_escaped(c) if _is_unsafe(c) else c for c in str(text))


def _is_unsafe(c: str) -> bool:
    if " " <= c <= "~":
        return False
    return (
        unicodedata.category(c) in UNSAFE or unicodedata.bidirectional(c) in BIDI or c in BIDI_MARKS
    )


def _escaped(c: str) -> str:
    return c.encode("unicode_escape").decode("ascii")


def out(*lines: object) -> None:
    """Results, on stdout. Each of `lines` is one line there, whatever is in it."""
    _write(lines, sys.stdout)


def note(*lines: object, file: TextIO | None = None) -> None:
    """Whatever is said beside the results, on stderr (or `file`), line by line as well."""
    _write(lines, file or sys.stderr)


def document(content: object) -> None:
    """One JSON document on stdout, in ASCII: JSON escapes all else."""
    _write(json.dumps(content, indent=1).split("\n"), sys.stdout)


def _write(lines: Iterable[object], file: TextIO) -> None:
    """Each on its line and at once: no lines, no empty one."""
    print("".join(f"{shown(line)}\n" for line in lines), end="", file=file, flush=True)


def table(
    heads: Sequence[str | tuple[str, ...]],
    rows: Iterable[Sequence[str]],
    *,
    right: Collection[int] = (),
    wraps: Collection[int] = (),
    bold: Collection[int] = (),
    title: str = "",
    is_framed: bool = False,
    min_width: int = 0,
) -> None:
    """A table on stdout. A head may have several lines; a cell has one, unless it must wrap.

    `right`: the columns of numbers. `wraps`: those that take several lines where the terminal is
    narrow. `bold`: numbers of rows. `min_width`: characters, also where the terminal has fewer.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text  # and no markup: "[red]" may be in a name

    made = Table(
        title=Text(shown(title)) if title else None,
        box=box.HEAVY_HEAD if is_framed else None,
        pad_edge=is_framed,
        collapse_padding=not is_framed,
        header_style="bold",
    )
    for i, head in enumerate(heads):
        lines = (head,) if isinstance(head, str) else head
        made.add_column(
            Text("\n".join(map(shown, lines))),
            justify="right" if i in right else "left",
            no_wrap=i not in wraps,
        )
    for i, row in enumerate(rows):
        made.add_row(*(Text(shown(cell)) for cell in row), style="bold" if i in bold else "")
    console = Console(highlight=False)
    console.width = max(console.width, min_width)
    console.print(made)
