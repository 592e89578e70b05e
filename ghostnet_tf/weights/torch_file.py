"""What torch.save wrote, read without torch: zip archives, and the format before torch 1.6."""

import io
import math
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ghostnet_tf.base import archive
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import read_member
from ghostnet_tf.weights import unpickle
from ghostnet_tf.weights.bfloat16 import widened

ZIP_MAGIC = b"PK\x03\x04"
LEGACY_MAGIC, LEGACY_PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # torch/serialization.py
BFLOAT16 = "torch.BFloat16Storage"
STORAGES = {
    BFLOAT16: "<u2",
    "torch.HalfStorage": "<f2",
    "torch.FloatStorage": "<f4",
    "torch.DoubleStorage": "<f8",
    "torch.CharStorage": "<i1",
    "torch.ShortStorage": "<i2",
    "torch.IntStorage": "<i4",
    "torch.LongStorage": "<i8",
    "torch.ByteStorage": "<u1",
    "torch.BoolStorage": "|b1",
}
MAX_VIEWS = 4  # of a storage's numbers by tensors: some networks use a tensor twice


@dataclass(eq=False)
class Storage:
    """A run of numbers that tensors are views of."""

    key: str
    dtype: np.dtype
    numbers: int
    is_bfloat16: bool = False  # then `dtype` is that of its bits
    data: bytes = b""
    viewed: int = 0  # how many numbers its tensors have, together

    @property
    def size(self) -> int:
        return self.numbers * self.dtype.itemsize


class Tensor(unpickle.Pending):
    """A view of a storage: offset and strides in numbers, not bytes."""

    def __init__(self, storage: Storage, offset: int, shape: tuple, strides: tuple, *_: Any):
        if not isinstance(storage, Storage):
            raise ValueError("a tensor without a storage")
        (self.offset,), self.storage = unpickle.whole((offset,)), storage
        self.shape, self.strides = unpickle.whole(shape), unpickle.whole(strides)
        storage.viewed += math.prod(self.shape)
        if storage.viewed > MAX_VIEWS * storage.numbers:
            raise ValueError(f"a tensor of shape {self.shape} in {storage.numbers:,} numbers")

    def finished(self) -> np.ndarray:
        """numpy refuses a view that reaches beyond its bytes."""
        storage = self.storage
        if math.prod(self.shape) > storage.numbers:
            raise ValueError(f"a tensor of shape {self.shape} in {storage.numbers:,} numbers")
        step = storage.dtype.itemsize
        strides = [step * stride for stride in self.strides]
        array = np.ndarray(self.shape, storage.dtype, storage.data, step * self.offset, strides)
        return widened(array) if storage.is_bfloat16 else array


CALLS: dict[str, Callable[..., Any]] = {
    **unpickle.NUMPY,
    "torch._utils._rebuild_tensor_v2": Tensor,
    "torch._utils._rebuild_parameter": lambda tensor, *_: tensor,
}
MENTIONED = {*unpickle.MENTIONED, *STORAGES}


@dataclass
class Storages:
    """Those that a pickle speaks of, in their order."""

    max_bytes: int
    by_key: dict[str, Storage] = field(default_factory=dict)
    size: int = 0

    def __call__(self, persistent_id: Any) -> Storage:
        """("storage", torch.FloatStorage, key, device, how many numbers)."""
        tag, kind, key, _, numbers, *view = persistent_id
        if unpickle.text(tag) != "storage" or unpickle.text(kind) not in STORAGES or any(view):
            raise ValueError(f"a persistent id of {unpickle.short(kind)}")
        if type(numbers) is not int or numbers < 0:
            raise ValueError(f"a storage of {unpickle.short(numbers)} numbers")
        if unpickle.text(key) not in self.by_key:
            dtype, is_bfloat16 = np.dtype(STORAGES[kind]), kind == BFLOAT16
            self.by_key[key] = Storage(key, dtype, numbers, is_bfloat16)
            self.size += self.by_key[key].size
        if self.size > self.max_bytes:
            raise UserError(f"its tensors exceed {self.max_bytes:,} bytes")
        return self.by_key[key]


def read(data: bytes, max_bytes: int) -> Any:
    """The saved object, a dict for a state dict, with numpy arrays for tensors."""
    if data.startswith(ZIP_MAGIC):
        return _from_zip(data, max_bytes)
    return _from_legacy(io.BytesIO(data), max_bytes)


def _from_zip(data: bytes, max_bytes: int) -> Any:
    with archive.opened(data, "the archive") as opened:
        folder = _folder(opened, max_bytes)
        program = read_member(opened, f"{folder}/data.pkl", max_bytes)
        if f"{folder}/byteorder" in opened.namelist():
            order = read_member(opened, f"{folder}/byteorder", 16)
            if order != b"little":
                raise UserError(f"its numbers are {order!r}-endian", "save it on another CPU")
        storages = Storages(max_bytes)
        tree = unpickle.load(io.BytesIO(program), CALLS, MENTIONED, storages)
        for storage in storages.by_key.values():
            storage.data = read_member(opened, f"{folder}/data/{storage.key}", max_bytes)
            _check(storage)
    return unpickle.finished(tree)


def _folder(opened: zipfile.ZipFile, max_bytes: int) -> str:
    """The one folder that an honest archive has; whatever else it holds is not unpacked."""
    names = opened.namelist()
    for name in names:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            raise UserError(f"its member {name!r} points out of the archive")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise UserError(f"its member {twice[0]!r} stands twice")
    if sum(info.file_size for info in opened.infolist()) > max_bytes:
        raise UserError(f"its members exceed {max_bytes:,} bytes")
    pickles = [name for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise UserError("it is an archive, but not of tensors from PyTorch", unpickle.TENSORS_ONLY)
    folder = pickles[0].split("/")[0]
    if any(name.startswith(f"{folder}/code/") for name in names):
        raise UserError("it is a TorchScript program", unpickle.TENSORS_ONLY)
    return folder


def _from_legacy(stream: io.BytesIO, max_bytes: int) -> Any:
    """Five pickles in a row: magic, protocol, system, object, storage keys; then the storages."""
    magic, protocol = unpickle.load(stream), 0
    if magic == LEGACY_MAGIC:
        protocol = unpickle.load(stream)
    if protocol != LEGACY_PROTOCOL:
        raise UserError("it is a pickle, but not of tensors from PyTorch", unpickle.TENSORS_ONLY)
    system = unpickle.load(stream)
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise UserError("its numbers are big-endian", "save it on another CPU")
    storages = Storages(max_bytes)
    tree = unpickle.load(stream, CALLS, MENTIONED, storages)
    keys = unpickle.load(stream)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise UserError("its list of storages is damaged", unpickle.DAMAGED_FIX)
    if Counter(keys) != Counter(list(storages.by_key)):
        raise UserError("its list of storages is not of its tensors", unpickle.DAMAGED_FIX)
    for key in keys:
        storage = storages.by_key[key]
        if int.from_bytes(stream.read(8), "little") != storage.numbers:
            raise UserError(f"its storage {key!r} is damaged", unpickle.DAMAGED_FIX)
        storage.data = stream.read(storage.size)
        _check(storage)
    return unpickle.finished(tree)


def _check(storage: Storage) -> None:
    if len(storage.data) != storage.size:
        raise UserError(
            f"its storage {storage.key!r} has {len(storage.data):,} of {storage.size:,} bytes",
            unpickle.DAMAGED_FIX,
        )
