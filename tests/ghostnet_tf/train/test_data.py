import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from ghostnet_tf.base.progress import silent
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.tasks.photo_task import shrinking
from ghostnet_tf.tasks.task import CLASSIFY, task
from ghostnet_tf.train.data import Cut, Decoded, EvalBatches, Pixels, TrainBatches, decode
from ghostnet_tf.train.prefetch import prefetched
from ghostnet_tf.train.schedule import Schedule
from ghostnet_tf.weights.checkpoint import CheckpointInfo

SCHEDULE = Schedule(epochs=3, sizes=((0, 32),), batch=8, randaugment=(1, 5), mixup=0.4)
SMALL = IMAGENET.at(32)


@pytest.fixture(scope="module")
def data() -> Decoded:
    """Twenty photos, each of one grey that tells which it is."""
    pixels = [np.full((40, 40, 3), 10 * i, np.uint8) for i in range(20)]
    return Decoded(pixels, np.arange(20) % 4)


def batches(data, schedule=SCHEDULE, epoch=0) -> TrainBatches:
    return TrainBatches(data, learning(data, schedule), schedule, epoch)


def learning(data, schedule=SCHEDULE):
    info = CheckpointInfo("tiny_100", ("a", "b", "c", "d"), SMALL)
    return task(CLASSIFY).learning(info, schedule, data.labels)


def plain(**changes) -> Schedule:
    return Schedule(
        epochs=3, sizes=((0, 32),), batch=8, crop_scale=(1.0, 1.0), flip=False, **changes
    )


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


def test_no_photo_sits_out_where_every_one_is_asked_for(data):
    epoch = batches(data, plain(every_photo=True))

    shown = [epoch[i][0][:, 0, 0, 0] for i in range(len(epoch))]
    assert [len(batch) for batch in shown] == [7, 7, 7]  # one size, and as few as three hold
    seen, times = np.unique(np.concatenate(shown), return_counts=True)
    assert len(seen) == 20 and sorted(times) == [1] * 19 + [2]
    other = batches(data, plain(every_photo=True), epoch=1)
    again = np.concatenate([other[i][0][:, 0, 0, 0] for i in range(3)])
    assert not np.array_equal(again, np.concatenate(shown))


def test_where_the_batch_divides_the_photos_all_is_as_it_was(data):
    some = data.subset(np.arange(16))
    every, before = (
        batches(some, replace(SCHEDULE, every_photo=asked), epoch=2) for asked in (True, False)
    )

    assert len(every) == len(before) == 2
    for i in range(2):
        assert all(map(np.array_equal, every[i], before[i]))


@pytest.mark.parametrize(
    ("photos", "batch", "accelerators", "steps", "size"),
    [
        (45, 32, 1, 2, 23),
        (46, 32, 1, 2, 23),
        (64, 32, 1, 2, 32),
        (65, 32, 1, 3, 22),
        (33, 32, 1, 2, 17),
        (1, 32, 1, 1, 1),
        (45, 32, 4, 2, 24),
        (3, 4, 4, 1, 4),
        (100_000, 128, 1, 782, 128),
    ],
)
def test_an_epoch_is_cut_into_few_batches_of_one_size(photos, batch, accelerators, steps, size):
    schedule = replace(SCHEDULE, batch=batch, every_photo=True)

    assert Cut.of(photos, schedule, accelerators) == Cut(steps, size)
    assert Cut(steps, size).twice(photos) == steps * size - photos >= 0


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
    shown = EvalBatches(data, learning(data), 8)

    images = np.concatenate([shown[i] for i in range(len(shown))])
    expected = [SMALL.normalise(SMALL.pixels(Image.fromarray(p))) for p in data.pixels]
    assert np.array_equal(images[:20], expected)
    assert images.shape == (24, 32, 32, 3) and np.array_equal(images[20:], images[[19] * 4])


def test_broken_photos_are_left_out_and_named(photos, tmp_path):
    shutil.copytree(photos, tmp_path / "p")
    (tmp_path / "p/green/03.png").write_bytes(b"no photo")
    told = []

    source = Photos.open(tmp_path / "p")
    data = decode(
        source, np.arange(len(source)), shrinking(30), lambda n=1, said="": told.append(n)
    )

    assert len(data) == 95 and len(data.labels) == 95 and len(told) == 96
    (broken,) = source.skipped
    assert "'green/03.png'" in broken.why
    assert data.labels.tolist() == [0] * 24 + [1] * 23 + [2] * 24 + [3] * 24


def test_decoded_photos_are_shrunk_to_what_is_needed(photos):
    data = decode(Photos.open(photos), np.arange(3), shrinking(18), silent)

    assert [p.shape for p in data.pixels] == [(18, 20, 3)] * 3


def test_photos_that_do_not_fit_into_memory_are_decoded_when_asked_for(photos):
    source = Photos.open(photos)
    whole = decode(source, np.arange(9), shrinking(18), silent)
    one = whole.pixels[0].nbytes

    some = decode(source, np.arange(9), shrinking(18), silent, max_bytes=int(3.5 * one))

    assert isinstance(whole.pixels, Pixels) and isinstance(some.pixels, Pixels)
    assert len(whole.pixels.kept) == 9 and len(some.pixels.kept) == 3
    assert sum(photo.nbytes for photo in some.pixels.kept.values()) <= 3.5 * one
    assert all(np.array_equal(whole.pixels[i], some.pixels[i]) for i in range(9))
    assert some.fingerprint == whole.fingerprint
    shown = [batches(part, plain(), 0)[0] for part in (whole, some)]
    assert np.array_equal(shown[0][0], shown[1][0]) and np.array_equal(shown[0][1], shown[1][1])


def test_a_subset_has_the_names_labels_and_pixels_of_its_photos(photos):
    data = decode(Photos.open(photos), np.arange(96), shrinking(18), silent)

    some = data.subset(np.array([95, 0, 30]))

    assert some.names == ["sand/23.png", "blue/00.png", "green/06.png"]
    assert some.labels.tolist() == [3, 0, 1] and len(some) == 3
    assert np.array_equal(some.pixels[1], data.pixels[0])
    assert some.fingerprint != data.fingerprint


def test_work_ahead_comes_in_order_and_not_all_of_it_is_done_at_once():
    begun = []

    def make(number):
        begun.append(number)
        return number

    ahead = prefetched(make, 10_000)

    assert [next(ahead) for _ in range(3)] == [0, 1, 2]
    assert len(begun) < 100
    ahead.close()
    assert len(begun) < 100 and list(prefetched(make, 5)) == [0, 1, 2, 3, 4]


def test_what_a_thread_raises_is_raised_where_its_result_is_asked_for():
    def make(number):
        if number == 2:
            raise ValueError("two")
        return number

    ahead = prefetched(make, 9)

    assert next(ahead) == 0 and next(ahead) == 1
    with pytest.raises(ValueError, match="two"):
        next(ahead)
