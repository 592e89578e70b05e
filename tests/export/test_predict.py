import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from colours import SIZE, colour_model, photo, saved

from export import predict
from export.predict import main, softmax
from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.record import record_path

SCRIPT = Path(predict.__file__)


def answers(capsys, *argv) -> list[dict]:
    assert main([*map(str, argv), "--json"]) == 0
    return json.loads(capsys.readouterr().out)["photos"]


def test_a_photo_is_named_with_its_probability(tmp_path, capsys):
    assert main([str(saved(tmp_path)), str(photo(tmp_path / "sea.png", "blue"))]) == 0

    sea, first, *rest = capsys.readouterr().out.splitlines()
    assert sea.endswith("sea.png")
    assert first.split() == ["76.3%", "blue"]  # softmax of 3, 1, 1, -1, -1, -3
    assert len(rest) == 4


def test_every_photo_is_answered_in_the_order_given(tmp_path, capsys):
    colours = ["cyan", "red", "magenta"]
    photos = [photo(tmp_path / f"{i}.png", colour) for i, colour in enumerate(colours)]

    found = answers(capsys, saved(tmp_path), *photos, "--top", 2)

    assert [p["top"][0]["name"] for p in found] == colours
    assert [len(p["top"]) for p in found] == [2, 2, 2]


def test_without_a_record_the_files_own_metadata_serves(tmp_path, capsys):
    path, sea = saved(tmp_path), photo(tmp_path / "sea.png", "blue")
    with_record = answers(capsys, path, sea)
    record_path(path).unlink()

    assert answers(capsys, path, sea) == with_record


def test_a_network_that_ends_in_a_softmax_gets_no_second_one(tmp_path, capsys):
    path = saved(tmp_path, colour_model(softmax=True))

    found = answers(capsys, path, photo(tmp_path / "sea.png", "blue"))

    assert found[0]["top"][0]["probability"] == pytest.approx(0.7635, abs=1e-4)


def test_large_logits_do_not_overflow():
    np.testing.assert_allclose(softmax(np.array([1000.0, 1000.0, -1000.0])), [0.5, 0.5, 0])


def test_a_file_that_says_nothing_of_itself_is_refused(tmp_path):
    (tmp_path / "bare.tflite").write_bytes(colour_model())

    with pytest.raises(UserError, match="neither a record beside it nor metadata inside") as error:
        main([str(tmp_path / "bare.tflite"), str(photo(tmp_path / "sea.png", "blue"))])
    assert "copy the .json" in error.value.fix


def test_a_file_that_is_not_the_one_of_its_record_is_not_used(tmp_path):
    path = saved(tmp_path)
    path.write_bytes(colour_model())

    with pytest.raises(CheckFailed, match="is not the file that its record describes"):
        main([str(path), str(photo(tmp_path / "sea.png", "blue"))])


def test_all_unreadable_photos_are_named_and_nothing_is_half_printed(tmp_path, capsys):
    good = photo(tmp_path / "sea.png", "blue")
    (tmp_path / "torn.png").write_bytes(good.read_bytes()[:40])
    (tmp_path / "page.jpg").write_text("<html>")
    photos = [str(tmp_path / name) for name in ("sea.png", "torn.png", "page.jpg", "none.png")]

    with pytest.raises(UserError, match=r"torn.png'.*page.jpg'.*none.png'") as error:
        main([str(saved(tmp_path)), *photos, "--json"])

    assert "sea.png" not in str(error.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"size": 16}, r"takes images of shape \(1, 8, 8, 3\); its preprocessing makes \(1, 16"),
        ({"resample": "bilinaer"}, "no resample filter 'bilinaer'"),
        ({"std": [0.5, 0.0, 0.5]}, "must be above 0"),
        ({"crop": 0.0}, "make no image"),
        ({"mean": [0.5]}, "must have three numbers each"),
    ],
)
def test_preprocessing_that_cannot_be_carried_out_is_refused(tmp_path, changes, complaint):
    fields = {"size": SIZE, "crop": 1.0, "resample": "bilinear", "mean": [0.5] * 3}
    path = saved(tmp_path, preprocessing={**fields, "std": [0.5] * 3, **changes})

    with pytest.raises(UserError, match=complaint):
        main([str(path), str(photo(tmp_path / "sea.png", "blue"))])


def test_one_label_too_many_is_refused(tmp_path):
    names, ids = ("background", *"abcdef"), ("bg", *"abcdef")
    path = saved(tmp_path, labels=names, label_ids=ids)

    with pytest.raises(UserError, match="7 labels cannot name the 6 classes"):
        main([str(path), str(photo(tmp_path / "sea.png", "blue"))])


def test_the_script_runs_from_any_folder_and_tells_errors_in_two_lines(tmp_path):
    done = subprocess.run(  # noqa: S603
        [sys.executable, SCRIPT, "missing.tflite", "photo.png"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: there is no file 'missing.tflite'\n"
