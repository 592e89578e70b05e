"""What is proposed where a run has learned nothing."""

import math
from dataclasses import replace

import numpy as np
import pytest

from ghostnet_tf.tasks.classify.advice import remedy
from ghostnet_tf.tasks.classify.mistakes import Report
from ghostnet_tf.train.command import parser
from ghostnet_tf.train.schedule import load

FINETUNE = load("finetune")
NOTHING = Report.of(np.zeros((4, 2)), np.array([0, 0, 1, 1]), ["a", "b", "c", "d"], ("x", "y"))


def rows(*losses_and_shares):
    return [{"loss": loss, "accuracy": share} for loss, share in losses_and_shares]


FALLS = rows((0.69, 0.5), (0.68, 0.55))
OVERFITTED = rows((0.6, 0.6), (0.1, 0.99))


@pytest.mark.parametrize(
    ("history", "changes", "wrong", "options"),
    [
        (rows((0.5, 0.5), (0.8, 0.5)), {}, "does not fall", ["--learning-rate", "0.002", "--out"]),
        (rows((9.0, 0.5), (3.0, 0.5)), {}, "does not fall", ["--learning-rate", "0.002", "--out"]),
        (FALLS, {}, "not trained for long", ["--epochs", "30"]),
        (rows((5.0, 0.5)), {}, "not trained for long", ["--epochs", "30"]),
        (FALLS, {"is_from_weights": False}, "from nothing", ["--weights", "tinyimagenet", "--out"]),
        (
            FALLS,
            {"is_from_weights": False, "model": "ghostnet_100"},
            "not trained for long",
            ["--epochs", "30"],
        ),
        (OVERFITTED, {}, "more photos of each class", ["--freeze", "--out"]),
        (
            OVERFITTED,
            {"schedule": replace(FINETUNE, freeze=True)},
            "more photos of each class",
            ["--learning-rate", "0.002", "--out"],
        ),
    ],
)
def test_what_is_wrong_is_answered_with_options_that_help(
    history, changes, wrong, options, tmp_path
):
    (tmp_path / "mine_2").mkdir()
    how = {"schedule": FINETUNE, "model": "ghostnet_050", "is_from_weights": True, **changes}

    said, found = remedy(NOTHING, history, out=tmp_path / "mine", **how)

    assert wrong in said and found[: len(options)] == options
    if "--out" in options:  # a run of other settings needs a folder of its own
        assert found[-1] == str(tmp_path / "mine_3")
    args = parser().parse_args(["photos", "--out", "mine", "--epochs", "10", *found])
    assert args.epochs == (30 if "--epochs" in options else 10)


def test_chance_of_two_classes_is_what_a_loss_is_held_against():
    assert math.isclose(math.log(2), 0.693, abs_tol=1e-3) and not NOTHING.is_useful
