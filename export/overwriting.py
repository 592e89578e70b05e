"""What an export would write over: nobody's file is replaced in silence."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.record import (
    artifact_name,
    ghostop_path,
    postprocess_path,
    read_record,
    record_path,
)
from ghostnet_tf.base.terminal import note

from .contract import some
from .recipes import RECIPES, is_finetuned

if TYPE_CHECKING:
    from .network import Network

REPLACE_FIX = (
    f"choose another folder, or replace it with {option('overwrite', True)}; nothing was written"
)


def refuse_other_weights(out: Path, network: "Network", recipes: Sequence[str]) -> None:
    """UserError if a file in `out` is called after this network and these weights and is of others.

    Weights that were exported before may be exported again. A file of another recipe counts, too:
    it would stand among the new ones, and be compared with them, as if it were of the same weights.
    """
    for recipe, path in namesakes(out, network):
        if recipe in recipes or is_of_others(path, network):
            refuse_file_of_others(path, network.weights_sha256)


def refuse_other_settings(
    out: Path, network: "Network", recipes: Sequence[str], layers: tuple[str, ...], qat: int
) -> None:
    """UserError if a static file of these names keeps other layers in float32 than `layers`, or was
    fine-tuned for another number of steps than `qat`, or a segmenter's has another stride.

    The name does not say so, as it says nothing of photos or ranges: the record does. So two such
    files stand in two folders, and are compared there.
    """
    for recipe, path in namesakes(out, network):
        if recipe not in recipes:
            continue
        try:
            record = read_record(path)
        except UserError:
            continue
        if record.masks and record.masks.stride != network.mask_stride:
            raise UserError(
                f"{str(path)!r} is there already, and gives logits at another stride than asked "
                f"for: {record.masks.stride}, not {network.mask_stride}",
                fix=REPLACE_FIX,
            )
        if RECIPES[recipe].how != "static":
            continue
        steps = record.finetuned.steps if record.finetuned else 0
        if is_finetuned(recipe) and steps != qat:
            told = [f"in {n} steps" if n else "not at all" for n in (steps, qat)]
            raise UserError(
                f"{str(path)!r} is there already, and fine-tuned otherwise than asked for: "
                f"{told[0]}, asked: {told[1]}",
                fix=REPLACE_FIX,
            )
        theirs = record.kept_float.layers if record.kept_float else ()
        if theirs != layers:
            told = [some(of) if of else "none" for of in (theirs, layers)]
            raise UserError(
                f"{str(path)!r} is there already, and keeps other layers in float32 than asked "
                f"for: {told[0]}, not {told[1]}",
                fix=REPLACE_FIX,
            )


def note_what_stays(out: Path, network: "Network", recipes: Sequence[str]) -> None:
    """After other weights' files were replaced: those of them that still have such a name."""
    for recipe, path in namesakes(out, network):
        if recipe not in recipes and is_of_others(path, network):
            note(f"note: {str(path)!r} stays, and is of other weights")


def namesakes(out: Path, network: "Network") -> list[tuple[str, Path]]:
    """(recipe, file) of all that is called after this network and these weights, at this size."""
    size = network.preprocessing.size if network.preprocessing else None
    plain = [(r, out / artifact_name(network.name, network.weights, size, r)) for r in RECIPES]
    beside = (lambda p: p, ghostop_path, postprocess_path)
    every = [(recipe, of(path)) for recipe, path in plain for of in beside]
    return [(recipe, path) for recipe, path in every if path.exists()]


def is_of_others(path: Path, network: "Network") -> bool:
    """As far as its record says; False where there is none."""
    try:
        return read_record(path).weights_sha256 != network.weights_sha256
    except UserError:
        return False


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
        note(f"note: {str(path)!r} is written over; {error}")
        return
    if theirs.weights_sha256 != weights_sha256:
        raise UserError(
            f"{str(path)!r} is there already, made from other weights "
            f"({_short(theirs.weights_sha256)}, these are {_short(weights_sha256)})",
            fix=REPLACE_FIX,
        )


def _short(sha256: str) -> str:
    return f"SHA-256 {sha256[:12]}" if sha256 else "random ones"
