"""The commands of docs/segmentation.md, as they stand there; `make test-all` runs them, smaller."""

import os
import shlex
import subprocess
import sys
from importlib import import_module

import pytest

from ghostnet_tf.__main__ import VERBS
from tests.counts import ALL
from tests.drawn_masks import masked
from tests.pasted import ROOT, commands

LINES = [line for block in commands("docs/segmentation.md") for line, _ in block]
PARSERS = {
    "train": "ghostnet_tf.train.command",
    "export": "export.to_tflite",
    "evaluate": "export.evaluate",
    "predict": "export.predict",
}
LESS = " --size 72x96 --epochs 1 --batch 4 --set warmup_epochs=0"


def test_the_page_goes_from_masks_to_answers():
    verbs = [shlex.split(line)[1] for line in LINES]

    assert verbs == ["train", "export", "evaluate", "predict"] and {*verbs} <= {*VERBS}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split()[1])
def test_every_option_of_the_page_is_known(line):
    _, verb, *rest = shlex.split(line)

    args = vars(import_module(PARSERS[verb]).parser().parse_args(rest))

    assert "my_masks" in str(args) or "masks" in str(args)


@pytest.mark.skipif(not ALL, reason="trains, exports and scores for minutes: make test-all")
def test_every_command_of_the_page_works(tmp_path):
    masked(tmp_path / "my_masks", 8, ("train", "val", "test"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    for line in LINES:
        _, *rest = shlex.split(line.replace("_360x480_", "_72x96_"))
        more = shlex.split(LESS) if rest[0] == "train" else []
        command = [sys.executable, "-m", "ghostnet_tf", *rest, *more]
        done = subprocess.run(  # noqa: S603
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, (line, done.stderr)
    assert (tmp_path / "runs/masks/masks.png").exists()
    assert len([*(tmp_path / "outlined").glob("*_masks.png")]) == 24
