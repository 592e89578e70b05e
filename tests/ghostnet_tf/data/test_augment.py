import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ghostnet_tf.data.augment import GREY, OPERATIONS, random_crop, random_view

SIZE = 24


@pytest.fixture
def photo() -> Image.Image:
    """A ramp in each channel, not symmetric in any direction, with a square on it."""
    y, x = np.mgrid[0:SIZE, 0:SIZE]
    ramp = np.stack([5 * x + 40, 3 * y + 60, 2 * x + 3 * y + 30], -1)
    ramp[8:16, 8:16] += 30
    return Image.fromarray(ramp.astype(np.uint8))


@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    scale=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)).map(sorted).map(tuple),
    seed=st.integers(0, 99),
)
def test_a_crop_lies_within_the_photo(width, height, scale, seed):
    left, top, w, h = random_crop(width, height, scale, np.random.default_rng(seed))

    assert 0 <= left and 0 <= top and w >= 1 and h >= 1
    assert left + w <= width and top + h <= height


def test_crops_have_the_share_and_the_aspect_asked_for():
    rng = np.random.default_rng(0)
    crops = [random_crop(400, 300, (0.3, 0.6), rng) for _ in range(500)]

    shares = np.array([w * h / (400 * 300) for _, _, w, h in crops])
    aspects = np.array([w / h for _, _, w, h in crops])
    assert shares.min() > 0.29 and shares.max() < 0.61 and shares.std() > 0.05
    assert aspects.min() > 0.74 and aspects.max() < 1.35 and aspects.std() > 0.1


def test_a_view_depends_on_its_generator_alone(photo):
    pixels = np.asarray(photo)

    def view(seed):
        return random_view(pixels, SIZE, (0.3, 1.0), True, (2, 5), np.random.default_rng(seed))

    assert np.array_equal(view(1), view(1))
    assert len({view(seed).tobytes() for seed in range(20)}) == 20
    assert view(1).shape == (SIZE, SIZE, 3) and view(1).dtype == np.uint8


def test_half_of_the_views_are_flipped(photo):
    pixels = np.asarray(photo)
    views = [
        random_view(pixels, SIZE, (1.0, 1.0), True, None, np.random.default_rng(seed))
        for seed in range(200)
    ]

    flipped = [view[:, 0, 0].mean() > view[:, -1, 0].mean() for view in views]  # red grows with x
    assert 75 < sum(flipped) < 125


def test_without_flip_no_view_is_flipped(photo):
    pixels = np.asarray(photo)
    for seed in range(20):
        view = random_view(pixels, SIZE, (1.0, 1.0), False, None, np.random.default_rng(seed))
        assert view[:, 0, 0].mean() < view[:, -1, 0].mean()


def mean(photo) -> np.ndarray:
    return np.asarray(photo).astype(float).mean(axis=(0, 1))


def spread(photo) -> float:
    return float(np.asarray(photo.convert("L")).astype(float).std())


def chroma(photo) -> float:
    return float(np.ptp(np.asarray(photo).astype(float), axis=2).mean())


# What each operation does at full strength, seen in the photo before (a) and after (b).
EXPECTED = {
    "autocontrast": lambda a, b: b.getextrema() == ((0, 255),) * 3,
    "equalize": lambda a, b: spread(b) > spread(a),
    "posterize": lambda a, b: (
        len(np.unique(b)) < len(np.unique(a)) and not (np.asarray(b) % 16).any()
    ),
    "solarize": lambda a, b: (mean(a) + mean(b)).round(6).tolist() == [255.0] * 3,
    "brightness": lambda a, b: (mean(b) > mean(a) + 30).all(),
    "contrast": lambda a, b: spread(b) > 1.3 * spread(a),
    "color": lambda a, b: chroma(b) > 1.3 * chroma(a),
    "sharpness": lambda a, b: spread(b) > spread(a) and abs(mean(a) - mean(b)).max() < 2,
    "rotate": lambda a, b: b.getpixel((0, 0)) == GREY == b.getpixel((SIZE - 1, SIZE - 1)),
    "shear_x": lambda a, b: b.getpixel((0, 0)) != GREY == b.getpixel((SIZE - 1, SIZE - 1)),
    "shear_y": lambda a, b: b.getpixel((0, 0)) != GREY == b.getpixel((SIZE - 1, SIZE - 1)),
    "translate_x": lambda a, b: b.getpixel((SIZE - 1, 0)) == GREY != b.getpixel((0, SIZE - 1)),
    "translate_y": lambda a, b: b.getpixel((0, SIZE - 1)) == GREY != b.getpixel((SIZE - 1, 0)),
}


def test_every_operation_is_expected_here():
    assert EXPECTED.keys() == OPERATIONS.keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_operation_changes_the_photo_as_its_name_says(name, photo):
    changed = OPERATIONS[name](photo, 1.0, 1.0)

    assert changed.size == photo.size and changed.mode == "RGB"
    assert EXPECTED[name](photo, changed)


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - {"autocontrast", "equalize"}))
def test_operation_of_no_strength_changes_nothing(name, photo):
    assert np.array_equal(OPERATIONS[name](photo, 0.0, 1.0), photo)


@pytest.mark.parametrize("name", ["rotate", "shear_x", "translate_y", "brightness", "color"])
def test_the_sign_turns_an_operation_around(name, photo):
    there, back = (OPERATIONS[name](photo, 0.5, sign) for sign in (1.0, -1.0))

    assert not np.array_equal(there, back)


def test_randaugment_uses_every_operation_and_no_more_than_asked(photo, monkeypatch):
    used = []
    for name in list(OPERATIONS):
        monkeypatch.setitem(
            OPERATIONS, name, lambda photo, s, sign, name=name: used.append((name, s)) or photo
        )
    for seed in range(100):
        random_view(np.asarray(photo), SIZE, (1, 1), False, (2, 9), np.random.default_rng(seed))

    assert len(used) == 200 and {name for name, _ in used} == set(OPERATIONS)
    assert {strength for _, strength in used} == {0.9}


@given(width=st.integers(1, 300), height=st.integers(1, 300), seed=st.integers(0, 99))
def test_the_crop_of_an_oblong_view_lies_within_the_photo(width, height, seed):
    left, top, w, h = random_crop(width, height, (0.5, 1), np.random.default_rng(seed), 5.0)

    assert 0 <= left and 0 <= top and w >= 1 and h >= 1
    assert left + w <= width and top + h <= height


def test_an_oblong_view_has_its_height_first_and_crops_of_its_aspect(photo):
    view = random_view(
        np.asarray(photo), (12, 30), (0.3, 1.0), True, None, np.random.default_rng(0)
    )
    rng = np.random.default_rng(0)
    crops = [random_crop(400, 300, (0.1, 0.3), rng, 2.5) for _ in range(500)]

    assert view.shape == (12, 30, 3)
    aspects = np.array([w / h for _, _, w, h in crops])
    assert aspects.min() > 2.5 * 0.74 and aspects.max() < 2.5 * 1.35 and aspects.std() > 0.2
