"""The main command, from its arguments to the files it leaves."""

import contextlib
import io
import json
import os
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from export import ghost_op, pipeline, to_tflite
from export.arguments import recipes_of
from export.contract import Promise
from export.ghostop.options import VERSION
from export.predict import main as predict
from export.recipes import DEFAULT_RECIPES, RECIPES
from export.runtime import Runtime
from export.verification import PASSED, verify
from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.suites import SUITES, Member, Suite

TINY = ["--model", "ghostnet_010", "--weights", "seeded", "--size", "32"]
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
    # At 32 px both files agree to 107.8 dB only on a processor with AVX-512, and 110 are asked.
    argv = ["--model", "ghostnet_010", "--weights", "seeded", "--size", "64", "--ghostop"]

    text = run(*argv, "--recipe", "float32", "float16", "--out", str(tmp_path))

    names = sorted(path.name for path in tmp_path.glob("*.tflite"))
    assert names == [
        f"ghostnet_010_seeded_64_{recipe}.tflite"
        for recipe in ("float16", "float16_ghostop", "float32", "float32_ghostop")
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

    assert "--photos" in refused.value.fix.typed
    (file,) = document["files"]
    assert file["weights"] == "mine"
    assert file["calibration"]["photos"] == 40
    assert file["parity_on"] == "photos"


def test_a_broken_promise_names_its_reason_and_leaves_the_old_file(tmp_path, monkeypatch):
    argv = [*SEEDED, "--recipe", "float32", "--out", str(tmp_path)]
    run(*argv)
    before = bytes_in(tmp_path)
    monkeypatch.setattr(pipeline, "promise", lambda *_, **__: Promise(partitions=2))

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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("int8", "static_wi8_ai8"),
        ("int8io", "static_wi8_ai8_int8io"),
        ("fp16", "float16"),
        ("fp32", "float32"),
        ("w8", "weight_only_wi8_afp32"),
        ("int16x8", "static_wi8_ai16"),
    ],
)
def test_short_names_of_recipes_are_understood(typed, meant):
    assert recipes_of(to_tflite.parser().parse_args(["--recipe", typed])) == (meant,)


def test_a_file_keeps_the_long_name_of_its_recipe(tmp_path):
    run(*TINY, "--recipe", "fp16", "float16", "--out", str(tmp_path))

    assert [path.name for path in tmp_path.glob("*.tflite")] == [
        "ghostnet_010_seeded_32_float16.tflite"
    ]


def test_beside_what_was_reached_stands_what_is_asked(every_recipe, tmp_path):
    printed = run(*TINY, "--recipe", "float32", "int8", "--out", str(tmp_path))
    bundled = run("--recipe", "int8", "--out", str(tmp_path))

    assert re.findall(r"dB \((\d+) asked\)", printed) == ["90", "5"]
    assert re.findall(r"dB \((\d+) asked\)", bundled) == ["15"]


def test_timings_are_of_every_stage_and_go_to_stderr(tmp_path, capsys):
    argv = [*TINY, "--recipe", "float32", "--out", str(tmp_path), "--timings", "--json"]

    assert to_tflite.main(argv) == 0

    out, err = capsys.readouterr()
    assert json.loads(out)["files"]
    seconds = dict(re.findall(r"(?m)^(\S.*?) +([\d.]+) s$", err))
    assert {"convert to float32", "run the Keras model", "float32", "all stages"} <= seconds.keys()
    parts = [float(spent) for stage, spent in seconds.items() if stage != "all stages"]
    assert abs(sum(parts) - float(seconds["all stages"])) < 0.1 * len(seconds)
    assert float(re.search(r"peak memory +([\d,]+) MiB", err)[1].replace(",", "")) > 100  # type: ignore


# ---------------------------------------------------------------------------- whose file it is


def checkpoint_of(path: Path, seed: int) -> Path:
    """Weights of a tiny GhostNet of one's own, as training leaves them."""
    import keras

    from ghostnet_tf.nets import zoo
    from ghostnet_tf.nets.seeded import seed as filled
    from ghostnet_tf.weights import checkpoint

    keras.utils.set_random_seed(seed)
    entry = zoo.parse_model("ghostnet_010")
    model = filled(entry.build(classes=2, size=64))
    head = model.get_layer("classifier")
    head.set_weights([np.random.default_rng(seed).normal(size=w.shape) for w in head.get_weights()])
    how = entry.preprocessing.at(64).to_dict()
    says = {"model": "ghostnet_010", "classes": ["cat", "dog"], "preprocessing": how}
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.save(path, {v.path: v.numpy() for v in model.weights}, says)
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """Three trainings; two of them in folders of one name."""
    folder = tmp_path_factory.mktemp("trained")
    for i, run in enumerate(("mine", "second", "elsewhere/mine")):
        checkpoint_of(folder / run / "best.safetensors", i)
    return folder


def of(folder: Path, out: Path, *more: str) -> list[str]:
    weights = str(folder / "best.safetensors")
    return ["--weights", weights, "--recipe", "float32", "--out", str(out), *more]


def test_two_trainings_give_two_files(runs, tmp_path):
    for name in ("mine", "second"):
        run(*of(runs / name, tmp_path))

    assert sorted(path.name for path in tmp_path.glob("*.tflite")) == [
        "ghostnet_010_mine_64_float32.tflite",
        "ghostnet_010_second_64_float32.tflite",
    ]


def test_a_file_of_other_weights_is_not_replaced_in_silence(runs, tmp_path):
    run(*of(runs / "mine", tmp_path))
    before = bytes_in(tmp_path)

    with pytest.raises(UserError, match="is there already, made from other weights") as refused:
        to_tflite.main(of(runs / "elsewhere/mine", tmp_path))

    assert "--overwrite" in refused.value.fix.typed and refused.value.exit_code == 2
    assert bytes_in(tmp_path) == before
    run(*of(runs / "mine", tmp_path))  # the same weights again
    assert bytes_in(tmp_path) == before
    run(*of(runs / "elsewhere/mine", tmp_path, "--overwrite"))
    after = bytes_in(tmp_path)
    assert before.keys() == after.keys() and all(before[name] != after[name] for name in after)


def test_files_of_other_weights_in_another_recipe_are_not_mixed_in_silence(runs, tmp_path, capsys):
    run(*of(runs / "mine", tmp_path))
    other = [*of(runs / "elsewhere/mine", tmp_path), "--recipe", "fp16"]

    with pytest.raises(UserError, match="is there already, made from other weights"):
        to_tflite.main(other)

    capsys.readouterr()
    run(*other, "--overwrite")
    assert "_float32.tflite' stays, and is of other weights" in capsys.readouterr().err


def test_a_file_without_a_record_is_not_replaced_in_silence(runs, tmp_path, capsys):
    run(*of(runs / "mine", tmp_path))
    (record,) = tmp_path.glob("*.json")
    record.unlink()
    capsys.readouterr()

    run(*of(runs / "mine", tmp_path))

    err = capsys.readouterr().err
    assert "is written over; there is no record" in err and record.exists()


def test_a_ghost_operator_file_of_another_plain_file_is_made_anew(runs, tmp_path, capsys):
    run(*of(runs / "mine", tmp_path, "--ghostop"))
    (ours,) = tmp_path.glob("*_ghostop.tflite")
    old = ours.read_bytes()
    with pytest.raises(UserError, match="made from other weights"):
        to_tflite.main(of(runs / "elsewhere/mine", tmp_path))

    printed = run(*of(runs / "elsewhere/mine", tmp_path, "--overwrite"))

    assert f"wrote {ours}" in printed and ours.read_bytes() != old
    assert [check.result for check in verify(ours)] == [PASSED] * 8
    assert "_ghostop" not in run(*of(runs / "elsewhere/mine", tmp_path))  # it fits: left as it is


def test_a_ghost_operator_file_whose_plain_file_went_is_not_taken_over(runs, tmp_path):
    run(*of(runs / "mine", tmp_path, "--ghostop"))
    for path in (*tmp_path.glob("*_float32.tflite"), *tmp_path.glob("*_float32.json")):
        path.unlink()

    with pytest.raises(UserError, match=r"_ghostop.tflite' is there already, made from other"):
        to_tflite.main(of(runs / "elsewhere/mine", tmp_path))


def test_a_plain_file_is_not_copied_over_another_in_silence(runs, tmp_path):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    run(*of(runs / "mine", mine))
    run(*of(runs / "elsewhere/mine", theirs))
    (plain,) = mine.glob("*.tflite")
    before = bytes_in(theirs)

    with pytest.raises(UserError, match="made from other weights"):
        ghost_op.main([str(plain), "--out", str(theirs)])

    assert bytes_in(theirs) == before
    assert ghost_op.main([str(plain), "--out", str(theirs), "--overwrite"]) == 0
    assert (theirs / plain.name).read_bytes() == plain.read_bytes()


def test_default_recipes_are_four():
    assert len(DEFAULT_RECIPES) == 4


# ---------------------------------------------------------------------------- bad input

REFUSED = {
    "unknown model": (["--model", "ghostnet_10"], "there is no model 'ghostnet_10'"),
    "unknown recipe": (["--recipe", "int4"], "there is no recipe 'int4'"),
    "unknown weights": (["--weights", "imagnet"], "there are no weights 'imagnet'"),
    "tiny size": ([*SEEDED, "--size", "8"], "--size is 8 pixels"),
    "no photos": (["--photos", "/nowhere"], "there is no folder or zip '/nowhere'"),
    "no boxes": ([*SEEDED, "--postprocess"], "finds nothing, so there are no boxes"),
    "integers": (
        ["--model", "ghostnet_050_det", "--recipe", "int8io", "--postprocess"],
        "answers in integers, and boxes are chosen among floats",
    ),
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
