import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data import coco, voc, yolo
from ghostnet_tf.data.annotations import Written
from ghostnet_tf.data.boxed_photos import BoxedPhotos
from ghostnet_tf.data.skipped import Skips
from tests.ghostnet_tf.data.annotated import (
    CLASSES,
    FORMATS,
    PHOTOS,
    coco_document,
    folder_of,
    photo,
    xml,
    zip_of,
)

DATA = os.environ.get("GHOSTNET_DATA")
JSON = "annotations/instances_train2017.json"


def opened(files, tmp_path, split=None) -> tuple[BoxedPhotos, list[str]]:
    skipped = Skips()
    photos = BoxedPhotos.open(folder_of(tmp_path / "p", files), skipped, split)
    return photos, [one.why for one in skipped]


def told(photos: BoxedPhotos) -> dict:
    """Photo -> the class and corners in pixels of each of its boxes."""
    found = {}
    for i, name in enumerate(photos.names):
        picture, boxes = photos.readable(i), photos.boxes(i)
        assert picture and boxes.corners.dtype == np.float32
        pixels = np.round(boxes.corners * [*picture.size, *picture.size], 3).tolist()
        rows = zip(boxes.classes, pixels, strict=True)
        found[Path(name).stem] = [(photos.classes[c], *corners) for c, corners in rows]
    return found


def wanted(split="") -> dict:
    return {n.split("/")[1]: boxes for n, (_, boxes) in PHOTOS.items() if n.startswith(split)}


@pytest.mark.parametrize("kind", [folder_of, zip_of])
@pytest.mark.parametrize("format", FORMATS)
def test_the_same_boxes_come_out_of_every_format(format, kind, tmp_path):
    place = kind(tmp_path / "p", FORMATS[format]())

    for split in (None, "train", "val"):
        skipped = Skips()
        photos = BoxedPhotos.open(place, skipped, split)

        assert told(photos) == wanted(split or "")
        assert photos.format == format and photos.splits == ("train", "val")
        # of all splits, so that one is scored on what another was trained on
        assert photos.classes == (tuple(sorted(CLASSES)) if format == "Pascal VOC" else CLASSES)
        assert not len(skipped)


def swapped(box: Written) -> Written:
    x1, y1, x2, y2 = box.corners
    return replace(box, corners=(y1, x1, y2, x2))


def one_more(box: Written) -> Written:
    return replace(box, label=box.label + 1 if isinstance(box.label, int) else "cat")


@pytest.mark.parametrize("bug", [swapped, one_more])
@pytest.mark.parametrize("reader", [voc, coco, yolo], ids=lambda reader: reader.NAME)
def test_planted_bugs_of_a_reader_are_caught(reader, bug, tmp_path, monkeypatch):
    sound = reader._box
    monkeypatch.setattr(reader, "_box", lambda *args: bug(sound(*args)))

    try:
        found = told(opened(FORMATS[reader.NAME](), tmp_path)[0])
    except UserError:
        return  # more than half of the boxes cannot be
    assert found != wanted()


def test_what_was_found_is_said_before_training_starts(tmp_path):
    photos, _ = opened(FORMATS["YOLO"](), tmp_path)

    assert [*photos.said()] == [
        "4 photos with annotations of YOLO, 1 of them without a box",
        "classes, as in data.yaml: 0 dog (2), 1 cat (2)",
        "1 photos have no text, and so no boxes",
    ]


def test_some_of_the_photos_keep_their_boxes(tmp_path):
    photos, _ = opened(FORMATS["COCO"](), tmp_path)

    some = photos.subset(np.array([3, 0]))

    assert told(some) == {name: wanted()[name] for name in ("d", "a")} and len(photos) == 4


@pytest.mark.parametrize("format", FORMATS)
def test_classes_may_take_the_order_of_a_network(format, tmp_path):
    photos, _ = opened(FORMATS[format](), tmp_path)

    for classes in (("cat", "bird", "dog"), ("dog", "cat")):
        other = photos.ordered_as(classes, "a.tflite")

        assert other.classes == classes and told(other) == told(photos) == wanted()
    with pytest.raises(
        UserError, match=r"2 boxes of .* are of class 'cat', and a\.tflite knows dog"
    ):
        photos.ordered_as(("dog", "bird"), "a.tflite")


def test_an_unknown_split_is_refused_with_those_that_are_there(tmp_path):
    with pytest.raises(UserError, match="no split 'tests'") as refused:
        opened(FORMATS["Pascal VOC"](), tmp_path, "tests")

    assert refused.value.fix == "it has train, val"


SIZE, BOXES = PHOTOS["train/a"]
GOOD = [("cat", 20 + i, 10, 60 + i, 90) for i in range(6)]


@pytest.mark.parametrize(
    ("box", "why"),
    [
        (("cat", 20, 10, 20, 10), "it is empty: xmin 20, ymin 10, xmax 20, ymax 10"),
        (("cat", 20, 10, 60, 10), "it is empty"),
        (("cat", 20, 10, 20.001, 90), "it is empty"),
        (("cat", 200, 10, 200.5, 90), "it is empty"),
        (("cat", 60, 10, 20, 90), "right or lower edge lies before its left or upper one"),
        (("cat", 20, 10, 220, 90), "beyond the photo: .* xmax 220, .* of a photo of 200 x 100"),
        (("cat", -9, 10, 60, 90), "it reaches beyond the photo"),
        (("cat", 1e300, 10, 1e301, 90), "it reaches beyond the photo"),
        (("cat", "nan", 10, 60, 90), "<xmin> is 'nan'"),
        (("cat", 20, "1_0", 60, 90), "<ymin> is '1_0'"),
        (("cat", 20, 10, "", 90), "<xmax> is ''"),
        (("", 20, 10, 60, 90), "it has no <name>"),
        (GOOD[1], "it is the same as line 6, box 2"),
    ],
)
def test_a_box_that_cannot_be_is_left_out_with_file_line_and_box_named(box, why, tmp_path):
    files = FORMATS["Pascal VOC"]() | {"Annotations/a.xml": xml(SIZE, [*GOOD, box]).encode()}

    photos, skipped = opened(files, tmp_path)

    assert told(photos)["a"] == GOOD
    (said,) = skipped
    assert said.startswith("line 16, box 7 of 'Annotations/a.xml' is left out: ")
    assert re.search(why, said)


def test_a_box_beyond_its_photo_by_rounding_is_cut_off_there(tmp_path):
    files = FORMATS["Pascal VOC"]()
    files["Annotations/a.xml"] = xml(SIZE, [("cat", -0.4, 0, 201, 100.5)]).encode()

    photos, skipped = opened(files, tmp_path)

    assert told(photos)["a"] == [("cat", 0, 0, 200, 100)] and not skipped


# Format -> the file that is damaged, what becomes of it, and what is then said of it.
BAD_FILES = [
    ("Pascal VOC", "Annotations/a.xml", b"<annotation><size>", "no element found: line 1"),
    ("Pascal VOC", "Annotations/a.xml", b"", "no element found"),
    ("Pascal VOC", "Annotations/a.xml", b"<kml></kml>", "begins with <kml>"),
    ("Pascal VOC", "Annotations/a.xml", b"<annotation>" * 40, "deeper than 30 levels"),
    ("Pascal VOC", "Annotations/a.xml", b" " * 4_000_001, "larger than 4,000,000 bytes"),
    (
        "Pascal VOC",
        "Annotations/a.xml",
        b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>\n<annotation>&b;</annotation>',
        "declares a document type in line 1",
    ),
    ("Pascal VOC", "Annotations/a.xml", None, "'a' ('ImageSets/Main/train.txt', line 1) has no"),
    ("Pascal VOC", "JPEGImages/a.png", None, "is of 'other.png', which is not there"),
    ("YOLO", "labels/train/a.txt", b"0 .5 .5 \xff", "'labels/train/a.txt' are not in UTF-8"),
    ("YOLO", "images/train/a.png", None, "label 'labels/train/a.txt' belongs to no photo"),
    ("COCO", "images/train/a.png", None, "photo 'a.png' (images[0] of 'annotations/instances_tr"),
]


@pytest.mark.parametrize(("format", "name", "data", "why"), BAD_FILES)
def test_an_annotation_that_cannot_be_read_is_skipped_and_named(format, name, data, why, tmp_path):
    files = FORMATS[format]() | {name: data or b""}
    if data is None:
        del files[name]

    photos, skipped = opened(files, tmp_path, "train")

    assert told(photos) == {"b": wanted()["b"]}
    assert len(skipped) == 1 and why in skipped[0] and str(tmp_path / "p") in skipped[0]


@pytest.mark.parametrize("format", ["Pascal VOC", "YOLO"])
def test_more_than_half_that_cannot_be_read_is_an_error(format, tmp_path):
    files = FORMATS[format]()
    for name in files:
        if name.endswith((".xml", "a.txt", "b.txt")):
            files[name] = b"\xff <x"

    with pytest.raises(UserError, match="annotations cannot be used, and 50% may be skipped; "):
        opened(files, tmp_path, "train")


def test_more_than_half_of_boxes_that_cannot_be_is_an_error(tmp_path):
    files = FORMATS["YOLO"]() | {"data.yaml": b"names: [one]\n"}
    for name in files:
        if name.endswith(".txt"):
            files[name] = b"0 .5 .5 .1 .1\n1 .5 .5 .2 .2\n2 .5 .5 .2 .2\n"

    with pytest.raises(UserError, match="6 of 9 boxes cannot be used") as refused:
        opened(files, tmp_path)

    assert "there is no class 2: the names are of 0 to 0" in str(refused.value)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2 .5 .5 .1 .1", "there is no class 2: the names are of 0 to 1"),
        ("-1 .5 .5 .1 .1", "begins with no number of a class"),
        ("cat .5 .5 .1 .1", "begins with no number of a class"),
        ("0 .5 .5 .1", "it has 3 numbers behind its class, and not four"),
        ("0 .5 .5 .1 .1 .9", "it has 5 numbers"),
        ("0 .5 .5 x .1", "not all of it are numbers"),
        ("0 .5 .5 inf .1", "not all of it are numbers"),
        ("0 .5 .5 0 .1", "it is empty"),
        ("0 .5 .5 -.1 .1", "its right or lower edge lies before"),
        ("0 .5 .5 1.1 .1", "it reaches beyond the photo"),
        ("0 320 240 64 48", "it reaches beyond the photo"),
    ],
)
def test_a_line_of_yolo_that_is_no_box_is_named(line, why, tmp_path):
    files = FORMATS["YOLO"]()
    files["labels/train/b.txt"] += f"\n{line}\n".encode()

    photos, skipped = opened(files, tmp_path)

    assert told(photos) == wanted()
    assert len(skipped) == 1 and why in skipped[0]
    assert skipped[0].startswith("line 3, box 2 of 'labels/train/b.txt' is left out: ")


def test_of_a_polygon_of_yolo_the_box_round_it_is_taken(tmp_path):
    files = FORMATS["YOLO"]()
    files["labels/train/b.txt"] = b"0 .1 .5 .4 .125 .2 .75 .3 .6\n"

    photos, _ = opened(files, tmp_path)

    assert told(photos)["b"] == wanted()["b"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"category_id": 9}, "there is no category 9"),
        ({"category_id": "7"}, "there is no category '7'"),
        ({"bbox": [1, 2, 3]}, r"its bbox is \[1, 2, 3\], and not four numbers"),
        ({"bbox": None}, "it has no bbox"),
        ({"bbox": [1, 2, 3, True]}, "not four numbers"),
        ({"bbox": [1, 2, 0, 10]}, r"it is empty: bbox \[1, 2, 0, 10\]"),
        ({"bbox": [1, 2, 1e14, 10]}, "it reaches beyond the photo"),
        ({"bbox": [20, 10, 40, 80]}, r"the same as annotations\[0\] \(id 0\)"),
    ],
)
def test_a_box_of_coco_that_cannot_be_is_named(change, why, tmp_path):
    document = coco_document("train")
    bad = {**document["annotations"][0], "id": 99, **change}
    document["annotations"].append(bad)
    files = FORMATS["COCO"]() | {JSON: json.dumps(document).encode()}

    photos, skipped = opened(files, tmp_path)

    assert told(photos) == wanted()
    assert len(skipped) == 1 and re.search(why, skipped[0])
    assert skipped[0].startswith("annotations[3] (id 99) of 'annotations/instances_train2017.json:")


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda d: d["images"].append(5), r"images\[2\] of .* has no id"),
        (lambda d: d["images"].append(d["images"][0]), "has the id 100 of another"),
        (lambda d: d["images"].append({**d["images"][0], "id": 5, "width": 0}), "has no width"),
        (lambda d: d["images"].append({"id": 5, "width": 1, "height": 1}), "has no file_name"),
        (lambda d: d["images"].append({**d["images"][0], "id": 5}), "is annotated twice"),
        (lambda d: d["annotations"].append({"image_id": 5}), r"annotations\[3\] of .* no image"),
        (lambda d: d["annotations"].append([]), "is of no image that stands there"),
    ],
)
def test_an_image_of_coco_that_cannot_be_used_is_named(damage, why, tmp_path):
    document = coco_document("train")
    damage(document)
    files = FORMATS["COCO"]() | {JSON: json.dumps(document).encode()}

    photos, skipped = opened(files, tmp_path)

    assert told(photos) == wanted()
    assert len(skipped) == 1 and re.search(why, skipped[0])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"images": [], "annotations": [], "categories": [', "it is not JSON"),
        ("[]", "it is no object"),
        ('{"images": [], "annotations": []}', "it has no list 'categories'"),
        ("[" * 100_000, "it is not JSON|deeper"),
        (
            '{"images": [], "annotations": [], "categories": [{"id": 1}]}',
            r"categories\[0\] of .* has no id or no name",
        ),
        (
            '{"images": [], "annotations": [], "categories": [{"id": 1, "name": "x"}]}',
            "have not the same categories",
        ),
    ],
)
def test_a_json_that_is_not_of_coco_s_form_is_refused(text, why, tmp_path):
    with pytest.raises(UserError, match=why):
        opened(FORMATS["COCO"]() | {JSON: text.encode()}, tmp_path)


def test_crowds_of_coco_are_passed_over_and_counted(tmp_path):
    document = coco_document("train")
    document["annotations"].append({**document["annotations"][2], "iscrowd": 1})
    files = FORMATS["COCO"]() | {JSON: json.dumps(document).encode()}

    photos, skipped = opened(files, tmp_path)

    assert told(photos) == wanted() and not skipped
    assert photos.notes == ("1 regions of crowds are passed over",)


def test_a_photo_without_an_annotation_of_pascal_teaches_nothing(tmp_path):
    files = FORMATS["Pascal VOC"]() | {"JPEGImages/e.png": photo((9, 9))}

    photos, skipped = opened(files, tmp_path)

    assert told(photos) == wanted()
    assert len(skipped) == 1 and "photo 'JPEGImages/e.png' has no annotation" in skipped[0]


@pytest.mark.parametrize("size", [(0, 0), ("", "")])
def test_a_size_that_is_left_out_is_the_photo_s(size, tmp_path):
    files = FORMATS["Pascal VOC"]() | {"Annotations/a.xml": xml(size, BOXES).encode()}

    photos, skipped = opened(files, tmp_path)

    assert told(photos) == wanted() and not skipped


def test_photos_of_one_name_in_two_splits_of_coco_are_told_apart(tmp_path):
    files = {}
    for split, x in (("train", 10), ("val", 20)):
        document = {
            "images": [{"id": 1, "file_name": "1.png", "width": 200, "height": 100}],
            "categories": [{"id": 1, "name": "cat"}],
            "annotations": [{"image_id": 1, "category_id": 1, "bbox": [x, 1, 50 - x, 8]}],
        }
        files[f"{split}2017/1.png"] = photo(SIZE)
        files[f"annotations/instances_{split}2017.json"] = json.dumps(document).encode()

    for split, x in (("train", 10), ("val", 20)):
        photos, skipped = opened(files, tmp_path, split)

        assert told(photos) == {"1": [("cat", x, 1, 50, 9)]} and not skipped
        assert photos.names == [f"{split}2017/1.png"]


LAYOUTS = {
    "voc": ("JPEGImages/{}/{}.png", "Annotations/{}/{}.xml"),
    "beside": ("{}/{}.png", "{}/{}.xml"),
    "nested": ("pets/{}/images/{}.png", "pets/{}/annotations/{}.xml"),
    "apart": ("photos/{}/{}.png", "boxes/{}/{}.xml"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_frames_of_one_name_in_many_films_have_boxes_of_their_own(layout, tmp_path):
    photo_in, xml_in = LAYOUTS[layout]
    films, files = ["one", "two", "three"], {}
    for x, film in enumerate(films, 10):
        for frame in "ab":
            files[photo_in.format(film, frame)] = photo(SIZE)
            files[xml_in.format(film, frame)] = xml(SIZE, [("cat", x, 1, 50, 9)]).encode()

    photos, skipped = opened(files, tmp_path)

    assert len(photos) == 6 and not skipped
    for i, name in enumerate(photos.names):
        film = next(film for film in films if film in name)
        assert photos.boxes(i).corners[0, 0] * SIZE[0] == pytest.approx(10 + films.index(film))


def test_an_annotation_that_may_mean_two_photos_is_named(tmp_path):
    files = FORMATS["Pascal VOC"]()
    files["more/a.png"] = files["else/a.png"] = files.pop("JPEGImages/a.png")

    _, skipped = opened(files, tmp_path, "train")

    assert len(skipped) == 1
    assert (
        "'Annotations/a.xml' cannot be used: it may mean 'else/a.png' or 'more/a.png'" in skipped[0]
    )


def test_splits_have_the_names_that_we_know_them_by_and_folds_their_own(tmp_path):
    files = FORMATS["Pascal VOC"]()
    files["ImageSets/Main/validation.txt"] = files.pop("ImageSets/Main/val.txt")
    files["ImageSets/Main/train1.txt"] = b"a\n"
    files["ImageSets/Main/train2.txt"] = b"b\n"

    photos, _ = opened(files, tmp_path, "train2")

    assert photos.splits == ("train", "train1", "train2", "val") and [*told(photos)] == ["b"]


def test_a_photo_that_was_turned_after_it_was_annotated_is_skipped(tmp_path):
    width, height = SIZE
    files = FORMATS["Pascal VOC"]() | {"JPEGImages/a.png": photo((height, width))}
    skipped = Skips()

    photos = BoxedPhotos.open(zip_of(tmp_path / "p.zip", files), skipped)

    assert photos.readable(0) is None and photos.readable(1) is not None
    (one,) = skipped
    assert (
        "is of 100 x 200 pixels, and its annotation 'Annotations/a.xml' says 200 x 100" in one.why
    )


def test_a_photo_that_was_made_smaller_keeps_its_boxes(tmp_path):
    files = FORMATS["Pascal VOC"]() | {"JPEGImages/a.png": photo((100, 50))}

    photos, skipped = opened(files, tmp_path)

    assert photos.readable(0) and not skipped
    assert photos.boxes(0).corners[0].tolist() == pytest.approx([0.1, 0.1, 0.3, 0.9])


def test_annotations_of_two_formats_are_refused(tmp_path):
    with pytest.raises(UserError, match="annotations of Pascal VOC and COCO"):
        opened(FORMATS["COCO"]() | {"a.xml": b"<annotation/>"}, tmp_path)


def test_boxes_of_no_class_at_all_are_refused(tmp_path):
    files = {"a.png": photo(SIZE), "a.xml": xml(SIZE, []).encode()}

    with pytest.raises(UserError, match="names a class"):
        opened(files, tmp_path)


def test_photos_alone_are_refused_with_the_formats_that_are_read(tmp_path):
    with pytest.raises(UserError, match="no annotations of them") as refused:
        opened({"a.png": photo((3, 3)), "settings.yaml": b"a: 1"}, tmp_path)

    assert "Pascal VOC (XML), COCO (JSON) or YOLO" in refused.value.fix


def test_photos_of_one_name_in_two_splits_are_told_apart(tmp_path):
    files = {}
    for split, x in (("train", 10), ("valid", 20)):
        for name in ("1", "2"):
            files[f"{split}/{name}.png"] = photo(SIZE)
            files[f"{split}/{name}.xml"] = xml(SIZE, [("cat", x, 1, 50, 9)]).encode()

    for split, x in (("train", 10), ("val", 20)):
        photos, skipped = opened(files, tmp_path, split)

        assert told(photos) == {n: [("cat", x, 1, 50, 9)] for n in "12"} and not skipped


@pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
def test_bccd_has_the_counts_that_are_known_of_it():
    skipped, n = Skips(), 0
    for split, count in (("train", 205), ("val", 87), ("test", 72)):
        photos = BoxedPhotos.open(Path(DATA or "") / "bccd" / "bccd.zip", skipped, split)
        assert len(photos) == count and photos.splits == ("test", "train", "trainval", "val")
        assert photos.classes == ("Platelets", "RBC", "WBC")
        n += np.array([*photos.counts().values()])

    assert n.tolist() == [361, 4155 - len(skipped), 372]
    assert [one.why.split(":")[0] for one in sorted(skipped, key=lambda one: one.name)] == [
        "line 158, box 13 of 'Annotations/BloodImage_00338.xml' is left out",
        "line 50, box 4 of 'Annotations/BloodImage_00343.xml' is left out",
    ]
