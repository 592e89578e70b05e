"""A checkpoint of ours: named tensors and the facts needed to use them, in one safetensors file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors
import safetensors.numpy

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.data.preprocess import Preprocessing

KEY = "ghostnet_tf"  # where the facts stand in the safetensors header


@dataclass(frozen=True)
class Facts:
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
        classes, preprocessing = list(self.classes), self.preprocessing.to_dict()
        return {**asdict(self), "classes": classes, "preprocessing": preprocessing}


def save(path: Path, tensors: dict[str, np.ndarray], header: dict[str, Any]) -> None:
    """Write tensors and a JSON header, whole or not at all."""
    contiguous = {name: np.array(value, order="C") for name, value in tensors.items()}
    write_atomic(path, safetensors.numpy.save(contiguous, {KEY: json.dumps(header)}))


def read(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(tensors by name, JSON header; empty in files that are not ours)."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get(KEY, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except FileNotFoundError:
        raise UserError(f"there is no checkpoint {str(path)!r}", fix="check the path") from None
    except (safetensors.SafetensorError, ValueError, TypeError) as error:
        raise UserError(
            f"{str(path)!r} is no readable safetensors file: {error}", fix="download it again?"
        ) from None
    if not isinstance(header, dict):
        raise UserError(f"{str(path)!r} has a damaged header", fix="download it again?")
    return tensors, header
