"""The yaml beside YOLO's labels: names of the classes, and where each split lies.

Of YAML what such files are made of, and nothing that could be anything else: no anchors, no tags,
no types (a class `no` is called "no"). What this cannot read is named with its line.
"""

import json
import re
from dataclasses import dataclass

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.schema import short

Value = str | list[str] | dict[str, str]
# Read once from the left: a key, and what stands behind its colon.
KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s:#'"\[\]{},][^:#]*):(?:\s+(.*))?$""")
NOTHING = ("null", "Null", "NULL", "~")
SPELLED = "names: [cat, dog]"


@dataclass(frozen=True)
class Setting:
    line: int
    value: Value


def settings(lines: list[str], wanted: set[str], title: str) -> dict[str, Setting]:
    """The settings of these names that stand at the left margin; all others are passed over.

    UserError that names the line for a wanted one that is neither text, nor a list of texts, nor
    texts by their keys. One that is left empty is an empty list.
    """
    found: dict[str, Setting] = {}
    i = 0
    while i < len(lines):
        text, at = _bare(lines[i]), i
        i += 1
        if not text.strip() or text.startswith((" ", "\t", "-", "%", "...")):
            continue  # of what stands above it, and that was not wanted
        match = KEY.match(text)
        key = _plain(match[1].rstrip(), title, at) if match else ""
        if match is None or key not in wanted:
            continue
        if key in found:
            raise _odd(title, at, f"{key!r} stands there a second time")
        rest = (match[2] or "").strip()
        if rest[:1] in ("[", "{"):
            pieces, depth = [rest], _depth(rest)
            while depth > 0:
                if i == len(lines):
                    raise _odd(title, at, f"what begins with {rest[0]} there has no end")
                pieces.append(_bare(lines[i]).strip())
                depth += _depth(pieces[-1])
                i += 1
            found[key] = Setting(at + 1, _inline(" ".join(pieces), title, at))
        elif rest and rest not in NOTHING:
            found[key] = Setting(at + 1, _plain(rest, title, at))
        else:
            below, i = _below(lines, i) if not rest else ([], i)
            found[key] = Setting(at + 1, _block(below, title))
    return found


def _depth(text: str) -> int:
    """How many brackets it leaves open."""
    return sum(text.count(c) for c in "[{") - sum(text.count(c) for c in "]}")


def _bare(line: str) -> str:
    """Without its comment, which begins with a # at the start or after a space."""
    quote = ""
    for i, c in enumerate(line):
        if quote:
            quote = "" if c == quote else quote
        elif c in "\"'" and (not i or line[i - 1] in " [{,:\t"):
            quote = c
        elif c == "#" and (not i or line[i - 1] in " \t"):
            return line[:i].rstrip()
    return line.rstrip()


def _below(lines: list[str], i: int) -> tuple[list[tuple[int, str]], int]:
    """(number, text) of the lines that belong to a key without a value, and where they end."""
    found = []
    while i < len(lines):
        text = _bare(lines[i])
        if text and not text.startswith((" ", "-")):
            break
        if text:
            found.append((i, text.strip()))
        i += 1
    return found, i


def _block(below: list[tuple[int, str]], title: str) -> Value:
    if not below:
        return []
    if below[0][1].startswith("-"):
        items = []
        for i, text in below:
            if text != "-" and not text.startswith("- "):
                raise _odd(title, i, f"{short(text)!r} is no item of the list")
            items.append(_plain(text[1:].strip(), title, i))
        return items
    found: dict[str, str] = {}
    for i, text in below:
        match = KEY.match(text)
        if match is None:
            raise _odd(title, i, f"{short(text)!r} is no name with its number")
        _put(
            found,
            _plain(match[1].rstrip(), title, i),
            _plain((match[2] or "").strip(), title, i),
            title,
            i,
        )
    return found


def _inline(text: str, title: str, at: int) -> Value:
    inside = text[1:].rstrip()
    if not inside.endswith("]" if text[0] == "[" else "}"):
        raise _odd(title, at, f"{short(text)!r} goes on after its end")
    parts = [part.strip() for part in _apart(inside[:-1])]
    if parts and not parts[-1]:
        parts.pop()  # a comma behind the last one
    if text[0] == "[":
        return [_plain(part, title, at) for part in parts]
    found: dict[str, str] = {}
    for part in parts:
        match = KEY.match(part)
        if match is None:
            raise _odd(title, at, f"{short(part)!r} is no name with its number")
        name = _plain((match[2] or "").strip(), title, at)
        _put(found, _plain(match[1].rstrip(), title, at), name, title, at)
    return found


def _apart(text: str) -> list[str]:
    """At the commas outside quotation marks."""
    parts, start, quote, is_begun = [], 0, "", False
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c == ",":
            parts.append(text[start:i])
            start, is_begun = i + 1, False
        else:
            quote = c if c in "\"'" and not is_begun else ""  # in a word it is an apostrophe
            is_begun = is_begun or c not in " 0123456789:"
    return [*parts, text[start:]]


def _put(found: dict[str, str], key: str, value: str, title: str, at: int) -> None:
    if key in found:
        raise _odd(title, at, f"{short(key)!r} stands there a second time")
    found[key] = value


def _plain(text: str, title: str, at: int) -> str:
    """A scalar as text: in quotation marks of either kind, or bare."""
    if text[:1] == "'":
        if len(text) > 1 and re.fullmatch(r"'(?:[^']|'')*'", text):
            return text[1:-1].replace("''", "'")
        raise _odd(title, at, f"{short(text)!r} is not closed")
    if text[:1] == '"':
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if isinstance(value, str):
            return value
        raise _odd(title, at, f"{short(text)!r} is not closed")
    if not text or text[0] in "&*!|>%@`[]{}":
        raise _odd(title, at, f"{short(text)!r} is more than a text")
    return text


def _odd(title: str, at: int, why: str) -> UserError:
    return UserError(f"line {at + 1} of {title} cannot be read: {why}", fix=f"write {SPELLED}")
