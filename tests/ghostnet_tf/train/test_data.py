import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.progress import silent
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.train.data import Decoded, EvalBatches, TrainBatches, decode, hold_out
from ghostnet_tf.train.schedule import Schedule

SCHEDULE = Schedule(epochs=3, sizes=((0, 32),), batch=8, randaugment=(1, 5), mixup=0.4)
SMALL = IMAGENET.at(32)


@pytest.fixture(scope="module")
def data() -> Decoded:
    """Twenty photos, each of one grey that tells which it is."""
    pixels = [np.full((40, 40, 3), 10 * i, np.uint8) for i in range(20)]
    return Decoded(pixels, np.arange(20) % 4)


def batches(data, schedule=SCHEDULE, epoch=0) -> TrainBatches:
    return TrainBatches(data, 4, schedule, SMALL, epoch)


def plain(**changes) -> Schedule:
    return Schedule(
        epochs=3, sizes=((0, 32),), batch=8, crop_scale=(1.0, 1.0), flip=False, **changes
    )


@given(count=st.integers(2, 300), seed=st.integers(0, 9), data=st.data())
def test_photos_are_held_out_once_each_and_the_same_for_a_seed(count, seed, data):
    held = data.draw(st.integers(1, count - 1))

    train, held_out = hold_out(count, held, seed)

    assert len(held_out) == held
    assert sorted([*train, *held_out]) == list(range(count))
    assert np.array_equal(held_out, hold_out(count, held, seed)[1])


def test_the_photos_of_the_running_run_stay_held_out():
    """Other ones would have been trained on."""
    _, held_out = hold_out(100_000, 5_000, seed=0)

    assert held_out[:5].tolist() == [23, 50, 75, 93, 110]
    assert int(held_out.sum()) == 250_727_111


def test_another_seed_holds_out_others():
    assert not np.array_equal(hold_out(100, 10, 0)[1], hold_out(100, 10, 1)[1])


@pytest.mark.parametrize("held", [0, 10, 11, -1])
def test_too_many_or_no_held_out_photos_are_refused(held):
    with pytest.raises(UserError, match="cannot be held out of 10"):
        hold_out(10, held, 0)


def test_a_batch_is_a_function_of_seed_epoch_and_number(data):
    images, targets = batches(data)[1]

    again = batches(data)  # asked in another order
    again[0]
    assert np.array_equal(images, again[1][0]) and np.array_equal(targets, again[1][1])
    assert not np.array_equal(images, again[0][0])
    assert not np.array_equal(images, batches(data, epoch=1)[1][0])
    assert not np.array_equal(images, batches(data, replace(SCHEDULE, seed=1))[1][0])


def test_an_epoch_shows_every_photo_once_but_for_the_last_partial_batch(data):
    epoch = batches(data, plain())

    assert len(epoch) == 2
    seen = np.concatenate([epoch[i][0][:, 0, 0, 0] for i in range(2)])
    assert len(np.unique(seen)) == 16


def test_a_target_is_the_class_of_its_image(data):
    images, targets = batches(data, plain())[0]

    shown = np.searchsorted(SMALL.table()[:, 0], images[:, 0, 0, 0]) // 10
    assert np.array_equal(targets.argmax(axis=1), data.labels[shown])
    assert images.dtype == targets.dtype == np.float32


def test_mixup_mixes_images_and_targets_alike_and_targets_sum_to_one(data):
    images, targets = batches(data, plain(mixup=0.4))[0]
    unmixed, classes = batches(data, plain())[0]

    assert np.allclose(targets.sum(axis=1), 1)
    share = targets[0, classes[0].argmax()]  # of the photo itself, unless its partner is a sibling
    assert classes[0].argmax() != classes[-1].argmax() and 0 < share < 1
    assert np.allclose(images[0], share * unmixed[0] + (1 - share) * unmixed[-1], atol=1e-5)


def test_eval_batches_show_every_photo_as_in_use_and_fill_the_last_batch(data):
    shown = EvalBatches(data, SMALL, 8)

    images = np.concatenate([shown[i][0] for i in range(len(shown))])
    expected = [SMALL.normalise(SMALL.pixels(Image.fromarray(p))) for p in data.pixels]
    assert np.array_equal(images[:20], expected)
    assert images.shape == (24, 32, 32, 3) and np.array_equal(images[20:], images[[19] * 4])


def test_broken_photos_are_left_out_and_named(photos, tmp_path):
    shutil.copytree(photos, tmp_path / "p")
    (tmp_path / "p/green/03.png").write_bytes(b"no photo")
    told = []

    source = Photos.open(tmp_path / "p")
    data = decode(source, np.arange(len(source)), 30, lambda n=1, said="": told.append(n))

    assert len(data) == 95 and len(data.labels) == 95 and len(told) == 96
    (broken,) = source.skipped
    assert "'green/03.png'" in broken.why
    assert data.labels.tolist() == [0] * 24 + [1] * 23 + [2] * 24 + [3] * 24


def test_decoded_photos_are_shrunk_to_what_is_needed(photos):
    data = decode(Photos.open(photos), np.arange(3), 18, silent)

    assert [p.shape for p in data.pixels] == [(18, 20, 3)] * 3
