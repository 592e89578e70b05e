"""What `next:` proposes must work when it is pasted into the shell that printed it."""

import shlex
import sysconfig
from pathlib import Path

import pytest

from ghostnet_tf.base import doors, rooms
from ghostnet_tf.base.doors import typed

ROOT = rooms.PACKAGE.parent


@pytest.fixture(autouse=True)
def no_command_on_the_path(monkeypatch):
    monkeypatch.setattr(doors.shutil, "which", lambda name: None)
    monkeypatch.setattr(rooms, "IS_INSTALLED", False)


@pytest.mark.parametrize("folder", [ROOT, ROOT / "export", ROOT.parent, Path("/")])
def test_in_a_clone_the_launcher_is_named_as_this_folder_sees_it(folder, monkeypatch):
    monkeypatch.chdir(folder)

    door, *rest = shlex.split(typed("verify", "a.tflite"))

    assert Path(folder, door).resolve() == (ROOT / "ghostnet").resolve()
    assert door.startswith("..") if folder.name == "export" else "/" in door
    assert rest == ["verify", "a.tflite"]


def test_at_the_root_it_begins_with_a_dot(monkeypatch):
    monkeypatch.chdir(ROOT)

    assert typed("predict", Path("build/a.tflite"), "photo.jpg") == (
        "./ghostnet predict build/a.tflite photo.jpg"
    )


def test_where_it_is_installed_its_name_is_enough(monkeypatch):
    monkeypatch.setattr(rooms, "IS_INSTALLED", True)

    assert typed("verify", "a.tflite") == "ghostnet verify a.tflite"


@pytest.mark.parametrize(
    ("found", "is_ours"),
    [
        (f"{sysconfig.get_path('scripts')}/ghostnet", True),
        (str(ROOT / "ghostnet"), True),
        ("/usr/games/ghostnet", False),
    ],
)
def test_a_command_of_the_same_name_counts_if_it_is_ours(found, is_ours, monkeypatch):
    monkeypatch.setattr(doors.shutil, "which", lambda name: found)

    assert typed("verify", "x").startswith("ghostnet ") == is_ours


@pytest.mark.parametrize("path", ["my photos/a.tflite", "it's.tflite", "$HOME;rm.tflite"])
def test_a_shell_reads_the_arguments_as_they_were(path):
    assert shlex.split(typed("verify", path))[1:] == ["verify", path]
