import csv
import json
import math
import shutil
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image
from tiny import tiny

from ghostnet_tf import weights
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.progress import silent
from ghostnet_tf.data.hold_out import hold_out
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.tasks.classify.classify import Naming
from ghostnet_tf.tasks.classify.one_class import class_weights
from ghostnet_tf.tasks.photo_task import shrinking
from ghostnet_tf.train import best as epochs
from ghostnet_tf.train.average import as_numpy
from ghostnet_tf.train.data import decode
from ghostnet_tf.train.schedule import Schedule
from ghostnet_tf.train.training import Run
from ghostnet_tf.weights import checkpoint
from ghostnet_tf.weights.checkpoint import CheckpointInfo

SCHEDULE = Schedule(epochs=6, sizes=((0, 32),), batch=16, learning_rate=0.1, ema=0.9, dropout=0.1)


def start(folder, photos, schedule=SCHEDULE) -> Run:
    keras.utils.set_random_seed(schedule.seed)
    photos = Photos.open(photos)
    positions = hold_out(len(photos), 16, schedule.seed)
    train, held_out = (decode(photos, some, shrinking(60), silent) for some in positions)
    info = CheckpointInfo("tiny_100", photos.classes, IMAGENET.at(schedule.final_size))
    return Run(folder, schedule, info, tiny(dropout=schedule.dropout), train, held_out)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, photos) -> Run:
    run = start(tmp_path_factory.mktemp("run"), photos)
    for _ in range(SCHEDULE.epochs):
        run.epoch()
    return run


def test_a_network_learns_four_classes(finished):
    assert max(finished.best["held_out_top1"], finished.best["held_out_ema_top1"]) > 0.9


def test_the_best_weights_score_as_the_log_says(finished):
    fresh = tiny()

    found = weights.load(fresh, str(finished.folder / "best.safetensors"))

    scores = replace(finished, model=fresh).score()
    assert scores["top1"] == max(finished.best["held_out_top1"], finished.best["held_out_ema_top1"])
    assert found.info == finished.info
    assert found.header["epoch"] == finished.best and found.header["schedule"] == SCHEDULE.to_dict()


def test_the_log_has_a_row_per_epoch_and_the_curves_are_a_picture(finished):
    with (finished.folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))

    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert float(rows[3]["loss"]) == finished.history[3]["loss"]
    assert json.loads((finished.folder / "log.json").read_text()) == finished.history
    with Image.open(finished.folder / "curves.png") as curves:
        assert curves.format == "PNG" and curves.width > 600


def test_a_finished_run_is_taken_up_whole(finished, photos):
    again = start(finished.folder, photos)

    assert again.resume()
    assert again.history == finished.history
    ours, theirs = again._state(), finished._state()
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(as_numpy(ours[name]), as_numpy(theirs[name])) for name in ours)


def test_the_names_of_the_state_stay(finished):
    """Runs begun with earlier code are resumed with later code."""
    tensors, header = checkpoint.read(finished.state_path)

    assert {name.split("/")[0] for name in tensors} == {"model", "seed", "optimizer"}
    assert {"model/stem/conv/kernel", "seed/0", "optimizer/iteration"} <= tensors.keys()
    assert set(header) == {"schedule", "info", "photos", "fingerprint", "history"}


def test_a_state_from_before_photos_were_counted_is_resumed(finished, photos, tmp_path):
    tensors, header = checkpoint.read(finished.state_path)
    del header["photos"], header["fingerprint"]
    checkpoint.save(tmp_path / "state.safetensors", tensors, header)

    assert start(tmp_path, photos).resume()


def test_an_empty_folder_holds_nothing_to_resume(photos, tmp_path):
    assert not start(tmp_path, photos).resume()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"schedule": replace(SCHEDULE, learning_rate=0.2)},
            r"schedule: learning_rate 0.\d+, not 0.2$",
        ),
        ({"schedule": replace(SCHEDULE, seed=9)}, r"schedule: seed \d, not 9$"),
        ({"info": CheckpointInfo("tiny_050", ("a",), IMAGENET)}, "another network"),
        ({"held_out": None}, "other photos"),
    ],
)
def test_another_run_is_not_resumed(change, said, finished):
    if "held_out" in change:
        fewer = finished.held_out
        change = {"held_out": fewer.subset(np.arange(1, len(fewer)))}
    before = finished.state_path.read_bytes()

    with pytest.raises(UserError, match=said) as refused:
        replace(finished, history=[], **change).resume()

    fix, best = refused.value.fix.typed, finished.folder / "best.safetensors"
    assert "to finish that run" in fix and f"--weights {best}" in fix
    assert "another --out" in fix and finished.state_path.read_bytes() == before


def test_a_state_that_lacks_a_tensor_changes_nothing(finished, photos, tmp_path):
    tensors, header = checkpoint.read(finished.state_path)
    del tensors["optimizer/iteration"]
    checkpoint.save(tmp_path / "state.safetensors", tensors, header)
    run = start(tmp_path, photos)
    before = {name: as_numpy(v) for name, v in run._state().items()}

    with pytest.raises(UserError, match="optimizer/iteration"):
        run.resume()

    assert all(np.array_equal(before[name], as_numpy(v)) for name, v in run._state().items())


def test_a_run_that_diverges_stops_and_keeps_no_nan(photos, tmp_path):
    run = start(tmp_path, photos, replace(SCHEDULE, learning_rate=1e30, warmup_epochs=0.0))

    with pytest.raises(UserError, match="diverged") as stopped:
        for _ in range(SCHEDULE.epochs):
            run.epoch()

    assert "--learning-rate" in stopped.value.fix.typed
    assert all(np.isfinite(row["loss"]) for row in run.history)


@pytest.mark.parametrize("done", [0, 3])
def test_weights_that_are_no_numbers_after_the_last_step_are_not_kept(done, photos, tmp_path):
    """The loss of that step is a number: it was computed before."""
    run = start(tmp_path, photos, replace(SCHEDULE, learning_rate=0.5))
    run.history = [{"epoch": n + 1} for n in range(done)]

    def step(*_):
        kernel = run.model.trainable_variables[0]
        kernel.assign(np.full(kernel.shape, np.nan, np.float32))
        return 1.0, 0.5

    run.step = step
    with pytest.raises(UserError, match=r"held-out photos .* is nan: the run has") as stop:
        run.epoch()

    assert stop.value.fix.typed == "--learning-rate 0.05, and another --out DIR"
    assert stop.value.fix == "learning_rate=0.05, and another out=DIR"
    assert ("epoch 3 is kept" in str(stop.value)) == (done == 3)
    assert len(run.history) == done and not [*tmp_path.iterdir()]


NEW_SETTINGS = (
    "every_photo",
    "ema_grows",
    "freeze",
    "class_weights",
    "early_stop",
    "hold_out",
    "legs",
)


def test_a_schedule_of_an_older_run_means_what_it_meant(finished, photos, tmp_path):
    """Neither its hold-out nor its average changes because it lacks the settings of today."""
    tensors, header = checkpoint.read(finished.state_path)
    for name in NEW_SETTINGS:
        del header["schedule"][name]
    checkpoint.save(tmp_path / "state.safetensors", tensors, header)
    assert SCHEDULE.hold_out == "random" and not SCHEDULE.ema_grows

    assert start(tmp_path, photos).resume()

    of_today = replace(SCHEDULE, hold_out="by_class", ema_grows=True)
    with pytest.raises(UserError, match="another schedule") as refused:
        start(tmp_path, photos, of_today).resume()
    assert "schedule.json" in refused.value.fix


def test_a_photo_that_was_swapped_is_noticed(finished, photos, tmp_path):
    """As many photos, of the same names, and one has other content; or they have other names."""
    for swap in ("content", "name"):
        other = tmp_path / swap
        shutil.copytree(photos, other)
        if swap == "content":
            (other / "red/03.png").write_bytes((other / "red/04.png").read_bytes())
        else:
            (other / "red/03.png").rename(other / "red/3.png")

        with pytest.raises(UserError, match="other photos of the same number"):
            start(finished.folder, other).resume()


def test_equals_are_told_apart_by_their_loss_and_then_the_later_is_taken(finished):
    def row(epoch, top1, loss, averaged=(0.0, 9.0)) -> dict[str, Any]:
        keys = ("held_out_top1", "held_out_loss", "held_out_ema_top1", "held_out_ema_loss")
        return dict(zip(("epoch", *keys), (epoch, top1, loss, *averaged), strict=True))

    def best(*rows):
        return replace(finished, history=list(rows)).best["epoch"]

    assert best(row(1, 0.9, 0.5), row(2, 0.9, 0.4), row(3, 0.8, 0.1)) == 2
    assert best(row(1, 0.9, 0.4), row(2, 0.9, 0.5)) == 1
    assert best(row(1, 0.9, 0.4), row(2, 0.9, 0.4)) == 2
    assert best(row(1, 0.9, 0.4), row(2, 0.5, 9.0, (0.9, 0.3)), row(3, 0.9, math.nan)) == 2
    chosen = Naming.chosen
    assert epochs.averaged_is_better(row(1, 0.9, 0.4, (0.9, 0.4)), chosen)
    assert not epochs.averaged_is_better(row(1, 0.9, 0.4, (0.9, 0.5)), chosen)


def test_it_is_said_why_an_epoch_is_the_best():
    def row(epoch, top1, loss) -> dict[str, Any]:
        other = {"held_out_ema_top1": 0.0, "held_out_ema_loss": 9.0}
        return {"epoch": epoch, "held_out_top1": top1, "held_out_loss": loss, **other}

    def why(history):
        return epochs.why(history, Naming.chosen)

    old = [{"epoch": n, "held_out_top1": 0.5, "held_out_ema_top1": 0.0} for n in (1, 2)]
    assert why([row(1, 0.5, 1.0)]) == "the only epoch"
    assert why([row(1, 0.5, 1.0), row(2, 0.7, 2.0)]) == "more than any other epoch"
    less = [row(1, 0.7, 1.0), row(2, 0.7, 0.9), row(3, 0.7, 1.1)]
    assert why(less) == "as many as epoch 1 and 1 more, with a smaller loss"
    assert why([row(1, 0.7, 1.0), row(2, 0.7, 1.0)]) == "as many as epoch 1, but later"
    assert why(old) == "as many as epoch 2"


def test_of_an_older_run_the_first_of_equals_is_the_best(finished):
    """Its best.safetensors holds that one."""
    rows = [{"epoch": n, "held_out_top1": 0.5, "held_out_ema_top1": 0.0} for n in (1, 2)]
    new = {**rows[0], "epoch": 3, "held_out_loss": 0.7, "held_out_ema_loss": 9.0}

    assert replace(finished, history=rows).best["epoch"] == 1
    assert replace(finished, history=[*rows, new]).best["epoch"] == 3


SHORT = replace(SCHEDULE, epochs=2, batch=33, every_photo=True)  # 80 photos: 3 batches of 27


def test_a_finished_run_goes_on_for_more_epochs_and_can_be_killed_there(photos, tmp_path):
    first = start(tmp_path, photos, SHORT)
    first.epoch()
    first.epoch()
    assert first.is_finished

    longer = replace(SHORT, epochs=4)
    on = start(tmp_path, photos, longer)
    assert on.resume() and on.schedule.legs == (2,) and not on.is_finished
    on.epoch()
    after_three = (tmp_path / "state.safetensors").read_bytes()
    row = on.epoch()
    weights = on._weights()
    (tmp_path / "state.safetensors").write_bytes(after_three)  # as if it was killed in the fourth
    again = start(tmp_path, photos, longer)

    assert again.resume() and again.schedule == on.schedule and not again.is_finished
    assert again.epoch() == row and again.is_finished
    assert all(np.array_equal(value, weights[path]) for path, value in again._weights().items())
    with pytest.raises(UserError, match="another schedule"):
        start(tmp_path, photos, SHORT).resume()


def test_an_unfinished_run_is_not_stretched(finished, photos, tmp_path):
    tensors, header = checkpoint.read(finished.state_path)
    header["history"] = header["history"][:1]
    checkpoint.save(tmp_path / "state.safetensors", tensors, header)

    with pytest.raises(UserError, match="1 are done") as refused:
        start(tmp_path, photos, replace(SCHEDULE, epochs=9)).resume()

    assert "--epochs 6 finishes it" in refused.value.fix.typed


def test_a_run_stops_early_where_epochs_bring_nothing_better(finished):
    rows = [
        {"epoch": n, "held_out_top1": top1, "held_out_loss": 1.0,
         "held_out_ema_top1": 0.0, "held_out_ema_loss": 1.0}
        for n, top1 in enumerate((0.5, 0.7, 0.6, 0.6), 1)
    ]  # fmt: skip

    def stops(patience, rows=rows, legs=()):
        schedule = replace(SCHEDULE, early_stop=patience, legs=legs)
        return replace(finished, schedule=schedule, history=rows).is_finished

    assert stops(2) and not stops(3) and not stops(1, rows[:2])
    assert stops(1, rows[:3]) and not stops(2, legs=(3,)) and not stops(None)


def test_rare_classes_count_more_and_ten_times_at_most(finished):
    labels = np.repeat([0, 1, 2, 3], [60, 15, 4, 1])
    schedule = replace(SCHEDULE, class_weights=True)
    run = replace(finished, schedule=schedule, train=replace(finished.train, labels=labels))

    weights = run.learning.weights(np.eye(4, dtype=np.float32))
    assert weights is not None and np.allclose(weights, [80 / 240, 80 / 60, 80 / 16, 10.0])
    assert replace(run, schedule=SCHEDULE).learning.weights(np.eye(4)) is None
    assert np.array_equal(class_weights(labels, 4), weights)


class Enough(Exception):
    pass


def test_every_photo_of_a_step_has_the_weight_of_its_class(finished, monkeypatch):
    run = replace(finished, schedule=replace(SCHEDULE, class_weights=True))
    of_class = np.array([0.5, 1.0, 2.0, 4.0], np.float32)
    assert isinstance(run.learning, Naming)
    monkeypatch.setattr(run, "learning", replace(run.learning, weight_of=of_class))

    def step(images, targets, weights):
        assert np.array_equal(weights, of_class[targets.argmax(axis=1)]) and len(weights) == 16
        raise Enough

    monkeypatch.setattr(run, "step", step)

    with pytest.raises(Enough):
        run.epoch()


@pytest.mark.parametrize(
    "change",
    [
        {"optimizer": "adamw", "learning_rate": 0.01, "mixup": 0.2, "randaugment": (2, 5)},
        {"precision": "mixed_bfloat16"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_other_schedules_learn_too(change, photos, tmp_path):
    schedule = replace(SCHEDULE, epochs=5, **change)
    keras.mixed_precision.set_global_policy(schedule.precision)
    try:
        run = start(tmp_path, photos, schedule)
        rows = [run.epoch() for _ in range(schedule.epochs)]
    finally:
        keras.mixed_precision.set_global_policy("float32")

    assert rows[-1]["loss"] < rows[0]["loss"]
    assert max(run.best["held_out_top1"], run.best["held_out_ema_top1"]) > 0.6
    assert all(v.dtype == "float32" for v in run.model.weights)
