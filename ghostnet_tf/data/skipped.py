"""What a command left out: one bad item among many ends nothing, and none goes unsaid."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.terminal import note

NAMED = 10  # so many are named on stderr; all of them are counted, and named in --json
# Of what was asked for. What is learned or measured on less than half is about something else.
MAX_SHARE = 0.5


@dataclass(frozen=True)
class Skipped:
    """One item that was left out."""

    name: str  # and where it lies: no other item has it
    why: str  # a sentence that names it
    fix: str = ""


class Skips:
    """What one command has left out so far, each item once, in the order of finding."""

    def __init__(self):
        self._found: dict[str, Skipped] = {}
        self._lock = threading.Lock()  # photos are decoded by many hands

    def note(self, name: str, why: str, fix: str = "") -> None:
        """Leave an item out; the first ones are named on stderr at once."""
        with self._lock:
            if name in self._found:
                return
            self._found[name] = Skipped(name, why, fix)
            n = len(self._found)
        if n <= NAMED:
            note(f"skipped: {why}")

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Skipped]:
        return iter(tuple(self._found.values()))

    def as_json(self) -> dict[str, Any]:
        """The two keys that every command's document has."""
        return {"skipped": len(self), "unreadable": [one.why for one in self]}


def say_count(bad: int, asked: int, items: str = "photos") -> None:
    """The end of a stage on stderr: how many of the items that it asked for were left out."""
    if bad:
        note(f"skipped {bad} of {asked} {items} that cannot be read")


def refuse_too_many(bad: int, asked: int, why: str, items: str = "photos") -> None:
    """UserError once more of the items that were asked for are bad than may be."""
    if bad > MAX_SHARE * asked:
        raise UserError(
            f"{bad} of {asked} {items} cannot be used, and {MAX_SHARE:.0%} may be skipped; {why}",
            fix=f"repair or remove those that cannot be read, or give other {items}",
        )
