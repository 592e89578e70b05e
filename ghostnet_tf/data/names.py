"""Names of folders and classes, as people compare them and as a line of text can hold them."""

import os
import unicodedata

LINE_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # what some reader of text ends a line at


def same(name: str) -> str:
    """The one spelling of a name: macOS writes an e and its accent as two letters, others as one.

    same("cafe\\u0301") == same("caf\\u00e9")
    """
    return unicodedata.normalize("NFC", name)


def of_file(name: str) -> str:
    """A file's name as text. Names are UTF-8 in spite of the locale; other bytes stay escaped."""
    try:
        return same(os.fsencode(name).decode())
    except UnicodeDecodeError:
        return name


def unwritable(name: str) -> str:
    """Why a name cannot be a line of a UTF-8 file, which is where labels go; "" where it can."""
    if not name:
        return "it is empty"
    if broken := [c for c in name if c in LINE_BREAKS]:
        return f"U+{ord(broken[0]):04X} in it ends a line, and labels are written one a line"
    try:
        name.encode()
    except UnicodeEncodeError:
        return "its bytes are not UTF-8"
    return ""
