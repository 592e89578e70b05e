"""Which of a network's files is opened: the table, on processors that are fakes, and here."""

import ctypes

import pytest

from tests.kernels.nodes import FLOAT32, INT8

FLOAT16 = 10  # of the weights alone
FILES = ("plain", "depthwise", "all")


class Processor(ctypes.Structure):
    _fields_ = (
        ("variant", ctypes.c_char_p),
        ("has_half", ctypes.c_int),
        ("has_sme2", ctypes.c_int),
    )


# fmt: off
TABLE = [
    # variant        half   SME2    int8         float32      in half precision
    ("neon_i8mm",    True,  True,  "depthwise", "depthwise", "depthwise"),
    ("neon_dot",     True,  True,  "depthwise", "depthwise", "depthwise"),
    ("neon_i8mm",    True,  False, "all",       "all",       "all"),
    ("neon_i8mm",    False, False, "all",       "all",       "plain"),
    ("neon_dot",     True,  False, "all",       "all",       "all"),
    ("neon",         True,  False, "all",       "all",       "all"),
    ("neon",         False, False, "all",       "all",       "plain"),
    ("avx512_vnni",  False, False, "all",       "all",       "plain"),
    ("avx2",         False, False, "all",       "all",       "plain"),
    ("avx2",         True,  False, "all",       "all",       "plain"),
    ("c",            True,  False, "plain",     "plain",     "plain"),
    ("of tomorrow",  True,  False, "plain",     "plain",     "plain"),
]
# fmt: on


@pytest.mark.parametrize(("variant", "half", "sme2", "int8", "floats", "halves"), TABLE)
def test_a_processor_opens_its_file(library, variant, half, sme2, int8, floats, halves):
    processor = ctypes.byref(Processor(variant.encode(), half, sme2))

    def file(dtype: int, is_half: bool) -> str:
        return FILES[library.c.ghost_file_on(processor, dtype, is_half)]

    assert (file(INT8, False), file(FLOAT32, False)) == (int8, floats)
    assert file(FLOAT16, False) == floats
    assert (file(FLOAT32, True), file(FLOAT16, True)) == (halves, halves)


def test_every_variant_has_its_row(library):
    assert {*library.variants()} <= {row[0] for row in TABLE}


def test_this_processor_opens_what_its_best_variant_does(library):
    here = Processor(library.variants()[0].encode(), False, False)
    expected = library.c.ghost_file_on(ctypes.byref(here), INT8, False)

    assert library.c.ghost_file(INT8, False) == expected
