"""Pictures whose red is the number of their class: after any view, photo and mask still say so."""

import numpy as np
import pytest

from ghostnet_tf.data import mask_augment
from ghostnet_tf.data.box_augment import GREY
from ghostnet_tf.data.mask_augment import MaskViews, flipped, view
from ghostnet_tf.data.masks import IGNORED
from tests.counts import examples

STEP = 60  # of red, from class to class


def drawn(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Blocks of 12 pixels of one class each, as photo and as mask."""
    mask = rng.integers(0, 4, (6, 9)).astype(np.uint8).repeat(12, 0).repeat(12, 1)
    pixels = np.full((*mask.shape, 3), 30, np.uint8)
    pixels[..., 0] = STEP * mask
    return pixels, mask


def differing(pixels: np.ndarray, mask: np.ndarray) -> float:
    """The share of pixels whose red is of another class than the mask has there."""
    inside = mask != IGNORED
    return float((abs(pixels[..., 0][inside] / STEP - mask[inside]) > 0.5).mean())


def worst(count: int) -> float:
    found = 0.0
    for seed in range(count):
        rng = np.random.default_rng(seed)
        views = MaskViews(size=[None, 64, (60, 100)][seed % 3], colour=0)
        found = max(found, differing(*views(*drawn(rng), rng)))
    return found


def test_photo_and_mask_move_together():
    assert worst(examples(40, 3000)) < 0.15  # where two blocks meet, the photo's mix


def mask_not_flipped(pixels, mask):
    return pixels[:, ::-1], mask


def three_pixels_off(pixels, mask, at, size):
    left, *others = at
    return view(pixels, mask, at, size)[0], view(pixels, mask, (left + 3, *others), size)[1]


def mask_not_cropped(pixels, mask, at, size):
    height, width = mask.shape
    return view(pixels, mask, at, size)[0], view(pixels, mask, (0, 0, width, height), size)[1]


@pytest.mark.parametrize(
    ("name", "bug"),
    [("flipped", mask_not_flipped), ("view", three_pixels_off), ("view", mask_not_cropped)],
)
def test_planted_bugs_of_the_mask_are_caught(name, bug, monkeypatch):
    monkeypatch.setattr(mask_augment, name, bug)

    assert worst(40) > 0.2


def test_a_mask_has_no_class_between_two():
    pixels, mask = drawn(np.random.default_rng(0))
    mask = np.where(mask > 1, 40, 0).astype(np.uint8)

    _, seen = view(pixels, mask, (5, 3, 70, 50), (33, 47))

    assert {*np.unique(seen).tolist()} == {0, 40}


def test_beyond_the_photo_is_grey_and_of_no_class():
    pixels, mask = view(*drawn(np.random.default_rng(0)), (-10, -10, 130, 95), (95, 130))

    assert (pixels[0, 0] == GREY).all() and mask[0, 0] == IGNORED and mask[9, 50] == IGNORED
    assert mask[10, 10] != IGNORED and (mask == IGNORED).sum() == 95 * 130 - 72 * 108


def test_a_flip_is_undone_by_another():
    pixels, mask = drawn(np.random.default_rng(0))

    again, back = flipped(*flipped(pixels, mask))

    assert (
        (again == pixels).all()
        and (back == mask).all()
        and (flipped(pixels, mask)[1] != mask).any()
    )
