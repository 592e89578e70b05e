"""The options of a Ghost operator in Python against the C header that defines them."""

import ctypes
import subprocess
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from export.ghostop import options
from export.ghostop.options import (
    CONVOLUTION,
    DEPTHWISE,
    GHOST,
    Header,
    Options,
    Quantization,
    unpack,
)
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.rooms import PACKAGE

HEADER = PACKAGE.parent / "kernels" / "ghost_op.h"


def int8_options(**changes) -> Options:
    rng = np.random.default_rng(0)
    options = Options(
        kind=GHOST,
        activation="RELU6",
        has_residual=True,
        in_size=(7, 9),
        out_size=(7, 9),
        stride=(1, 1),
        pad=(1, 2),
        weights=rng.integers(-127, 128, (2, 3, 5, 6), np.int8),
        weight_scale=rng.uniform(0.1, 1, (2, 6)).astype(np.float32),
        bias=rng.integers(-999, 999, (2, 6), np.int32),
        input=Quantization(0.5, -3),
        conv=Quantization(0.25, 4),
        concat=Quantization(0.75, 5),
        residual=Quantization(0.125, -128),
        output=Quantization(1.5, 127),
    )
    return replace(options, **changes)


def float32_options() -> Options:
    rng = np.random.default_rng(1)
    return Options(
        kind=DEPTHWISE,
        activation="NONE",
        has_residual=False,
        in_size=(14, 14),
        out_size=(7, 7),
        stride=(2, 2),
        pad=(2, 2),
        weights=rng.normal(size=(1, 5, 5, 3)).astype(np.float32),
        bias=rng.normal(size=(1, 3)).astype(np.float32),
    )


def convolution_options() -> Options:
    rng = np.random.default_rng(2)
    return Options(
        kind=CONVOLUTION,
        activation="RELU",
        has_residual=True,
        in_size=(8, 8),
        out_size=(4, 4),
        stride=(2, 2),
        pad=(0, 1),
        weights=rng.integers(-127, 128, (5, 3, 3, 4), np.int8),
        weight_scale=rng.uniform(0.1, 1, 5).astype(np.float32),
        bias=rng.integers(-999, 999, 5, np.int32),
        input=Quantization(0.5, -3),
        conv=Quantization(0.25, 4),
        concat=Quantization(0.25, 4),
        residual=Quantization(0.125, -128),
        output=Quantization(1.5, 127),
    )


def float16_options() -> Options:
    plain = float32_options()
    return replace(plain, weights=plain.weights.astype(np.float16), inner=5)


ALL = {
    "int8": int8_options(),
    "float32": float32_options(),
    "float16": float16_options(),
    "dense": convolution_options(),
}


def same(a: Options, b: Options) -> bool:
    pairs = [(getattr(a, f.name), getattr(b, f.name)) for f in fields(Options)]
    return all(np.array_equal(x, y) if isinstance(x, np.ndarray) else x == y for x, y in pairs)


def compiled(source: str, folder: Path) -> str:
    """What a C program that includes the header prints."""
    (folder / "ask.c").write_text(source)
    command = ["cc", "-std=c11", f"-I{HEADER.parent}", "-o", str(folder / "ask")]
    subprocess.run([*command, str(folder / "ask.c")], check=True)  # noqa: S603
    return subprocess.run([str(folder / "ask")], capture_output=True, text=True, check=True).stdout  # noqa: S603


def test_every_field_lies_where_c_puts_it(tmp_path):
    names = [name for name, *_ in Header._fields_]
    lines = "".join(f'printf("%zu ", offsetof(GhostHeader, {name}));' for name in names)
    source = f'#include "ghost_op.h"\n#include <stdio.h>\nint main(void) {{ {lines}'

    printed = compiled(f'{source} printf("%zu", sizeof(GhostHeader)); return 0; }}', tmp_path)

    *offsets, size = map(int, printed.split())
    assert offsets == [getattr(Header, name).offset for name in names]
    assert size == ctypes.sizeof(Header)


def test_numbers_and_names_are_those_of_the_header(tmp_path):
    named = (
        "MAGIC VERSION GHOST DEPTHWISE CONVOLUTION FLOAT32 FLOAT16 INT8 MAX_NODES MAX_STRIPE "
        "INNER_INPUT INNER_RESIDUAL INNER_OUTPUT"
    ).split()
    lines = "".join(f'printf("%ld ", (long)GHOST_{name});' for name in named)
    activations = 'printf("%d %d %d ", GHOST_NO_ACTIVATION, GHOST_RELU, GHOST_RELU6);'
    name = "printf(GHOST_OP_NAME, 7);"
    source = '#include "options.h"\n#include <stdio.h>\nint main(void) {'

    printed = compiled(f"{source} {lines} {activations} {name} return 0; }}", tmp_path).split()

    assert list(map(int, printed[: len(named)])) == [getattr(options, n) for n in named]
    assert list(map(int, printed[len(named) : -1])) == list(options.ACTIVATIONS.values())
    assert printed[-1] == options.NAME % 7


@pytest.mark.parametrize("options", ALL.values(), ids=ALL)
def test_what_is_packed_is_unpacked(options):
    assert same(unpack(options.pack()), options)


def test_arrays_begin_at_multiples_of_sixteen():
    options = int8_options()

    data = options.pack()

    at = -(-ctypes.sizeof(Header) // 16) * 16
    assert data[at : at + options.weights.nbytes] == options.weights.tobytes()
    at += -(-options.weights.nbytes // 16) * 16
    assert options.weight_scale is not None
    assert data[at : at + options.weight_scale.nbytes] == options.weight_scale.tobytes()
    at += -(-options.weight_scale.nbytes // 16) * 16
    assert data[at:] == options.bias.tobytes()


@pytest.mark.parametrize("kept", [0, 16, 127, 128, 400])
def test_cut_options_are_refused(kept):
    with pytest.raises(UserError, match="options of a Ghost operator are damaged"):
        unpack(int8_options().pack()[:kept])


def test_any_changed_byte_is_noticed():
    data = int8_options().pack()
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x40

        with pytest.raises(UserError, match="are damaged"):
            unpack(bytes(damaged))
