import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data import photo as photo_module
from ghostnet_tf.data import places
from ghostnet_tf.data.photo import open_photo
from ghostnet_tf.data.photos import Photos

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
ORIENTATION = 0x0112  # EXIF tag


def encoded(photo: Image.Image, kind: str = "PNG", **options) -> bytes:
    data = io.BytesIO()
    photo.save(data, kind, **options)
    return data.getvalue()


def plain(colour=RED, size=(4, 3), mode="RGB") -> Image.Image:
    return Image.new(mode, size, colour)


def folder_of(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encoded(plain()))
    return root


def zip_of(path: Path, *names: str, data: bytes = encoded(plain())) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, data)
    return path


NAMES = ("b/2.JPG", "a/1.png", "b/1.webp", ".git/x.png", "a/.hidden.png", "a/notes.txt")


@pytest.mark.parametrize("kind", [folder_of, zip_of])
def test_class_folders_label_the_photos_in_them(kind, tmp_path):
    photos = Photos.open(kind(tmp_path / "p", *NAMES))

    assert photos.names == ["a/1.png", "b/1.webp", "b/2.JPG"] and len(photos) == 3
    assert photos.classes == ("a", "b")
    assert photos.label_of is not None and photos.label_of.tolist() == [0, 1, 1]
    assert photos.read(1).getpixel((0, 0)) == RED


@pytest.mark.parametrize("kind", [folder_of, zip_of])
def test_photos_side_by_side_have_no_labels(kind, tmp_path):
    photos = Photos.open(kind(tmp_path / "p", "2.png", "1.png"))

    assert photos.names == ["1.png", "2.png"]
    assert photos.classes == () and photos.label_of is None


@pytest.mark.parametrize("kind", [folder_of, zip_of])
def test_class_folders_may_lie_deeper(kind, tmp_path):
    photos = Photos.open(kind(tmp_path / "p", "train/a/1.png", "train/b/1.png"))

    assert photos.classes == ("a", "b")


@pytest.mark.parametrize("kind", [folder_of, zip_of])
@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("a/1.png", "a/2.png", "stray.png"), "outside the class folders, such as 'stray.png'"),
        (("a/1.png", "b/1.png", "b/more/2.png"), "such as 'b/more/2.png'"),
        (("train/a/1.png", "val/a/1.png"), "class 'a' .* in 'train/a' and in 'val/a'"),
        (("a/1.png", "b/notes.txt"), "class folder 'b' .* holds no photos"),
    ],
)
def test_class_folders_that_leave_a_doubt_are_refused_when_labels_are_asked_for(
    kind, names, said, tmp_path
):
    photos = Photos.open(kind(tmp_path / "p", *names))

    assert len(photos) >= 1 and photos.read(0)  # good enough to calibrate on
    with pytest.raises(UserError, match=said) as refused:
        _ = photos.label_of
    assert refused.value.fix


def test_an_empty_class_folder_is_named(tmp_path):
    (folder_of(tmp_path / "p", "a/1.png") / "empty").mkdir()

    with pytest.raises(UserError, match="class folder 'empty'"):
        _ = Photos.open(tmp_path / "p").classes


def test_an_empty_class_folder_of_a_zip_is_named(tmp_path):
    path = zip_of(tmp_path / "p.zip", "a/1.png", "empty/")

    with pytest.raises(UserError, match="class folder 'empty'"):
        _ = Photos.open(path).classes


@pytest.mark.parametrize("kind", [folder_of, zip_of])
def test_a_place_without_photos_is_refused(kind, tmp_path):
    with pytest.raises(UserError, match="holds no photos") as refused:
        Photos.open(kind(tmp_path / "p", "readme.txt"))

    assert ".jpeg" in refused.value.fix


def test_a_place_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="no folder or zip"):
        Photos.open(tmp_path / "gone")


def test_a_file_that_is_no_zip_is_refused(tmp_path):
    (tmp_path / "p.zip").write_bytes(b"<!doctype html>")

    with pytest.raises(UserError, match="neither a folder nor a zip"):
        Photos.open(tmp_path / "p.zip")


def test_a_folder_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    folder_of(tmp_path / "p", "a/1.png", "b/1.png")
    scandir = os.scandir

    def forbidden(path):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    with pytest.raises(UserError, match=r"b' cannot be read: Permission denied"):
        Photos.open(tmp_path / "p")


@pytest.mark.parametrize("name", ["../1.png", "/etc/1.png", "a/../../1.png"])
def test_a_zip_that_names_files_outside_of_itself_is_refused_and_nothing_is_written(name, tmp_path):
    inside = tmp_path / "deep" / "er"
    inside.mkdir(parents=True)

    with pytest.raises(UserError, match="outside of itself"):
        Photos.open(zip_of(inside / "p.zip", "a/1.png", name))

    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["p.zip"]


def test_a_photo_too_large_for_a_photo_is_refused(tmp_path, monkeypatch):
    for module in (photo_module, places):
        monkeypatch.setattr(module, "MAX_FILE_BYTES", 50)
    for path in (folder_of(tmp_path / "p", "1.png"), zip_of(tmp_path / "p.zip", "1.png")):
        with pytest.raises(UserError, match="larger than 50 bytes"):
            Photos.open(path).read(0)


def test_a_dead_link_is_named_when_read(tmp_path):
    folder_of(tmp_path / "p", "1.png")
    (tmp_path / "p/2.png").symlink_to("nowhere")

    with pytest.raises(UserError, match=r"'2\.png' is no file"):
        Photos.open(tmp_path / "p").read(1)


@pytest.mark.parametrize("data", [b"", b"no photo", encoded(plain())[:-30], b"GIF89a"])
def test_a_broken_photo_is_named(data, tmp_path):
    folder_of(tmp_path / "p", "1.png")
    (tmp_path / "p/2.png").write_bytes(data)

    with pytest.raises(UserError, match=r"photo '2\.png' cannot be read") as refused:
        Photos.open(tmp_path / "p").read(1)
    assert "BytesIO" not in str(refused.value)


def test_postscript_under_the_name_of_a_photo_never_reaches_ghostscript(monkeypatch):
    from PIL import EpsImagePlugin

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: pytest.fail("it ran"))
    eps = encoded(plain(), "EPS")

    with pytest.raises(UserError, match="cannot be read"):
        open_photo(eps, "1.jpg")
    with pytest.raises(pytest.fail.Exception), Image.open(io.BytesIO(eps)) as photo:
        photo.load()  # what Pillow does unless it is told which formats are photos


def test_pillows_limit_on_pixels_is_kept():
    # a header that promises 40,000 x 40,000 pixels; the rest is never looked at
    header = b"IHDR" + struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0)
    png = encoded(plain())
    at = png.index(b"IHDR")
    bomb = png[:at] + header + struct.pack(">I", zlib.crc32(header)) + png[at + 21 :]
    with pytest.raises(UserError, match="decompression bomb"):
        open_photo(bomb, "bomb.png")


@pytest.mark.parametrize(("size", "refused"), [((50, 1), False), ((51, 1), True), ((1, 51), True)])
def test_a_photo_as_thin_as_a_thread_is_refused(size, refused):
    data = encoded(plain(size=size))
    if refused:
        said = f"{size[0]} x {size[1]} pixels are no photo: one side is 51.0 times the other, 50 "
        with pytest.raises(UserError, match=said):
            open_photo(data, "1.png")
    else:
        assert open_photo(data, "1.png").size == size


@given(
    at=st.integers(0, 10**6),
    value=st.integers(0, 255),
    kind=st.sampled_from(["PNG", "JPEG", "WEBP"]),
)
def test_a_damaged_byte_makes_a_photo_or_a_named_error(at, value, kind):
    data = bytearray(encoded(Image.effect_noise((20, 14), 60).convert("RGB"), kind))
    data[at % len(data)] = value
    try:
        assert open_photo(bytes(data), "x.png").mode == "RGB"
    except UserError as error:
        assert "'x.png'" in str(error)


def test_a_photo_stands_upright_as_its_phone_meant_it():
    photo = plain(size=(40, 20))
    photo.paste(BLUE, (0, 0, 20, 20))  # blue left, red right
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # to be turned a quarter clockwise
    upright = open_photo(encoded(photo, "PNG", exif=exif), "1.png")

    assert upright.size == (20, 40)
    assert upright.getpixel((10, 5)) == BLUE and upright.getpixel((10, 35)) == RED


def test_a_photo_without_orientation_keeps_every_pixel():
    noise = np.random.default_rng(0).integers(0, 256, (9, 7, 3)).astype(np.uint8)
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True}), ("BMP", {})):
        photo = open_photo(encoded(Image.fromarray(noise), kind, **options), "1")
        assert np.array_equal(np.asarray(photo), noise), kind


@pytest.mark.parametrize(
    ("photo", "pixel"),
    [
        (plain(77, mode="L"), (77,) * 3),
        (plain(1, mode="1"), WHITE),
        (plain((0, 200), mode="LA"), (55,) * 3),
        (plain((255, 0, 0, 255), mode="RGBA"), RED),
        (plain((0, 0, 0, 0), mode="RGBA"), WHITE),
        (plain().quantize(), RED),
        (Image.fromarray(np.full((3, 4), 0x8001, np.uint16)), (128,) * 3),
    ],
    ids=["grey", "black and white", "grey with alpha", "opaque", "clear", "palette", "16 bit"],
)
def test_every_kind_of_png_becomes_what_a_person_sees(photo, pixel):
    seen = open_photo(encoded(photo), "1.png")

    assert seen.mode == "RGB" and seen.getpixel((1, 1)) == pixel


def test_a_transparent_palette_lies_on_white_paper():
    photo = plain().quantize()

    assert open_photo(encoded(photo, transparency=0), "1.png").getpixel((0, 0)) == WHITE


def test_printing_colours_become_screen_colours():
    photo = Image.new("CMYK", (16, 16), (0, 255, 255, 0))

    seen = np.asarray(open_photo(encoded(photo, "JPEG"), "1.jpg"), int)
    assert np.abs(seen - RED).max() < 15


@pytest.mark.parametrize(
    ("n", "expected"), [(3, [0, 2, 4]), (6, [0, 1, 2, 3, 4, 5]), (9, [0, 1, 2, 3, 4, 5]), (1, [0])]
)
def test_some_photos_are_taken_evenly_from_all(n, expected, tmp_path):
    for i in range(6):
        Image.new("RGB", (4, 4)).save(tmp_path / f"{i}.png")

    assert Photos.open(tmp_path).evenly(n).tolist() == expected
