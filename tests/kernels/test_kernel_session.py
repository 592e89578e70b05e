"""What LiteRT calls, called as it would and as it should not: every failure is a status and a
sentence that stays until someone asks."""

import ctypes
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.kernels.library import Library
from tests.kernels.nodes import CONVOLUTION, pack, random_input, random_node
from tests.kernels.programs import build_library, patched
from tests.kernels.reference import expected

OK, INVALID_ARGUMENT, RUNTIME_FAILURE = 0, 1, 3


class Buffer(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("bytes", ctypes.c_size_t))


class Layout(ctypes.Structure):
    _fields_ = (
        ("rank_and_strides", ctypes.c_uint32),
        ("dimensions", ctypes.c_int32 * 8),
        ("strides", ctypes.c_uint32 * 8),
    )


class Stub:
    """One registered operator of a session."""

    def __init__(self, path: Path, library: Library):
        self.stub, self.c = ctypes.CDLL(str(path)), library.c
        self.c.ghost_register.argtypes = (ctypes.c_void_p,) * 3
        self.c.ghost_error.argtypes = (ctypes.c_void_p,)
        self.c.ghost_error.restype = ctypes.c_char_p
        self.add = ctypes.cast(self.stub.LiteRtAddCustomOpKernelOption, ctypes.c_void_p)
        self.session = self.c.ghost_open(1, None)

    def register(self, options=None) -> int:
        return self.c.ghost_register(self.session, options, self.add)

    def error(self) -> str | None:
        said = self.c.ghost_error(self.session)
        return said and said.decode()

    def init(self, options: bytes) -> int:
        return self.stub.stub_init(options, ctypes.c_size_t(len(options)))

    def run(self, inputs: list[np.ndarray | Buffer], outputs: list[np.ndarray | Buffer]) -> int:
        counted = []
        for buffers in (inputs, outputs):
            made = [
                b if isinstance(b, Buffer) else Buffer(b.ctypes.data, b.nbytes) for b in buffers
            ]
            pointers = (ctypes.POINTER(Buffer) * len(made))(*map(ctypes.pointer, made))
            counted += [ctypes.c_size_t(len(made)), pointers]
        return self.stub.stub_run(*counted)

    def layouts(self, *shapes: tuple[int, ...]) -> tuple[int, list[int]]:
        inputs = (Layout * len(shapes))(
            *(Layout(len(shape), (ctypes.c_int32 * 8)(*shape)) for shape in shapes)
        )
        out = Layout()
        count = ctypes.c_size_t
        status = self.stub.stub_layouts(count(len(shapes)), inputs, count(1), ctypes.byref(out))
        return status, list(out.dimensions[: out.rank_and_strides & 127])


@pytest.fixture
def stub_path(tmp_path) -> Path:
    path = tmp_path / "libstub.so"
    source = Path(__file__).parent / "runtime_stub.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(path), str(source)], check=True)  # noqa: S603, S607
    return path


@pytest.fixture
def stub(stub_path, library):
    made = Stub(stub_path, library)
    assert made.register() == OK
    yield made
    made.c.ghost_close(made.session)


@pytest.fixture
def case():
    rng = np.random.default_rng(3)
    node = random_node(rng, kind=1, channels=12, in_size=(5, 6), kernel_size=3, n_cheap=1)
    return node, *random_input(rng, node)


def inputs_of(x, residual):
    return [x] if residual is None else [x, residual]


def test_a_node_runs_from_init_to_destroy(stub, case):
    node, x, residual = case
    out = np.zeros(node.out_shape, np.int8)

    assert stub.stub.stub_names() == 256
    assert stub.init(pack(node)) == OK
    shapes = [node.in_shape] if residual is None else [node.in_shape, node.out_shape]
    assert stub.layouts(*shapes) == (OK, list(node.out_shape))
    assert stub.run(inputs_of(x, residual), [out]) == OK
    assert stub.stub.stub_destroy() == OK

    assert np.array_equal(out, expected(node, x, residual))
    assert stub.error() is None


def test_a_pixel_may_be_a_row(stub):
    """As FULLY_CONNECTED reads and writes it."""
    rng = np.random.default_rng(0)
    node = random_node(rng, kind=CONVOLUTION, in_size=(1, 1), kernel_size=1, channels=8)
    row = replace(node, has_residual=False, out_rank=2)

    assert stub.init(pack(row)) == OK
    for shape in ((1, 8), (1, 1, 1, 8)):
        assert stub.layouts(shape) == (OK, [1, row.out_channels])
    for shape in ((8, 1), (1, 9), (1, 1, 8), (1, 2, 1, 8)):
        assert stub.layouts(shape)[0] == INVALID_ARGUMENT


def test_damaged_options_are_an_error_at_init_and_at_every_run(stub, case):
    node, x, residual = case
    out = np.zeros(node.out_shape, np.int8)

    assert stub.init(pack(node)[:-1]) == INVALID_ARGUMENT
    assert stub.error().startswith("ghostnet.op.000: the options have ")
    assert stub.error() is None
    assert stub.run(inputs_of(x, residual), [out]) == INVALID_ARGUMENT
    assert stub.error() == "ghostnet.op.000: it was not prepared"
    assert not out.any()


@pytest.mark.parametrize("wrong", ["input", "output"])
def test_a_buffer_of_another_size_is_never_touched(stub, case, wrong):
    node, x, residual = case
    out = np.zeros(node.out_shape, np.int8)
    stub.init(pack(node))
    short_x = Buffer(1, x.nbytes - 1) if wrong == "input" else x  # address 1: to touch is to crash
    short_out = Buffer(1, out.nbytes - 1) if wrong == "output" else out

    status = stub.run([short_x, *inputs_of(x, residual)[1:]], [short_out])

    assert status == INVALID_ARGUMENT
    assert f"its {wrong} has" in stub.error()


def test_a_buffer_that_cannot_be_locked_is_an_error(stub, case):
    node, x, residual = case
    out = np.zeros(node.out_shape, np.int8)
    stub.init(pack(node))

    status = stub.run([Buffer(None, x.nbytes), *inputs_of(x, residual)[1:]], [out])

    assert status == RUNTIME_FAILURE
    assert stub.error() == "ghostnet.op.000: the runtime does not hand over its input"


def test_too_few_inputs_are_an_error(stub, case):
    node, *_ = case
    stub.init(pack(node))

    assert stub.run([], [np.zeros(node.out_shape, np.int8)]) == INVALID_ARGUMENT
    assert "0 inputs and 1 outputs" in stub.error()


def test_other_shapes_than_the_options_say_are_an_error(stub, case):
    node, _, residual = case
    stub.init(pack(node))
    shape = (1, 5, 6, 13)
    shapes = [shape] if residual is None else [shape, node.out_shape]

    assert stub.layouts(*shapes)[0] == INVALID_ARGUMENT
    assert "other shapes" in stub.error()


def test_the_first_error_stays(stub, case):
    _node, *_ = case
    stub.init(b"")
    stub.run([], [])

    assert "header alone" in stub.error()


def test_a_second_node_of_one_name_is_an_error(stub, case):
    node, *_ = case

    assert stub.init(pack(node)) == OK
    assert stub.init(pack(node)) == INVALID_ARGUMENT
    assert "second node of this name" in stub.error()


def test_a_runtime_that_does_not_register_is_an_error(stub_path, library):
    stub = Stub(stub_path, library)

    assert stub.register(options=1) == 42
    assert "does not register it (status 42)" in stub.error()


@pytest.mark.parametrize("variant, threads", [("sse9", 1), (None, 0), (None, 65)])
def test_no_session_with_what_there_is_not(library, variant, threads):
    assert library.c.ghost_open(threads, variant and variant.encode()) is None


def test_an_ignored_error_would_be_seen(stub_path, case, tmp_path, monkeypatch):
    """Planted: the sizes are looked at and not obeyed. The test above it would fail."""
    sources = patched(
        tmp_path / "kernels", "session.c", "bytes == expected) return true;", "true) return true;"
    )
    monkeypatch.setattr("tests.kernels.programs.KERNELS", sources)
    stub = Stub(stub_path, Library(build_library(tmp_path / "out", "host")))
    node, x, residual = case
    out = np.zeros(node.out_shape, np.int8)
    stub.register()
    stub.init(pack(node))

    larger = np.zeros(x.nbytes + 1, np.int8)
    assert stub.run([larger, *inputs_of(x, residual)[1:]], [out]) == OK  # which the test forbids
    assert stub.error() is None
