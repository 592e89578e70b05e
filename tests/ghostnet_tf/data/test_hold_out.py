import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hold_out import default_count, hold_out, hold_out_by_class


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


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=12),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 3),
)
def test_every_class_of_two_has_a_photo_on_both_sides(sizes, share, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    asked = int(share * len(labels))
    if not 0 < asked < len(labels) or max(sizes) == 1:
        return

    train, held_out = hold_out_by_class(labels, asked, seed)

    assert sorted([*train, *held_out]) == list(range(len(labels)))
    kept, held = (np.bincount(labels[side], minlength=len(sizes)) for side in (train, held_out))
    assert (kept >= 1).all()
    assert all((n >= 1) == (size >= 2) for n, size in zip(held, sizes, strict=True))
    least, most = sum(size > 1 for size in sizes), len(labels) - len(sizes)
    assert held.sum() == min(max(asked, least), most)
    assert np.array_equal(held_out, hold_out_by_class(labels, asked, seed)[1])


def test_classes_are_held_out_by_their_share():
    labels = np.repeat([0, 1, 2], [700, 250, 50])

    _, held_out = hold_out_by_class(labels, 100, seed=0)

    assert np.bincount(labels[held_out]).tolist() == [70, 25, 5]
    other = hold_out_by_class(labels, 100, seed=1)[1]
    assert not np.array_equal(held_out, other)


def test_a_class_of_one_photo_is_trained_on():
    labels = np.array([0, 0, 0, 1, 2, 2])

    train, held_out = hold_out_by_class(labels, 2, seed=0)

    assert 3 in train and sorted(labels[held_out]) == [0, 2]


def test_single_photos_of_all_classes_are_refused():
    with pytest.raises(UserError, match="no class has two photos"):
        hold_out_by_class(np.arange(5), 2, seed=0)


@pytest.mark.parametrize("held", [0, 10, 11, -1])
def test_too_many_or_no_photos_of_classes_are_refused(held):
    with pytest.raises(UserError, match="cannot be held out of 10"):
        hold_out_by_class(np.arange(10) % 2, held, 0)


@pytest.mark.parametrize(
    ("photos", "held_out"),
    [(2, 1), (20, 4), (100, 20), (500, 100), (1_999, 100), (2_000, 100), (100_000, 5_000)],
)
def test_of_small_sets_a_larger_share_is_held_out(photos, held_out):
    assert default_count(photos) == held_out
