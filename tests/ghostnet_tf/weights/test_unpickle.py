"""Tensors of other frameworks' files, and what hides in files that only look like them."""

import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.weights import foreign, torch_file, unpickle
from tests.ghostnet_tf import torch_writer as torch
from tests.seeded_tensors import tensor

GOLDENS = Path(__file__).parents[1] / "goldens"
MAX_BYTES = 1_000_000
TENSORS = {
    "a.weight": tensor("a.weight", (4, 3, 2, 2)),
    "a.bias": tensor("a.bias", (4,)).astype(np.float64),
    "steps": np.array(7, np.int64),
    "half": tensor("half", (5,)).astype(np.float16),
}
WRITERS = {
    "zip.pth": torch.as_zip,
    "legacy.pth": torch.as_legacy,
    "protocol2.pdparams": lambda tensors: pickle.dumps(tensors, 2),
    "protocol3.pdparams": lambda tensors: pickle.dumps(tensors, 3),
    "protocol4.pdparams": lambda tensors: pickle.dumps(tensors, 4),
}


def read(name: str, data: bytes, folder: Path) -> Any:
    path = folder / name
    path.write_bytes(data)
    return foreign._tree(path, path.read_bytes(), MAX_BYTES, name)


def refused(name: str, data: bytes, folder: Path) -> str:
    with pytest.raises(UserError) as error:
        read(name, data, folder)
    assert "\n" not in str(error.value)
    return str(error.value)


def same(got: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> bool:
    return got.keys() == expected.keys() and all(
        got[name].dtype == value.dtype and np.array_equal(got[name], value)
        for name, value in expected.items()
    )


@pytest.mark.parametrize("name", WRITERS)
def test_tensors_come_back_bit_by_bit(name, tmp_path):
    assert same(read(name, WRITERS[name](TENSORS), tmp_path), TENSORS)


@pytest.mark.parametrize("kind", ["zip", "legacy"])
def test_files_that_torch_itself_wrote_are_read(kind):
    """Made by goldens/make_timm.py with torch 2.13, in both of its formats."""
    state = torch_file.read((GOLDENS / f"torch_{kind}.pth").read_bytes(), MAX_BYTES)

    both = np.arange(12, dtype=np.float64).reshape(3, 4)
    shapes = {"0.weight": (4, 3, 3, 3), "0.bias": (4,)}
    shapes |= {f"1.{part}": (4,) for part in ("weight", "bias", "running_mean", "running_var")}
    expected = {name: tensor(name, shape) for name, shape in shapes.items()}
    expected |= {"1.num_batches_tracked": np.array(0, np.int64)}
    expected |= {"turned": both.T, "part": both[1:, 2], "half": np.ones(2, np.float16)}
    assert same(state, expected)


def test_fortran_order_and_python_2_survive(tmp_path):
    turned = np.asfortranarray(TENSORS["a.weight"][:, :, 0, 0])
    assert same(read("x.pdparams", pickle.dumps({"w": turned}, 2), tmp_path), {"w": turned})

    state = b"(K\x01K\x02\x85cnumpy\ndtype\n(U\x02f4K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xff"
    state += b"J\xff\xff\xff\xffK\x00tb\x89U\x08\x00\x00\x80\x3f\x00\x00\x00\xc0tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR" + state
    old = b"\x80\x02}" + torch.text("w") + array + b"s."
    assert same(read("x.pdparams", old, tmp_path), {"w": np.array([1, -2], np.float32)})


class Runs:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def value(opcodes: bytes, protocol: bytes = b"\x80\x04") -> bytes:
    """The pickle of {"w": whatever these opcodes leave}."""
    return protocol + b"}" + torch.text("w") + opcodes + b"s."


TRACE = "the_code_of_the_file_was_run"
HOSTILE = {
    "os.system": (
        pickle.dumps({"w": Runs(os.system, f"touch {TRACE}")}),
        "it names 'posix.system'",
    ),
    "eval": (value(b"cbuiltins\neval\n" + torch.text("1") + b"\x85R"), "names 'builtins.eval'"),
    "open": (value(b"c__builtin__\nopen\n" + torch.text(TRACE) + b"\x85R"), "'__builtin__.open'"),
    "ctypes of numpy": (
        value(b"cnumpy.ctypeslib\nload_library\n" + torch.text("libc.so.6") + b"\x85R"),
        "it names 'numpy.ctypeslib.load_library'",
    ),
    "dotted name": (
        value(torch.text("numpy") + torch.text("f2py.os.system") + b"\x93)R"),
        "it names 'numpy.f2py.os.system'",
    ),
    "name of a module of ours": (
        value(b"cghostnet_tf.weights.unpickle\nload\n)R"),
        "it names 'ghostnet_tf.weights.unpickle.load'",
    ),
    "call of a mere argument": (
        value(b"cnumpy\nndarray\nK\x05\x85\x85R"),
        "it calls 'numpy.ndarray'",
    ),
    "call of a text": (
        value(torch.text("os.system") + torch.text("ls") + b"\x85R"),
        "it calls 'os",
    ),
    "persistent id": (value(b"K\x01Q"), "the pickle opcode BINPERSID"),
    "persistent text": (value(b"Pfile:///etc/passwd\n"), "the pickle opcode PERSID"),
    "class instance": (value(b"(ios\nsystem\n"), "the pickle opcode INST"),
    "new object": (value(b"cnumpy\nndarray\n)\x81"), "the pickle opcode NEWOBJ"),
    "registered extension": (value(b"\x82\x01"), "the pickle opcode EXT1"),
    "foreign buffer": (value(b"\x97"), "the pickle opcode NEXT_BUFFER"),
    "object array": (
        value(b"cnumpy\ndtype\n" + torch.text("O8") + b"\x85R"),
        "'O8' numbers is ref",
    ),
    "state on a dict": (value(b"}}" + torch.text("__class__") + b"Nsb"), "a dict takes no state"),
    "another encoding": (
        value(b"c_codecs\nencode\n" + torch.text("x") + torch.text("punycode") + b"\x86R"),
        "the encoding 'punycode'",
    ),
    "array subclass": (
        value(b"cnumpy.core.multiarray\n_reconstruct\n" + torch.text("mmap") + b"\x85R"),
        "an array of the class 'mmap'",
    ),
    "unknown memo": (
        value(b"j\xff\xff\xff\x7f"),
        "its pickle is damaged: its steps do not fit together",
    ),
    "empty stack": (b"\x80\x02R.", "its pickle is damaged: it takes more than it has put down"),
    "name twice": (b"\x80\x02}(" + (torch.text("w") + b"K\x01") * 2 + b"u.", "'w' stands twice"),
    "no end": (b"\x80\x02}", "its pickle cannot be read: pickle exhausted"),
    "endless": (b"\x80\x02" + b"N" * 2000 + b".", "it has more than 1,000 steps"),
    "text of 4 GB": (
        b"\x80\x02X\xff\xff\xff\xffx.",
        "its pickle cannot be read: expected 4294967295 bytes",
    ),
    "bytes of 8 EB": (
        b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7fx.",
        "its pickle cannot be read: expected",
    ),
}


@pytest.mark.parametrize("name", ["x.pdparams", "x.pth", "x.zip.pth"])
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_pickle_is_refused_and_nothing_of_it_runs(case, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(unpickle, "MAX_OPCODES", 1000)
    data, said = HOSTILE[case]
    if case.startswith("persistent id") and name != "x.pdparams":
        said = "its pickle is damaged"
    if name == "x.pth":  # the fourth pickle of the old format
        data = b"".join(pickle.dumps(part, 2) for part in torch.LEGACY) + data
    elif name == "x.zip.pth":
        data = torch.archive({"net/data.pkl": data})

    assert said in refused(name, data, tmp_path)
    assert os.listdir(tmp_path) == [name]


def test_what_takes_no_memory_is_not_given_any(tmp_path):
    """A memo index of four billion, and a list that would unfold to 2^60 items."""
    laughs = b"(]q\x00" + b"".join(b"](h%ch%ceq%c" % (i, i, i + 1) for i in range(60)) + b"t"
    data = b"\x80\x02}(" + torch.text("a") + b"K\x01r\xff\xff\xff\xff" + torch.text("b") + laughs

    tree = read("x.pdparams", data + b"u.", tmp_path)

    assert tree["a"] == 1 and len(tree["b"]) == 61


ONE = torch.storage("0", 4)
BAD_TENSORS = {  # tensor's opcodes -> what is said; the storage holds four numbers
    "more than the storage": (torch.view(ONE, 0, (5,), (1,)), "of shape (5,) in 4 numbers"),
    "beyond the storage": (torch.view(ONE, 2, (3,), (1,)), "is damaged"),
    "before the storage": (torch.view(ONE, 3, (2,), (-9,)), "is damaged"),
    "negative offset": (torch.view(ONE, -1, (2,), (1,)), "is damaged"),
    "one number, 10^12 times": (torch.view(ONE, 0, (10**6, 10**6), (0, 0)), "in 4 numbers"),
    "negative side": (torch.view(ONE, 0, (-1, -1), (1, 1)), "is damaged"),
    "absurd storage": (
        torch.view(torch.storage("0", 2**40), 0, (4,), (1,)),
        "exceed 1,000,000 byt",
    ),
    "another size": (torch.view(torch.storage("0", 8), 0, (8,), (1,)), "'0' has 16 of 32 bytes"),
    "climbing key": (
        torch.view(torch.storage("../../x", 4), 0, (4,), (1,)),
        "no 'net/data/../../x",
    ),
    "unknown numbers": (torch.view(torch.storage("0", 4, "QInt8"), 0, (4,), (1,)), "torch.QInt8"),
    "no storage": (torch.view(b"K\x01", 0, (4,), (1,)), "a tensor without a storage"),
}


@pytest.mark.parametrize("case", BAD_TENSORS)
def test_a_tensor_that_reaches_out_of_its_storage_is_refused(case, tmp_path):
    opcodes, said = BAD_TENSORS[case]
    members = {"net/data.pkl": torch.program({"w": opcodes}), "net/data/0": bytes(16)}

    assert said in refused("x.pth", torch.archive(members), tmp_path)


HONEST = {
    "net/data.pkl": torch.program({"w": torch.view(ONE, 0, (4,), (1,))}),
    "net/data/0": bytes(16),
}
BAD_ARCHIVES = {
    "zip-slip": ({**HONEST, "net/../../evil": b"x"}, "'net/../../evil' points out of the archive"),
    "absolute path": ({**HONEST, "/etc/passwd": b"x"}, "'/etc/passwd' points out of the archive"),
    "Windows path": ({**HONEST, "..\\evil": b"x"}, "points out of the archive"),
    "two pickles": ({**HONEST, "other/data.pkl": b"."}, "not of tensors from PyTorch"),
    "no pickle": ({"x.txt": b"x"}, "not of tensors from PyTorch"),
    "archive in an archive": ({"net/data.pkl": torch.archive(HONEST)}, "its pickle cannot be read"),
    "TorchScript": ({**HONEST, "net/code/net.py": b"x"}, "it is a TorchScript program"),
    "big-endian": ({**HONEST, "net/byteorder": b"big"}, "its numbers are b'big'-endian"),
    "bomb": ({**HONEST, "net/bomb": bytes(10**6)}, "its members exceed 1,000,000 bytes"),
    "lost storage": ({"net/data.pkl": HONEST["net/data.pkl"]}, "there is no 'net/data/0'"),
}


@pytest.mark.parametrize("case", BAD_ARCHIVES)
def test_a_bad_archive_is_refused(case, tmp_path):
    members, said = BAD_ARCHIVES[case]

    data = torch.archive(members, zipfile.ZIP_DEFLATED)

    assert same(read("x.pth", torch.archive(HONEST), tmp_path), {"w": np.zeros(4, np.float32)})
    assert said in refused("x.pth", data, tmp_path)
    assert os.listdir(tmp_path) == ["x.pth"]


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_member_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "x.pth"
    path.write_bytes(torch.archive(HONEST))
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("net/data/0", bytes(range(16)))

    assert "'net/data/0' stands twice" in refused("x.pth", path.read_bytes(), tmp_path)


def test_an_old_file_whose_storages_differ_from_its_tensors_is_refused(tmp_path):
    honest = torch.as_legacy({"w": np.ones(4, np.float32)})
    size = struct.pack("<q", 4)
    assert honest.count(size) == 1

    longer = honest.replace(size, struct.pack("<q", 2**60))
    other = honest.replace(pickle.dumps(["0"], 2), pickle.dumps(["1"], 2))
    big = honest.replace(
        pickle.dumps(torch.LEGACY[2], 2), pickle.dumps({"little_endian": False}, 2)
    )

    assert "its storage '0' is damaged" in refused("x.pth", longer, tmp_path)
    assert "its list of storages is not of its tensors" in refused("x.pth", other, tmp_path)
    assert "big-endian" in refused("x.pth", big, tmp_path)
    assert "16 of 16" not in refused("x.pth", honest[:-1], tmp_path)


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_cut_anywhere_is_refused(name, tmp_path):
    whole = WRITERS[name](TENSORS)

    for end in range(1, len(whole), 7):
        assert refused(name, whole[:end], tmp_path)


@pytest.mark.parametrize("name", WRITERS)
def test_a_changed_byte_is_an_error_or_another_number_never_a_crash(name, tmp_path_factory):
    whole, folder = bytearray(WRITERS[name](TENSORS)), tmp_path_factory.mktemp("flipped")

    @given(st.integers(0, len(whole) - 1), st.integers(1, 255))
    def flip(at, by):
        data = whole.copy()
        data[at] ^= by
        try:
            tree = read(name, bytes(data), folder)
        except UserError:
            return
        try:
            foreign.state_dict(tree)
        except UserError:
            pass

    flip()
