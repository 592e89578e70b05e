"""A file of other people's weights, whatever wrote it: its tensors by name, and their dialect."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.weights import tf1, torch_file, unpickle
from ghostnet_tf.weights.dialects import NAMINGS, recognise
from ghostnet_tf.weights.limits import check_names
from ghostnet_tf.weights.translate import Foreign

TORCH_SUFFIXES = (".pth", ".pt", ".bin", ".pth.tar")
PADDLE_SUFFIX = ".pdparams"
SUFFIXES = (*TORCH_SUFFIXES, PADDLE_SUFFIX)
SHOWN = 5  # names of sets of tensors
PADDLE_TABLE = "StructuredToParameterName@@"  # Paddle's own names, which stand beside the tensors


def read(path: Path, data: bytes, max_bytes: int, kind: str) -> Foreign:
    """A `.pth`, a `.pdparams` or a TensorFlow checkpoint, without torch and paddle.

    `data` is what `path` holds, or the larger half of a TensorFlow checkpoint. `kind` is a name
    with the ending to go by.
    """
    try:
        found = recognised(*state_dict(_tree(path, data, max_bytes, kind)))
    except UserError as error:
        raise UserError(f"{str(path)!r} is refused: {error}", error.fix) from None
    if found is None:
        raise UserError(
            f"the tensors of {str(path)!r} are named as in no GhostNet that is known",
            fix=f"known are {', '.join(naming.origin for naming in NAMINGS)}",
        )
    return found


def _tree(path: Path, data: bytes, max_bytes: int, kind: str) -> Any:
    if prefix := tf1.prefix_of(path):
        return tf1.read(prefix, max_bytes)  # TensorFlow reads the files itself
    if kind.endswith(PADDLE_SUFFIX):
        return unpickle.finished(unpickle.load(io.BytesIO(data)))
    return torch_file.read(data, max_bytes)


def state_dict(tree: Any) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """The tensors of what was saved, and a note where they lay one level down."""
    if not isinstance(tree, dict):
        raise UserError(f"it holds a {type(tree).__name__}, no tensors", unpickle.TENSORS_ONLY)
    check_names(tree)
    if not _has_tensors(tree):
        inside = {id(value): value for value in tree.values()}  # one may stand there often
        full = {key for key, value in inside.items() if _has_tensors(value)}
        nests = [key for key, value in tree.items() if id(value) in full]
        if not nests:
            raise UserError("it holds no tensors", unpickle.TENSORS_ONLY)
        if len(nests) > 1:  # of the weights and of their moving average, as a rule
            raise UserError(
                f"it holds {len(nests)} sets of tensors: {', '.join(map(repr, nests[:SHOWN]))}",
                fix="save the one that you mean as a file of its own",
            )
        return state_dict(tree[nests[0]])[0], (f"its {nests[0]!r} was read",)
    tensors = {key: value for key, value in tree.items() if key != PADDLE_TABLE}
    for key, value in tensors.items():
        if not isinstance(key, str) or not isinstance(value, np.ndarray):
            raise UserError(
                f"{key!r} is a {type(value).__name__}, no tensor", unpickle.TENSORS_ONLY
            )
    return tensors, ()


def recognised(tensors: Mapping[str, np.ndarray], notes: tuple[str, ...] = ()) -> Foreign | None:
    """The tensors with their dialect; a prefix goes where every name has it."""
    found = recognise(tensors)
    if found is None:
        return None
    naming, prefix = found
    if prefix and all(name.startswith(prefix) for name in tensors):
        tensors = {name.removeprefix(prefix): value for name, value in tensors.items()}
        notes = (*notes, f"the prefix {prefix!r} was taken off")
    return Foreign(naming, tensors, notes)


def _has_tensors(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(v, np.ndarray) for v in value.values())
