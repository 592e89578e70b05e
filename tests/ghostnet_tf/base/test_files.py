import errno
import io
import os
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import (
    cache,
    make_in_cache,
    read_member,
    refuse_unwritable,
    scratch,
    set_aside,
    sha256,
    user_path,
    write_atomic,
    write_together,
)

ROOT = Path(__file__).parents[3]


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


# What the system answers, and where: at the first file or only at the second.
FAULTS = [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    OSError(errno.EFBIG, "File too large"),
    OSError(errno.EROFS, "Read-only file system"),
    OSError(errno.EISDIR, "Is a directory"),
    OSError(errno.EIO, "Input/output error"),
]


def failing_at(call: int, step: str, error: BaseException, monkeypatch) -> None:
    """Let the `call`-th `os.<step>` raise, and write half of what it was given."""
    real, calls = getattr(os, step), []

    def fail(*args):
        calls.append(args)
        if len(calls) != call:
            return real(*args)
        if step == "write":
            real(args[0], bytes(args[1])[:1])
        raise error

    monkeypatch.setattr(f"os.{step}", fail)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
@pytest.mark.parametrize("error", [*FAULTS, KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("old", [{}, {"a": b"old"}, {"b": b"old"}, {"a": b"old", "b": b"older"}])
def test_when_anything_fails_every_old_file_stays_and_nothing_else(
    old, error, step, call, tmp_path, monkeypatch
):
    for name, data in old.items():
        (tmp_path / name).write_bytes(data)

    failing_at(call, step, error, monkeypatch)
    with pytest.raises(type(error)):
        write_together({tmp_path / "a": b"new", tmp_path / "b": b"newer"})

    finished = step == "replace" and isinstance(error, KeyboardInterrupt)  # half would be worse
    assert content(tmp_path) == ({"a": b"new", "b": b"newer"} if finished else old)


@pytest.mark.parametrize("error", FAULTS, ids=repr)
def test_on_a_disk_without_links_the_old_files_are_put_back_as_well(error, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    (tmp_path / "a").write_bytes(b"old")
    monkeypatch.setattr("os.link", refuse)
    failing_at(2, "replace", error, monkeypatch)

    with pytest.raises(OSError):
        write_together({tmp_path / "a": b"new", tmp_path / "b": b"newer"})

    assert content(tmp_path) == {"a": b"old"}


@pytest.mark.parametrize("error", [error for error in FAULTS if error.errno != errno.EIO], ids=repr)
@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_full_or_forbidden_disk_is_a_sentence_and_exit_code_2(
    step, error, tmp_path, monkeypatch, capsys
):
    failing_at(1, step, error, monkeypatch)

    with pytest.raises(SystemExit) as left:
        run(lambda: write_atomic(tmp_path / "a", b"new"))

    told = capsys.readouterr().err.splitlines()
    assert left.value.code == 2 and told[0].startswith(f"error: {error.strerror}")
    assert told[1].startswith("  fix: ") and len(told) == 2 and not [*tmp_path.iterdir()]


def test_a_real_limit_of_a_file_is_one_too(tmp_path):
    """By the system itself: no file of more than 4,096 bytes."""
    code = (
        "import resource, sys; from pathlib import Path;"
        "from ghostnet_tf.base import errors, files;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "errors.run(lambda: files.write_atomic(Path(sys.argv[1]), bytes(10_000)))"
    )
    (tmp_path / "a").write_bytes(b"old")

    line = [sys.executable, "-c", code, str(tmp_path / "a")]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT)  # noqa: S603

    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "error: File too large: while writing",
    )
    assert content(tmp_path) == {"a": b"old"}


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_folder_in_place_of_a_file_is_named(name, tmp_path):
    (tmp_path / "b").write_bytes(b"old") if name == "a" else None
    (tmp_path / name).mkdir()

    with pytest.raises(UserError, match=f"{name}' is a folder") as refused:
        write_together({tmp_path / "a": b"new", tmp_path / "b": b"newer"})

    assert "nothing was written" in refused.value.fix
    assert name == "b" or (tmp_path / "b").read_bytes() == b"old"
    assert len([*tmp_path.iterdir()]) == (2 if name == "a" else 1)


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

    with pytest.raises(UserError, match="'a' in the archive cannot be read"):
        read(archive)


def test_a_locked_member_is_named():
    archive = zipped(b"hello")
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(start) + offset] |= 1  # the flag of encryption

    with pytest.raises(UserError, match=r"'a' in the archive cannot be read.*password"):
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


@pytest.mark.parametrize(
    "place", ["/proc/x", "/proc/self/x", "/dev/null", "/dev/null/x", "/sys/x", "loop", "a/" * 2100]
)
def test_an_odd_place_is_refused_before_the_work(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(UserError) as refused:
        refuse_unwritable(Path(place))

    assert refused.value.fix and [path.name for path in tmp_path.iterdir()] == ["loop"]


def test_a_disk_that_is_full_or_read_only_is_refused_before_the_work(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(UserError, match="cannot be written to: Read-only file system"):
        refuse_unwritable(tmp_path / "new")
    assert not [*tmp_path.iterdir()]


def test_a_shell_whose_folder_is_gone_is_told_so(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()

    with pytest.raises(UserError, match="is gone"):
        refuse_unwritable(Path("build"))


@pytest.mark.parametrize("place", ["/dev/null/x", "/proc/x", "file", "file/x", "a" * 300])
def test_a_cache_that_cannot_be_is_named_with_its_variable(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("GHOSTNET_CACHE", place)

    with pytest.raises(UserError) as refused:
        make_in_cache(cache() / "compiled")

    is_name = len(place) > 255
    assert is_name or "GHOSTNET_CACHE" in refused.value.fix
    assert is_name or str(refused.value).startswith("the cache cannot be used: ")


def test_a_scratch_folder_goes_and_a_missing_one_is_said(tmp_path, monkeypatch):
    with scratch() as folder:
        (folder / "a").touch()
    assert not folder.exists()

    def refuse():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", refuse)
    with pytest.raises(UserError, match="No usable temporary") as refused, scratch():
        raise AssertionError
    assert "TMPDIR" in refused.value.fix


def test_what_another_process_sets_aside_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    (tmp_path / "a.json").write_text("old")
    real = os.link

    def late(source, target):
        if not Path(target).exists():
            Path(target).write_text("another's")
        monkeypatch.setattr("os.link", real)
        real(source, target)

    monkeypatch.setattr("os.link", late)
    assert set_aside(tmp_path / "a.json") == tmp_path / "a-2.json"

    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {"a-1.json": "another's", "a-2.json": "old"}


def test_a_folder_that_cannot_be_made_is_named():
    with pytest.raises(UserError, match="'/proc/nowhere' cannot be made"):
        write_atomic(Path("/proc/nowhere/a.bin"), b"data")
