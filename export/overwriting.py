"""What an export would write over: nobody's file is replaced in silence."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import artifact_name, ghostop_path, read_record, record_path

if TYPE_CHECKING:
    from .network import Network


def refuse_other_weights(out: Path, network: "Network", recipes: Sequence[str]) -> None:
    """UserError if one of the names that are going to be written is of other weights' file.

    Weights that were exported before may be exported again. A Ghost-operator file of such a name
    would be left beside a plain file that is not its own, so it counts, too.
    """
    size = network.preprocessing.size
    for recipe in recipes:
        plain = out / artifact_name(network.name, network.weights, size, recipe)
        for path in (plain, ghostop_path(plain)):
            refuse_file_of_others(path, network.weights_sha256)


def refuse_copy_over_others(plain: Path, folder: Path) -> None:
    """The same for a finished file that is about to be copied into `folder`, as far as known."""
    into = folder / plain.name
    if into.absolute() != plain.absolute() and record_path(plain).exists():
        refuse_file_of_others(into, read_record(plain).weights_sha256)


def refuse_file_of_others(path: Path, weights_sha256: str) -> None:
    """One file; if it has no record, it cannot be told whose it is, and a note says so."""
    if not path.exists():
        return
    try:
        theirs = read_record(path)
    except UserError as error:
        print(f"note: {str(path)!r} is written over; {error}", file=sys.stderr)
        return
    if theirs.weights_sha256 != weights_sha256:
        raise UserError(
            f"{str(path)!r} is there already, made from other weights "
            f"({_short(theirs.weights_sha256)}, these are {_short(weights_sha256)})",
            fix="choose another folder, or replace it with --overwrite (Python: overwrite=True); "
            "nothing was written",
        )


def _short(sha256: str) -> str:
    return f"SHA-256 {sha256[:12]}" if sha256 else "random ones"
