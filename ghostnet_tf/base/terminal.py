"""Text that a file, a phone or a person gave, as a terminal may have it."""

import unicodedata

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
