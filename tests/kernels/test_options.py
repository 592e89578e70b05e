"""Hostile custom_options: refused with a sentence, under sanitizers; never a byte out of bounds."""

import struct
from dataclasses import replace

import numpy as np
import pytest

from tests.counts import examples
from tests.kernels.library import Refused
from tests.kernels.nodes import (
    FLOAT32,
    GHOST,
    HEADER_BYTES,
    INT8,
    pack,
    random_input,
    random_node,
    with_crc,
)
from tests.kernels.programs import run
from tests.kernels.reference import expected

# fmt: off
FIELDS = ("magic", "version", "size", "crc32", "kind", "dtype", "activation", "has_residual",
          "in_height", "in_width", "channels", "out_height", "out_width", "out_channels",
          "n_cheap", "kernel_h", "kernel_w", "stride_h", "stride_w", "pad_top", "pad_left",
          "out_rank", "inner")
HOSTILE = [  # fields -> a word of the sentence
    ({"magic": 1}, "begin with"),
    ({"version": 1}, "version 1"),
    ({"kind": 4}, "kind is 4"),
    ({"dtype": 2}, "element type 2"),
    ({"activation": 4}, "activation 4"),
    ({"has_residual": 2}, "has_residual is 2"),
    ({"channels": 0}, "channels is 0"),
    ({"channels": 0xFFFFFFFF}, "channels is 4294967295"),
    ({"channels": 9, "out_channels": 18}, "arrays end at"),
    ({"channels": 9}, "9 channels and 1 convolutions of them write 16"),
    ({"kind": 3}, "n_cheap is 1"),
    ({"kind": 3, "n_cheap": 0}, "arrays end at"),
    ({"kind": 3, "n_cheap": 0, "in_width": 1 << 13, "out_width": 1 << 13},
     "3 rows of 8194 x 8 elements"),
    ({"n_cheap": 0x40000001}, "n_cheap is"),
    ({"kernel_h": 0}, "kernel_h is 0"),
    ({"kernel_w": 0x10000}, "kernel_w is"),
    ({"stride_h": 2}, "stride_h is 2"),
    ({"out_height": 8}, "writes 8 x 7"),
    ({"in_height": 1 << 14, "in_width": 1 << 14, "out_height": 1 << 14, "out_width": 1 << 14},
     "larger than 1 GiB"),
    ({"out_rank": 2}, "7 x 7 pixels has 2 dimensions"),
    ({"out_rank": 3}, "has 3 dimensions"),
    ({"inner": 4}, "inner is 4, not within 0 to 0"),
    ({"dtype": 10}, "arrays end at"),
    ({"pad_top": 3}, "do not fit"),
    ({"pad_left": 0xFFFFFFFF}, "do not fit"),
    ({"pad_top": 0x80000000}, "do not fit"),
]
# fmt: on


@pytest.fixture
def options() -> bytes:
    rng = np.random.default_rng(0)
    node = random_node(rng, kind=GHOST, channels=8, n_cheap=1, kernel_size=3, in_size=(7, 7))
    return pack(node)


@pytest.fixture
def session(library):
    with library.open(None) as opened:
        yield opened


def changed(options: bytes, fields: dict[str, int]) -> bytes:
    """With other values, and a checksum that fits them."""
    data = bytearray(options)
    for name, value in fields.items():
        struct.pack_into("<I", data, 4 * FIELDS.index(name), value)
    return with_crc(bytes(data))


@pytest.mark.parametrize("fields, words", HOSTILE, ids=lambda value: str(value)[:40])
def test_an_impossible_field_is_named(session, options, fields, words):
    with pytest.raises(Refused, match=words):
        session.node(changed(options, fields))


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf"), 1e-45, 1e30])
@pytest.mark.parametrize("place", range(3))
def test_an_impossible_scale_is_named(session, options, place, scale):
    data = bytearray(options)
    struct.pack_into("<f", data, 4 * len(FIELDS) + 8 * place, scale)

    with pytest.raises(Refused, match="scale"):
        session.node(with_crc(bytes(data)))


def test_a_wrong_checksum_is_named(session, options):
    with pytest.raises(Refused, match="damaged: their checksum"):
        session.node(options[:-1] + bytes([options[-1] ^ 1]))


@pytest.mark.parametrize("kept", [0, 1, HEADER_BYTES - 1, HEADER_BYTES, 200])
def test_truncated_options_are_refused(session, options, kept):
    with pytest.raises(Refused, match="bytes"):
        session.node(options[:kept])


def test_no_damage_leads_out_of_bounds(library, sanitized_program, tmp_path):
    """Bits flipped, words replaced, ends cut off, with a right checksum and without; whatever is
    still taken runs. The sanitizers end the program at the first byte out of bounds."""
    rng = np.random.default_rng(0)
    parts = []
    n = examples(1_000, 30_000)
    for i in range(n):
        node = random_node(
            rng, is_odd=i % 4 > 1, dtype=[INT8, FLOAT32][i % 2], channels=int(rng.integers(1, 12))
        )
        x, residual = random_input(rng, node)
        if i % 8 == 1:
            node = replace(node, weights=node.weights.astype(np.float16))
        data = bytearray(pack(node))
        for _ in range(int(rng.integers(1, 4))):
            place = int(rng.integers(0, HEADER_BYTES // 4)) * 4
            kind = int(rng.integers(4))
            if kind == 0:
                data[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
            elif kind == 1:
                extreme = rng.choice([0, 1, 2, 3, 5, 255, 1 << 14, 1 << 16, 1 << 31, 0xFFFFFFFF])
                struct.pack_into("<I", data, place, int(extreme))
            elif kind == 2:
                (value,) = struct.unpack_from("<I", data, place)
                struct.pack_into("<I", data, place, (value + int(rng.integers(-2, 3))) % (1 << 32))
            else:
                data = data[: int(rng.integers(HEADER_BYTES, len(data) + 1))]
        data[:8] = pack(node)[:8]  # the right magic and version
        struct.pack_into("<I", data, 8, len(data))
        damaged = with_crc(bytes(data)) if rng.random() < 0.95 else bytes(data)
        second = b"" if residual is None else residual.tobytes()
        out = bytes(expected(node, x, residual).nbytes)
        whole = (damaged, x.tobytes(), second, out)
        parts.append(struct.pack("<4I", *map(len, whole)) + b"".join(whole))
    (tmp_path / "cases").write_bytes(b"".join(parts))

    for variant in library.variants():
        said = run(sanitized_program, tmp_path / "cases", variant)

        assert said["cases"] == n
        assert (
            0.3 * n < said["refused"] < 0.95 * n
        )  # some damage is sound: another weight, another bias
