"""Boxes are drawn into pictures as rectangles of a colour, and found again by it afterwards."""

import numpy as np
import pytest

from ghostnet_tf.data import box_augment
from ghostnet_tf.data.box_augment import Views, flipped, mosaic, recoloured, view
from ghostnet_tf.data.boxes import Boxes
from tests.counts import examples

COLOURS = np.uint8([[255, 0, 0], [0, 255, 0], [0, 0, 255]])  # of the classes
PIXEL = 1.01  # how far an edge may be from where it is drawn: resized, it lies between two


def drawn(rng: np.random.Generator, height=96, width=128) -> tuple[np.ndarray, Boxes]:
    """A grey picture with up to three rectangles, one of each class, none upon another."""
    pixels = np.full((height, width, 3), 124, np.uint8)
    corners, classes = [], []
    for label in rng.permutation(3)[: rng.integers(4)]:
        column = int(label) * width // 3
        x1 = column + int(rng.integers(2, 10))
        x2 = x1 + int(rng.integers(8, 30))
        y1 = int(rng.integers(2, height - 40))
        y2 = y1 + int(rng.integers(8, 38))
        pixels[y1:y2, x1:x2] = COLOURS[label]
        corners.append([x1 / width, y1 / height, x2 / width, y2 / height])
        classes.append(label)
    return pixels, Boxes(np.float32(corners), np.int64(classes))


def wrong(pixels: np.ndarray, boxes: Boxes) -> list[str]:
    """The boxes that do not lie round the colour of their class, to a pixel."""
    height, width = pixels.shape[:2]
    found = []
    for corners, label in zip(boxes.corners, boxes.classes, strict=True):
        others = pixels.astype(int)[..., [c for c in range(3) if c != label]].max(axis=-1)
        ys, xs = np.nonzero(pixels[..., label].astype(int) - others > 60)
        if not len(xs):
            found.append(f"nothing of class {label}")
            continue
        seen = np.array([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
        if abs(seen - corners * [width, height, width, height]).max() > PIXEL:
            found.append(f"class {label} is at {seen}")
    return found


def failures(count: int) -> list[str]:
    """Of so many views of pictures."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        pixels, boxes = drawn(rng)
        views = Views(size=[None, 80, (96, 160)][seed % 3], colour=0.1)
        found += [f"{seed}: {why}" for why in wrong(*views(pixels, boxes, rng))]
    return found


def test_boxes_stay_round_what_they_were_drawn_round():
    assert failures(examples(60, 3000)) == []


def test_mosaics_keep_the_boxes_of_all_four():
    n_boxes = 0
    for seed in range(examples(20, 1000)):
        rng = np.random.default_rng(seed)
        # One picture with boxes of one class in each place, and three without, or colours repeat.
        four = [drawn(rng)] + [(np.full((50 + seed, 70, 3), 124, np.uint8), Boxes.none())] * 3
        order = rng.permutation(4)

        pixels, boxes = mosaic([four[i] for i in order], (96, 120), rng)

        assert pixels.shape == (96, 120, 3) and wrong(pixels, boxes) == []
        n_boxes += len(boxes)
    assert n_boxes >= 10


def not_flipped(pixels, boxes):
    return pixels[:, ::-1], boxes


def swapped(corners, classes, least_visible, cut=box_augment._cut):
    return cut(corners[:, [1, 0, 3, 2]], classes, least_visible)


def off_by_one(corners, classes, least_visible, cut=box_augment._cut):
    made = cut(corners, classes, least_visible)
    return Boxes(made.corners, (made.classes + 1) % 3)


def rounded_down(corners, classes, least_visible, cut=box_augment._cut):
    return cut(corners - 0.02, classes, least_visible)


@pytest.mark.parametrize(
    ("name", "bug"),
    [
        ("flipped", not_flipped),
        ("_cut", swapped),
        ("_cut", off_by_one),
        ("_cut", rounded_down),
        ("_start", lambda side, length, rng: 7),  # on both sides alike: the boxes are right
    ],
)
def test_planted_bugs_of_the_boxes_are_caught(name, bug, monkeypatch):
    monkeypatch.setattr(box_augment, name, bug)

    assert bool(failures(60)) == (name != "_start")


def test_a_flip_is_undone_by_another():
    pixels, boxes = drawn(np.random.default_rng(4))

    again, back = flipped(*flipped(pixels, boxes))

    assert len(boxes) and (again == pixels).all()
    np.testing.assert_allclose(back.corners, boxes.corners, atol=1e-6)


@pytest.mark.parametrize(("least", "left"), [(0.4, 1), (0.6, 0)])
def test_a_box_of_which_too_little_is_seen_goes(least, left):
    half = Boxes([[0.25, 0.25, 0.75, 0.75]], [0])

    pixels, boxes = view(np.zeros((40, 40, 3), np.uint8), half, (20, 0, 20, 40), (10, 10), least)

    assert pixels.shape == (10, 10, 3) and len(boxes) == left
    assert not left or boxes.corners.tolist() == [[0, 0.25, 0.5, 0.75]]


def test_beyond_the_photo_lies_grey_paper():
    pixels, boxes = view(
        np.zeros((10, 10, 3), np.uint8), Boxes([[0, 0, 1, 1]], [2]), (-10, -10, 30, 30), (30, 30)
    )

    assert (pixels[0, 0] == box_augment.GREY).all() and not pixels[15, 15].any()
    np.testing.assert_allclose(boxes.corners, [[1 / 3, 1 / 3, 2 / 3, 2 / 3]], atol=1e-6)
    assert boxes.classes.tolist() == [2]


def test_the_same_generator_gives_the_same_view():
    pixels, boxes = drawn(np.random.default_rng(1))

    (a, of_a), (b, of_b) = (Views(64)(pixels, boxes, np.random.default_rng(5)) for _ in range(2))

    assert (a == b).all() and (of_a.corners == of_b.corners).all()


def test_without_strength_colours_stay():
    pixels, _ = drawn(np.random.default_rng(2))

    assert (recoloured(pixels, 0, np.random.default_rng(0)) == pixels).all()
    assert (recoloured(pixels, 0.3, np.random.default_rng(0)) != pixels).any()
