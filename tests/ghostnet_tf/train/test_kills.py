"""Training that is killed: at any moment, and again on the way back, nothing is lost or left."""

import csv
import json
import signal
from pathlib import Path

import numpy as np
import pytest
from tiny import arguments, start

from ghostnet_tf.weights import checkpoint
from tests.counts import examples
from tests.killing import seeded_moments

STEPS = 241  # of an unbroken run: 96 photos, 30 batches, 3 checkpoints of 5 files, the report
SCRIPT = str(Path(__file__).with_name("killed.py"))
KILLS = examples(1, 2)  # one after the other, in one folder
RUNS = examples(1, 20)
DICE = seeded_moments(KILLS * RUNS, STEPS, seed=193)
MOMENTS = [tuple(DICE[i : i + KILLS]) for i in range(0, len(DICE), KILLS)]


def epochs_in(run: Path) -> int:
    """How many the folder has; every file that is there is whole, whatever was killed."""
    for name in ("best", "state"):
        if (run / f"{name}.safetensors").exists():
            _, header = checkpoint.read(run / f"{name}.safetensors")
            assert header
    for name in ("log.json", "schedule.json"):
        if (run / name).exists():
            json.loads((run / name).read_text())
    if (run / "log.csv").exists():
        assert [*csv.DictReader((run / "log.csv").read_text().splitlines())]
    if (run / "curves.png").exists():
        assert (run / "curves.png").read_bytes().endswith(b"IEND\xaeB`\x82")
    state = run / "state.safetensors"
    return len(checkpoint.read(state)[1]["history"]) if state.exists() else 0


@pytest.mark.parametrize("moments", MOMENTS, ids=str)
def test_a_killed_training_goes_on_as_if_nothing_had_been(moments, unbroken, photos, tmp_path):
    run, done, codes = tmp_path / "run", 0, []
    for moment in (*moments, 0):
        process = start(str(moment), *arguments(photos, run), script=SCRIPT)
        _, said = process.communicate(timeout=300)
        codes.append(process.returncode)
        assert codes[-1] in (0, -signal.SIGKILL), said
        assert not done or f"after epoch {done}" in said or codes[-1]  # killed while it read photos
        done, before = epochs_in(run), done
        assert done >= before

    assert codes[-1] == 0 and codes[0] == -signal.SIGKILL
    assert {p.name for p in run.iterdir()} == {p.name for p in unbroken.iterdir()}
    for name in ("log.csv", "log.json", "schedule.json"):
        assert (run / name).read_bytes() == (unbroken / name).read_bytes()
    for name in ("best", "state"):
        (ours, header), (theirs, other) = (
            checkpoint.read(folder / f"{name}.safetensors") for folder in (run, unbroken)
        )
        assert header == other and ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[key], theirs[key]) for key in ours)
