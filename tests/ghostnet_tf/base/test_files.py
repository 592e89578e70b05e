import io
import os
import zipfile
import zlib
from pathlib import Path

import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import (
    cache,
    read_member,
    refuse_unwritable,
    set_aside,
    sha256,
    user_path,
    write_atomic,
)


def test_a_file_is_written_whole_and_its_folder_made(tmp_path):
    old = os.umask(0o027)
    try:
        write_atomic(tmp_path / "new" / "a.bin", b"data")
    finally:
        os.umask(old)

    assert (tmp_path / "new/a.bin").read_bytes() == b"data"
    assert (tmp_path / "new/a.bin").stat().st_mode & 0o777 == 0o640  # as the umask says


def test_an_old_file_is_set_aside_under_the_next_free_name(tmp_path):
    path = tmp_path / "results.json"
    assert set_aside(path) is None and not list(tmp_path.iterdir())

    for text in ("first", "second"):
        path.write_text(text)
        moved = set_aside(path)
        assert moved and moved.read_text() == text

    kept = {old.name: old.read_text() for old in tmp_path.iterdir()}
    assert kept == {"results-1.json": "first", "results-2.json": "second"}


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_when_anything_fails_the_old_file_stays_and_nothing_else(
    step, error, tmp_path, monkeypatch
):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def fail(*_):
        raise error

    monkeypatch.setattr(f"os.{step}", fail)
    with pytest.raises(type(error)):
        write_atomic(path, b"new")

    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"] and path.read_bytes() == b"old"


def zipped(data: bytes, method=zipfile.ZIP_DEFLATED) -> bytearray:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("a", data)
    return bytearray(buffer.getvalue())


def read(archive: bytes | bytearray, name="a", limit=1000) -> bytes:
    return read_member(zipfile.ZipFile(io.BytesIO(archive)), name, limit)


def pretend(archive: bytearray, size: int, data: bytes) -> bytearray:
    """Declare a size, and the checksum that would go with it."""
    for start, offset in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        at = archive.index(start) + offset
        archive[at : at + 4] = zlib.crc32(data[:size]).to_bytes(4, "little")
        archive[at + 8 : at + 12] = size.to_bytes(4, "little")
    return archive


def test_a_member_is_read():
    assert read(zipped(b"hello")) == b"hello"


def test_a_member_that_declares_too_much_is_refused():
    with pytest.raises(UserError, match="larger than 1,000 bytes"):
        read(zipped(bytes(1001)))


def test_a_member_that_holds_more_than_it_declares_is_not_unpacked_beyond_that(monkeypatch):
    bomb = pretend(zipped(bytes(50_000_000)), 100, bytes(100))
    unpacked = []
    read1 = getattr(zipfile.ZipExtFile, "_read1")  # noqa: B009

    def noted(self, n):
        unpacked.append(n)
        return read1(self, n)

    monkeypatch.setattr(zipfile.ZipExtFile, "_read1", noted)
    assert read(bomb) == bytes(100)
    assert sum(unpacked) <= 100


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_a_limit_are_refused(method):
    with pytest.raises(UserError, match="unusual way"):
        read(zipped(b"hello", method))


def test_a_damaged_member_is_named():
    archive = zipped(bytes(range(256)) * 3)
    archive[60] ^= 0xFF

    with pytest.raises(UserError, match="'a' cannot be unpacked"):
        read(archive)


def test_a_locked_member_is_named():
    archive = zipped(b"hello")
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(start) + offset] |= 1  # the flag of encryption

    with pytest.raises(UserError, match=r"'a' cannot be unpacked.*password"):
        read(archive)


def test_a_missing_member_is_named():
    with pytest.raises(UserError, match="no 'b'"):
        read(zipped(b"hello"), "b")


def test_sha256_of_nothing():
    assert sha256(b"").startswith("e3b0c44298fc1c14")


def test_the_cache_lies_where_the_system_keeps_such_things(monkeypatch):
    monkeypatch.delenv("GHOSTNET_CACHE", raising=False)
    assert cache().name == "ghostnet_tf"
    monkeypatch.setenv("GHOSTNET_CACHE", "/elsewhere")
    assert cache() == Path("/elsewhere")


@pytest.mark.parametrize("name", ["a" * 256, "é" * 128, "folder/" + "b" * 300, "a\0b", "\ud800"])
def test_a_name_that_no_system_can_open_is_an_error_of_ours(name):
    with pytest.raises(UserError, match="cannot be a file's name"):
        user_path(name)


@pytest.mark.parametrize("name", ["a" * 255, "no/such/file", "", "~", "é b"])
def test_any_other_name_becomes_a_path_whether_or_not_it_is_there(name):
    assert user_path(name) == Path(name)


def test_a_place_that_can_be_written_is_found_and_left_as_it_is(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    for place in (Path("."), Path("new"), tmp_path, tmp_path / "new" / "deeper"):
        refuse_unwritable(place)

    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("place", ["file", "file/below", "dead", "dead/below", "a\0b", "a" * 300])
def test_a_place_that_cannot_be_written_is_refused_before_the_work(place, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")

    with pytest.raises(UserError) as refused:
        refuse_unwritable(tmp_path / place)

    assert refused.value.fix


def test_a_folder_without_permission_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: not mode & os.X_OK)  # root may do all

    with pytest.raises(UserError, match="is no folder that can be written to"):
        refuse_unwritable(tmp_path / "new")


def test_a_folder_that_cannot_be_made_is_named():
    with pytest.raises(UserError, match="'/proc/nowhere' cannot be made"):
        write_atomic(Path("/proc/nowhere/a.bin"), b"data")
