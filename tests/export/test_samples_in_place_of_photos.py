"""Networks that take no photo: several inputs, other channels, other ranks; dicts and lists."""

import json
import re
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from keras import layers

import ghostnet_tf as gn
from export import compare, ghost_op, predict, verify
from export.parity import snr_db
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import load
from web_demo.models import unsuitable

RECIPES = ("float32", "static_wi8_ai8")
N = 12  # samples


def mapped(x: Any) -> Any:
    x = layers.Conv2D(6, 3, 2, "same", activation="relu")(x)
    return layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3, 2, "same", activation="relu")(x))


def four_channels() -> keras.Model:
    bands = keras.Input((17, 24, 4), name="bands")
    return keras.Model(bands, layers.Dense(3, name="depth")(mapped(bands)), name="bands")


def photo_and_words() -> keras.Model:
    """Given in one order, sorted into none of an alphabet; its dict's first key comes last."""
    words = keras.Input((5,), name="words", dtype="int32")
    photo = keras.Input((16, 16, 3), name="a photo")
    told = layers.GlobalAveragePooling1D()(layers.Embedding(9, 4)(words))
    embedding = layers.Dense(6, name="embedded")(layers.Concatenate()([told, mapped(photo)]))
    logits = layers.Dense(3, name="logits")(layers.ReLU()(embedding))  # reads another output
    return keras.Model(
        [words, photo], {"where": embedding, "class": logits, "again": logits * 2}, name="two"
    )


def sound() -> keras.Model:
    mfcc = keras.Input((20, 10), name="mfcc")
    x = layers.GlobalAveragePooling1D()(layers.Conv1D(8, 3, activation="relu")(mfcc))
    outputs = [layers.Dense(4, name="zulu")(x), layers.Dense(2, name="alpha")(x)]
    return keras.Model(mfcc, outputs, name="sound")


def one_of_twelve() -> keras.Model:
    return keras.Sequential([keras.Input((12,)), layers.Dense(5)], name="table")


# -> (network, names of its outputs in the file's order)
NETWORKS: dict[str, tuple[Callable[[], keras.Model], list[str]]] = {
    "4 channels": (four_channels, ["depth"]),
    "2 inputs, a dict": (photo_and_words, ["again", "class", "where"]),
    "rank 3, a list": (sound, ["zulu", "alpha"]),
}


def drawn(model: keras.Model, seed: int = 0) -> dict[str, np.ndarray]:
    """Samples for every input, by its name; never two arrays of one shape or type alike."""
    rng = np.random.default_rng(seed)
    return {
        one.name: rng.integers(0, 9, (N, *one.shape[1:])).astype(np.int64)
        if one.dtype == "int32"
        else rng.normal(size=(N, *one.shape[1:]))
        for one in model.inputs
    }


def by_keras(model: keras.Model, arrays: dict[str, np.ndarray], i: int) -> Any:
    """What the model itself returns for sample `i`, as it returns it."""
    given = {one.name: arrays[one.name][i : i + 1].astype(one.dtype) for one in model.inputs}
    values = [given[one.name] for one in model.inputs]
    return model(values if len(values) > 1 else values[0], training=False)


@pytest.fixture(scope="module", params=NETWORKS)
def exported(request, tmp_path_factory) -> dict[str, Any]:
    make, names = NETWORKS[request.param]
    folder = tmp_path_factory.mktemp("samples")
    keras.utils.set_random_seed(1)
    model = make()
    arrays = drawn(model)
    np.savez(folder / "samples.npz", **arrays)
    files = gn.export(model, folder, RECIPES, photos=folder / "samples.npz")
    return {"model": model, "arrays": arrays, "names": names, "files": files, "folder": folder}


def test_the_signature_takes_and_gives_everything_by_its_name(exported):
    """As any other program runs the file: by names, without our code."""
    expected = by_keras(exported["model"], exported["arrays"], 3)
    if not isinstance(expected, dict):
        flat = expected if isinstance(expected, list) else [expected]
        expected = dict(zip(exported["names"], flat, strict=True))

    for path, db in zip(exported["files"], (90, 15), strict=True):
        run = Interpreter(str(path)).get_signature_runner()
        types = {name: one["dtype"] for name, one in run.get_input_details().items()}
        given = {k: v[3:4].astype(types[k]) for k, v in exported["arrays"].items()}
        outputs = run(**given)

        assert outputs.keys() == expected.keys()
        for name, values in outputs.items():
            assert snr_db(np.asarray(expected[name]), values) > db, name


def test_the_record_says_inputs_and_outputs_in_the_order_of_the_file(exported):
    for path in exported["files"]:
        record = load(path)[1]

        assert record.preprocessing is None and record.parity_on == "samples"
        assert [one.name for one in record.outputs] == exported["names"]
        shapes = {one.name: (1, *one.shape[1:]) for one in exported["model"].inputs}
        assert {one.name: one.shape for one in record.inputs} == shapes
        assert [one.name for one in record.inputs] == [i.name for i in exported["model"].inputs]
        assert re.fullmatch(r"\w+_own_(float32|static_wi8_ai8)\.tflite", path.name)
        assert unsuitable(record) == "it takes no photos"


def test_every_command_takes_the_files_and_the_samples(exported, capsys):
    (float32, int8), samples = map(str, exported["files"]), str(exported["folder"] / "samples.npz")

    assert verify.main([float32, int8]) == 0
    assert compare.main([int8, "--photos", samples]) == 0
    assert ghost_op.main([int8, "--photos", samples]) == 0
    assert ghost_op.main([float32]) == 0  # on generated inputs
    assert "FAILED" not in capsys.readouterr().out
    assert predict.main([float32, samples, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["samples"]
    assert len(said) == N and said[3]["sample"] == f"{samples}[3]"
    flat = keras.tree.flatten(by_keras(exported["model"], exported["arrays"], 3))
    for one, name, values in zip(said[3]["outputs"], exported["names"], flat, strict=True):
        assert one["name"] == name and one["shape"] == [*values.shape[1:]]
        assert one["values"] == pytest.approx(np.asarray(values).ravel()[:8].tolist(), abs=1e-4)
    assert predict.main([int8, samples]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"{samples}[0]" and printed[1].split()[0] == exported["names"][0]


def test_numbers_that_the_network_does_not_know_are_no_fault_of_the_file(tmp_path):
    """It has nine words."""
    model, arrays = photo_and_words(), drawn(photo_and_words())
    (path,) = gn.export(model, tmp_path, "float32", photos=arrays)
    arrays["words"][2, 3] = 9
    np.savez(tmp_path / "samples.npz", **arrays)

    with pytest.raises(UserError, match="looks up what it does not have: ") as refused:
        predict.main([str(path), str(tmp_path / "samples.npz")])
    assert "those that the network knows" in refused.value.fix
    with pytest.raises(UserError, match=r"two looks up .* = 9 is not in \[0, 9\)") as refused:
        gn.export(model, tmp_path / "again", "float32", photos=arrays)
    assert "those that the network knows" in refused.value.fix


def test_photos_are_refused_and_samples_asked_for(exported):
    with pytest.raises(UserError, match="takes no photos: its inputs are '") as refused:
        predict.main([str(exported["files"][0]), "photo.jpg"])
    assert "an .npz with an array for each input" in refused.value.fix


def test_what_needs_samples_says_so_before_anything_is_written(tmp_path):
    model = one_of_twelve()

    with pytest.raises(UserError, match="static recipes need samples to calibrate on") as refused:
        gn.export(model, tmp_path, RECIPES)
    assert "photos='FILE.npz'" in refused.value.fix and not list(tmp_path.iterdir())

    (path,) = gn.export(model, tmp_path, "float32")
    assert load(path)[1].parity_on == "generated inputs"
    (path,) = gn.export(
        model, tmp_path, "static_wi8_ai8", photos={"any": drawn(model)[model.inputs[0].name]}
    )  # the only array, whatever its name
    assert load(path)[1].calibration.photos == N


def open_side() -> keras.Model:
    words = keras.Input((None,), name="words", dtype="int32")
    return keras.Model(words, layers.GlobalAveragePooling1D()(layers.Embedding(9, 4)(words)))


@pytest.mark.parametrize(
    ("make", "photos", "said"),
    [
        (
            four_channels,
            {"bands": np.zeros((9, 17, 24, 3))},
            r"'bands' .* of the shape \(17, 24, 3\)",
        ),
        (
            sound,
            {"a": np.zeros((9, 20, 10)), "b": np.zeros(9)},
            "has an array 'a', and the network no",
        ),
        (photo_and_words, {"words": np.zeros((9, 5), int)}, "has no array 'a photo'"),
        (open_side, None, r"the input 'words' of .* has the shape \(None, None\)"),
    ],
)
def test_samples_and_inputs_that_do_not_fit_are_named(make, photos, said, tmp_path):
    with pytest.raises(UserError, match=said):
        gn.export(make(), tmp_path, "float32", photos=photos)
    assert not list(tmp_path.iterdir())
