"""The lines of a text file that a person wrote, in whatever encoding an editor left it."""

import codecs
import re
from pathlib import Path

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.data.names import same

MAX_BYTES = 10_000_000  # a hundred thousand long names; beyond it is some other file
# Longest first: UTF-32's mark begins with UTF-16's.
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
WINDOWS = "cp1252"  # what a Western Windows calls ANSI; no other is told apart from it


def lines(path: str | Path) -> list[str]:
    """Its lines without their ends (LF, CRLF or CR), in NFC; without a mark of order (BOM).

    UserError for what is not Unicode, which names the byte and what it would be on Windows.
    """
    title = f"the labels {str(path)!r}"
    try:
        with user_path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UserError(f"{title} cannot be read: {error.strerror}") from None
    return lines_of(data, title)


def lines_of(data: bytes, title: str) -> list[str]:
    """The same of bytes; `title` is a plural, "the lines of 'a.txt'"."""
    if len(data) > MAX_BYTES:
        raise UserError(f"{title} are larger than {MAX_BYTES:,} bytes", fix="one class per line")
    text = re.sub("\r\n?", "\n", same(_text(data, title)))
    return text.removesuffix("\n").split("\n") if text else []


def _text(data: bytes, title: str) -> str:
    mark = next((mark for mark in MARKS if data.startswith(mark)), b"")
    encoding = MARKS.get(mark) or _encoding_without_mark(data)
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise UserError(
                f"{title} are not in UTF-8: they begin as {encoding.upper()} and are not in that",
                fix="is it a file of text? save it as UTF-8",
            ) from None
        raise UserError(
            f"{title} are not in UTF-8: {_odd_byte(data, error.start)}",
            fix=f"save the file as UTF-8; from {WINDOWS}: iconv -f {WINDOWS} -t utf-8 OLD > NEW",
        ) from None
    if "\0" in text:
        raise UserError(f"{title} are no text: zero bytes stand in them", fix="save it as UTF-8")
    return text


def _encoding_without_mark(data: bytes) -> str:
    """UTF-16 shows by the zero bytes of its ASCII letters, every second one; else UTF-8."""
    odd, even = data[1::2].count(0), data[::2].count(0)
    if max(odd, even) * 4 < len(data) or min(odd, even):
        return "utf-8"
    return "utf-16-le" if odd else "utf-16-be"


def _odd_byte(data: bytes, at: int) -> str:
    line = data[:at].count(b"\n") + 1
    byte = data[at : at + 1]
    said = f"line {line} holds byte 0x{byte.hex().upper()}"
    would_be = byte.decode(WINDOWS, errors="ignore")
    return f"{said}, which is {would_be!r} in {WINDOWS}" if would_be else said
