"""What is wrong is named for what it is, and the way out fits it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ghostnet_tf as gn
from export import from_onnx, predict
from ghostnet_tf import weights
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import read_model
from ghostnet_tf.data import labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.front import create
from ghostnet_tf.nets import describe, pretrained, zoo
from ghostnet_tf.train import command
from tests.export.colours import saved

ENTRY = zoo.parse_model("ghostnet_010")


def refused(call, *given) -> tuple[str, str]:
    with pytest.raises(UserError) as error:
        call(*given)
    return str(error.value), error.value.fix.typed


def picture(path: Path) -> str:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(path)
    return str(path)


@pytest.mark.parametrize("name", ["one.jpg", "one.png", "one.webp", "one.tiff"])
def test_one_photo_in_the_place_of_a_folder_is_called_that(name, tmp_path):
    what, fix = refused(Photos.open, picture(tmp_path / name))

    assert "but one photo (" in what and fix == "give the folder or zip that it lies in"


@pytest.mark.parametrize(
    ("content", "fix"),
    [
        (b"PK\3\4 and no more", "zip or download it again: it is damaged"),
        (b"Rar!\x1a\7\1\0", "unpack archives of other kinds"),
        (b"", "give a folder or zip of photos"),
        (b"some text", "give a folder or zip of photos"),
    ],
)
def test_another_file_in_the_place_of_a_folder(content, fix, tmp_path):
    (tmp_path / "photos").write_bytes(content)

    assert fix in refused(Photos.open, tmp_path / "photos")[1]


@pytest.mark.parametrize(
    ("names", "what", "fix"),
    [
        (["gone.jpg"], "the photo cannot be read", "check the path"),
        (["gone.jpg", "gone.png"], "none of the 2 photos can be read", "check the path"),
        (["torn.jpg"], "the photo cannot be read", "give JPEG, PNG"),
        (["gone"], "the photo cannot be read", "check the path"),
    ],
)
def test_a_missing_photo_is_no_question_of_formats(names, what, fix, tmp_path):
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff no more")
    paths = [str(tmp_path / name) for name in names]

    said = refused(predict.main, [str(saved(tmp_path)), *paths])

    assert said[0] == what and fix in said[1]


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize(
    ("name", "what", "fix"),
    [
        ("net.onnx", "an ONNX network", "ghostnet from-onnx FILE.onnx"),
        ("NET.ONNX", "an ONNX network", "ghostnet from-onnx FILE.onnx"),
        ("net.tflite", "a finished file", "ghostnet predict"),
    ],
)
def test_a_whole_network_in_the_place_of_weights(name, what, fix, is_there, tmp_path):
    if is_there:
        (tmp_path / name).write_bytes(b"\x08\x08")

    said = refused(weights.find, str(tmp_path / name))

    assert what in said[0] and fix in said[1]


@pytest.mark.parametrize("content", [b"", b"TFL3", b"hello, world"])
def test_what_is_no_tflite_has_a_way_out(content, tmp_path):
    (tmp_path / "a.tflite").write_bytes(content)

    assert "download or copy the file again" in refused(read_model, tmp_path / "a.tflite")[1]


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_outputs_without_names_are_asked_for_them(n_outputs, tmp_path):
    import keras

    from export.from_keras import to_float32
    from export.metadata import attach_metadata
    from ghostnet_tf.base.record import save
    from tests.export.colours import SIZE, colour_record

    image = keras.Input((SIZE, SIZE, 3), batch_size=1)
    x = keras.layers.GlobalAveragePooling2D()(image)
    model = keras.Model(image, keras.layers.Dense(n_outputs, activation="sigmoid")(x))
    record = colour_record(labels=(), label_ids=())
    path, _ = save(tmp_path, record, attach_metadata(to_float32(model, SIZE), record))

    with pytest.raises(UserError, match="names no classes") as error:
        gn.TFLiteModel(path)

    assert error.value.fix == "export it again with labels=NAMES"
    assert error.value.fix.typed == "export it again with --labels NAMES"


@pytest.mark.parametrize("given", ["net.keras", Path("net.keras"), None, 3])
def test_what_is_no_model_is_told_how_to_become_one(given, tmp_path):
    what, fix = refused(gn.export, given, tmp_path)

    assert "no Keras model" in what
    assert ("gn.load_model('net.keras')" in fix) == (given not in (None, 3))


@pytest.mark.parametrize("name", ["a\nb", "a\x85b", "", "a/b", ".a"])
def test_a_name_that_is_no_part_of_a_files_name(name):
    from ghostnet_tf.front.keras_export import file_part

    assert refused(file_part, name, "name")[1] == "name='mine'"


def test_a_folder_in_the_place_of_a_file(tmp_path):
    assert refused(read_model, tmp_path) == (
        f"{str(tmp_path)!r} is a folder",
        "name one .tflite file, in it or not",
    )


@pytest.mark.parametrize("name", ["gone.txt", "my/labels", "labels.tsv"])
def test_a_missing_file_of_labels_is_no_table_mistyped(name):
    what, fix = refused(labels.labels, name)

    assert name in what and fix.startswith("check the path, or give ")


@pytest.mark.parametrize("classes", [0, -1, 2.5, "3"])
def test_a_number_of_classes_that_no_network_has(classes):
    assert "classes" in refused(pretrained.outputs, ENTRY, None, classes)[0]


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_of_nothing_is_not_the_usual_one(size):
    assert f"not {size}" in refused(pretrained._preprocessing, ENTRY, None, size)[0]
    what, fix = refused(describe.main, ["ghostnet_010", "--size", str(size)])
    assert str(size) in what and fix


@pytest.mark.parametrize("text", ["1.5", "many", "0", ""])
def test_a_number_of_epochs_that_is_none_is_named(text, capsys):
    with pytest.raises(SystemExit):
        command.parser().parse_args(["photos", "--epochs", text])

    assert "_positive" not in capsys.readouterr().err.split("error: ")[1]


@pytest.mark.parametrize("given", [[0, 1], range(2), {"cat": 0, "dog": 1}, {"cat", "dog"}, [None]])
def test_labels_that_are_no_list_of_texts(given):
    what, fix = refused(create.table, given)

    assert "labels are a list of texts" in what and "in the order of the outputs" in fix


@pytest.mark.parametrize("recipes", [[], ["int8"], ["float32", "static_wi8_ai16"]])
def test_an_onnx_network_without_photos_is_refused_before_it_is_converted(recipes, tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"never read")
    line = [str(tmp_path / "a.onnx"), "--channels", "rgb", "--preprocessing", "imagenet"]

    what, fix = refused(from_onnx.main, [*line, *(["--recipe", *recipes] if recipes else [])])

    assert "needs photos to calibrate on" in what and "--recipe float32 alone" in fix
