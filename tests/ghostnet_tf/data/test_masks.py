import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.masks import IGNORED, MaskClasses
from tests.counts import examples

NUMBERS = np.uint8([[0, 1, 2], [3, 1, 0]])
FOUR = MaskClasses.of(["a", "b", "c", "d"])


def png(image: Image.Image | np.ndarray, **options) -> bytes:
    data = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(data, "PNG", **options)
    return data.getvalue()


def in_palette(numbers: np.ndarray, bits: int) -> bytes:
    image = Image.fromarray(numbers, "L").copy()
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette([128, 0, 0, 0, 128, 0, 7, 7, 7, 9, 9, 9])
    return png(image, bits=bits)


def grey_of(bits: int, rows: list[list[int]]) -> bytes:
    """A PNG in grey of 1, 2 or 4 bits, which Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        ends = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + ends

    width, lines = len(rows[0]), b""
    for row in rows:
        text = "".join(f"{n:0{bits}b}" for n in row)
        text += "0" * (-len(text) % 8)
        lines += b"\0" + int(text, 2).to_bytes(len(text) // 8, "big")
    header = struct.pack(">IIBBBBB", width, len(rows), bits, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    "data",
    [
        png(NUMBERS),
        png(NUMBERS.astype(np.uint16)),
        in_palette(NUMBERS, 8),
        in_palette(NUMBERS, 4),
        in_palette(NUMBERS, 2),
        grey_of(2, NUMBERS.tolist()),
        grey_of(4, NUMBERS.tolist()),
        grey_of(8, NUMBERS.tolist()),
    ],
    ids=["grey", "16 bits", "palette", "palette 4", "palette 2", "grey 2", "grey 4", "grey 8"],
)
def test_the_numbers_of_a_mask_are_its_classes_however_they_are_stored(data):
    mask = FOUR.mask(data, "m.png")

    assert mask.dtype == np.uint8 and mask.tolist() == NUMBERS.tolist()


def test_a_mask_of_one_bit_has_two_classes():
    for data in (grey_of(1, [[0, 1, 1]]), png(Image.fromarray(np.array([[False, True, True]])))):
        assert FOUR.mask(data, "m.png").tolist() == [[0, 1, 1]]


def test_255_is_of_no_class_and_others_by_option():
    numbers = png(np.uint8([[0, 255, 11]]))

    assert FOUR.ignoring([11]).mask(numbers, "m.png").tolist() == [[0, IGNORED, IGNORED]]
    with pytest.raises(
        UserError, match=r"mask 'm\.png' has 11 at column 2, row 0: classes are 0 to 3"
    ):
        FOUR.mask(numbers, "m.png")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (png(Image.new("RGB", (2, 2))), "has colours"),
        (png(Image.new("LA", (2, 2))), "has colours"),
        (png(np.full((2, 2), 300, np.uint16)), "has 300 at column 0, row 0"),
        (png(NUMBERS)[:50], "cannot be read"),
        (b"", "it is no PNG"),
        (b"GIF89a", "it is no PNG"),
        (png(NUMBERS)[:24], "cannot be read"),
    ],
)
def test_a_mask_that_cannot_be_is_named(data, why):
    with pytest.raises(UserError, match=why) as refused:
        FOUR.mask(data, "m.png")

    assert "mask 'm.png'" in str(refused.value)


CAMVID = "# of CamVid\n0\tSky\t128 128 128\n\n2\tCar\n1\tRoad\t128,64,128\n11\tignored\n"


def test_a_class_file_names_numbers_in_any_order():
    classes = MaskClasses.parsed(CAMVID.split("\n"), "'classes.txt'")

    assert classes.names == ("Sky", "Road", "Car")
    assert classes.colours[:2] == ((128, 128, 128), (128, 64, 128))
    assert classes.ignored == {11, 255}
    again = MaskClasses.parsed(classes.lines(), "'again'")
    assert again == classes


def test_names_without_numbers_are_numbered_from_0_on():
    classes = MaskClasses.parsed(["# mine", "Sky", "Traffic light\t1 2 3", "ignored"], "'c'")

    assert classes.names == ("Sky", "Traffic light") and classes.colours[1] == (1, 2, 3)
    assert classes.ignored == {2, 255}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Sky", "line 2 of 'c' is 'Sky': no number and name"),
        ("x\tSky", "no number and name"),
        ("1\t ", "no number and name"),
        ("0\tAgain", "line 2 of 'c' gives 0 a second meaning"),
        ("99999\tFar", "no mask has the number 99999"),
        ("1\tSky\t1 2", "line 2 of 'c' has the colour '1 2'"),
        ("1\tSky\t1 2 256", "has the colour '1 2 256'"),
        ("1\tSky\tred", "has the colour 'red'"),
        ("2\tSky", "'c' has 2 classes, and none with the number 1"),
        ("0\tignored", "0 a second meaning|to be ignored"),
        ("1\tOne", "class 'One' stands twice"),
    ],
)
def test_a_class_file_that_leaves_a_doubt_is_refused_with_its_line(line, why):
    with pytest.raises(UserError, match=why):
        MaskClasses.parsed(["0\tOne", line], "'c'")


def test_a_class_cannot_be_ignored_nor_a_number_that_no_mask_has():
    with pytest.raises(UserError, match="2 is the number of class 'c', and to be ignored"):
        FOUR.ignoring([2])
    for number in (-1, 65_536):
        with pytest.raises(UserError, match="no mask has the number"):
            FOUR.ignoring([number])
    with pytest.raises(UserError, match="0 classes"):
        MaskClasses.parsed(["# nothing"], "'c'")


@settings(max_examples=examples(30, 10_000))
@given(
    st.text(st.sampled_from("0123 \tab#,-."), max_size=30), st.binary(max_size=4), st.floats(0, 1)
)
def test_damage_is_refused_by_name(text, instead, at):
    try:
        MaskClasses.parsed(text.split("a"), "'c'")
    except UserError as error:
        assert str(error)
    data = in_palette(NUMBERS, 4)
    start = int(at * len(data))
    try:
        mask = FOUR.mask(data[:start] + instead + data[start + len(instead) :], "m.png")
    except UserError as error:
        assert "mask 'm.png'" in str(error)
    else:
        assert {*mask.ravel().tolist()} <= {0, 1, 2, 3, IGNORED}
