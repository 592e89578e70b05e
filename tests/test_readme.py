"""The commands of the README do what it says, as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
COLOURS = {"blue": (40, 40, 200), "green": (40, 200, 40), "red": (200, 40, 40)}
# What makes a real fine-tuning short enough for a test; the README trains with the defaults.
SHORT = " --held-out 6 --set batch=8 --set epochs=3"


def commands_under(heading: str) -> list[str]:
    section = (ROOT / "README.md").read_text().split(f"## {heading}\n")[1]
    return re.search(r"```\n(.*?)```", section, re.DOTALL)[1].strip().split("\n")  # type: ignore


def photos(folder: Path, each: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for i in range(each):
            pixels = rng.normal(colour, 40, (80, 90, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.png")


def run(command: str, cwd: Path) -> str:
    """`command` as a person types it in the project's root, with `cwd` for a home."""
    command = re.sub(r"\b(export)/(?=\w+\.py)", f"{ROOT}/\\1/", command)
    command = re.sub(r"^python ", f"{sys.executable} ", command)
    done = subprocess.run(  # noqa: S603
        ["/bin/bash", "-c", command],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("home")
    photos(home / "my_photos", each=14, seed=0)
    photos(home / "my_test_photos", each=4, seed=1)
    return home


def test_three_commands_lead_from_own_photos_to_own_files(home):
    train, export, evaluate = commands_under("How do I make one from my own photos?")

    run(train + SHORT, home)
    run(export, home)
    scores = json.loads(run(evaluate + " --json", home))["files"]

    assert [Path(score["file"]).suffix for score in scores] == [".safetensors"] + [".tflite"] * 4
    assert all(score["top1"] >= 0.75 and score["n"] == 12 for score in scores), scores
