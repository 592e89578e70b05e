"""Every block of docs/python.md runs, in order, in a process of its own beside some photos."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/python.md"
SAMPLES = ROOT / "web_demo/samples"


def blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def printed(tmp_path_factory) -> list[str]:
    """What the page's blocks print, a line of its own before each block."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "photo.png").write_bytes((SAMPLES / "lighthouse.png").read_bytes())
    for name in ("goldfish", "lighthouse"):
        (folder / "my_photos" / name).mkdir(parents=True)
        photo = np.asarray(Image.open(SAMPLES / f"{name}.png").convert("RGB").resize((120, 120)))
        for shift in range(4):
            moved = Image.fromarray(np.roll(photo, 3 * shift, axis=1))
            moved.save(folder / "my_photos" / name / f"{shift}.png")
    marked = ["import warnings", "warnings.filterwarnings('error', message='the model')"]
    for i, block in enumerate(blocks(PAGE.read_text())):
        marked += [f"print('block {i}')", block]

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", "\n".join(marked)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    return re.split(r"^block \d+\n", done.stdout, flags=re.MULTILINE)[1:]


def test_every_block_runs(printed):
    assert len(printed) == len(blocks(PAGE.read_text())) >= 12


def test_what_is_printed_is_what_the_page_says_of_it(printed):
    listed, named, mismatch, answers = printed[0], printed[1], printed[2], printed[3]

    assert [line.split()[0] for line in listed.splitlines()] == [
        "ghostnet_050", "ghostnet_100", "ghostnet_130",
    ]  # fmt: skip
    assert named.startswith("beacon, lighthouse")
    assert "classes=200" in mismatch
    assert answers.startswith("[('beacon, lighthouse")


def test_a_users_own_network_names_its_classes(printed):
    (line,) = [text for text in printed if text.startswith("pets_")]

    assert line.startswith("pets_own_96_static_wi8_ai8.tflite [('")
    assert "goldfish" in line or "lighthouse" in line


def test_the_page_has_every_public_name():
    import ghostnet_tf as gn

    text = PAGE.read_text()

    assert [name for name in gn.PUBLIC if f"gn.{name}" not in text] == ["Labels", "Photos"]
