import pytest

from ghostnet_tf.base.terminal import shown


@pytest.mark.parametrize(
    "text", ["goldfish", "café", "猫", "नमस्ते", "كلب", "👩\u200d🔬", "a b", "~"]
)
def test_letters_of_every_language_stay(text):
    assert shown(text) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("99 %\n  cat", r"99 %\n  cat"),
        ("a\rb\tc\0", r"a\rb\tc\x00"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),
        ("a\u2028b\u2029\x85", r"a\u2028b\u2029\x85"),
        ("photo\u202egpj.exe", r"photo\u202egpj.exe"),
        ("\u2066\u2069\u200e\u061c", r"\u2066\u2069\u200e\u061c"),
        ("\udcff", r"\udcff"),
    ],
)
def test_what_steers_a_terminal_or_forges_a_line_is_escaped(text, escaped):
    assert shown(text) == escaped
