"""Folders with links, zips of other systems, names that other systems spell otherwise."""

import io
import os
import struct
import unicodedata
import zlib
from pathlib import Path

import pytest
from counts import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data import places
from ghostnet_tf.data.photos import Photos

CAFE = "caf\u00e9"  # in one letter, as everybody types it
NFD = unicodedata.normalize("NFD", CAFE)  # in two, as macOS once stored it


def encoded() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (4, 3), (255, 0, 0)).save(data, "PNG")
    return data.getvalue()


PNG = encoded()


def write(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(PNG)
    return root


def zipped(path: Path, *names: str | bytes, system: int = 3, utf8: bool = False, extra=b"") -> Path:
    """A zip whose names are these bytes, stored as they are; text is stored as UTF-8."""
    local, central = b"", b""
    for name in names:
        name = name.encode() if isinstance(name, str) else name
        data = b"" if name.endswith(b"/") else PNG
        flags = 0x800 if utf8 else 0
        common = struct.pack("<HHHHHIIIHH", 20, flags, 0, 0, 33, zlib.crc32(data), len(data),
                             len(data), len(name), len(extra))  # fmt: skip
        central += b"PK\1\2" + struct.pack("<BB", 20, system) + common
        central += struct.pack("<HHHII", 0, 0, 0, 0, len(local)) + name + extra
        local += b"PK\3\4" + common + name + extra + data
    end = struct.pack("<HHHHIIH", 0, 0, len(names), len(names), len(central), len(local), 0)
    path.write_bytes(local + central + b"PK\5\6" + end)
    return path


def readable(photos: Photos) -> list[str]:
    """Their names; every one of them is the red photo."""
    for i in range(len(photos)):
        assert photos.read(i).getpixel((0, 0)) == (255, 0, 0)
    assert not len(photos.skipped)
    return photos.names


# ---------------------------------------------------------------------------- links


def test_class_folders_may_be_links_and_so_may_photos(tmp_path):
    write(tmp_path / "disk", "cats/1.png", "dogs/1.png", "dogs/2.png")
    (tmp_path / "p").mkdir()
    for name in ("cats", "dogs"):
        (tmp_path / "p" / name).symlink_to(tmp_path / "disk" / name)
    (tmp_path / "p" / "birds").mkdir()
    (tmp_path / "p/birds/1.png").symlink_to(tmp_path / "disk/cats/1.png")
    photos = Photos.open(tmp_path / "p")

    assert readable(photos) == ["birds/1.png", "cats/1.png", "dogs/1.png", "dogs/2.png"]
    assert photos.classes == ("birds", "cats", "dogs")
    (tmp_path / "link").symlink_to(tmp_path / "p")
    assert Photos.open(tmp_path / "link").names == photos.names


def test_two_links_to_one_folder_are_two_classes(tmp_path):
    write(tmp_path / "disk", "1.png")
    (tmp_path / "p").mkdir()
    for name in ("a", "b"):
        (tmp_path / "p" / name).symlink_to(tmp_path / "disk")

    assert Photos.open(tmp_path / "p").classes == ("a", "b")


@pytest.mark.parametrize("to", ["a", "", "b/..", "../p"])
def test_a_link_back_to_where_one_came_from_ends(to, tmp_path):
    write(tmp_path / "p", "a/1.png", "b/1.png")
    (tmp_path / "p/a/loop").symlink_to(tmp_path / "p" / to)
    photos = Photos.open(tmp_path / "p")

    assert readable(photos) == ["a/1.png", "b/1.png"] and photos.classes == ("a", "b")


def test_two_folders_that_link_to_each_other_end(tmp_path):
    write(tmp_path / "p", "a/1.png", "b/1.png")
    (tmp_path / "p/a/b").symlink_to("../b")
    (tmp_path / "p/b/a").symlink_to("../a")

    assert readable(Photos.open(tmp_path / "p")) == [
        "a/1.png", "a/b/1.png", "b/1.png", "b/a/1.png",
    ]  # fmt: skip


def test_links_that_multiply_are_refused_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "MAX_FOLDERS", 200)
    for i in range(24):  # two links a floor: 2^24 ways down
        (tmp_path / f"p/{i}").mkdir(parents=True)
        for side in "lr":
            (tmp_path / f"p/{i}/{side}").symlink_to(f"../{i + 1}")

    with pytest.raises(UserError, match="more than 200 folders") as refused:
        Photos.open(tmp_path / "p/0")
    assert "links" in refused.value.fix


def test_a_link_to_itself_and_a_dead_one_are_skipped_and_named(tmp_path, capsys):
    write(tmp_path / "p", "1.png", "2.png", "3.png")
    (tmp_path / "p/dead.png").symlink_to("nowhere")
    (tmp_path / "p/self.png").symlink_to("self.png")
    (tmp_path / "p/nothing").symlink_to("nowhere")  # no photo by its name
    photos = Photos.open(tmp_path / "p")

    assert [i for i, _ in photos.each(range(5))] == [0, 1, 2]
    assert [Path(one.name).name for one in photos.skipped] == ["dead.png", "self.png"]
    assert "skipped 2 of 5 photos" in capsys.readouterr().err


# ---------------------------------------------------------------------------- what is passed over


OTHERS = [
    *(".DS_Store", "Thumbs.db", "notes.txt", "labels.csv", "a/.hidden.png", ".git/1.png"),
    *("__MACOSX/a/._1.png", "@eaDir/1.png", "a/@eaDir/1.png/SYNO.jpg", "film.mp4", "a/film.mov"),
]


@pytest.mark.parametrize("kind", [write, zipped])
def test_what_is_no_photo_is_passed_over_in_silence(kind, tmp_path, capsys):
    photos = Photos.open(kind(tmp_path / "p", "a/1.png", "b/1.jfif", *OTHERS))

    assert readable(photos) == ["a/1.png", "b/1.jfif"] and photos.classes == ("a", "b")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [write, zipped])
def test_photos_that_nothing_here_reads_are_named_and_counted(kind, tmp_path, capsys):
    photos = Photos.open(kind(tmp_path / "p", "a/1.png", "a/1.DNG", "b/2.png", "b/2.jxl"))

    assert photos.names == ["a/1.png", "b/2.png"] and photos.classes == ("a", "b")
    raw, jxl = photos.skipped
    assert "'a/1.DNG' is a camera's raw file" in raw.why and "'b/2.jxl' is JPEG XL" in jxl.why
    err = capsys.readouterr().err
    assert raw.why in err and jxl.why in err


def test_a_folder_of_nothing_else_says_so(tmp_path):
    with pytest.raises(UserError, match="holds no photos that can be read, but 2 others") as error:
        Photos.open(write(tmp_path / "p", "1.cr2", "2.cr2"))
    assert ".heic" in error.value.fix and "AVIF" in error.value.fix


# ---------------------------------------------------------------------------- zips


@pytest.mark.parametrize("system", [0, 10, 3])
def test_a_zip_with_backslashes_has_class_folders(system, tmp_path):
    names = ["cats\\1.png", "cats\\2.png", "dogs\\1.png"]
    photos = Photos.open(zipped(tmp_path / "p.zip", *names, system=system))

    assert readable(photos) == ["cats/1.png", "cats/2.png", "dogs/1.png"]
    assert photos.classes == ("cats", "dogs")


def test_a_zip_made_on_windows_may_write_both_slashes(tmp_path):
    path = zipped(tmp_path / "p.zip", "p/", "p/cats\\1.png", "p\\dogs/1.png", system=0)

    assert readable(Photos.open(path)) == ["p/cats/1.png", "p/dogs/1.png"]


def test_elsewhere_a_backslash_is_a_letter(tmp_path):
    path = zipped(tmp_path / "p.zip", "bands/AC\\DC.png", "cats/1.png")

    assert readable(Photos.open(path)) == ["bands/AC\\DC.png", "cats/1.png"]


def test_a_backslash_leads_out_of_no_zip(tmp_path):
    for name in ("..\\1.png", "a\\..\\..\\1.png", "\\1.png"):
        with pytest.raises(UserError, match="outside of itself"):
            Photos.open(zipped(tmp_path / "p.zip", name, system=0))


def test_a_zip_with_one_folder_at_its_top_and_what_a_mac_adds(tmp_path):
    names = ["my photos/", "my photos/a/", "my photos/a/1.png", "my photos/b/1.png"]
    names += ["__MACOSX/my photos/a/._1.png", "my photos/.DS_Store", "__MACOSX/"]
    photos = Photos.open(zipped(tmp_path / "p.zip", *names))

    assert photos.classes == ("a", "b") and len(photos) == 2


@pytest.mark.parametrize(
    ("folders", "stored"),
    [
        ((CAFE, "z\u00fcrich"), "utf-8"),
        (("\u732b", "\u72ac"), "utf-8"),  # cat, dog
        (("\u732b", "\u72ac"), "cp932"),
        (("\u30ab\u30d5\u30a7", "dogs"), "cp932"),
        ((CAFE, "dogs"), "cp437"),
        (("ch\u00e2teau", "p\u00e8re", "l\u00e9gume", "Stra\u00dfe"), "cp437"),
    ],
)
def test_names_without_a_mark_are_read_in_their_encoding(folders, stored, tmp_path, capsys):
    names = [f"{folder}/1.png".encode(stored) for folder in folders]
    photos = Photos.open(zipped(tmp_path / "p.zip", *names))

    assert photos.classes == tuple(sorted(folders)) and len(readable(photos)) == len(folders)
    err = capsys.readouterr().err
    assert (f"taken for {stored}" in err) == (stored != "utf-8")


def test_names_with_the_mark_and_names_in_a_field_beside_are_utf8(tmp_path):
    marked = zipped(tmp_path / "m.zip", f"{CAFE}/1.png", utf8=True)
    assert readable(Photos.open(marked)) == [f"{CAFE}/1.png"]

    stored, name = b"caf?/1.png", f"{CAFE}/1.png".encode()
    field = struct.pack("<BI", 1, zlib.crc32(stored)) + name
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    assert readable(Photos.open(zipped(tmp_path / "f.zip", stored, extra=extra))) == [
        f"{CAFE}/1.png"
    ]
    of_another = struct.pack("<HHBI", 0x7075, len(field), 1, 0) + name  # renamed since
    assert readable(Photos.open(zipped(tmp_path / "o.zip", stored, extra=of_another))) == [
        "caf?/1.png"
    ]


def test_of_two_files_of_one_name_in_a_zip_the_last_counts(tmp_path):
    path = zipped(tmp_path / "p.zip", "a/1.png", "a/1.png", "b/1.png")

    assert readable(Photos.open(path)) == ["a/1.png", "b/1.png"]


# ---------------------------------------------------------------------------- accents


@pytest.mark.parametrize("kind", [write, zipped])
def test_an_accent_is_spelt_alike_wherever_the_folder_comes_from(kind, tmp_path):
    photos = Photos.open(kind(tmp_path / "p", f"{NFD}/{NFD}.png", "dogs/1.png"))

    assert photos.classes == (CAFE, "dogs")
    assert readable(photos) == [f"{CAFE}/{CAFE}.png", "dogs/1.png"]


def test_two_spellings_side_by_side_are_refused(tmp_path):
    with pytest.raises(UserError, match="two files that are both called"):
        Photos.open(write(tmp_path / "p", f"a/{NFD}.png", f"a/{CAFE}.png"))
    with pytest.raises(UserError, match="two files that are both called"):
        Photos.open(zipped(tmp_path / "p.zip", f"{NFD}.png", f"{CAFE}.png"))


def test_a_name_that_no_label_file_can_hold_is_refused_once_it_names_a_class(tmp_path):
    for i, name in enumerate(("a\nb", "a\u2028b", "a\x85b", os.fsdecode(b"caf\xe9"))):
        photos = Photos.open(write(tmp_path / f"p{i}", f"{name}/1.png", "dogs/1.png"))

        assert len(readable(photos)) == 2  # good enough to calibrate on
        with pytest.raises(UserError, match="cannot name a class: ") as refused:
            _ = photos.classes
        assert refused.value.fix == "rename it"


# ---------------------------------------------------------------------------- any zip


NAMES = st.text(st.sampled_from("ab/\\.\u00e9e\u0301\u732b\x85\n\0"), min_size=1, max_size=9)


@settings(max_examples=examples(60, 10_000))
@given(
    st.lists(NAMES.map(lambda name: f"{name}.png"), min_size=1, max_size=4),
    st.sampled_from(["utf-8", "cp437", "cp932", "utf-16-le"]),
    st.sampled_from([0, 3]),
    st.booleans(),
)
@example(["\0.png"], "utf-8", 3, False)
def test_a_zip_of_any_names_is_read_or_refused(tmp_path_factory, names, encoding, system, utf8):
    stored = [name.encode(encoding, errors="replace") for name in names]
    path = tmp_path_factory.getbasetemp() / "any.zip"
    try:
        photos = Photos.open(zipped(path, *stored, system=system, utf8=utf8))
        assert all(name in readable(photos) for name in photos.names)
        _ = photos.classes
    except UserError as error:
        assert "any.zip" in str(error)


@settings(max_examples=examples(60, 10_000))
@given(st.integers(0, 10**4), st.integers(0, 255))
@example(30, 128)  # a name in UTF-8 that is none
def test_a_damaged_byte_of_a_zip_is_a_photo_or_a_named_error(tmp_path_factory, at, value):
    path = zipped(tmp_path_factory.getbasetemp() / "torn.zip", "a/1.png", "b/2.png", utf8=True)
    data = bytearray(path.read_bytes())
    data[at % len(data)] = value
    path.write_bytes(data)
    try:
        photos = Photos.open(path)
        for i in range(len(photos)):
            photos.readable(i)
        _ = photos.classes
    except UserError as error:
        assert str(error)


def test_a_folder_of_zips_called_as_splits_is_one_place(tmp_path):
    zipped(tmp_path / "train.zip", "images/a.png", "masks/a.png")
    zipped(tmp_path / "val.zip", "images/a.png")
    zipped(tmp_path / "others.zip", "images/b.png")
    (tmp_path / "classes.txt").write_text("dog")

    found = places.place(tmp_path)

    names = ["classes.txt", "others.zip", "train/images/a.png", "train/masks/a.png",
             "val/images/a.png"]  # fmt: skip
    assert sorted(found.files) == names
    assert found.read("val/images/a.png") == PNG and found.read("classes.txt") == b"dog"
    assert found.path_of("val/images/a.png") is None and found.path_of("classes.txt")
    write(tmp_path, "more/a.png")  # with a folder in it, a folder is as it always was
    assert "train.zip" in places.place(tmp_path).files
