import io

import numpy as np
import pytest
from PIL import Image

from ghostnet_tf.data import boxes_picture
from ghostnet_tf.data.boxed_photos import BoxedPhotos
from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.boxes_picture import drawn, picture
from ghostnet_tf.data.class_colours import colour
from ghostnet_tf.data.skipped import Skips
from tests.ghostnet_tf.data.annotated import FORMATS, folder_of


def extent(image: Image.Image, label: int) -> list[int]:
    """x1 y1 x2 y2 of the pixels of a class's colour."""
    ys, xs = np.nonzero((np.asarray(image) == colour(label)).all(axis=-1))
    return [xs.min(), ys.min(), xs.max() + 1, ys.max() + 1]


def test_a_frame_lies_on_the_edge_of_its_box_in_the_colour_of_its_class():
    grey = Image.new("RGB", (200, 160), "grey")
    boxes = Boxes([[0.1, 0.25, 0.9, 0.5], [0.55, 0.75, 1, 1]], [0, 2])

    image = drawn(grey, boxes, ["a", "b", "c"])

    x1, _, x2, y2 = extent(image, 0)  # its name stands above it
    assert (x1, x2, y2) == (20, 180, 80)
    assert image.getpixel((100, 40)) == image.getpixel((100, 41)) == colour(0)
    assert image.getpixel((100, 60)) == grey.getpixel((0, 0)) == image.getpixel((10, 100))
    assert extent(image, 2)[2:] == [200, 160]
    assert grey.getpixel((100, 40)) == grey.getpixel((0, 0))  # the photo itself stays


@pytest.mark.parametrize("name", ["", "x" * 500, "é 犬 \x1b[0m", "a\nb"])
def test_any_name_can_be_drawn_at_any_place(name):
    grey = Image.new("RGB", (40, 30), "grey")
    boxes = Boxes([[0, 0, 1, 1], [0.99, 0.99, 1, 1], [0, 0, 1e-6, 1e-6]], [0, 0, 0])

    assert drawn(grey, boxes, [name], [0.5, 1, 0]).size == (40, 30)


def test_twelve_photos_stand_in_one_picture_with_every_class(tmp_path):
    photos = BoxedPhotos.open(folder_of(tmp_path, FORMATS["YOLO"]()), Skips())

    image = Image.open(io.BytesIO(picture(photos))).convert("RGB")

    assert image.width == 4 * (360 + 6) + 6
    for label in range(2):
        assert (np.asarray(image) == colour(label)).all(axis=-1).sum() > 200


def test_of_many_photos_twelve_are_taken_from_all_over():
    assert boxes_picture.evenly(36, 12) == [*range(0, 36, 3)]
    assert boxes_picture.evenly(5, 12) == [0, 1, 2, 3, 4] and boxes_picture.evenly(0, 12) == []


def test_neighbouring_classes_have_colours_apart():
    colours = np.array([colour(i) for i in range(8)], int)

    assert min(abs(a - b).max() for i, a in enumerate(colours) for b in colours[:i]) > 50
