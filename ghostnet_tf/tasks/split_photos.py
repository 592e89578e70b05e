"""Photos with boxes or masks, as a run takes them, out of one or two splits of a place."""

from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256
from ghostnet_tf.data.places import Place
from ghostnet_tf.data.skipped import Skips

TRAIN, HELD_OUT = "train", "val"  # splits, whatever people call them


class Part(Protocol):
    """Photos of one split, with what is true of them."""

    names: list[str]
    source: Place
    skipped: Skips

    def __len__(self) -> int: ...

    def readable(self, index: int) -> Any: ...  # None: it was skipped, and that was noted


P = TypeVar("P", bound=Part)


class SplitPhotos(Generic[P]):
    """The photos of a place; of one that tells splits apart those to train on, then to hold out.

    What else such a place has, a test split above all, is left alone.
    """

    def __init__(self, parts: list[P]):
        self.parts, self.source, self.skipped = parts, parts[0].source, parts[0].skipped
        self.names = [name for part in parts for name in part.names]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def n_train(self) -> int | None:
        """How many of the first photos are to train on; None where nobody has split them."""
        return len(self.parts[0]) if len(self.parts) > 1 else None

    def usable(self, index: int, what: str = "") -> Any:
        """What its part reads of a photo; UserError for one that cannot be used: it was noted."""
        part, i = self.parts[0], index
        if index >= len(part):
            part, i = self.parts[1], index - len(part)
        found = part.readable(i)
        if found is None:
            raise UserError(f"photo {self.names[index]!r}{what} cannot be used")
        return found

    def digest(self, index: int) -> str:
        return sha256(self.source.read(self.names[index]))

    def skip(self, index: int, why: str) -> None:
        """Nothing: `usable` has noted it, with a better reason."""


def to_learn_from(splits: Iterable[str]) -> list[str | None]:
    """Those to train on and to hold out; all photos where these are not told apart."""
    return [TRAIN, HELD_OUT] if {TRAIN, HELD_OUT} <= {*splits} else [None]
