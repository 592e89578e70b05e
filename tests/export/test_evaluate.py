import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from colours import IDS, colour_model, colour_record, labelled, photo, saved
from PIL import Image

from export.classifier import Classifier, open_classifier
from export.evaluate import main
from export.evaluation import Evaluation, evaluate
from export.printed import score_lines, score_row
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import Accuracy, PreprocessingFields
from ghostnet_tf.data.labels import IMAGENET, Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import Preprocessing

DATA = os.environ.get("GHOSTNET_DATA")
MINUS_ONE_TO_ONE = PreprocessingFields(
    size=224, crop=0.875, resample="bilinear", mean=[0.5] * 3, std=[0.5] * 3
)


@pytest.fixture
def photos(tmp_path) -> Path:
    return labelled(tmp_path / "photos")


def printed(capsys, *argv) -> dict:
    assert main([*map(str, argv), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def damaged(file: Path, turn) -> Classifier:
    """The classifier of a file, with a bug planted between its photos and its answers."""
    good = open_classifier(file)
    return Classifier(
        "planted", lambda images: turn(good.predict, images), good.preprocessing, good.labels
    )


PLANTED = {  # bug -> what it leaves of an accuracy of 1.0; BGR spares green and magenta
    "BGR": (lambda predict, images: predict(images[..., ::-1]), 1 / 3),
    "swapped class columns": (
        lambda predict, images: predict(images)[:, [1, 0, 2, 3, 4, 5]],
        2 / 3,
    ),
    "one background column": (lambda predict, images: np.roll(predict(images), 1, axis=1), 0.0),
    "NaN for an answer": (lambda predict, images: predict(images) * np.nan, 0.0),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_evaluation_sees(bug, tmp_path, photos):
    turn, left = PLANTED[bug]

    found = evaluate([damaged(saved(tmp_path), turn)], Photos.open(photos))

    assert found.accuracy(0).top1 == pytest.approx(left)


def test_a_healthy_network_has_every_photo_right(tmp_path, photos):
    assert evaluate([open_classifier(saved(tmp_path))], Photos.open(photos)).accuracy(
        0
    ) == Accuracy(1.0, 1.0, 12)


def test_accuracy_of_a_plain_function_is_that_of_its_file(photos):
    preprocessing = Preprocessing.from_dict({**colour_record().preprocessing})
    labels, done = Labels(IDS, IDS), []

    plain = Classifier("a function", Runtime(colour_model()).run, preprocessing, labels)
    found = evaluate([plain], Photos.open(photos), advance=done.append)

    assert found.accuracy(0) == Accuracy(1.0, 1.0, 12)
    assert sum(done) == 12


def test_folders_are_matched_by_name_and_not_by_position(tmp_path, photos):
    shutil.rmtree(photos / IDS[0])  # every folder now stands one place before its output

    found = evaluate([open_classifier(saved(tmp_path))], Photos.open(photos))

    assert found.accuracy(0).top1 == 1.0


def test_a_class_without_photos_is_noted(tmp_path, photos, capsys):
    shutil.rmtree(photos / IDS[0])

    main([str(saved(tmp_path)), "--labelled", str(photos)])

    assert "1 of its classes have no photos here" in capsys.readouterr().err


def test_a_folder_that_no_class_is_called_is_refused(tmp_path, photos):
    photo(photos / "crimson" / "0.png", "red")

    with pytest.raises(
        UserError, match="does not know 1 of the 7 class folders, first 'crimson'"
    ) as error:
        main([str(saved(tmp_path)), "--labelled", str(photos)])
    assert "such as 'c0'" in error.value.fix


def test_photos_without_class_folders_are_refused(tmp_path):
    photo(tmp_path / "flat" / "0.png", "red")

    with pytest.raises(UserError, match="these photos have no labels"):
        main([str(saved(tmp_path)), "--labelled", str(tmp_path / "flat")])


def test_a_limit_still_meets_every_class(tmp_path, monkeypatch):
    photos = Photos.open(labelled(tmp_path / "photos", each=4))
    seen, read = [], Photos.read
    monkeypatch.setattr(Photos, "read", lambda self, i: seen.append(self.names[i]) or read(self, i))

    evaluate([open_classifier(saved(tmp_path))], photos, limit=6)

    assert sorted(Path(name).parent.name for name in seen) == sorted(IDS)


def test_a_photo_that_cannot_be_read_is_named_skipped_and_counted(tmp_path, photos, capsys):
    (photos / IDS[2] / "0.png").write_bytes(b"no photo")

    assert main([str(saved(tmp_path)), "--labelled", str(photos), "--json"]) == 0

    out, err = capsys.readouterr()
    assert "skipped: photo 'c2/0.png' cannot be read" in err
    assert json.loads(out)["skipped"] == 1
    assert json.loads(out)["files"][0]["n"] == 11


def test_several_files_stand_side_by_side_on_the_same_photos(tmp_path, photos, capsys):
    healthy = saved(tmp_path)
    renamed = saved(tmp_path, model="misnamed", label_ids=("c1", "c0", *IDS[2:]))

    rows = printed(capsys, healthy, renamed, "--labelled", photos)["files"]

    assert [row["top1"] for row in rows] == pytest.approx([1.0, 2 / 3])
    assert rows[0]["difference"] is None
    assert rows[1]["difference"]["top1"] == pytest.approx(-1 / 3)


def test_the_table_says_when_two_files_cannot_be_told_apart(tmp_path, photos, capsys):
    file = str(saved(tmp_path))

    main([file, file, "--labelled", str(photos)])

    _, first, second = capsys.readouterr().out.splitlines()
    assert "100.00%" in first and "points" not in first
    assert second.endswith("  right for the same photos as the first")
    assert "%" not in second.split("12")[1]  # and no interval


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (1, r"-1\.00 points to the first \(95 % interval -\d.*: cannot be told apart\)$"),
        (30, r"-30\.00 points to the first \(95 % interval -\d[^:]*\)$"),
    ],
)
def test_the_table_says_how_far_apart_two_files_may_be(wrong, said):
    ranks = np.zeros((2, 100), int)
    ranks[1, :wrong] = 3
    result = Evaluation(ranks)

    _, _, second = score_lines([score_row(result, i, "a.tflite", 10) for i in (0, 1)])

    assert re.search(said, second)


@pytest.mark.parametrize(("n_classes", "shown"), [(2, "-"), (5, "-"), (6, "100.00%")])
def test_the_first_five_of_five_classes_say_nothing(n_classes, shown):
    row = score_row(Evaluation(np.zeros((1, 8), int)), 0, "a.tflite", n_classes)

    assert score_lines([row])[1].split() == ["a.tflite", "100.00%", shown, "8"]


@pytest.mark.parametrize("kind", ["folder", "zip", "other names"])
def test_photos_that_the_network_was_trained_on_are_noted(kind, tmp_path, photos, capsys):
    file = str(saved(tmp_path, trained_on=Photos.open(photos).as_one()))
    if kind == "zip":
        photos = shutil.make_archive(str(tmp_path / "photos"), "zip", photos)
    elif kind == "other names":
        for path in [*photos.rglob("*.png")]:
            path.rename(path.with_name(f"copy of {path.name}"))

    assert main([file, file, "--labelled", str(photos)]) == 0

    assert capsys.readouterr().err.count("was trained on these very photos") == 1


def test_other_photos_are_not_noted(tmp_path, photos, capsys):
    file = str(saved(tmp_path, trained_on=Photos.open(photos).as_one()))
    Image.new("RGB", (9, 9), (255, 0, 0)).save(photos / IDS[0] / "another.png")

    assert main([file, "--labelled", str(photos)]) == 0

    assert "trained on" not in capsys.readouterr().err


def test_a_zip_counts_as_a_folder(tmp_path, photos, capsys):
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", photos)

    assert printed(capsys, saved(tmp_path), "--labelled", archive)["files"][0]["top1"] == 1.0


def test_the_interval_holds_the_true_difference_19_times_in_20():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1000):  # .6 and .57, and they agree on most photos
        first = rng.random(500) < 0.6
        second = np.where(rng.random(500) < 0.1, rng.random(500) < 0.3, first)
        found = Evaluation(1 - np.array([first, second], int)).difference(1)
        held += found.low < -0.03 < found.high

    assert 930 <= held <= 970


def test_networks_that_never_disagree_still_get_an_interval():
    found = Evaluation(np.zeros((2, 100), int)).difference(1)

    assert found.low < 0 == found.top1 < found.high


@pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
def test_published_mobilenets_reach_the_accuracy_that_they_are_known_for(tmp_path):
    samples, models = Path(str(DATA)) / "imagenet_samples", Path(str(DATA)) / "mobilenet_tflite"
    for line in (samples / "labels.tsv").read_text().splitlines():
        name, index = line.split("\t")
        folder = tmp_path / "photos" / IMAGENET.ids[int(index)]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(samples / name)
    labels = Labels(("background", *IMAGENET.ids), ("background", *IMAGENET.names))
    preprocessing = Preprocessing.from_dict({**MINUS_ONE_TO_ONE})
    classifiers = [
        Classifier(path.name, Runtime(path.read_bytes(), threads=2).run, preprocessing, labels)
        for path in sorted(models.glob("*.tflite"))
    ]

    found = evaluate(classifiers, Photos.open(tmp_path / "photos"))

    top1 = [found.accuracy(i).top1 for i in range(3)]  # V2, V3-Large minimalistic, V3-Small
    assert top1 == pytest.approx([0.86, 0.84, 0.75], abs=0.02)


@pytest.mark.parametrize(
    ("changes", "is_noted"),
    [
        ({"recipe": "float16"}, False),
        ({"recipe": "float16", "weights_sha256": "1" * 64}, True),
        ({"model": "shapes", "weights_sha256": "1" * 64}, False),  # another network, on purpose
    ],
)
def test_files_of_different_weights_are_noted(tmp_path, photos, capsys, changes, is_noted):
    files = [saved(tmp_path / "a"), saved(tmp_path / "b", **changes)]

    main([*map(str, files), "--labelled", str(photos)])

    assert ("with different weights" in capsys.readouterr().err) == is_noted
