"""Others' text in Markdown, read as CommonMark reads it."""

import re

import pytest

from ghostnet_tf.base.markup import inline, paragraph, row
from tests.hostile import is_active


@pytest.mark.parametrize(
    "text",
    [
        "ghostnet_100 static_wi8_ai8",
        "-3.4 % (99 % interval -4 to -2)",
        "a -> b",
        "AT&T",
        "use `a_*`",
    ],
)
def test_our_own_sentences_stay_as_they_are(text):
    assert inline(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "a & b &lt;b&gt; &#60;",
        "[click](javascript:alert(1))",
        "![](http://a/b.png)",
        "*a* **b** _c_ __d__ ~~e~~",
        r"\<b> \\<b>",
        "`a`` <b> `",
        "`a `` `<b>`",
        "``<b>``",
        "` <b>",
        "```\n<b>",
        "a\n\n<b>",
    ],
)
def test_nothing_of_others_is_markdown_or_html(text):
    assert is_active(text)  # or this test would show nothing
    assert not is_active(inline(text)) and "\n" not in inline(text)


@pytest.mark.parametrize("text", ["# a", "> a", "- a", "+ a", "1. a", "12) a", "---", "===", "~~~"])
def test_a_line_begins_no_block(text):
    assert re.match(r"[#>+=~-]|\d+[.)]", text)
    assert not re.match(r"[#>+=~-]|\d+[.)]", paragraph(text))


def test_a_number_begins_no_block():
    assert paragraph("2.5 times") == "2.5 times"


def test_a_bar_ends_no_cell():
    assert row(map(inline, ["a|b", "`c|d`"])) == "| a/b | `c/d` |"


def test_control_characters_are_escaped_and_their_backslash_is_one():
    assert inline("a\x1b[2Jb\u202e") == r"a\\x1b\[2Jb\\u202e"
