import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.masked_photos import MaskedPhotos
from ghostnet_tf.data.masks import MaskClasses
from ghostnet_tf.data.skipped import Skips
from tests.ghostnet_tf.data.annotated import folder_of, photo, zip_of
from tests.ghostnet_tf.data.test_masks import png

DATA = os.environ.get("GHOSTNET_DATA")
SIZE = (6, 4)


def mask_of(number: int) -> bytes:
    """All of one class, but for a corner that is of the first."""
    numbers = np.full(SIZE[::-1], number, np.uint8)
    numbers[0, 0] = 0
    return png(numbers)


def files(images="images/{0}/{1}.png", masks="masks/{0}/{1}.png") -> dict[str, bytes]:
    found = {}
    for number, (split, name) in enumerate((("train", "a"), ("train", "b"), ("val", "c")), 1):
        found[images.format(split, name)] = photo(SIZE)
        found[masks.format(split, name)] = mask_of(number)
    return found


def opened(contents, tmp_path, **options) -> tuple[MaskedPhotos, list[str]]:
    skipped = Skips()
    photos = MaskedPhotos.open(folder_of(tmp_path / "p", contents), skipped, **options)
    photos.noted = skipped  # type: ignore
    return photos, [one.why for one in skipped]


def told(photos: MaskedPhotos) -> dict[str, int]:
    """Photo -> the number that fills its mask."""
    pairs = {Path(name).stem: photos.readable(i) for i, name in enumerate(photos.names)}
    return {name: int(pair[1][1, 1]) for name, pair in pairs.items() if pair}


LAYOUTS = [
    ("images/{0}/{1}.png", "masks/{0}/{1}.png"),
    ("{0}/images/{1}.png", "{0}/masks/{1}.png"),
    ("{0}/{1}.png", "{0}annot/{1}.png"),
    ("JPEGImages/{0}/{1}.png", "SegmentationClass/{0}/{1}.png"),
    ("images/{0}/{1}.png", "labels/{0}/{1}_L.png"),
]


@pytest.mark.parametrize("kind", [folder_of, zip_of])
@pytest.mark.parametrize(("images", "masks"), LAYOUTS)
def test_photos_and_masks_are_paired_by_their_names(images, masks, kind, tmp_path):
    place = kind(tmp_path / "p", files(images, masks))

    everything = MaskedPhotos.open(place, Skips())
    val = MaskedPhotos.open(place, Skips(), "val")

    assert told(everything) == {"a": 1, "b": 2, "c": 3} and told(val) == {"c": 3}
    assert everything.splits == ("train", "val")
    # of all splits, though the masks of `val` have but two
    assert val.classes == everything.classes == ("0", "1", "2", "3")


def test_photos_of_one_name_in_two_splits_have_masks_of_their_own(tmp_path):
    contents = files("images/{0}/x.png", "masks/{0}/x.png")

    photos, _ = opened(contents, tmp_path, split="train")

    assert photos.names == ["images/train/x.png"] and told(photos) == {"x": 2}


def test_lists_of_pascal_choose_photos(tmp_path):
    contents = files("JPEGImages/{1}.png", "SegmentationClass/{1}.png")
    contents |= {"JPEGImages/without.png": photo(SIZE)}
    contents |= {"ImageSets/Segmentation/train.txt": b"a\n", "ImageSets/Segmentation/val.txt": b"c"}

    photos, skipped = opened(contents, tmp_path)

    assert told(photos) == {"a": 1, "c": 3} and not skipped
    assert told(opened(contents, tmp_path, split="val")[0]) == {"c": 3}


def test_a_class_file_in_the_place_names_numbers_and_colours(tmp_path):
    text = b"0\tsky\t1 2 3\n1\troad\n2\tignored\n3\tignored\n"

    photos, skipped = opened(files() | {"classes.txt": text}, tmp_path)

    assert photos.classes == ("sky", "road") and photos.colours[0] == (1, 2, 3)
    assert told(photos) == {"a": 1, "b": 255, "c": 255} and not skipped
    assert [*photos.said()] == [
        "3 photos with masks",
        "classes, as in classes.txt: 0 sky, 1 road",
        "of no class: 2, 3, 255",
    ]


def test_numbers_are_ignored_by_option_and_are_then_no_class(tmp_path):
    photos, _ = opened(files(), tmp_path, ignored=(3,))

    assert photos.classes == ("0", "1", "2") and told(photos) == {"a": 1, "b": 2, "c": 255}


def test_a_mask_that_cannot_be_used_is_skipped_and_named_with_its_number(tmp_path):
    contents = files() | {"masks/train/b.png": mask_of(9), "masks/val/c.png": b"no"}
    known = MaskClasses.of(["a", "b", "c", "d"])

    photos, _ = opened(contents, tmp_path, classes=known)

    assert told(photos) == {"a": 1}
    whys = [one.why for one in photos.noted]  # type: ignore
    assert "mask 'masks/train/b.png' has 9 at column 1, row 0" in whys[0]
    assert "mask 'masks/val/c.png' cannot be read: it is no PNG" in whys[1]


def test_a_mask_of_another_size_is_skipped_and_named(tmp_path):
    contents = files() | {"images/train/a.png": photo((4, 6))}

    photos, _ = opened(contents, tmp_path)

    assert told(photos) == {"b": 2, "c": 3}
    (one,) = photos.noted  # type: ignore
    assert (
        "'masks/train/a.png' is of 6 x 4 pixels, and its photo 'images/train/a.png' of 4 x 6"
        in (one.why)
    )


def test_a_photo_without_a_mask_is_skipped_and_more_than_half_are_refused(tmp_path):
    contents = files() | {"images/train/more.png": photo(SIZE)}

    _, skipped = opened(contents, tmp_path)

    assert len(skipped) == 1 and "photo 'images/train/more.png' has no mask" in skipped[0]
    for i in range(3):
        contents[f"images/train/more{i}.png"] = photo(SIZE)
    with pytest.raises(UserError, match="4 of 7 photos cannot be used"):
        opened(contents, tmp_path / "more")


@pytest.mark.parametrize(
    ("contents", "why"),
    [
        ({"images/a.png": photo(SIZE)}, "holds no masks"),
        (
            {"masks/a.png": mask_of(1), "images/b.png": photo(SIZE)},
            "photo 'images/b.png' has no mask",
        ),
        ({"masks/a.png": mask_of(1)}, "no photo to one"),
        (
            {"masks/a.png": png(np.full((4, 6), 255, np.uint8)), "images/a.png": photo(SIZE)},
            "no number",
        ),
        (
            {"masks/a.png": png(np.full((4, 6), 999, np.uint16)), "images/a.png": photo(SIZE)},
            "a number 999",
        ),
        ({"masks/a.png": b"", "images/a.png": photo(SIZE)}, "1 of 1 masks cannot be used"),
    ],
)
def test_a_place_that_cannot_be_used_is_refused(contents, why, tmp_path):
    with pytest.raises(UserError, match=why):
        opened(contents, tmp_path)


def test_an_unknown_split_is_refused(tmp_path):
    with pytest.raises(UserError, match="no split 'test'") as refused:
        opened(files(), tmp_path, split="test")

    assert refused.value.fix == "it has train, val"


@pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
def test_camvid_has_the_counts_that_are_known_of_it():
    known = None  # of the masks of `val`, which are the fewest
    for split, count in (("val", 101), ("train", 367), ("test", 233)):
        place, skipped = Path(DATA or "") / "camvid" / f"{split}.zip", Skips()
        photos = MaskedPhotos.open(place, skipped, classes=known, ignored=(11,))
        known = photos.mask_classes
        pair = photos.readable(count // 2)

        assert len(photos) == count and len(photos.classes) == 11 and not len(skipped)
        assert pair and pair[0].size == (480, 360) and pair[1].shape == (360, 480)
        assert {*np.unique(pair[1]).tolist()} <= {*range(11), 255}
    assert isinstance(pair[0], Image.Image)
