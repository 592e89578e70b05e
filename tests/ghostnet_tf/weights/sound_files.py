"""Small sound files of every kind that weights are read from, and seeded damage to them."""

import io
import json
import pickle
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from small import values

from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.weights import checkpoint
from ghostnet_tf.weights.checkpoint import CheckpointInfo
from tests.ghostnet_tf import torch_writer

INFO = CheckpointInfo("small", ("a", "b", "c"), IMAGENET.at(96))
THEIRS = {  # names by which a GhostNet of others is known, and one that no GhostNet has
    "blocks.0.0.ghost1.primary_conv.0.weight": np.ones((4, 3, 1, 1), np.float32),
    "blocks.0.0.ghost1.primary_conv.1.bias": np.arange(4, dtype=np.float64),
    "conv_stem.weight": np.full((2, 3, 3, 3), 0.5, np.float16),
}
EXTREMES = (
    0,
    1,
    127,
    128,
    255,
    2**15,
    2**16 - 1,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**40,
    2**63,
    2**64 - 1,
)


def sound_files(model: keras.Model, folder: Path) -> dict[str, dict[str, bytes]]:
    """Kind -> the files of one checkpoint, by name; the first is the one to give by its path."""
    checkpoint.save(folder / "ours.safetensors", values(model), INFO.to_dict())
    model.save(folder / "whole.keras")
    model.save_weights(folder / "arrays.weights.h5")
    _chunked(folder / "chunked.weights.h5")
    arrays: Any = {"conv1.weight": np.ones((3, 3), np.float32)}
    np.savez(folder / "arrays.npz", **arrays)
    np.savez_compressed(folder / "packed.npz", **arrays)
    (folder / "zip.pth").write_bytes(torch_writer.as_zip(THEIRS))
    (folder / "legacy.pth").write_bytes(torch_writer.as_legacy(THEIRS))
    (folder / "theirs.pdparams").write_bytes(pickle.dumps(THEIRS, 4))
    (folder / "old.pdparams").write_bytes(pickle.dumps(THEIRS, 2))
    files = {path.name: {path.name: path.read_bytes()} for path in sorted(folder.iterdir())}
    return files | {"tf1": _tensorflow_1(folder)}


def _chunked(path: Path) -> None:
    """As h5py writes what is compressed."""
    with h5py.File(path, "w") as file:
        group = file.create_group("layers/stem/vars")
        numbers = np.arange(256, dtype=np.float32).reshape(16, 16)
        group.create_dataset("0", data=numbers, chunks=(4, 4), compression="gzip", shuffle=True)
        group.create_dataset("1", data=numbers[0], fletcher32=True, chunks=(4,))
        group.attrs["name"] = "stem"


def _tensorflow_1(folder: Path) -> dict[str, bytes]:
    import tensorflow as tf

    variables = {
        "MobileNetV2/Conv2d_0/W": (3, 3, 3, 2),
        "MobileNetV2/Conv2d_1_up_pointwise/conv1/W": (1, 1, 2, 2),
    }
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, shape in variables.items():
            tf.compat.v1.get_variable(name, shape)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(folder / "tf1"), write_meta_graph=False)
    names = ("tf1.index", "tf1.data-00000-of-00001")
    return {name: (folder / name).read_bytes() for name in names}


def damaged(files: dict[str, bytes], dice: random.Random) -> dict[str, bytes]:
    """One of the files with one to four wounds, where its format looks as well as anywhere."""
    files = dict(files)
    name = dice.choice(sorted(files))
    data = files[name]
    if data.startswith(b"PK") and dice.random() < 0.7:
        data = _in_a_member(data, dice)
    elif name.endswith(".safetensors") and dice.random() < 0.7:
        data = _in_the_header(data, dice)
    else:
        data = _wounded(data, dice)
    return files | {name: data}


def _wounded(data: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.randint(1, 4)):
        data = dice.choice(WOUNDS)(data, dice)
    return data


def _flip(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data) or 1)
    return data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]


def _extreme(data: bytes, dice: random.Random) -> bytes:
    at, size = dice.randrange(len(data) or 1), dice.choice((1, 2, 4, 8))
    number = dice.choice(EXTREMES) % 256**size
    return data[:at] + number.to_bytes(size, dice.choice(("little", "big"))) + data[at + size :]


def _cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) or 1)]


def _gone(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data) or 1)
    return data[:at] + data[at + dice.choice((1, 4, 40)) :]


def _again(data: bytes, dice: random.Random) -> bytes:
    start, at = (dice.randrange(len(data) or 1) for _ in range(2))
    piece = data[start : start + dice.choice((1, 8, 64))]
    return data[:at] + piece * dice.choice((1, 2, 300)) + data[at:]


def _noise(data: bytes, dice: random.Random) -> bytes:
    at, size = dice.randrange(len(data) or 1), dice.choice((2, 16, 64))
    return data[:at] + dice.randbytes(size) + data[at + size :]


WOUNDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _flip, _extreme, _extreme, _cut, _gone, _again, _noise,
)  # fmt: skip


def _in_a_member(data: bytes, dice: random.Random) -> bytes:
    """A wound behind an archive's checksums, which would otherwise find every one."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w") as new:
        names = archive.namelist()
        chosen = dice.choice(names)
        for name in names:
            content = archive.read(name)
            content = _wounded(content, dice) if name == chosen else content
            new.writestr(zipfile.ZipInfo(name), content)  # of no day, so the same on any
    return out.getvalue()


def _in_the_header(data: bytes, dice: random.Random) -> bytes:
    """Other values in the JSON of a safetensors file, whose length fits again."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    odd = dice.choice((None, True, -1, 2**64, 1e300, "x", [], {}, [[]], "F8_E4M3", "BF16", [2**40]))
    if dice.random() < 0.3:
        inside = json.loads(header["__metadata__"][checkpoint.KEY])
        inside[dice.choice(sorted(inside))] = odd
        header["__metadata__"][checkpoint.KEY] = json.dumps(inside)
    else:
        one = header[dice.choice(sorted(header))]
        one[dice.choice(sorted(one))] = odd
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[end:]
