"""What calibrates does not see the photos that will be scored."""

from pathlib import Path

import pytest
from PIL import Image

from ghostnet_tf.data.kept_for_test import without_test
from ghostnet_tf.data.photos import Photos
from tests.drawn_shapes import shapes


def folder_of(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 40)).save(path)
    return folder


def test_photos_of_pascals_list_test_are_left_alone(tmp_path):
    photos, n = without_test(Photos.open(shapes(tmp_path, 2, ("train", "val", "test"))))

    assert n == 2
    assert [name[len("JPEGImages/") :] for name in photos.names] == [
        "train_0.png", "train_1.png", "val_0.png", "val_1.png"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["images/train/a.png", "images/test/b.png", "images/val/c.png"], "ac"),
        (["train2017/a.png", "test2017/b.png"], "a"),
        (["test/a.png", "test/b.png"], "ab"),  # nothing to train on: these are what there is
        (["tested/a.png", "train/b.png"], "ab"),
        (["a.png", "b.png"], "ab"),
    ],
)
def test_folders_tell_splits_apart_too(names, left, tmp_path):
    photos, n = without_test(Photos.open(folder_of(tmp_path, *names)))

    assert sorted(name[-5] for name in photos.names) == [*left]
    assert n == len(names) - len(left)
