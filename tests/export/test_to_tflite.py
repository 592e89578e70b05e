"""The main command, from its arguments to the files it leaves."""

import contextlib
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from export import pipeline, to_tflite
from export.contract import Promise
from export.ghostop.options import VERSION
from export.predict import main as predict
from export.recipes import DEFAULT_RECIPES, RECIPES
from export.runtime import Runtime
from export.verify import PASSED, verify
from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.suites import SUITES, Member, Suite

SEEDED = ["--model", "ghostnet_050", "--weights", "seeded", "--size", "64"]


def run(*argv: str) -> str:
    """What the command prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert to_tflite.main([*argv]) == 0
    return out.getvalue()


def bytes_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def every_recipe(tmp_path_factory) -> tuple[Path, dict]:
    out = tmp_path_factory.mktemp("every_recipe")
    return out, json.loads(run(*SEEDED, "--recipe", *RECIPES, "--json", "--out", str(out)))


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """Forty photos in two class folders named by ImageNet ids: stripes across, stripes down."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for name, axis in (("n01440764", 0), ("n01443537", 1)):
        (folder / name).mkdir()
        for i in range(20):
            line = rng.integers(0, 255, (80, 1, 3), dtype=np.uint8)
            stripes = np.repeat(line, 90, axis=1)
            pixels = stripes if axis == 0 else stripes.swapaxes(0, 1)
            Image.fromarray(np.ascontiguousarray(pixels)).save(folder / name / f"{i}.png")
    return folder


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_passes_a_colleagues_verification(every_recipe, recipe):
    path = every_recipe[0] / f"ghostnet_050_seeded_64_{recipe}.tflite"

    assert [(check.name, check.result) for check in verify(path) if check.result != PASSED] == []


def test_json_holds_the_records_that_lie_beside_the_files(every_recipe):
    out, document = every_recipe

    for file in document["files"]:
        path = Path(file.pop("path"))
        assert path.parent == out
        assert file == json.loads(path.with_suffix(".json").read_text())
    assert [file["recipe"] for file in document["files"]] == list(RECIPES)
    assert {file["partitions"] for file in document["files"][:3]} == {1}


def test_weights_without_data_claim_no_accuracy(every_recipe):
    assert all(file["accuracy"] is None for file in every_recipe[1]["files"])


def test_second_export_is_byte_identical(every_recipe, tmp_path):
    run(*SEEDED, "--recipe", "static_wi8_ai8", "float16", "--out", str(tmp_path))

    first = bytes_in(every_recipe[0])
    again = bytes_in(tmp_path)
    assert len(again) == 4
    assert {name: first[name] == data for name, data in again.items()} == dict.fromkeys(again, True)


def test_table_says_what_how_big_how_faithful_and_that_seeded_is_no_accuracy(tmp_path):
    printed = run(*SEEDED, "--recipe", "float32", "--out", str(tmp_path))

    assert printed.startswith("ghostnet_050  seeded  64 px")
    assert "2.59 M parameters" in printed
    assert "1 partition" in printed
    assert "never accuracy" in printed
    assert f"wrote {tmp_path}/ghostnet_050_seeded_64_float32.tflite" in printed


def test_labelled_photos_give_keras_and_every_file_their_accuracy(photos, tmp_path):
    argv = [*SEEDED, "--recipe", "float32", "--labelled", str(photos), "--out", str(tmp_path)]

    document = json.loads(run(*argv, "--json"))

    assert document["keras"]["n"] == 40
    assert document["files"][0]["accuracy"] == document["keras"]


def test_a_suite_makes_what_is_lacking_and_keeps_what_is_sound(tmp_path, monkeypatch):
    members = Member("ghostnet_010", size=32), Member("ghostnet_015", True, size=32)
    tiny = Suite(members, ("float32",))
    monkeypatch.setitem(SUITES, "tiny", tiny)
    argv = ["--suite", "tiny", "--out", str(tmp_path)]

    first = json.loads(run(*argv, "--json"))["files"]
    Path(first[0]["path"]).write_bytes(b"damaged")
    second = json.loads(run(*argv, "--json"))["files"]
    old = Path(first[2]["path"]).with_suffix(".json")
    old.write_text(old.read_text().replace(f'"version": {VERSION}', f'"version": {VERSION - 1}'))
    third = json.loads(run(*argv, "--json"))["files"]

    assert [(file["model"], file["weights"]) for file in first] == [
        ("ghostnet_010", "seeded"),
        ("ghostnet_015", "seeded"),
        ("ghostnet_015", "seeded"),
    ]
    assert second == first[:1]
    assert third == first[2:]  # whose operators' options were of another version
    assert [file["operators"] is not None for file in first] == [False, False, True]
    assert first[2]["operators"]["plain_sha256"] == first[1]["sha256"]
    assert (
        run(*argv)
        == f"every file of the suite is in {str(tmp_path)!r}, as its record describes it\n"
    )


def test_ghostop_writes_both_files_and_says_how_they_compare(tmp_path):
    argv = ["--model", "ghostnet_010", "--weights", "seeded", "--size", "32", "--ghostop"]

    text = run(*argv, "--recipe", "float32", "float16", "--out", str(tmp_path))

    names = sorted(path.name for path in tmp_path.glob("*.tflite"))
    assert names == [
        f"ghostnet_010_seeded_32_{recipe}.tflite"
        for recipe in ("float16", "float32", "float32_ghostop")
    ]
    assert "against the plain file on 16 generated images: 1" in text


def test_a_suite_decides_about_its_networks_itself(tmp_path):
    with pytest.raises(UserError, match="a suite decides about --size itself"):
        to_tflite.main(["--suite", "paper", "--size", "96", "--out", str(tmp_path)])
    with pytest.raises(UserError, match="there is no suite 'papre'") as refused:
        to_tflite.main(["--suite", "papre"])

    assert refused.value.fix == "try paper"


def test_photos_on_which_it_is_scored_may_not_calibrate(photos, tmp_path):
    argv = [*SEEDED, "--photos", str(photos), "--labelled", str(photos), "--out", str(tmp_path)]

    with pytest.raises(UserError, match="40 of the calibration photos are also among the labelled"):
        to_tflite.main(argv)

    assert not [*tmp_path.iterdir()]


def test_own_weights_need_photos_for_a_static_recipe_and_use_them(photos, tmp_path):
    from ghostnet_tf.nets import zoo

    model = zoo.parse_model("ghostnet_010").build(classes=1000, size=64)
    from ghostnet_tf.nets.seeded import seed

    seed(model).save_weights(tmp_path / "mine.weights.h5")
    own = ["--model", "ghostnet_010", "--weights", str(tmp_path / "mine.weights.h5")]
    own += ["--size", "64", "--out", str(tmp_path / "out"), "--recipe", "static_wi8_ai8"]

    with pytest.raises(UserError, match="static recipes need photos") as refused:
        to_tflite.main(own)
    document = json.loads(run(*own, "--photos", str(photos), "--json"))

    assert "--photos" in refused.value.fix
    (file,) = document["files"]
    assert file["weights"] == "mine"
    assert file["calibration"]["photos"] == 40
    assert file["parity_on"] == "photos"


def test_a_broken_promise_names_its_reason_and_leaves_the_old_file(tmp_path, monkeypatch):
    argv = [*SEEDED, "--recipe", "float32", "--out", str(tmp_path)]
    run(*argv)
    before = bytes_in(tmp_path)
    monkeypatch.setattr(pipeline, "promise", lambda *_: Promise(partitions=2))

    with pytest.raises(CheckFailed, match="float32 breaks its promise: 1 partitions, 2 promised"):
        to_tflite.main(argv)

    assert bytes_in(tmp_path) == before


def test_a_full_disk_leaves_the_old_pair(tmp_path, monkeypatch):
    argv = [*SEEDED, "--recipe", "float32", "--out", str(tmp_path)]
    run(*argv)
    before = bytes_in(tmp_path)

    def no_space(fd):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(OSError, match="No space left"):
        to_tflite.main(argv)

    assert bytes_in(tmp_path) == before


def test_any_keras_network_takes_the_same_road(tmp_path):
    import keras

    from export.network import Network
    from ghostnet_tf.data.labels import Labels
    from ghostnet_tf.data.preprocess import IMAGENET

    keras.utils.set_random_seed(0)
    image = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(8, 3, strides=2, activation="relu", name="first")(image)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    model = keras.Model(image, keras.layers.Dense(2, name="logits")(x))
    mine = Network(
        model=model,
        name="mine",
        weights="fresh",
        weights_sha256="",
        preprocessing=IMAGENET.at(32),
        labels=Labels.of_folders(("cat", "dog")),
        family="delegable",
    )

    result = pipeline.export(mine, ["float32", "float16"], out=tmp_path)

    assert [file.path.name for file in result.files] == [
        "mine_fresh_32_float32.tflite",
        "mine_fresh_32_float16.tflite",
    ]
    images = np.random.default_rng(0).normal(size=(3, 32, 32, 3)).astype(np.float32)
    outputs = Runtime(result.files[0].path.read_bytes()).run(images)
    np.testing.assert_allclose(outputs, model.predict(images, verbose=0), atol=1e-5)


def test_a_prediction_from_the_file_alone_uses_what_it_carries(every_recipe, photos, tmp_path):
    name = "ghostnet_050_seeded_64_float32.tflite"
    (tmp_path / name).write_bytes((every_recipe[0] / name).read_bytes())
    photo = str(photos / "n01440764" / "0.png")

    def top5(path: Path) -> list:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            predict([str(path), photo, "--json"])
        return json.loads(out.getvalue())["photos"]

    assert top5(tmp_path / name) == top5(every_recipe[0] / name)


def test_default_recipes_are_four():
    assert len(DEFAULT_RECIPES) == 4


# ---------------------------------------------------------------------------- bad input

REFUSED = {
    "unknown model": (["--model", "ghostnet_10"], "there is no model 'ghostnet_10'"),
    "unknown recipe": (["--recipe", "int8"], "there is no recipe 'int8'"),
    "unknown weights": (["--weights", "imagnet"], "there are no weights 'imagnet'"),
    "tiny size": ([*SEEDED, "--size", "8"], "--size is 8 pixels"),
    "no photos": (["--photos", "/nowhere"], "there is no folder or zip '/nowhere'"),
    "unwritable": ([*SEEDED, "--out", f"{__file__}/nowhere"], "no folder that can be written to"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_arguments_are_refused_with_a_way_out(case):
    argv, message = REFUSED[case]

    with pytest.raises(UserError) as refused:
        to_tflite.main(argv)

    assert message in str(refused.value)
    assert refused.value.fix


NAMES = st.text(max_size=12) | st.sampled_from(["ghostnet_050", "ghostnet_000", "ghostnet_1e9"])


@given(model=NAMES, recipe=st.text(max_size=12), size=st.integers(-9, 10**9))
def test_no_command_line_ends_in_a_traceback(model, recipe, size):
    argv = [f"--model={model}", f"--recipe={recipe}", f"--size={size}", "--weights=seeded"]

    with contextlib.redirect_stderr(io.StringIO()), pytest.raises((UserError, SystemExit)) as end:
        to_tflite.main(argv)

    if isinstance(end.value, SystemExit):
        assert end.value.code == 2


def test_a_zip_of_photos_serves_as_well_as_a_folder(photos, tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in photos.rglob("*.png"):
            archive.write(path, path.relative_to(photos))

    from ghostnet_tf.data.photos import Photos

    assert Photos.open(tmp_path / "photos.zip").names == Photos.open(photos).names
