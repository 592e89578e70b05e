import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.preprocess import IMAGENET, Preprocessing


def expected_geometry(width, height, short) -> tuple[int, int]:
    """torchvision's Resize(short): the short side becomes `short`, the long one is truncated."""
    if width <= height:
        return short, int(short * height / width)
    return int(short * width / height), short


def expected_pixels(photo: Image.Image, size: int, short: int) -> np.ndarray:
    """Resize(short) and CenterCrop(size), written down from their definitions."""
    width, height = expected_geometry(*photo.size, short)
    resized = np.asarray(photo.resize((width, height), Image.Resampling.BILINEAR))
    top, left = round((height - size) / 2.0), round((width - size) / 2.0)
    return resized[top : top + size, left : left + size]


def noise(width, height) -> Image.Image:
    rng = np.random.default_rng(width * 1000 + height)
    return Image.fromarray(rng.integers(0, 256, (height, width, 3)).astype(np.uint8))


@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    size=st.sampled_from([32, 96, 97]),
    crop=st.sampled_from([0.875, 1.0, 0.9]),
)
def test_pixels_are_those_of_resize_and_centre_crop(width, height, size, crop):
    photo = noise(width, height)

    pixels = Preprocessing(size, crop, "bilinear", (0.5,) * 3, (0.5,) * 3).pixels(photo)

    assert pixels.shape == (size, size, 3) and pixels.dtype == np.uint8
    assert np.array_equal(pixels, expected_pixels(photo, size, round(size / crop)))


@pytest.mark.parametrize(
    ("photo", "size", "crop", "resized"),
    [
        ((500, 375), 224, 0.875, (341, 256)),  # 341.33 is cut off
        ((375, 500), 224, 0.875, (256, 341)),
        ((640, 427), 96, 0.875, (164, 110)),  # 96 / 0.875 = 109.7
        ((64, 64), 96, 0.875, (110, 110)),  # smaller than the crop: enlarged
        ((3, 2), 224, 0.875, (384, 256)),
        ((50, 1), 32, 1.0, (1600, 32)),  # long and thin
    ],
)
def test_known_sizes_are_resized_to_known_sizes(photo, size, crop, resized, monkeypatch):
    seen = []
    resize = Image.Image.resize
    monkeypatch.setattr(
        Image.Image, "resize", lambda self, to, how: seen.append(to) or resize(self, to, how)
    )

    pixels = Preprocessing(size, crop, "bilinear", (0.5,) * 3, (0.5,) * 3).pixels(noise(*photo))

    assert seen == [resized] and pixels.shape == (size, size, 3)


def test_a_photo_of_the_right_size_is_not_touched():
    photo = noise(110, 110)

    assert np.array_equal(IMAGENET.at(96).pixels(photo), np.asarray(photo)[7:103, 7:103])


@pytest.mark.parametrize(
    "mean_std",
    [(IMAGENET.mean, IMAGENET.std), ((0.5,) * 3, (0.5,) * 3), ((0.0,) * 3, (1 / 255,) * 3)],
)
def test_every_value_of_the_table_is_the_definition_rounded_once(mean_std):
    mean, std = mean_std

    table = Preprocessing(96, 0.875, "bilinear", mean, std).table()

    assert table.shape == (256, 3) and table.dtype == np.float32
    for value in range(256):
        for c in range(3):
            exact = (Fraction(value, 255) - Fraction(mean[c])) / Fraction(std[c])
            assert abs(Fraction(float(table[value, c])) - exact) <= abs(exact) / 2**24 + Fraction(
                1, 2**50
            )


def test_normalise_keeps_channels_apart():
    pixels = np.array([[[0, 128, 255]]], np.uint8)

    table = IMAGENET.table()
    assert IMAGENET.normalise(pixels).tolist() == [[[table[0, 0], table[128, 1], table[255, 2]]]]


def test_a_record_survives_its_dictionary():
    assert Preprocessing.from_dict(IMAGENET.to_dict()) == IMAGENET
    assert IMAGENET.at(96).size == 96 and IMAGENET.at(96).at(224) == IMAGENET


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": 0}, "size must be a number from 1 to 8192, not 0"),
        ({"size": 10**9}, "size must be a number from 1 to 8192, not 1000000000"),
        ({"size": True}, "preprocessing.size is True"),
        ({"size": 96.5}, "preprocessing.size is 96.5"),
        ({"size": 10**400}, "preprocessing.size|size must"),
        ({"crop": 1.5}, "crop must be a number from 0.001 to 1, not 1.5"),
        ({"crop": 0.0}, "crop must .*, not 0.0"),
        ({"crop": 1e-9}, "crop must .*, not 1e-09"),
        ({"crop": 0.001}, "size / crop must be a number from 1 to 8192, not 224000"),
        ({"size": 8192, "crop": 0.875}, "size / crop must .*, not 9362"),
        ({"resample": "bilinea"}, "no resample filter 'bilinea'"),
        ({"mean": [0.5]}, "mean must be 3 numbers from -1000 to 1000"),
        ({"mean": [0.5] * 1_000_000}, "mean must be 3 numbers"),
        ({"mean": [0.5, 0.5, float("nan")]}, r"preprocessing.mean\[2\] is nan"),
        ({"mean": [0.5, 0.5, 1e300]}, "mean must .*, not .*1e.300"),
        ({"mean": [0.5, 0.5, 10**400]}, r"preprocessing.mean\[2\] is 1000"),
        ({"std": [0.5, 0.5, 0.0]}, "std must be 3 numbers from 1e-06 to 1e.06"),
        ({"std": [0.5, 0.5, 1e-45]}, "std must .*, not .*1e-45"),
        ({"std": [0.5, 0.5, -0.5]}, "std must"),
        ({"std": "0.5"}, "preprocessing.std is '0.5'"),
        ({"more": 1}, "preprocessing.more is unknown"),
    ],
)
def test_a_record_that_makes_no_image_is_refused(change, said):
    with pytest.raises(UserError, match=said) as error:
        Preprocessing.from_dict({**IMAGENET.to_dict(), **change})
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("fields", [{}, [], None, "imagenet", {"size": 8}])
def test_what_is_no_record_at_all_is_refused(fields):
    with pytest.raises(UserError, match="preprocessing"):
        Preprocessing.from_dict(fields)


@pytest.mark.parametrize(
    "change", [{"size": 0}, {"size": 96.5}, {"size": True}, {"crop": np.nan}, {"std": (1e-45,) * 3}]
)
def test_numbers_are_bounded_however_it_is_made(change):
    with pytest.raises(UserError, match=next(iter(change))):
        replace(IMAGENET, **change)


EXTREMES = st.sampled_from([1e-6, 1 / 65535, 1 / 255, 1.0, 1e6])


@given(
    mean=st.sampled_from([-1000.0, -0.5, 0.0, 0.5, 1000.0]),
    std=EXTREMES,
    size=st.sampled_from([1, 2, 224, 8192]),
    crop=st.sampled_from([0.001, 0.01, 0.875, 1.0]),
)
def test_whatever_is_taken_keeps_inputs_finite_and_photos_within_memory(mean, std, size, crop):
    try:
        how = Preprocessing(size, crop, "bilinear", (mean,) * 3, (std,) * 3)
    except UserError as error:
        assert str(error).startswith("size / crop") and size / crop > 8192
        return
    assert np.abs(how.table()).max() < 1e10
    assert 3 * round(how.size / how.crop) ** 2 <= 3 * 8192**2  # bytes of a square photo


def test_photos_of_several_sizes_become_one_input():
    photos = [Image.new("RGB", (60, 40), "red"), Image.new("L", (30, 90), 128)]
    how = IMAGENET.at(32)

    images = how.images(iter(photos))

    assert images.shape == (2, 32, 32, 3) and images.dtype == np.float32
    for image, photo in zip(images, photos, strict=True):
        assert np.array_equal(image, how.normalise(how.pixels(photo)))


# ---------------------------------------------------------------------------- oblong, and grey


def covering(photo: tuple[int, int], wanted: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of a photo that just covers `wanted`, in fractions: nothing is rounded up."""
    scale = max(Fraction(wanted[0], photo[0]), Fraction(wanted[1], photo[1]))
    return math.floor(photo[0] * scale), math.floor(photo[1] * scale)


@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    sides=st.sampled_from([(32, 96), (96, 32), (33, 47), (96, 97), (1, 5)]),
    crop=st.sampled_from([0.875, 1.0, 0.9]),
)
@example(width=300, height=1, sides=(96, 32), crop=0.875)
def test_an_oblong_image_is_the_middle_of_what_just_covers_it(width, height, sides, crop):
    photo = noise(width, height)
    tall, wide = sides
    to = covering(photo.size, (round(wide / crop), round(tall / crop)))
    resized = np.asarray(photo.resize(to, Image.Resampling.BILINEAR))
    top, left = round((to[1] - tall) / 2), round((to[0] - wide) / 2)

    pixels = Preprocessing(sides, crop, "bilinear", (0.5,) * 3, (0.5,) * 3).pixels(photo)

    assert pixels.shape == (tall, wide, 3)
    assert np.array_equal(pixels, resized[top : top + tall, left : left + wide])


def test_the_height_is_the_first_side():
    """The upper half of the photo is black, the lower one white, and it is as wide as the image."""
    photo = Image.fromarray(np.repeat(np.uint8([[[0]] * 40, [[255]] * 40]), 10, 0).repeat(3, 2))
    how = Preprocessing((20, 40), 1.0, "bilinear", (0.5,) * 3, (0.5,) * 3)

    assert (how.height, how.width) == (20, 40) and how.images([photo]).shape == (1, 20, 40, 3)
    assert how.pixels(photo)[:10].max() == 0 and how.pixels(photo)[10:].min() == 255


@pytest.mark.parametrize("size", [(96, 96), [96, 96]])
def test_equal_sides_are_one_number(size):
    how = IMAGENET.at(size)

    assert how == IMAGENET.at(96) and how.to_dict()["size"] == 96


def test_sides_and_channels_survive_their_dictionary_and_rgb_goes_without_saying():
    oblong, grey = IMAGENET.at((96, 160)), IMAGENET.at((96, 160)).in_grey()

    assert oblong.to_dict()["size"] == [96, 160] and "channels" not in oblong.to_dict()
    assert grey.to_dict()["channels"] == 1 and grey.to_dict()["mean"] == [0.449]
    for how in (oblong, grey):
        assert Preprocessing.from_dict(json.loads(json.dumps(how.to_dict()))) == how


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": [96, 160, 3]}, "size must be one number, or height and width, not"),
        ({"size": []}, "size must be one"),
        ({"size": [96, 0]}, "size must be 2 numbers from 1 to 8192"),
        ({"size": [96, 8000], "crop": 0.875}, "size / crop must .*, not 9142"),
        ({"size": [96, True]}, "preprocessing.size"),
        ({"size": [96, 1.5]}, "preprocessing.size"),
        ({"size": [96, None]}, "preprocessing.size"),
        ({"channels": 2}, r"channels must be 1 \(grey\) or 3 \(RGB\), not 2"),
        ({"channels": True}, "preprocessing.channels is True"),
        ({"channels": 1}, "mean must be a number from -1000 to 1000"),
        ({"channels": 1, "mean": [0.5]}, "std must be a number"),
    ],
)
def test_sides_and_channels_that_make_no_image_are_refused(change, said):
    with pytest.raises(UserError, match=said):
        Preprocessing.from_dict({**IMAGENET.to_dict(), **change})


def test_grey_is_the_luma_of_all_three_colours():
    """ITU-R 601: 0.299 red, 0.587 green, 0.114 blue."""
    how = Preprocessing(8, 1.0, "bilinear", (0.0,), (1.0,), channels=1)

    for colour, luma in {"red": 76, "lime": 150, "blue": 29, "white": 255, "#0a6478": 75}.items():
        image = how.images([Image.new("RGB", (8, 8), colour)])

        assert image.shape == (1, 8, 8, 1) and image.dtype == np.float32
        assert np.array_equal(image, np.full((1, 8, 8, 1), np.float32(luma / 255)))


def test_a_grey_photo_keeps_its_values_through_rgb():
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    how = Preprocessing(16, 1.0, "bilinear", (0.0,), (1 / 255,), channels=1)

    assert np.array_equal(how.pixels(ramp.convert("RGB"))[..., 0], np.asarray(ramp))
    assert how.table().shape == (256, 1)
