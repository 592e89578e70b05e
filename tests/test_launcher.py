"""`./ghostnet` and `make` on a machine that has less than they need, and what help says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ghostnet_tf.__main__ import VERBS

ROOT = Path(__file__).resolve().parents[1]


def program(path: Path, body: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def started(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    env = {**os.environ, **environment}
    return subprocess.run(  # noqa: S603
        [str(part) for part in command], cwd=cwd, env=env, capture_output=True, text=True
    )


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone in a folder with a space in its name, that nobody has set up."""
    clone = tmp_path / "my clone"
    clone.mkdir()
    shutil.copy2(ROOT / "ghostnet", clone)
    shutil.copy2(ROOT / "Makefile", clone)
    (clone / "requirements.txt").touch()
    for room in ("ghostnet_tf", "export"):
        (clone / room).symlink_to(ROOT / room)
    return clone


@pytest.fixture
def set_up(clone) -> Path:
    program(clone / ".venv/bin/python", f'exec "{sys.executable}" "$@"')
    (clone / ".venv/core").touch()
    return clone


def test_a_venv_that_was_never_finished_is_no_venv(set_up):
    (set_up / ".venv/core").unlink()

    done = started(set_up / "ghostnet", "export", cwd=set_up)

    assert done.returncode == 2 and "or not all that it needs" in done.stderr
    assert "fix: " in done.stderr


def test_it_starts_the_python_of_its_own_venv_from_any_folder(set_up, tmp_path):
    elsewhere = tmp_path / "photos"
    elsewhere.mkdir()
    (elsewhere / "export.py").write_text("raise SystemExit('a file of the user was imported')")

    done = started(set_up / "ghostnet", "predict", "--help", cwd=elsewhere)

    assert done.stdout.startswith("usage: ghostnet predict"), done.stderr


def test_it_may_be_linked_to(set_up, tmp_path):
    link = tmp_path / "gn"
    link.symlink_to(set_up / "ghostnet")

    done = started(link, cwd=tmp_path)

    assert done.stdout.startswith("usage: ghostnet VERB"), done.stderr


def test_alone_it_prints_every_verb_in_a_dozen_lines(set_up):
    lines = started(set_up / "ghostnet", cwd=set_up).stdout.splitlines()

    assert [line.split()[0] for line in lines[1:]] == list(VERBS)
    assert len(lines) <= 13
    assert max(map(len, lines)) <= 80


def test_exit_codes_pass_through(set_up):
    done = started(set_up / "ghostnet", "predict", "none.tflite", "none.png", cwd=set_up)

    assert done.returncode == 2
    assert "none.tflite" in done.stderr


def test_without_a_venv_it_says_how_to_get_one(clone, tmp_path):
    done = started(clone / "ghostnet", "export", cwd=tmp_path)

    assert done.returncode == 2
    assert f"fix: make -C '{clone}' tflite" in done.stderr


def test_a_python_that_makes_no_venv_is_explained_by_the_launcher(clone, tmp_path):
    program(tmp_path / "bin/python3", "exit 1")

    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    done = started(clone / "ghostnet", "export", cwd=tmp_path, PATH=path)

    assert done.returncode == 2
    assert "apt-get install make python3-venv" in done.stderr


@pytest.mark.parametrize("target", ["tflite", "venv"])
def test_a_python_that_makes_no_venv_is_explained_by_make(clone, target):
    without = program(clone / "python-of-debian", "exit 1")

    done = started("make", target, f"PYTHON=./{without.name}", cwd=clone)

    assert done.returncode == 2
    assert "apt-get install python3 python3-venv" in done.stderr
    assert not (clone / ".venv").exists()


def test_a_python_that_is_missing_is_explained_by_make(clone):
    done = started("make", "tflite", "PYTHON=no-such-python", cwd=clone)

    assert "error: no-such-python is missing" in done.stderr


def test_help_names_every_target(clone):
    targets = re.findall(r"^([a-z][\w-]*):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)

    says = started("make", "help", cwd=clone).stdout

    assert {"tflite", "test", "clean"} <= {*targets}
    named = set(re.findall(r"^make ([\w-]+)  ", says, re.MULTILINE))
    assert named == {*targets} - {"help"}
