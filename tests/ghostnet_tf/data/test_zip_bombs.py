"""Zips of photos that a stranger packed: refused with the limit, in seconds, or read rightly."""

import io
import random
import struct
import tracemalloc
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image

from ghostnet_tf.base import archive
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data import zip_bombs
from ghostnet_tf.data.photos import Photos
from tests.counts import examples

MEMORY_BYTES = 400 << 20  # what Python may have taken at any time, to read one photo or to refuse


def encoded(size: tuple[int, int] = (8, 8), format: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "orange").save(out, format)
    return out.getvalue()


PHOTO = encoded()


@dataclass(frozen=True)
class Entry:
    """One file of an archive; what the list says and what the header says can differ."""

    name: bytes = b"a.png"
    content: bytes = PHOTO  # as it is stored
    method: int = 0
    size: int | None = None  # unpacked
    crc: int | None = None
    flags: int = 0
    listed_name: bytes | None = None
    listed_size: int | None = None
    listed_packed: int | None = None
    listed_offset: int | None = None
    extra: bytes = b""


def deflated(data: bytes, **more) -> Entry:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    return Entry(content=packed, method=8, size=len(data), crc=zlib.crc32(data), **more)


def packed(*entries: Entry, count: int | None = None, listed: int | None = None) -> bytes:
    """The archive (APPNOTE.TXT 4.3) of these, whatever they claim."""
    body, directory = b"", b""
    for e in entries:
        crc = zlib.crc32(e.content) if e.crc is None else e.crc
        size = len(e.content) if e.size is None else e.size
        offset = len(body) if e.listed_offset is None else e.listed_offset
        told = (20, e.flags, e.method, 0, 0x21, crc, len(e.content), size, len(e.name), 0)
        body += b"PK\3\4" + struct.pack("<5H3I2H", *told) + e.name + e.content
        name = e.name if e.listed_name is None else e.listed_name
        size = size if e.listed_size is None else e.listed_size
        here = len(e.content) if e.listed_packed is None else e.listed_packed
        told = (20, 20, e.flags, e.method, 0, 0x21, crc, here, size, len(name), len(e.extra))
        directory += b"PK\1\2" + struct.pack("<6H3I5H2I", *told, 0, 0, 0, 0, offset)
        directory += name + e.extra
    n = min(len(entries) if count is None else count, 0xFFFF)
    size = len(directory) if listed is None else listed
    return body + directory + b"PK\5\6" + struct.pack("<4H2IH", 0, 0, n, n, size, len(body), 0)


def zip64(entries: bytes, **claims: int) -> bytes:
    """The same archive with a record of 64-bit sizes before its end."""
    at = entries.rindex(b"PK\5\6")
    n, _, size, offset = struct.unpack("<2H2I", entries[at + 8 : at + 20])
    told = {"n": n, "size": size, "offset": offset} | claims
    end = b"PK\6\6" + struct.pack(
        "<Q2H2I4Q", 44, 45, 45, 0, 0, told["n"], told["n"], told["size"], told["offset"]
    )
    locator = b"PK\6\7" + struct.pack("<IQI", 0, at, 1)
    last = b"PK\5\6" + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return entries[:at] + end + locator + last


def written(folder: Path, data: bytes) -> Path:
    path = folder / "photos.zip"
    path.write_bytes(data)
    return path


def read_all(path: Path) -> list[Image.Image]:
    photos = Photos.open(path)
    return [photos.read(i) for i in range(len(photos))]


def test_an_archive_made_here_is_one(tmp_path):
    data = packed(Entry(), deflated(PHOTO, name=b"b/c.png"))

    assert len(read_all(written(tmp_path, data))) == 2
    assert zipfile.ZipFile(tmp_path / "photos.zip").testzip() is None
    assert len(read_all(written(tmp_path, zip64(data)))) == 2
    assert len(read_all(written(tmp_path, b"#!/bin/sh\n" + data))) == 2  # what unpacks itself


def many(n: int, **more) -> bytes:
    return packed(*(Entry(name=b"%d.png" % i, **more) for i in range(n)))


# Three entries of a better zip bomb: each holds, beside its own, those behind it.
UPON = packed(
    Entry(name=b"a.png", listed_packed=400, listed_size=400),
    Entry(name=b"b.png", listed_packed=300, listed_size=300),
    Entry(name=b"c.png"),
)
SAME = packed(Entry(), Entry(name=b"b.png", listed_offset=0), Entry(name=b"c.png", listed_offset=0))
BOMB = deflated(bytes(30_000_000))

REFUSED = {
    "..": (packed(Entry(name=b"../../a.png")), "names a file outside of itself: '../../a.png'"),
    ".. inside": (packed(Entry(name=b"a/../../b.png")), "names a file outside of itself"),
    "absolute": (packed(Entry(name=b"/etc/a.png")), "names a file outside of itself"),
    "a drive": (packed(Entry(name=b"C:\\a.png")), "names a file outside of itself: 'C:/a.png'"),
    "another drive": (packed(Entry(name=b"d:/x/a.png")), "names a file outside of itself"),
    "backslashes": (packed(Entry(name=b"..\\..\\a.png")), "names a file outside of itself"),
    "overlap": (UPON, "is a zip bomb: 'b.png' lies upon 'a.png' in it"),
    "one content, three files": (SAME, "is a zip bomb: '[bc].png' lies upon"),
    "twice": (packed(Entry(), Entry(listed_offset=0)), "is a zip bomb: 'a.png' lies upon 'a.png'"),
    "too many": (b"PK\1\2" * 200_001, "lists 200,001 files; 200,000 are read|neither"),
    "nested": (packed(Entry(name=b"inner.zip", content=packed(Entry()))), "holds no photos"),
    "empty": (packed(), "holds no photos"),
    "no archive": (b"PK\3\4" + bytes(1000), "neither a folder nor a zip archive"),
    "cut": (packed(Entry())[:-30], "neither a folder nor a zip archive"),
    "a lie of the list's size": (packed(Entry(), listed=1 << 31), "neither a folder nor a zip"),
    "zip64: the list is elsewhere": (zip64(packed(Entry()), offset=1 << 62), "."),
    "zip64: 2^62 bytes of list": (zip64(packed(Entry()), size=1 << 62), "."),
    "zip64: 2^63 bytes of list": (zip64(packed(Entry()), size=(1 << 64) - 1), "."),
    "half an extra field": (packed(Entry(extra=b"\1\0\xff\xff1")), "."),
    "zip64 of no size": (packed(Entry(extra=b"\1\0\0\0", listed_size=0xFFFFFFFF)), "."),
    "NUL alone": (packed(Entry(name=b"\0a.png")), "holds no photos"),
    "no UTF-8 that says it is": (packed(Entry(name=b"\xff.png", flags=0x800)), "."),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_hostile_archive_is_refused(what, tmp_path):
    data, says = REFUSED[what]
    path = written(tmp_path, data)

    tracemalloc.start()
    with pytest.raises(UserError, match=says) as error:
        Photos.open(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert str(path) in str(error.value) and len(str(error.value)) < 2_000
    assert most < MEMORY_BYTES


def test_the_number_of_files_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILES", 20)
    assert len(Photos.open(written(tmp_path, many(20)))) == 20
    for lie in (21, 1, 0):  # how many there are is counted, not believed
        data = packed(*(Entry(name=b"%d.png" % i) for i in range(21)), count=lie)
        with pytest.raises(UserError, match="lists 21 files; 20 are read") as error:
            Photos.open(written(tmp_path, data))
        assert error.value.fix == zip_bombs.AS_A_FOLDER


def test_the_size_of_the_list_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_bombs, "MAX_LIST_BYTES", 100_000)
    data = packed(*(Entry(name=b"x" * 60_000 + b"%d.png" % i) for i in range(2)))
    with pytest.raises(UserError, match=r"has a list of 120,\d+ bytes; 100,000 are read"):
        Photos.open(written(tmp_path, data))


def test_what_all_would_unpack_to_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_bombs, "MAX_UNPACKED_BYTES", 29_000_000)
    with pytest.raises(UserError, match=r"would unpack to 30,000,000 bytes, more than 100 times"):
        Photos.open(written(tmp_path, packed(BOMB)))
    monkeypatch.setattr(zip_bombs, "MAX_UNPACKED_BYTES", 30_000_000)
    assert len(Photos.open(written(tmp_path, packed(BOMB)))) == 1


NOT_READ = {  # the archive opens, and the photo is named
    "encrypted": (Entry(flags=1), "."),
    "larger than it says": (replace(deflated(PHOTO * 1000), size=100, listed_size=100), "."),
    "smaller than it says": (Entry(listed_size=1000, listed_packed=len(PHOTO)), "."),
    "larger than allowed": (Entry(listed_size=100_000_001), "larger than 100,000,000 bytes"),
    "another name in its header": (Entry(listed_name=b"b.png"), "."),
    "another sum": (Entry(crc=1), "."),
    "beyond the end": (Entry(listed_offset=1 << 30), "."),
    "at the list": (Entry(listed_offset=len(PHOTO) + 35), "."),
    "half deflated": (replace(deflated(PHOTO), content=deflated(PHOTO).content[:9]), "."),
    "an unusual method": (Entry(method=12), "compressed in an unusual way"),
    "a method of nobody": (Entry(method=99), "compressed in an unusual way"),
    "a bomb of bytes": (replace(BOMB, name=b"a.png"), "."),
    "a bomb of pixels": (deflated(encoded((14_000, 13_000))), "more than 178,956,970"),
    "an archive in its place": (Entry(content=packed(Entry())), "is no"),
}


@pytest.mark.parametrize("what", NOT_READ)
def test_a_hostile_photo_is_named_and_costs_little(what, tmp_path):
    entry, says = NOT_READ[what]
    photos = Photos.open(written(tmp_path, packed(entry)))

    tracemalloc.start()
    with pytest.raises(UserError, match=says) as error:
        photos.read(0)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (entry.listed_name or entry.name).decode() in str(error.value)
    assert most < MEMORY_BYTES


def test_a_name_that_ends_at_a_nul_is_that_name(tmp_path):
    """As every other reader has it; what stands behind it is nobody's."""
    photos = Photos.open(written(tmp_path, packed(Entry(name=b"a.png\0/../../b.png"))))

    assert photos.names == ["a.png"]


def test_whatever_bytes_are_changed_there_is_an_error_or_a_photo(tmp_path):
    sound = packed(Entry(), deflated(PHOTO, name=b"b/c.png"), deflated(bytes(5000), name=b"d.bmp"))
    for data in (sound, zip64(sound)):
        dice = random.Random(13)  # noqa: S311
        for _ in range(examples(250, 10_000)):
            changed = bytearray(data)
            for _ in range(dice.choice((1, 1, 2, 5))):
                changed[dice.randrange(len(changed))] = dice.choice(
                    (0, 1, 255, dice.randrange(256))
                )
            try:
                photos = Photos.open(written(tmp_path, bytes(changed[: dice.choice((None, -1))])))
            except UserError:
                continue
            for i in range(len(photos)):
                try:
                    photos.read(i)
                except UserError:
                    continue
