import csv
import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image
from tiny import tiny

from ghostnet_tf import weights
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.progress import silent
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.train.data import decode, hold_out
from ghostnet_tf.train.optimizer import as_numpy
from ghostnet_tf.train.schedule import Schedule
from ghostnet_tf.train.training import Run
from ghostnet_tf.weights import checkpoint
from ghostnet_tf.weights.checkpoint import CheckpointInfo

SCHEDULE = Schedule(epochs=6, sizes=((0, 32),), batch=16, learning_rate=0.1, ema=0.9, dropout=0.1)


def start(folder, photos, schedule=SCHEDULE) -> Run:
    keras.utils.set_random_seed(schedule.seed)
    photos = Photos.open(photos)
    positions = hold_out(len(photos), 16, schedule.seed)
    train, held_out = (decode(photos, some, 60, silent) for some in positions)
    info = CheckpointInfo("tiny_100", photos.classes, IMAGENET.at(schedule.final_size))
    return Run(folder, schedule, info, tiny(dropout=schedule.dropout), train, held_out)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, photos) -> Run:
    run = start(tmp_path_factory.mktemp("run"), photos)
    for _ in range(SCHEDULE.epochs):
        run.epoch(keras.callbacks.Callback())
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
    assert set(header) == {"schedule", "info", "photos", "history"}


def test_a_state_from_before_photos_were_counted_is_resumed(finished, photos, tmp_path):
    tensors, header = checkpoint.read(finished.state_path)
    del header["photos"]
    checkpoint.save(tmp_path / "state.safetensors", tensors, header)

    assert start(tmp_path, photos).resume()


def test_an_empty_folder_holds_nothing_to_resume(photos, tmp_path):
    assert not start(tmp_path, photos).resume()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schedule": replace(SCHEDULE, learning_rate=0.2)}, "another schedule"),
        ({"info": CheckpointInfo("tiny_050", ("a",), IMAGENET)}, "another network"),
        ({"held_out": None}, "other photos"),
    ],
)
def test_another_run_is_not_resumed(change, said, finished):
    if "held_out" in change:
        fewer = finished.held_out
        change = {"held_out": replace(fewer, pixels=fewer.pixels[1:], labels=fewer.labels[1:])}
    before = finished.state_path.read_bytes()

    with pytest.raises(UserError, match=said) as refused:
        replace(finished, history=[], **change).resume()

    fix, best = refused.value.fix, finished.folder / "best.safetensors"
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
            run.epoch(keras.callbacks.Callback())

    assert "learning_rate" in stopped.value.fix
    assert all(np.isfinite(row["loss"]) for row in run.history)


def test_fewer_photos_than_a_batch_are_refused(photos, tmp_path):
    with pytest.raises(UserError, match="80 training photos do not fill a batch of 100") as refused:
        start(tmp_path, photos, replace(SCHEDULE, batch=100))

    assert "batch" in refused.value.fix


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
        rows = [run.epoch(keras.callbacks.Callback()) for _ in range(schedule.epochs)]
    finally:
        keras.mixed_precision.set_global_policy("float32")

    assert rows[-1]["loss"] < rows[0]["loss"]
    assert max(run.best["held_out_top1"], run.best["held_out_ema_top1"]) > 0.6
    assert all(v.dtype == "float32" for v in run.model.weights)
