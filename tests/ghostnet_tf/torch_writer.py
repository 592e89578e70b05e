"""`.pth` files without torch, opcode by opcode: honest ones, and the pieces of hostile ones."""

import io
import pickle
import struct
import zipfile
from collections.abc import Mapping

import numpy as np

STORAGES = {"f2": "Half", "f4": "Float", "f8": "Double", "i8": "Long"}
LEGACY = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True})
ORDERED_DICT = b"ccollections\nOrderedDict\n)R"
Tensors = Mapping[str, np.ndarray]


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value) if abs(value) < 2**31 else pickle.dumps(value, 2)[2:-1]


def numbers(values) -> bytes:
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(key: str, n: int, kind: str = "Float", is_legacy: bool = False) -> bytes:
    parts = [
        text("storage"),
        f"ctorch\n{kind}Storage\n".encode(),
        text(key),
        text("cpu"),
        number(n),
    ]
    return b"(" + b"".join(parts) + (b"N" if is_legacy else b"") + b"tQ"


def view(stored: bytes, offset: int, shape, strides) -> bytes:
    """torch._utils._rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())."""
    arguments = stored + number(offset) + numbers(shape) + numbers(strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"\x89" + ORDERED_DICT + b"tR"


def whole(key: str, value: np.ndarray, is_legacy: bool = False) -> bytes:
    strides = [side // value.itemsize for side in value.strides]
    kind = STORAGES[value.dtype.str[1:]]
    return view(storage(key, value.size, kind, is_legacy), 0, value.shape, strides)


def program(items: Mapping[str, bytes]) -> bytes:
    """The pickle of an OrderedDict, from the opcodes of its values."""
    pairs = b"".join(text(name) + value for name, value in items.items())
    return b"\x80\x02" + ORDERED_DICT + b"(" + pairs + b"u."


def archive(members: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        for name, data in members.items():
            # A member without a date is of 1980: the same bytes at any time of any day.
            file.writestr(zipfile.ZipInfo(name), data, compression)
    return out.getvalue()


def as_zip(tensors: Tensors) -> bytes:
    """As torch.save has it since 1.6."""
    values = [np.array(value, order="C") for value in tensors.values()]
    items = {name: whole(str(i), values[i]) for i, name in enumerate(tensors)}
    members = {"net/data.pkl": program(items), "net/version": b"3\n"}
    members |= {f"net/data/{i}": value.tobytes() for i, value in enumerate(values)}
    return archive(members)


def as_legacy(tensors: Tensors) -> bytes:
    """As torch.save had it before, and as the authors' file of 2020 should be."""
    values = {str(i): np.array(value, order="C") for i, value in enumerate(tensors.values())}
    items = zip(tensors, values.items(), strict=True)
    whole_of = program({name: whole(key, value, True) for name, (key, value) in items})
    return legacy(whole_of, values)


def legacy(pickled: bytes, storages: Tensors) -> bytes:
    """The old format around the pickle of an object and its storages, by key."""
    head = b"".join(pickle.dumps(part, 2) for part in LEGACY)
    stored = (struct.pack("<q", value.size) + value.tobytes() for value in storages.values())
    return head + pickled + pickle.dumps([*storages], 2) + b"".join(stored)
