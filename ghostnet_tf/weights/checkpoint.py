"""A checkpoint of ours: named tensors and what is needed to use them, in one safetensors file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors
import safetensors.numpy

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.data.preprocess import Preprocessing

KEY = "ghostnet_tf"  # where our JSON stands in the safetensors header
OLD_KEYS = {"recipe": "schedule", "facts": "info"}  # of the headers that 0.1.0 wrote
MAX_HEADER_BYTES = 100_000_000  # safetensors' own limit


@dataclass(frozen=True)
class CheckpointInfo:
    """What a file of tensors does not say by itself."""

    model: str  # a name of the zoo
    classes: tuple[str, ...]  # folder names, in the order of the outputs
    preprocessing: Preprocessing

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        return cls(
            model=values["model"],
            classes=tuple(values["classes"]),
            preprocessing=Preprocessing.from_dict(values["preprocessing"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: lists, no tuples."""
        return {
            "model": self.model,
            "classes": list(self.classes),
            "preprocessing": self.preprocessing.to_dict(),
        }


def save(path: Path, tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    """Write tensors and a JSON header, whole or not at all."""
    contiguous = {name: np.array(value, order="C") for name, value in tensors.items()}
    write_atomic(path, safetensors.numpy.save(contiguous, {KEY: json.dumps(header)}))


def read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(tensors by name, JSON header; empty in files that are not ours)."""
    data = _bytes(path)
    return tensors_of(path, data), _header(path, data)


def read_header(path: Path) -> dict[str, Any]:
    """The JSON header alone, empty in files that are not ours; no tensor is read."""
    length = int.from_bytes(_bytes(path, 8), "little")
    return _header(path, _bytes(path, 8 + min(length, MAX_HEADER_BYTES)))


def tensors_of(path: Path, data: bytes) -> dict[str, np.ndarray]:
    """The tensors by name, (shape as saved), of the safetensors file `path` that holds `data`."""
    try:
        return safetensors.numpy.load(data)
    except (safetensors.SafetensorError, ValueError, TypeError, KeyError) as error:
        raise _unreadable(path, error) from None


def _header(path: Path, data: bytes) -> dict[str, Any]:
    """`data` begins as the file does and reaches to the end of its header at least."""
    length = int.from_bytes(data[:8], "little")
    try:
        if len(data) < 8 + length:
            raise ValueError("it ends within its header")
        whole = json.loads(data[8 : 8 + length])
        header = json.loads((whole.get("__metadata__") or {}).get(KEY, "{}"))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise _unreadable(path, error) from None
    if not isinstance(header, dict):
        raise UserError(f"{str(path)!r} has a damaged header", fix="download it again?")
    return {OLD_KEYS.get(str(key), str(key)): value for key, value in header.items()}


def _bytes(path: Path, count: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except FileNotFoundError:
        raise UserError(f"there is no checkpoint {str(path)!r}", fix="check the path") from None


def _unreadable(path: Path, error: Exception) -> UserError:
    return UserError(
        f"{str(path)!r} is no readable safetensors file: {error}", fix="download it again?"
    )
