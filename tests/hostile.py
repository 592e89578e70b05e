"""Text as somebody may put it into a file, a name of a file, or a phone: to steer a terminal."""

import re
import unicodedata
from collections.abc import Callable

import pytest

from ghostnet_tf.base import errors
from ghostnet_tf.base.terminal import BIDI, BIDI_MARKS

# A formula, the title of the window, the screen, a line that is not ours, another direction, and
# markup of rich, of Markdown and of HTML.
FORGED = "   99.9%  forged"
TEXT = f"_$\\x$a\x1b]0;b\x07\x9b2J\x7f\n{FORGED}\r\u202e\u2066\u2028\x85[red][/b]|<b>`x"
NAME = TEXT.replace("/", "")  # of a file
OPTION = "--" + TEXT.replace(" ", "")  # with a space it would be none


def steers(printed: str) -> list[str]:
    """The characters of `printed` that a terminal would obey, besides the ends of our own lines."""
    return [
        c
        for c in printed
        if c != "\n"
        and (
            unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")
            or unicodedata.bidirectional(c) in BIDI
            or c in BIDI_MARKS
        )
    ]


# A backslash takes the meaning from the character after it; code has no meaning but its end.
ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")


def is_active(markdown: str) -> bool:
    """Whether a tag, a character reference, a link, code or an emphasis begins in this line."""
    text = ESCAPED.sub("", markdown).replace("&lt;", "")
    text = re.sub(r"(?<!`)`[^`]+`(?!`)", "", text)
    return re.search(r"<|&#?\w|\[|\]|\*|`|~~|(?<![^\W_])_|_(?![^\W_])", text) is not None


def printed_by(command: Callable[[], int | None], capsys: pytest.CaptureFixture) -> str:
    """All that it prints, as a program would; which is in order, and has the hostile text in it."""
    capsys.readouterr()
    with pytest.raises(SystemExit):
        errors.run(command)
    captured = capsys.readouterr()
    for printed in captured:
        assert not steers(printed)
        assert not any(line.startswith(FORGED) for line in printed.split("\n"))
    return captured.out + captured.err
