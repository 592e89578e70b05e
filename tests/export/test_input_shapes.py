"""Networks of every pattern of input and output, from Keras to an answer."""

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

import ghostnet_tf as gn
from export import compare, evaluate, ghost_op, predict, verify
from export.metadata import read_metadata
from export.parity import snr_db
from ghostnet_tf.base.record import load
from tests.export.small_photos import small_photos

LABELS = ["ant", "bee", "cat"]
RECIPES = ("float32", "static_wi8_ai8")
IMAGES = {  # (height, width, channels)
    "oblong": (24, 40, 3),
    "odd sides": (33, 21, 3),
    "grey": (32, 32, 1),
    "grey, oblong, odd": (21, 34, 1),
}
RED_GREEN_BLUE = (0.299, 0.587, 0.114)  # of ITU-R 601's luma


def network(shape: tuple[int, int, int]) -> keras.Model:
    """Its answer depends on where in the image something is: a swapped side is seen."""
    keras.utils.set_random_seed(3)
    x = image = keras.Input(shape, name="photo")
    x = layers.Conv2D(6, 3, 2, "same", activation="relu", name="conv")(x)
    x = layers.Conv2D(6, (1, 5), (2, 3), "same", activation="relu", name="wide")(x)
    x = layers.Flatten(name="flatten")(x)
    return keras.Model(image, layers.Dense(3, name="classifier")(x), name="tiny")


def how_of(shape: tuple[int, int, int]) -> gn.Preprocessing:
    n = shape[2]
    return gn.Preprocessing(shape[:2], 1.0, "bilinear", (0.4, 0.5, 0.6)[:n], (0.25,) * n, n)


def independent_input(photo: Image.Image, shape: tuple[int, int, int]) -> np.ndarray:
    """Of a photo of exactly the image's size: nothing to resize, nothing to crop."""
    pixels = np.asarray(photo, np.float64)
    if shape[2] == 1:
        pixels = np.floor(pixels @ RED_GREEN_BLUE + 0.5)[..., None]
    return (pixels / 255 - (0.4, 0.5, 0.6)[: shape[2]]) / 0.25


@pytest.fixture(scope="module", params=IMAGES)
def exported(request, tmp_path_factory) -> dict[str, Any]:
    """The files of one network, and where its photos are: one folder a class."""
    shape, folder = IMAGES[request.param], tmp_path_factory.mktemp("shapes")
    model = network(shape)
    small_photos(folder / "photos", (shape[1], shape[0]), ["."], 12, seed=1)
    small_photos(folder / "labelled", (50, 40), LABELS, 2, seed=2)
    files = gn.export(
        model, folder / "build", RECIPES, folder / "photos", folder / "labelled",
        preprocessing=how_of(shape), labels=LABELS,
    )  # fmt: skip
    return {"shape": shape, "model": model, "files": files, "folder": folder}


def test_the_record_says_the_shape_and_the_name_says_the_sides(exported):
    height, width, channels = exported["shape"]
    size = height if height == width else [height, width]

    for path in exported["files"]:
        data, record = load(path)
        inside = read_metadata(data)

        assert record.preprocessing["size"] == size
        assert record.preprocessing.get("channels", 3) == channels
        assert inside and inside.preprocessing == record.preprocessing
        assert len(inside.mean) == len(inside.std) == channels
        sides = f"{height}x{width}" if height != width else str(height)
        assert path.name.startswith(f"tiny_own_{sides}_")


def test_the_files_answer_as_keras_does(exported):
    photo = sorted((exported["folder"] / "photos").glob("*.png"))[0]
    x = independent_input(Image.open(photo).convert("RGB"), exported["shape"])
    expected = exported["model"](x[None].astype(np.float32)).numpy()[0]
    powers = np.exp(expected - expected.max())

    float32, int8 = (gn.TFLiteModel(path) for path in exported["files"])

    assert snr_db(expected, float32.scores(float32.preprocessing.images([Image.open(photo)]))) > 90
    answers = dict(float32.predict(photo))
    assert [answers[name] for name in LABELS] == pytest.approx(powers / powers.sum(), abs=1e-5)
    assert int8.predict(photo)[0][0] == float32.predict(photo)[0][0]


def test_every_command_takes_the_files(exported, capsys):
    folder, (float32, int8) = exported["folder"], map(str, exported["files"])
    photos, labelled = str(folder / "photos"), str(folder / "labelled")

    assert verify.main([float32, int8]) == 0
    assert predict.main([int8, photos]) == 0
    assert evaluate.main([float32, int8, "--labelled", labelled]) == 0
    assert compare.main([int8, "--photos", photos]) == 0
    assert ghost_op.main([int8, "--photos", photos]) == 0
    assert verify.main([str(Path(int8).with_name(f"{Path(int8).stem}_ghostop.tflite"))]) == 0
    said = capsys.readouterr().out
    assert "FAILED" not in said and "every byte is equal" in said


def test_sides_swapped_in_a_record_are_not_believed(tmp_path, exported, capsys):
    height, width, _ = exported["shape"]
    path = exported["files"][0]
    record = json.loads(path.with_suffix(".json").read_text())
    record["preprocessing"]["size"] = [width, height + 1]
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    copy.with_suffix(".json").write_text(json.dumps(record))

    assert gn.TFLiteModel(copy).preprocessing.sides == (height, width)
    assert "its preprocessing are not those inside the file" in capsys.readouterr().err
