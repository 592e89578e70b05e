import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data import yolo_yaml
from ghostnet_tf.data.boxed_photos import BoxedPhotos
from ghostnet_tf.data.skipped import Skips
from tests.counts import examples
from tests.ghostnet_tf.data.annotated import folder_of, yolo

ROBOFLOW = """\
train: ../train/images
val: ../valid/images
test: ../test/images

nc: 3
names: ['cat', 'dog''s "best"', "caf\\u00e9 # no comment"]

roboflow:
  workspace: names
  names: [x]
  license: CC BY 4.0
"""
ULTRALYTICS = """\
# COCO8 dataset, with a comment: names: [no]
path: coco8 # dataset root dir
train: images/train # train images
val:
    - images/val
    - images/more
test: # test images (optional)

names:
  0: person
  1: traffic light   # a comment
  2: no
download: |
  from somewhere: names
  names: [y]
"""


def told(text: str) -> dict:
    return {
        key: setting.value
        for key, setting in yolo_yaml.settings(
            text.split("\n"), {"names", "nc", "path", "train", "val", "test"}, "'data.yaml'"
        ).items()
    }


def test_what_people_write_is_read():
    assert told(ROBOFLOW) == {
        "train": "../train/images",
        "val": "../valid/images",
        "test": "../test/images",
        "nc": "3",
        "names": ["cat", 'dog\'s "best"', "café # no comment"],
    }
    assert told(ULTRALYTICS) == {
        "path": "coco8",
        "train": "images/train",
        "val": ["images/val", "images/more"],
        "test": [],
        "names": {"0": "person", "1": "traffic light", "2": "no"},
    }
    assert told("test: null\ntrain: ~\nval:") == {"test": [], "train": [], "val": []}
    assert told("names:\n- a\n- b\nnc: 2") == {"names": ["a", "b"], "nc": "2"}
    assert told("names: [dog's, it's, 'a,b']") == {"names": ["dog's", "it's", "a,b"]}
    assert told("names: {0: a, 1: 'b, c'}") == {"names": {"0": "a", "1": "b, c"}}
    assert told("names: [a,\n  b,  # second\n  c,\n]\n") == {"names": ["a", "b", "c"]}
    assert told('"names": [1, 2.10, 007]') == {"names": ["1", "2.10", "007"]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nc: 1\nnames: &a [x]", "line 2 .* is more than a text"),
        ("names: *a", "line 1 .* is more than a text"),
        ("names: !!python/object/apply:os.system [x]", "line 1 .* is more than a text"),
        ("names: [a, [b]]", r"line 1 .* '\[b\]' is more than a text"),
        ("names: [a", "line 1 .* has no end"),
        ("names: [a] b", "line 1 .* goes on after its end"),
        ("names: ['a, b]", "line 1 .* is not closed"),
        ('names: ["a\\x"]', "line 1 .* is not closed"),
        ("names: [a]\nnames: [b]", "line 2 .* a second time"),
        ("names:\n  0: a\n  0: b", "line 3 .* a second time"),
        ("names:\n  - a\n  b", "line 3 .* 'b' is no item of the list"),
        ("names:\n  0: a\n  - b", "line 3 .* no name with its number"),
        ("names: {a}", "line 1 .* no name with its number"),
        ("names: [a, , b]", "line 1 .* is more than a text"),
    ],
)
def test_what_could_be_anything_else_is_refused_with_its_line(text, why):
    with pytest.raises(UserError, match=why) as refused:
        told(text)

    assert "'data.yaml'" in str(refused.value) and refused.value.fix


@pytest.mark.parametrize(
    ("yaml", "why"),
    [
        ("nc: 3\nnames: [a, b]", "line 1 of 'data.yaml' says nc: 3, and it names 2 classes"),
        ("names:", "line 1 of 'data.yaml' has no list of names"),
        ("names: []", "line 1 of 'data.yaml' has no list of names"),
        ("names: a", "line 1 of 'data.yaml' has no list of names"),
        ("names: {0: a, 2: b}", "not numbered from 0 on: '2'"),
        ("names: {0: a, x: b}", "not numbered from 0 on: 'x'"),
        ("names: {0: a, 00: b}", "not numbered from 0 on: '00'"),
        ("names: [a, a]", "class 'a' stands twice in 'data.yaml': 0 and 1"),
        ("names: ['a', '']", "class 1 of 'data.yaml' cannot be called '': it is empty"),
        ("names: [a, b]\ntrain: nowhere", "train in line 2 of 'data.yaml' is 'nowhere', and no"),
    ],
)
def test_names_and_splits_that_cannot_be_are_refused(yaml, why, tmp_path):
    files = yolo() | {"data.yaml": yaml.encode()}

    with pytest.raises(UserError, match=why):
        BoxedPhotos.open(folder_of(tmp_path, files), Skips())


def test_a_split_may_be_a_list_of_photos(tmp_path):
    files = yolo()
    files["data.yaml"] = b"path: /somewhere/else\ntrain: lists/mine.txt\nnames: [dog, cat]\n"
    files["lists/mine.txt"] = b"./images/val/d.png\n/home/me/pets/images/train/a.png\n"

    photos = BoxedPhotos.open(folder_of(tmp_path, files), Skips(), "train")

    assert photos.names == ["images/train/a.png", "images/val/d.png"]


@pytest.mark.parametrize(
    "path",
    ["../train/images", "/home/me/pets/images/train", "images/train2017", "..\\images\\train"],
)
def test_a_split_is_found_though_its_path_is_that_of_others(path, tmp_path):
    files = yolo() | {"data.yaml": f"train: {path}\nval: images/val\nnames: [dog, cat]".encode()}

    photos = BoxedPhotos.open(folder_of(tmp_path, files), Skips(), "train")

    assert photos.names == ["images/train/a.png", "images/train/b.png"]


def test_a_split_that_is_left_empty_is_none(tmp_path):
    yaml = b"train: images/train\nval: images/val\ntest: # optional\nnames: [dog, cat]\n"

    photos = BoxedPhotos.open(folder_of(tmp_path, yolo() | {"data.yaml": yaml}), Skips())

    assert photos.splits == ("train", "val") and len(photos) == 4


def test_two_files_that_name_classes_are_refused(tmp_path):
    files = yolo() | {"other.yml": b"names: [cat, dog]\n"}

    with pytest.raises(UserError, match=r"'data\.yaml' and 'other\.yml' .* both name classes"):
        BoxedPhotos.open(folder_of(tmp_path, files), Skips())


@pytest.mark.parametrize("name", ["classes.txt", "obj.names"])
def test_without_a_yaml_names_may_stand_a_line_each(name, tmp_path):
    files = yolo() | {name: b"dog\ncat\n"}
    del files["data.yaml"]

    photos = BoxedPhotos.open(folder_of(tmp_path, files), Skips())

    assert photos.classes == ("dog", "cat") and photos.order == f"as in {name}"


def test_labels_without_any_names_are_refused(tmp_path):
    files = yolo()
    del files["data.yaml"]

    with pytest.raises(UserError, match="no yaml with the names") as refused:
        BoxedPhotos.open(folder_of(tmp_path, files), Skips())

    assert "names: [cat, dog]" in refused.value.fix


def test_a_set_without_any_label_is_refused(tmp_path):
    files = {name: data for name, data in yolo().items() if not name.startswith("labels")}

    with pytest.raises(UserError, match=r"such as 'labels/train/a\.txt'"):
        BoxedPhotos.open(folder_of(tmp_path, files), Skips())


@pytest.mark.parametrize(
    "text",
    [
        "names" + " " * 500_000 + "x",
        "names: [" + "'" * 500_001 + "]",
        "names: [" + "1" * 250_000 + "'" * 250_000 + "]",
        "names: [a,\n" + " b,\n" * 50_000 + "]",
        "names: {" + "".join(f"x{i}: a, " for i in range(50_000)) + "}",
        "names:\n" + "".join(f"  {i}: a\n" for i in range(50_000)),
    ],
    ids=["spaces", "quotes", "digits and quotes", "lines", "names", "a name a line"],
)
def test_a_text_that_is_long_takes_no_longer_than_it_is(text, tmp_path):
    """Where something is read again for every letter, each of them goes on for minutes."""
    files = yolo() | {"data.yaml": text.encode()}

    with pytest.raises(UserError):
        BoxedPhotos.open(folder_of(tmp_path, files), Skips())


@example("names: [a\\")
@example('names: "')
@example("names: '")
@example("names: {:}")
@example("names: [,]")
@settings(max_examples=examples(60, 10_000))
@given(st.text(st.sampled_from("names: []{},'\"#-\n\t0a&*|\\"), max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        found = told(f"names:{text}")
    except UserError as error:
        assert "line " in str(error)
    else:
        assert all(isinstance(value, str | list | dict) for value in found.values())
