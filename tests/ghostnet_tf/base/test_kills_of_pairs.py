"""A pair of files whose writer is killed at any of its steps, and written again."""

from pathlib import Path

import pytest

from ghostnet_tf.base.files import write_together
from tests.killing import killed_at

OLD, NEW = {"a.tflite": b"old", "a.json": b"{}"}, {"a.tflite": b"new", "a.json": b"{1}"}
STEPS = range(1, 23)  # of writing it over an old one, to the last


def write(folder: Path, files: dict[str, bytes]) -> None:
    write_together({folder / name: data for name, data in files.items()})


def visible(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if not p.name.startswith(".ghostnet-")}


@pytest.mark.parametrize("old", [{}, OLD], ids=["new", "over an old one"])
def test_the_next_write_leaves_the_new_pair_and_nothing_else(old, tmp_path):
    ends = []
    for moment in STEPS:
        folder = tmp_path / str(moment)
        folder.mkdir()
        write(folder, old) if old else None

        ends.append(killed_at(moment, lambda folder=folder: write(folder, NEW)))

        files = visible(folder)
        # Whole files always; half a pair between two renames alone, which its hash then tells.
        assert all(data in (old.get(name), NEW[name]) for name, data in files.items())
        write(folder, NEW)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == NEW
    assert ends[0] and not ends[-1] and ends == sorted(ends, reverse=True)
