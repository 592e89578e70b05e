"""What becomes of odd photos: the right values, or an error that names the photo."""

import io
import re
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from counts import ALL, examples
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.data import formats, photo
from ghostnet_tf.data.formats import FORMATS, SUFFIXES, UNREADABLE, format_of
from ghostnet_tf.data.photo import open_photo, read_photo

CASES = Path(__file__).with_name("cases")
RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
PILLOW = ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF"]  # that it writes without an extra


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **options)
    return data.getvalue()


def noise(size=(20, 14)) -> Image.Image:
    return Image.effect_noise(size, 60).convert("RGB")


def halves(size=(64, 48)) -> Image.Image:
    """Blue on the left, red on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (0, 0, size[0] // 2, size[1]))
    return image


def close(pixel, to, within=12) -> bool:
    return bool(np.abs(np.subtract(pixel, to)).max() <= within)


@pytest.mark.parametrize("kind", PILLOW)
def test_every_format_is_read_whatever_its_file_is_called(kind, tmp_path):
    data = encoded(halves(), kind)
    for name in ("photo.jpg", "photo.png", "photo"):
        (tmp_path / name).write_bytes(data)
        seen = read_photo(tmp_path / name)

        assert seen.size == (64, 48) and seen.mode == "RGB"
        assert close(seen.getpixel((5, 20)), BLUE) and close(seen.getpixel((60, 20)), RED)


def test_there_is_one_list_of_formats_and_no_suffix_stands_in_two():
    every = [suffix for format in FORMATS for suffix in format.suffixes]

    assert len(every) == len(set(every)) == len(SUFFIXES) and not SUFFIXES & UNREADABLE.keys()
    assert {".jfif", ".gif", ".tif", ".tiff", ".avif", ".heic", ".heif"} <= SUFFIXES
    assert formats.NAMES == "JPEG, PNG, WebP, BMP, GIF, TIFF, AVIF or HEIC"


def test_the_page_about_photos_names_every_format_and_no_other():
    page = (Path(__file__).parents[3] / "docs" / "photos.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| ") and "`." in line]

    assert set(re.findall(r"`(\.\w+)`", "".join(rows))) == SUFFIXES
    assert all(format.name in "".join(rows) for format in FORMATS)


@pytest.mark.parametrize(
    ("brands", "is_of"),
    [
        ([b"heic", b"mif1", b"heic"], formats.HEIC),
        ([b"mif1", b"mif1", b"heic"], formats.HEIC),
        ([b"mif1", b"avif", b"mif1"], formats.AVIF),
        ([b"avif", b"mif1", b"miaf"], formats.AVIF),
        ([b"isom", b"iso2", b"mp41"], None),  # a film
    ],
)
def test_heic_and_avif_are_told_apart_by_their_brands(brands, is_of):
    box = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])

    assert format_of(struct.pack(">I", 4 + len(box)) + box + b"mdat") is is_of


def test_heic_without_its_package_is_named_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr(photo, "find_spec", lambda name: None)

    with pytest.raises(UserError, match=r"'a\.heic' .* -m pip install pillow-heif") as refused:
        open_photo((CASES / "blue_red.heic").read_bytes(), "a.heic")
    assert refused.value.fix.endswith("-m pip install pillow-heif")


def test_heic_with_its_package_is_read_upright():
    pytest.importorskip("pillow_heif", reason="the extra 'heic' is not installed")
    data = (CASES / "blue_red.heic").read_bytes()
    seen = open_photo(data, "a.heic")

    assert seen.size == (64, 48) and seen.mode == "RGB"
    assert close(seen.getpixel((5, 20)), BLUE) and close(seen.getpixel((60, 20)), RED)
    for at in range(0, len(data), examples(29, 1)):
        damaged(data, at, 255)


# ---------------------------------------------------------------------------- large ones


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize(
    ("size", "seen"),
    [
        ((120, 80), (120, 80)),  # 9,600 pixels: as it is
        ((200, 150), (100, 75)),  # 30,000: a half
        ((400, 301), (100, 76)),  # 120,400: a quarter; rounded up
        ((1000, 900), (125, 113)),  # 900,000: an eighth is the least, also where it is too large
    ],
)
def test_a_huge_jpeg_is_decoded_at_the_largest_scale_within_the_limit(
    mode, size, seen, monkeypatch
):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    image = halves(size).convert(mode)
    small = open_photo(encoded(image, "JPEG", quality=95), "a.jpg")

    assert small.size == seen and small.mode == "RGB"
    wanted = np.asarray(image.convert("RGB").resize((8, 8), Image.Resampling.BOX), int)
    assert np.abs(np.asarray(small.resize((8, 8), Image.Resampling.BOX)) - wanted).mean() < 6


def test_a_huge_jpeg_still_stands_upright(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10_000)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: blue goes to the top
    seen = open_photo(encoded(halves((200, 100)), "JPEG", exif=exif), "a.jpg")

    assert seen.size == (50, 100)
    assert close(seen.getpixel((25, 10)), BLUE) and close(seen.getpixel((25, 90)), RED)


# What phones take today: 108 and 200 million pixels.
@pytest.mark.parametrize("size", [(12_000, 9_000), *([(16_320, 12_240)] if ALL else [])])
def test_a_phones_largest_photo_is_read_and_nothing_is_printed(size, capfd):
    data = encoded(Image.new("L", size, 77), "JPEG")  # pytest makes every warning an error

    seen = open_photo(data, "phone.jpg")

    assert seen.size == (size[0] // 2, size[1] // 2) and seen.getpixel((9, 9)) == (77,) * 3
    assert capfd.readouterr() == ("", "")


def with_size(png: bytes, width: int, height: int) -> bytes:
    """The header promises so many pixels; the rest is never looked at."""
    at = png.index(b"IHDR")
    header = b"IHDR" + struct.pack(">II", width, height) + png[at + 12 : at + 17]
    return png[:at] + header + struct.pack(">I", zlib.crc32(header)) + png[at + 21 :]


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch):
    png = with_size(encoded(halves()), 50_000, 50_000)
    with pytest.raises(UserError, match=r"'a\.png'.* 50000 x 50000 .* decompression bomb"):
        open_photo(png, "a.png")
    jpeg = encoded(Image.new("L", (300, 200)), "JPEG")
    monkeypatch.setattr(photo, "MAX_JPEG_PIXELS", 59_999)
    with pytest.raises(UserError, match=r"'a\.jpg'.* more than 59,999: .* decompression bomb"):
        open_photo(jpeg, "a.jpg")


@pytest.mark.filterwarnings("ignore")  # as a command does, see below
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF"])
def test_what_cannot_be_decoded_small_has_pillows_limit(kind, monkeypatch, capfd):
    data = encoded(halves((150, 100)), kind)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 7_500)
    assert open_photo(data, "a").size == (150, 100)  # Pillow would warn from 7,501 on
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 7_499)

    with pytest.raises(UserError, match=r"14.?998.*decompression bomb"):
        open_photo(data, "a")
    assert capfd.readouterr() == ("", "")


def test_a_command_keeps_pillows_warnings_to_itself():
    def command():
        for module in ("PIL.Image", "PIL.TiffImagePlugin"):
            warnings.warn_explicit("odd", UserWarning, "x.py", 1, module)

    with warnings.catch_warnings(), pytest.raises(SystemExit) as ended:
        warnings.simplefilter("error")
        run(command)
    assert ended.value.code == 0


# ---------------------------------------------------------------------------- odd ones


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_of_several_frames_or_pages_the_first_is_the_photo(kind):
    first, second = halves(), Image.new("RGB", (64, 48), (0, 255, 0))
    data = encoded(first, kind, save_all=True, append_images=[second])
    seen = open_photo(data, "a")

    assert close(seen.getpixel((5, 20)), BLUE) and close(seen.getpixel((60, 20)), RED)


def test_of_a_phones_pair_of_pictures_in_one_jpeg_the_first_is_the_photo():
    data = encoded(halves(), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))])

    assert close(open_photo(data, "a.jpg").getpixel((5, 20)), BLUE)


@pytest.mark.parametrize(
    ("image", "kind", "options", "pixel"),
    [
        (Image.fromarray(np.full((3, 4), 0xC0FF, np.uint16)), "TIFF", {}, (0xC0,) * 3),
        (Image.fromarray(np.full((3, 4), 0xC0FF, np.uint16)), "PNG", {}, (0xC0,) * 3),
        (Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "TIFF", {}, RED),
        (Image.new("LA", (4, 3), (0, 128)), "WEBP", {"lossless": True}, (127,) * 3),
        (Image.new("RGBA", (4, 3), (0, 0, 255, 0)), "TIFF", {}, WHITE),
        (Image.new("RGBA", (4, 3), (0, 0, 255, 0)), "GIF", {}, WHITE),
        (Image.new("RGB", (4, 3), RED).quantize(), "TIFF", {}, RED),
        (Image.new("1", (4, 3), 1), "TIFF", {"compression": "group4"}, WHITE),
        (Image.new("YCbCr", (16, 16), (76, 85, 255)), "JPEG", {}, RED),
    ],
    ids=["16-bit TIFF", "16-bit PNG", "CMYK", "LA", "clear TIFF", "clear GIF", "palette", "fax", "Y"],  # noqa: E501
)  # fmt: skip
def test_every_kind_of_pixel_becomes_what_a_person_sees(image, kind, options, pixel):
    seen = open_photo(encoded(image, kind, **options), "a")

    assert seen.mode == "RGB" and close(seen.getpixel((1, 1)), pixel, within=2)


def test_sixteen_bits_a_colour_keep_their_upper_eight():
    rows = b"".join(b"\0" + struct.pack(">6H", 0x8001, 0, 0x40FF, 0, 0xFFFF, 0) for _ in range(2))
    header = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts
    )

    assert np.asarray(open_photo(png, "a"))[0].tolist() == [[0x80, 0, 0x40], [0, 0xFF, 0]]


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_values_of_32_bits_are_refused_for_nobody_says_what_is_white(dtype):
    data = encoded(Image.fromarray(np.full((3, 4), 1, dtype)), "TIFF")

    with pytest.raises(UserError, match=r"'a\.tif'.* 32 bits") as refused:
        open_photo(data, "a.tif")
    assert "8 bits" in refused.value.fix


@pytest.mark.parametrize("turn", range(1, 9))
def test_every_orientation_is_undone(turn):
    image = halves()
    image.paste(WHITE, (0, 0, 16, 12))  # a corner that tells all eight apart
    exif = Image.Exif()
    exif[0x0112] = turn
    turns = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_270],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_90],
    }
    wanted = image
    for step in turns.get(turn, []):
        wanted = wanted.transpose(step)
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True}), ("JPEG", {"quality": 95})):
        seen = open_photo(encoded(image, kind, exif=exif, **options), "a")

        assert seen.size == wanted.size, kind
        assert np.abs(np.subtract(seen, np.asarray(wanted, int))).mean() < 4, kind


def test_a_text_chunk_that_unpacks_without_end_is_named():
    with pytest.raises(UserError, match=r"'large_text_chunk\.png' cannot be read: .*too large"):
        read_photo(CASES / "large_text_chunk.png", "large_text_chunk.png")


@pytest.mark.parametrize("kind", PILLOW)
@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_photo_that_was_cut_off_is_named_or_whole(kind, share):
    data = encoded(noise((200, 150)), kind)
    try:
        seen = open_photo(data[: int(share * len(data))], "torn")
    except UserError as error:
        assert "'torn'" in str(error)
    else:  # a format whose picture does not reach to the end of the file
        assert kind in ("TIFF",) and seen.size == (200, 150)


def damaged(data: bytes, at: int, value: int) -> None:
    torn = bytearray(data)
    torn[at % len(torn)] = value
    try:
        assert open_photo(bytes(torn), "x").mode == "RGB"
    except UserError as error:
        assert "'x'" in str(error)


SMALL = {kind: encoded(halves((20, 14)), kind) for kind in PILLOW}


@pytest.mark.filterwarnings("ignore")  # as `errors.run` does for Pillow's
@settings(max_examples=examples(150, 30_000))
@given(st.sampled_from(PILLOW), st.integers(0, 10**4), st.integers(0, 255))
def test_a_damaged_byte_of_any_format_makes_a_photo_or_a_named_error(kind, at, value):
    damaged(SMALL[kind], at, value)


@settings(max_examples=examples(60, 30_000))
@given(st.sampled_from([data[:12] for data in SMALL.values()]), st.binary(max_size=64))
@pytest.mark.filterwarnings("ignore")
def test_the_beginning_of_a_photo_alone_is_none(start, rest):
    with pytest.raises(UserError, match="'x'"):
        open_photo(start + rest, "x")
