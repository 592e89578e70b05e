"""Two processes that would write over each other: the second is told so, a killed one forgotten."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.errors import UserError

ROOT = Path(__file__).parents[3]
HOLDER = """
import sys
from pathlib import Path
from ghostnet_tf.base.alone import alone
with alone(Path(sys.argv[1]), "training"):
    print("here", flush=True)
    sys.stdin.read()
"""


def holder(path: Path) -> subprocess.Popen:
    """A process that is alone at `path` until its stdin ends."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", HOLDER, str(path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout and process.stdout.readline() == b"here\n"
    return process


def test_the_second_is_refused_and_told_who_is_there(tmp_path):
    process = holder(tmp_path / "run/state")

    for _ in range(2):  # being refused changes nothing
        with (
            pytest.raises(UserError) as refused,
            alone(tmp_path / "run/state", "training in 'run'"),
        ):
            raise AssertionError
    assert str(refused.value).startswith(f"process {process.pid} on ")
    assert str(refused.value).endswith(" is training in 'run' at this moment")
    assert "--out" in refused.value.fix.typed
    with alone(tmp_path / "run/other", ""):
        pass

    process.communicate(b"")
    assert process.returncode == 0 and not (tmp_path / "run").exists()
    with alone(tmp_path / "run/state", ""):
        assert [path.name for path in (tmp_path / "run").iterdir()] == [".state.lock"]


def test_a_killed_one_stops_nobody(tmp_path):
    process = holder(tmp_path / "run/state")
    process.kill()
    process.communicate()
    assert (tmp_path / "run/.state.lock").exists()

    with alone(tmp_path / "run/state", ""):
        pass

    assert [*(tmp_path / "run").iterdir()] == []  # the folder was there already


def test_what_was_written_stays_and_an_error_ends_it_too(tmp_path):
    with pytest.raises(KeyboardInterrupt), alone(tmp_path / "a/b/state", ""):
        (tmp_path / "a/b/state").touch()
        raise KeyboardInterrupt

    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["state"]


def test_one_that_goes_while_we_come_is_not_taken_for_there(tmp_path, monkeypatch):
    """It removes its lock after we opened it and before we have it: ours would be nobody's."""
    beside, flock, gone = tmp_path / ".state.lock", fcntl.flock, []

    def slow(fd, how):
        if not gone:
            beside.unlink()
            gone.append(fd)
        flock(fd, how)

    monkeypatch.setattr(fcntl, "flock", slow)
    with alone(tmp_path / "state", ""):
        assert gone and beside.exists()
        with pytest.raises(UserError), alone(tmp_path / "state", ""):
            raise AssertionError


def test_a_disk_without_locks_lets_everybody_in(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOTSUP, "Not supported")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with alone(tmp_path / "state", ""), alone(tmp_path / "state", ""):
        pass
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("name", ["a" * 255, "a\0"])
def test_a_name_that_no_system_can_open_is_refused(name, tmp_path):
    with pytest.raises(UserError, match="cannot be a file's name"), alone(tmp_path / name, ""):
        raise AssertionError


def test_a_place_where_nothing_can_be_is_refused(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(UserError, match="a file is in the way"), alone(tmp_path / "file/run/a", ""):
        raise AssertionError
    with pytest.raises(UserError, match="cannot be made"), alone(Path("/proc/run/a"), ""):
        raise AssertionError


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path):
    (tmp_path / "other").write_text("mine")
    os.symlink(tmp_path / "other", tmp_path / ".state.lock")

    with pytest.raises(OSError) as refused, alone(tmp_path / "state", ""):
        raise AssertionError
    assert refused.value.errno == errno.ELOOP and (tmp_path / "other").read_text() == "mine"


def test_on_a_full_disk_no_lock_is_left(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.write", full)
    with pytest.raises(OSError, match="No space"), alone(tmp_path / "run/state", ""):
        raise AssertionError
    assert not [*tmp_path.iterdir()]
