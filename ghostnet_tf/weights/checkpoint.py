"""A checkpoint of ours: named tensors and what is needed to use them, in one safetensors file."""

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import safetensors
import safetensors.numpy

from ghostnet_tf.base import schema
from ghostnet_tf.base.errors import UserError, reading
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.base.schema import Mismatch
from ghostnet_tf.data.class_colours import Colour
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.data.senses import listening, seeing
from ghostnet_tf.weights.bfloat16 import widened
from ghostnet_tf.weights.limits import check_names

KEY = "ghostnet_tf"  # where our JSON stands in the safetensors header
METADATA = "__metadata__"  # where safetensors has what is no tensor
OLD_KEYS = {"recipe": "schedule", "facts": "info"}  # of the headers that 0.1.0 wrote
AGAIN = "download it again?"
BFLOAT16 = "BF16"
# What NumPy has a number for; safetensors knows more, of 8 bits and less.
DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", BFLOAT16: "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip


@dataclass(frozen=True)
class CheckpointInfo:
    """What a file of tensors does not say by itself."""

    model: str  # a name of the zoo
    classes: tuple[str, ...]  # folder names, in the order of the outputs
    preprocessing: Preprocessing | None = None  # None: it sees nothing
    branches: str | None = None  # that it trained with, where its network has none of its own
    colours: tuple[Colour, ...] | None = None  # of the classes, where somebody chose them
    iou: float | None = None  # of a detector: above which the surer of two boxes stays; chosen too
    sound: Hearing | None = None  # how it hears; None: it sees

    def __post_init__(self):
        Labels.of_folders(self.classes)  # or UserError: too many, or one twice
        if (self.preprocessing is None) == (self.sound is None):
            raise UserError("it takes photos or sounds: of preprocessing and sound it needs one")

    @property
    def sight(self) -> Preprocessing:
        """How a photo becomes its input; UserError where none does."""
        return seeing(self.preprocessing, self.model)

    @property
    def hearing(self) -> Hearing:
        """How a sound becomes its input; UserError where none does."""
        return listening(self.sound, self.model)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Out of a header, which holds more; UserError where it does not say this."""
        ours = {field.name for field in fields(cls)}
        known = {name: value for name, value in values.items() if name in ours}
        try:
            return schema.typed(cls, known, "header")
        except Mismatch as wrong:
            raise UserError(str(wrong)) from None

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it: lists, no tuples."""
        said: dict[str, Any] = {
            "model": self.model,
            "classes": list(self.classes),
        }
        if self.preprocessing:
            said["preprocessing"] = self.preprocessing.to_dict()
        if self.branches:
            said["branches"] = self.branches
        if self.colours:
            said["colours"] = [list(colour) for colour in self.colours]
        if self.iou is not None:
            said["iou"] = self.iou
        if self.sound:
            said["sound"] = self.sound.to_dict()
        return said


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
    return _header(path, _bytes(path, 8 + min(length, schema.MAX_BYTES)))


def tensors_of(path: Path, data: bytes) -> dict[str, np.ndarray]:
    """The tensors by name, (shape as saved), of the safetensors file `path` that holds `data`.

    bfloat16 becomes float32, with the same values.
    """
    _parsed(path, data)
    with _reading(path):
        views = safetensors.deserialize(data)
    return {name: _array(path, name, view) for name, view in views}


def _array(path: Path, name: str, view: Any) -> np.ndarray:
    dtype = view["dtype"]
    if dtype not in DTYPES:
        raise UserError(
            f"{str(path)!r}: {name!r} holds {dtype} numbers, which are not read",
            fix="save the weights as float32",
        )
    with _reading(path):
        values = np.frombuffer(view["data"], DTYPES[dtype]).reshape(view["shape"])
    return widened(values) if dtype == BFLOAT16 else values


def _header(path: Path, data: bytes) -> dict[str, Any]:
    """`data` begins as the file does and reaches to the end of its header at least."""
    metadata = _parsed(path, data).get(METADATA) or {}
    try:
        text = schema.typed(dict[str, str], metadata, METADATA).get(KEY, "{}")
        header = schema.typed(dict, schema.document(text.encode()), KEY)
    except Mismatch as wrong:
        raise UserError(f"{str(path)!r} has a damaged header: {wrong}", AGAIN) from None
    return {OLD_KEYS.get(str(key), str(key)): value for key, value in header.items()}


def _parsed(path: Path, data: bytes) -> dict[str, Any]:
    """The JSON that a safetensors file begins with: a place for every tensor, and metadata."""
    length = int.from_bytes(data[:8], "little")
    try:
        if length > schema.MAX_BYTES:
            raise Mismatch(f"it has more than {schema.MAX_BYTES:,} bytes")
        if len(data) < 8 + length:
            raise Mismatch("the file ends within it")
        header = schema.typed(dict, schema.document(data[8 : 8 + length]), "it")
        check_names(header)
    except Mismatch as wrong:
        raise UserError(
            f"{str(path)!r} is no readable safetensors file; of its header: {wrong}", AGAIN
        ) from None
    except UserError as error:
        raise UserError(f"{str(path)!r} is refused: {error}", error.fix) from None
    return header


def _bytes(path: Path, count: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(count)
    except FileNotFoundError:
        raise UserError(f"there is no checkpoint {str(path)!r}", fix="check the path") from None


def _reading(path: Path) -> AbstractContextManager[None]:
    return reading(f"the safetensors file {str(path)!r}", AGAIN)
