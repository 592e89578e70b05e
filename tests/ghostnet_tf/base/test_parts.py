"""What a killed writer leaves is removed; what a living one has, never."""

import errno
import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ghostnet_tf.base import parts as parts_module
from ghostnet_tf.base.files import scratch, write_atomic
from ghostnet_tf.base.parts import ABANDONED_S, PART, parts

ROOT = Path(__file__).parents[3]
WRITER = """
import os, signal, sys
from pathlib import Path
from ghostnet_tf.base.files import write_together
def stop(*_):
    print("here", flush=True)
    sys.stdin.read()
{patch}
write_together({{Path(sys.argv[1]) / name: b"new" for name in ("a.tflite", "a.json")}})
"""


def writer(folder: Path, patch: str) -> subprocess.Popen:
    """A process that stops for ever in the middle of writing, once it has come there."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", WRITER.format(patch=patch), str(folder)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline() == b"here\n"
    return process


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def part_of(machine: str) -> str:
    return f".ghostnet-{machine}-{'0' * 16}.part"


OURS, OTHERS = part_of(getattr(parts_module, "_machine")()), part_of("0" * 8)  # noqa: B009


@pytest.mark.parametrize("where", ["os.write", "os.fsync", "os.replace"])
def test_a_killed_writers_parts_go_with_the_next_write_and_a_living_ones_stay(where, tmp_path):
    for name in ("a.tflite", "a.json"):
        (tmp_path / name).write_bytes(b"old")
    process = writer(tmp_path, f"{where} = stop")
    begun = [name for name in names(tmp_path) if PART.fullmatch(name)]
    assert begun

    write_atomic(tmp_path / "b", b"b")
    assert names(tmp_path) == sorted(["a.json", "a.tflite", "b", *begun])

    process.kill()
    process.communicate()
    write_atomic(tmp_path / "b", b"c")

    assert names(tmp_path) == ["a.json", "a.tflite", "b"]
    assert (tmp_path / "a.tflite").read_bytes() == (tmp_path / "a.json").read_bytes() == b"old"


def test_another_machines_part_stays_for_a_day(tmp_path):
    """Its lock may not be seen here; and two containers may have one name."""
    (tmp_path / OTHERS).touch()
    write_atomic(tmp_path / "a", b"")
    assert names(tmp_path) == [OTHERS, "a"]

    now = (tmp_path / "a").stat().st_mtime
    os.utime(tmp_path / OTHERS, (now, now - ABANDONED_S - 60))
    write_atomic(tmp_path / "a", b"")
    assert names(tmp_path) == ["a"]


def test_on_a_disk_without_locks_a_part_stays_for_a_day(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    (tmp_path / OURS).touch()
    write_atomic(tmp_path / "a", b"")
    assert names(tmp_path) == sorted([OURS, "a"])

    now = (tmp_path / "a").stat().st_mtime
    os.utime(tmp_path / OURS, (now, now - ABANDONED_S - 60))
    write_atomic(tmp_path / "a", b"")
    assert names(tmp_path) == ["a"]


def test_a_living_part_of_any_age_stays(tmp_path):
    with parts() as made:
        part = made.begin(tmp_path)
        os.utime(part.path, (0, 0))
        write_atomic(tmp_path / "a", b"")
        assert part.path.exists()
    assert names(tmp_path) == ["a"]


def test_only_files_with_names_of_our_own_are_removed(tmp_path):
    kept = [".a.tflite.1234", ".ghostnet-.part", "ghostnet.part", f"{OURS}.bak", f"a{OURS}"]
    for name in kept:
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / OURS).mkdir()
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / OURS).symlink_to(tmp_path / kept[0])

    for folder in (tmp_path, tmp_path / "folder", tmp_path / "link"):
        write_atomic(folder / "a", b"")

    assert names(tmp_path) == sorted([*kept, "folder", "link", "a"])
    assert names(tmp_path / "folder") == names(tmp_path / "link") == sorted([OURS, "a"])


def test_a_part_that_was_removed_before_it_was_locked_is_begun_again(tmp_path, monkeypatch):
    """Another writer may look at the folder in just that moment."""
    taken, real = [], parts_module.lock

    def lock(fd, waits=False):
        if not taken:
            taken.extend(tmp_path.iterdir())
            taken[0].unlink()
        return real(fd, waits)

    monkeypatch.setattr(parts_module, "lock", lock)
    write_atomic(tmp_path / "a", b"data")

    assert taken and names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"data"


def test_a_new_part_waits_for_whoever_takes_it_for_a_dead_ones(tmp_path, monkeypatch):
    """Held by another between its making and its lock, it is about to be removed."""
    at_first, waited = [], []
    flock = fcntl.flock

    def contended(fd, how):
        if not at_first:
            at_first.append(other := os.open(*tmp_path.iterdir(), os.O_RDWR))
            flock(other, fcntl.LOCK_EX)
        if not how & fcntl.LOCK_NB and not waited:  # the other one goes on while we wait
            waited.append(fd)
            next(tmp_path.iterdir()).unlink()
            os.close(at_first[0])
        flock(fd, how)

    monkeypatch.setattr(fcntl, "flock", contended)
    write_atomic(tmp_path / "a", b"data")

    assert waited and names(tmp_path) == ["a"]


# ---------------------------------------------------------------------------- scratch folders

MACHINE = getattr(parts_module, "_machine")()  # noqa: B009
WORKER = """
import sys
from ghostnet_tf.base.files import scratch
with scratch() as folder:
    (folder / "inside").mkdir()
    (folder / "inside" / "model.tflite").write_bytes(b"half")
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def worker(temporary: Path) -> tuple[subprocess.Popen, Path]:
    """A process in the middle of its work, and its scratch folder."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", WORKER], cwd=ROOT, text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(temporary)},
    )  # fmt: skip
    assert process.stdout
    return process, Path(process.stdout.readline().strip())


def test_a_killed_commands_scratch_folder_goes_with_the_next_one_and_a_living_ones_stays(temporary):
    (killed, left), (living, used) = worker(temporary), worker(temporary)
    killed.kill()
    killed.communicate()
    assert left.parent == temporary and (left / "inside" / "model.tflite").exists()

    with scratch() as own:
        assert names(temporary) == sorted([used.name, own.name])
        assert (used / "inside" / "model.tflite").read_bytes() == b"half"

    living.communicate()
    assert names(temporary) == []


def test_only_scratch_folders_of_our_own_are_removed(temporary, tmp_path_factory):
    mine = f"ghostnet-{MACHINE}-{'0' * 16}"
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "kept").touch()
    kept = ["ghostnet-0123abcd", "ghostnet", f"{mine}.bak", f"ghostnet-{'0' * 8}-{'0' * 16}"]
    for name in kept:
        (temporary / name).mkdir()
    (temporary / mine).mkdir()
    (temporary / f"ghostnet-{MACHINE}-{'1' * 16}").symlink_to(elsewhere)
    (temporary / f"ghostnet-{MACHINE}-{'2' * 16}").touch()

    with scratch():
        pass

    others = [f"ghostnet-{MACHINE}-{'1' * 16}", f"ghostnet-{MACHINE}-{'2' * 16}"]
    assert names(temporary) == sorted([*kept, *others]) and (elsewhere / "kept").exists()


def test_another_machines_scratch_folder_goes_after_a_day(temporary):
    theirs = temporary / f"ghostnet-{'0' * 8}-{'0' * 16}"
    theirs.mkdir()
    now = theirs.stat().st_mtime
    os.utime(theirs, (now, now - ABANDONED_S - 60))

    with scratch():
        pass

    assert names(temporary) == []


def test_a_scratch_folder_is_of_one_user_alone(temporary):
    with scratch() as own:
        assert own.stat().st_mode & 0o777 == 0o700
