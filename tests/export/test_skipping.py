"""One bad photo among many ends no command: it is skipped, counted and named, everywhere alike."""

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from colours import IDS, labelled, saved
from keras import layers
from PIL import Image
from small_ghost import small_int8

import export.network
from export import evaluate, ghost_op, predict, to_tflite
from export.bundling import scores_by_crop
from export.network import Network
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.progress import Stages
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import IMAGENET

CASES = Path(__file__).parents[1] / "ghostnet_tf/data/cases"
BAD = ("chunk.png", "dead.png", "film.gif", "iphone.heic", "shot.dng", "torn.jpg")


def spoilt(folder: Path) -> Path:
    """Six more files in it, each unreadable in a way of its own."""
    shutil.copy(CASES / "large_text_chunk.png", folder / "chunk.png")
    (folder / "dead.png").symlink_to("nowhere")
    (folder / "film.gif").write_bytes(b"GIF89a")
    heic = b"ftypheic\0\0\0\0mif1heic"
    (folder / "iphone.heic").write_bytes((len(heic) + 4).to_bytes(4, "big") + heic)
    (folder / "shot.dng").write_bytes(b"II*\0")
    (folder / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    return folder


def noisy(folder: Path, each: int = 6, seed: int = 0) -> Path:
    """Photos in two class folders."""
    rng = np.random.default_rng(seed)
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for i in range(each):
            pixels = rng.integers(0, 256, (40, 36, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return folder


def named(document: dict, err: str) -> list[str]:
    """The files that were skipped, as JSON and stderr have them alike."""
    assert document["skipped"] == len(document["unreadable"])
    assert all(f"skipped: {why}\n" in err for why in document["unreadable"])
    found = [name for why in document["unreadable"] for name in BAD if name in why]
    assert len(found) == len(document["unreadable"])
    return sorted(found)


@pytest.fixture(scope="module")
def own() -> Network:
    keras.utils.set_random_seed(0)
    x = image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(8, 3, 2, activation="relu", name="conv")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return Network(
        model=keras.Model(image, layers.Dense(2, name="classifier")(x), name="own"),
        name="own",
        weights="trained",
        weights_sha256="0" * 64,
        preprocessing=IMAGENET.at(32),
        labels=Labels.of_folders(("a", "b")),
        family="delegable",
    )


@pytest.fixture
def exported(own, tmp_path, monkeypatch, capsys):
    """Runs `ghostnet export` with these photos; its document and what it said."""
    monkeypatch.setattr(export.network, "from_zoo", lambda *_: own)

    def run(*args: str | Path, out: str = "build") -> tuple[dict, str]:
        options = ("--recipe", "static_wi8_ai8", "--out", tmp_path / out, "--json")
        assert to_tflite.main([*map(str, (*args, *options))]) == 0
        said = capsys.readouterr()
        return json.loads(said.out), said.err

    return run


def test_an_export_calibrates_on_the_photos_that_can_be_read(exported, tmp_path):
    photos = noisy(tmp_path / "p")
    clean, _ = exported("--photos", photos)
    document, err = exported("--photos", spoilt(photos), out="other")

    assert clean["skipped"] == 0 and clean["unreadable"] == []
    assert named(document, err) == sorted(BAD)
    assert "skipped 5 of 17 photos that cannot be read\n" in err  # a raw file is not one of them
    calibration = document["files"][0]["calibration"]
    assert calibration["photos"] == 12 and calibration == clean["files"][0]["calibration"]
    assert document["files"][0]["sha256"] == clean["files"][0]["sha256"]


def test_the_record_is_honest_about_a_photo_that_fell_out(exported, tmp_path):
    photos = noisy(tmp_path / "p")
    whole, _ = exported("--photos", photos)
    (photos / "a/3.png").write_bytes(b"no photo")
    less, err = exported("--photos", photos, out="other")

    before, after = (d["files"][0]["calibration"] for d in (whole, less))
    assert (before["photos"], after["photos"]) == (12, 11) and before["sha256"] != after["sha256"]
    assert "'a/3.png'" in less["unreadable"][0] and "'a/3.png'" in err


def test_a_photo_of_one_colour_calibrates_nothing_and_is_skipped(exported, tmp_path):
    photos = noisy(tmp_path / "p")
    Image.new("RGB", (40, 40), "navy").save(photos / "a" / "lens_cap.jpg")
    document, _ = exported("--photos", photos)

    assert document["files"][0]["calibration"]["photos"] == 12
    assert document["skipped"] == 1 and "one constant colour" in document["unreadable"][0]


def test_photos_to_calibrate_and_to_score_have_one_list(exported, tmp_path):
    photos, scored = noisy(tmp_path / "p"), noisy(tmp_path / "s", each=2, seed=1)
    (photos / "a/x.png").write_bytes(b"")
    (scored / "b/y.png").write_bytes(b"")
    document, err = exported("--photos", photos, "--labelled", scored)

    assert document["files"][0]["accuracy"]["n"] == 4
    found = {
        name for name in ("a/x.png", "b/y.png") for why in document["unreadable"] if name in why
    }
    assert found == {"a/x.png", "b/y.png"} and document["skipped"] == 2
    assert err.count("skipped: ") == 2


def test_too_few_photos_left_is_an_error_that_says_why(own, tmp_path, exported, capsys):
    photos = noisy(tmp_path / "p")
    for i in range(4):
        for name in "ab":
            (photos / f"{name}/{i}.png").write_bytes(b"no photo")

    with pytest.raises(UserError, match="7 of 12 photos cannot be used, and 50% may be") as refused:
        exported("--photos", photos)
    assert refused.value.fix and not (tmp_path / "build").exists()
    assert capsys.readouterr().err.count("skipped: photo 'a/") == 4


def test_ghost_operators_are_proven_on_the_photos_that_can_be_read(tmp_path, capsys):
    (plain := tmp_path / "small.tflite").write_bytes(small_int8())
    photos = spoilt(noisy(tmp_path / "p", each=5))

    assert ghost_op.main([str(plain), "--photos", str(photos), "--json"]) == 0

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert named(document, said.err) == sorted(BAD)
    assert (document["files"][0]["images"], document["files"][0]["images_from"]) == (10, "photos")


def test_the_crop_of_bundled_weights_is_chosen_on_what_can_be_read(own, tmp_path, capsys):
    held_out = Photos.open(spoilt(noisy(tmp_path / "p" / "a")).parent)

    with pytest.raises(UserError, match="lie outside the class folders"):
        scores_by_crop(own, held_out, Stages())
    held_out = Photos.open(noisy(tmp_path / "q"))
    (tmp_path / "q/b/0.png").write_bytes(b"no photo")

    assert scores_by_crop(own, held_out, Stages()).keys() == {0.875, 1.0}
    assert len(held_out.skipped) == 1 and "skipped 1 of 12 photos" in capsys.readouterr().err


def test_an_evaluation_scores_what_can_be_read_and_names_the_rest(tmp_path, capsys):
    photos = labelled(tmp_path / "p", each=3)
    spoilt(photos / IDS[0])

    assert evaluate.main([str(saved(tmp_path)), "--labelled", str(photos), "--json"]) == 0

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert named(document, said.err) == sorted(BAD)
    assert (document["files"][0]["n"], document["files"][0]["top1"]) == (18, 1.0)


def test_a_prediction_answers_what_can_be_read_and_names_the_rest(tmp_path, capsys):
    photos = labelled(tmp_path / "p", each=3)
    spoilt(photos / IDS[0])

    assert predict.main([str(saved(tmp_path)), str(photos), "--json"]) == 1

    said = capsys.readouterr()
    document = json.loads(said.out)
    assert named(document, said.err) == sorted(BAD) and len(document["photos"]) == 18


def test_a_zip_of_photos_is_answered_like_its_folder(tmp_path, capsys):
    photos = labelled(tmp_path / "p", each=1)
    archive = shutil.make_archive(str(tmp_path / "p"), "zip", photos)

    assert predict.main([str(saved(tmp_path)), archive, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)["photos"]
    assert [one["photo"] for one in found] == [f"{archive}/{id}/0.png" for id in IDS]


def test_more_than_half_is_too_much_to_evaluate_and_half_is_not(tmp_path, capsys):
    photos, model = labelled(tmp_path / "p", each=2), str(saved(tmp_path))
    for id in IDS:
        (photos / id / "1.png").write_bytes(b"no photo")
    assert evaluate.main([model, "--labelled", str(photos), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["n"] == 6
    (photos / IDS[0] / "0.png").write_bytes(b"no photo")

    with pytest.raises(UserError, match="7 of 12 photos cannot be used"):
        evaluate.main([model, "--labelled", str(photos)])


def test_ten_are_named_and_all_are_counted(tmp_path, capsys):
    photos, model = labelled(tmp_path / "p", each=4), str(saved(tmp_path))
    for id in IDS:
        for i in range(2):
            (photos / id / f"{i}.png").write_bytes(b"no photo")

    evaluate.main([model, "--labelled", str(photos), "--json"])

    said = capsys.readouterr()
    assert said.err.count("skipped: ") == 10 and "skipped 12 of 24 photos" in said.err
    assert len(json.loads(said.out)["unreadable"]) == 12
