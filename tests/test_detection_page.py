"""The commands of docs/detection.md, as they stand there; `make test-all` runs them, smaller."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module

import pytest

from ghostnet_tf.__main__ import VERBS
from tests.counts import ALL
from tests.drawn_shapes import shapes
from tests.pasted import ROOT, commands

OWN, SHIPPED, CELLS = ([line for line, _ in block] for block in commands("docs/detection.md"))
LINES = [*OWN, *SHIPPED, *CELLS]
PARSERS = {
    "train": "ghostnet_tf.train.command",
    "export": "export.to_tflite",
    "evaluate": "export.evaluate",
    "predict": "export.predict",
}
LESS = " --size 64 --epochs 1 --batch 4 --set warmup_epochs=0"


def test_the_page_goes_from_boxes_to_answers():
    of_each = [[shlex.split(line)[1] for line in block] for block in (OWN, SHIPPED, CELLS)]

    assert of_each[0] == ["train", "export", "evaluate", "predict"] and {*of_each[0]} <= {*VERBS}
    assert of_each[1:] == [["export", "predict"], ["train", "export", "evaluate"]]


@pytest.mark.parametrize("line", LINES, ids=range(len(LINES)))
def test_every_option_of_the_page_is_known(line):
    _, verb, *rest = shlex.split(line)

    args = vars(import_module(PARSERS[verb]).parser().parse_args(rest))

    assert any(name in str(args) for name in ("my_boxes", "bccd", "cells"))


@pytest.mark.skipif(not ALL, reason="trains, exports and scores for minutes: make test-all")
def test_every_command_of_the_page_works(tmp_path):
    shapes(tmp_path / "my_boxes", 8, ("train", "val", "test"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    shutil.copytree(ROOT / "web_demo/samples", tmp_path / "web_demo/samples")
    shutil.make_archive(str(tmp_path / "bccd"), "zip", tmp_path / "my_boxes")  # other things
    for line in LINES:
        if "_bccd_320_" not in line:
            line = line.replace("_320_", "_64_")
        words = shlex.split(line)[1:]
        more = shlex.split(LESS) if words[0] == "train" else []
        files = [word for word in words if "{" in word]
        words = [word for word in words if word not in files]
        for word in files:  # as a shell has it
            start, middle, end = re.fullmatch(r"(.*)\{(.*)\}(.*)", word).groups()  # type: ignore
            words += [f"{start}{name}{end}" for name in middle.split(",")]
        command = [sys.executable, "-m", "ghostnet_tf", *words, *more]
        done = subprocess.run(  # noqa: S603
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, (line, done.stderr)
    assert (tmp_path / "runs/boxes/boxes.png").exists()
    assert len([*(tmp_path / "found").glob("*_boxes.png")]) == 24 + 1
