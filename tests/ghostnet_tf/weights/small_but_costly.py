"""Files that are small, and would take minutes or gigabytes if they were believed."""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.weights import checkpoint
from tests.counts import examples
from tests.ghostnet_tf import torch_writer as torch


def safetensors(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entries(n: int) -> dict[str, Any]:
    return {f"{i:x}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(n)}


def ours(**values: Any) -> bytes:
    """A checkpoint whose header says this of itself."""
    return safetensors({"__metadata__": {checkpoint.KEY: json.dumps(values)}})


def listing(n: int, name: bytes = b"net/data.pkl") -> bytes:
    """The end of a zip archive that lists `n` files, and nothing else."""
    entry = struct.pack(
        "<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0
    )
    size = n * (len(entry) + len(name))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, size, 4, 0)
    return b"PK\3\4" + (entry + name) * n + end


def archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def program(opcodes: bytes) -> bytes:
    """A pickle that leaves {"w": whatever these opcodes do}."""
    return b"\x80\x04}" + torch.text("w") + opcodes + b"s."


def laughing(levels: int = 60) -> bytes:
    """A tuple of two, each a tuple of two, ...: 2^60 items once it is hashed or written out."""
    return b"K\x01" + b"".join(b"q%ch%c\x86" % (i, i) for i in range(1, levels))


def npy(header: str, data: bytes = b"") -> bytes:
    text = header.encode()
    return archive(**{"a.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data})


def hdf5(write: Callable[[h5py.File], object]) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        write(file)
    return out.getvalue()


def nested(file: h5py.File) -> None:
    group = file
    for _ in range(3000):
        group = group.create_group("g")


def in_itself(file: h5py.File) -> None:
    for name in "abcd":
        file[name] = file["/"]


def packed(file: h5py.File) -> None:
    shape, chunk = (100, 1_000_000), zlib.compress(bytes(4_000_000), 9)
    data = file.create_dataset("w", shape, "f4", chunks=(1, 1_000_000), compression="gzip")
    for row in range(shape[0]):
        data.id.write_direct_chunk((row, 0), chunk)


def layers(n: int) -> str:
    one = {"class_name": "ReLU", "config": {}}
    return json.dumps({"class_name": "Sequential", "config": {"layers": [one] * n}})


PAIRS = b"](" + b"".join(b"J" + struct.pack("<i", i) + b"N\x86" for i in range(30_000)) + b"eq\x01"
ENCODE = b"c_codecs\nencode\nh\x01" + torch.text("latin1") + b"\x86R"
COSTLY: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty tensors": (
        "x.safetensors",
        lambda: safetensors(entries(examples(20_001, 200_000))),
        "holds 20[0,]+1? tensors, more than 20,000",
    ),
    "a header of 17 MB": (
        "x.safetensors",
        lambda: safetensors(b" " * 17_000_000),
        "it has more than 16,000,000 bytes",
    ),
    "a header in a million brackets": (
        "x.safetensors",
        lambda: safetensors(b"[" * 1_000_000),
        "its header: it is not JSON",
    ),
    "a header of 500 levels": (
        "x.safetensors",
        lambda: safetensors(b'{"a":' * 500 + b"1" + b"}" * 500),
        "nested deeper than 100 levels",
    ),
    "a name of a megabyte": (
        "x.safetensors",
        lambda: safetensors({"./" * 500_000: entries(1)["0"]}),
        "name of 1,000,000 characters",
    ),
    "a million classes": (
        "x.safetensors",
        lambda: ours(
            model="small",
            classes=[f"{i}" for i in range(examples(100_001, 1_000_000))],
            preprocessing=IMAGENET.to_dict(),
        ),
        "labels are more than 100,000",
    ),
    "900,000 steps": (
        "x.pdparams",
        lambda: program(b"(" + b"N" * 900_000 + b"t"),
        "more than 200,000 steps",
    ),
    "the same pairs again and again": (
        "x.pdparams",
        lambda: program(b"(" + PAIRS + b"ccollections\nOrderedDict\nh\x01\x85R" * 20_000 + b"t"),
        "uses the same data too often",
    ),
    "the same text again and again": (
        "x.pdparams",
        lambda: program(b"(" + torch.text("a" * 5_000_000) + b"q\x01" + ENCODE * 20_000 + b"t"),
        "uses the same data too often",
    ),
    "one array in five places": (
        "x.pth",
        lambda: torch.archive(
            {
                "net/data.pkl": torch.program(
                    {
                        f"w{i}": torch.view(torch.storage("0", 100_000), 0, (100_000,), (1,))
                        for i in range(5)
                    }
                ),
                "net/data/0": bytes(400_000),
            }
        ),
        "in 100,000 numbers",
    ),
    "a million members": ("x.pth", lambda: listing(1_000_000), "has a list of"),
    "a million members of Keras": ("x.keras", lambda: listing(1_000_000), "has a list of"),
    "a million arrays": ("x.npz", lambda: listing(1_000_000), "has a list of"),
    "30,000 arrays": ("x.npz", lambda: listing(30_000, b"a.npy"), "holds 30,000 tensors"),
    "an array of 2^40": (
        "x.npz",
        lambda: npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }\n"),
        "for which it is too short",
    ),
    "9,000 brackets": (
        "x.npz",
        lambda: npy("{'descr': " + "[" * 9_000 + "\n"),
        "a.npy cannot be read",
    ),
    "groups 3,000 deep": ("x.weights.h5", lambda: hdf5(nested), "nested deeper than 50 levels"),
    "20,001 groups": (
        "x.weights.h5",
        lambda: hdf5(lambda file: [file.create_group(str(i)) for i in range(20_001)]),
        "more than 20,000 groups and arrays",
    ),
    "a group in itself": ("x.weights.h5", lambda: hdf5(in_itself), "more than 20,000 groups"),
    "400 MB in zeros": ("x.weights.h5", lambda: hdf5(packed), "exceed [0-9,]+ bytes"),
    "an index of 5 MB": ("tf1.index", lambda: bytes(5_000_000), "index is larger than 4,000,000"),
}
NETWORKS = {  # for `load_model`
    "100,000 layers": (
        "x.keras",
        lambda: archive(**{"config.json": layers(100_000).encode()}),
        "describes 100,001 layers .*, more than 50,000",
    ),
    "100,000 layers of before": (
        "x.h5",
        lambda: hdf5(lambda file: file.attrs.create("model_config", layers(100_000))),
        "describes 100,001 layers .*, more than 50,000",
    ),
    "a network of 500 levels": (
        "x.keras",
        lambda: archive(**{"config.json": b'{"config":' * 500 + b"1" + b"}" * 500}),
        "nested deeper than 100 levels",
    ),
    "a million members": ("x.keras", lambda: listing(1_000_000), "has a list of"),
}


def write(case: tuple[str, Callable[[], bytes], str], folder: Path) -> Path:
    name, content, _ = case
    (folder / name).write_bytes(content())
    if name.endswith(".index"):
        (folder / name.replace(".index", ".data-00000-of-00001")).write_bytes(bytes(100))
    return folder / name


# What nests in itself, put where a program's names, numbers and texts are expected.
LAUGHS = laughing()
LAUGHING = {
    "number's name": b"cnumpy\ndtype\n" + LAUGHS + b"\x85R",
    "order": b"cnumpy\ndtype\n" + torch.text("f4") + b"\x85R(K\x03" + LAUGHS + b"tb",
    "class": b"cnumpy.core.multiarray\n_reconstruct\n" + LAUGHS + b"\x85R",
    "shape": b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
    + b"(K\x01"
    + LAUGHS
    + b"cnumpy\ndtype\n"
    + torch.text("f4")
    + b"\x85R\x89C\x04abcdtb",
    "encoding": b"c_codecs\nencode\n" + torch.text("x") + LAUGHS + b"\x86R",
    "module": LAUGHS + torch.text("x") + b"\x93",
    "called": LAUGHS + b")R",
    "state": b"}" + LAUGHS + b"b",
    "key": b"}" + LAUGHS + b"Ns",
    "storage": b"(" + torch.text("storage") + LAUGHS + torch.text("0") + LAUGHS + b"K\x01tQ",
    "storage's key": b"("
    + torch.text("storage")
    + b"ctorch\nFloatStorage\n"
    + LAUGHS
    + torch.text("cpu")
    + b"K\x01tQ",
    "size of a storage": b"("
    + torch.text("storage")
    + b"ctorch\nFloatStorage\n"
    + torch.text("0")
    + torch.text("cpu")
    + LAUGHS
    + b"tQ",
    "strides": torch.view(torch.storage("0", 4), 0, (4,), (1,)).replace(b"(J\x01\0\0\0t", LAUGHS),
}
