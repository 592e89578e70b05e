import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from colours import IDS, RGB, SIZE, colour_model, labelled, photo, saved

from export import predict
from export.predict import main
from export.scores import softmax
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


@pytest.fixture
def some_bad(tmp_path) -> list[str]:
    """A good photo, a torn one, a web page, a file that is not there, and another good one."""
    good, last = photo(tmp_path / "sea.png", "blue"), photo(tmp_path / "rose.png", "red")
    (tmp_path / "torn.png").write_bytes(good.read_bytes()[:40])
    (tmp_path / "page.jpg").write_text("<html>")
    bad = ("torn.png", "page.jpg", "none.png")
    return [str(good), *(str(tmp_path / name) for name in bad), str(last)]


def test_after_a_bad_photo_the_others_are_answered_and_the_bad_ones_named(
    tmp_path, some_bad, capsys
):
    assert main([str(saved(tmp_path)), *some_bad, "--json"]) == 1

    out, err = capsys.readouterr()
    document = json.loads(out)
    assert [p["top"][0]["name"] for p in document["photos"]] == ["blue", "red"]
    assert [p["photo"] for p in document["photos"]] == [some_bad[0], some_bad[4]]
    assert document["skipped"] == 3 == len(document["unreadable"]) == err.count("skipped: ")
    for name, why in zip(some_bad[1:4], document["unreadable"], strict=True):
        assert name in why and why in err


def test_what_is_skipped_is_counted_for_people_too(tmp_path, some_bad, capsys):
    assert main([str(saved(tmp_path)), *some_bad]) == 1

    out, err = capsys.readouterr()
    assert "sea.png" in out and "rose.png" in out and "page.jpg" not in out
    assert err.endswith("skipped 3 of 5 photos that cannot be read\n")


def test_if_no_photo_can_be_read_nothing_is_printed(tmp_path, some_bad, capsys):
    with pytest.raises(UserError, match="none of the 3 photos can be read") as error:
        main([str(saved(tmp_path)), *some_bad[1:4], "--json"])

    out, err = capsys.readouterr()
    assert out == "" and error.value.exit_code == 2
    assert all(name in err for name in some_bad[1:4])


def test_a_folder_stands_for_its_photos_in_order(tmp_path, capsys):
    folder = labelled(tmp_path / "photos", each=7)  # more than one batch

    found = answers(capsys, saved(tmp_path), folder, photo(tmp_path / "sea.png", "blue"))

    told = [str(folder / id / f"{i}.png") for id in IDS for i in range(7)]
    assert [p["photo"] for p in found] == [*told, str(tmp_path / "sea.png")]
    names = [name for name in RGB for _ in range(7)]
    assert [p["top"][0]["name"] for p in found] == [*names, "blue"]


def test_a_bad_photo_in_a_folder_and_an_empty_folder_are_skipped(tmp_path, capsys):
    folder = labelled(tmp_path / "photos", each=1)
    (folder / IDS[1] / "0.png").write_bytes(b"no photo")
    (tmp_path / "empty").mkdir()

    assert main([*map(str, (saved(tmp_path), folder, tmp_path / "empty")), "--json"]) == 1

    document = json.loads(capsys.readouterr().out)
    torn, empty = document["unreadable"]
    assert len(document["photos"]) == 5
    assert f"{IDS[1]}/0.png" in torn and str(folder) in torn and "BytesIO" not in torn
    assert "empty" in empty and "holds no photos" in empty


def test_a_reader_that_has_seen_enough_gets_no_traceback(tmp_path):
    folder = labelled(tmp_path / "photos", each=40)
    command = [sys.executable, str(SCRIPT), str(saved(tmp_path)), str(folder)]

    with subprocess.Popen(  # noqa: S603
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()  # type: ignore[union-attr]
        said = process.stderr.read()  # type: ignore[union-attr]

    assert process.returncode == 141 and "Traceback" not in said and "BrokenPipe" not in said


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"size": 16}, r"takes images of shape \(1, 8, 8, 3\); its preprocessing makes \(1, 16"),
        ({"resample": "bilinaer"}, "no resample filter 'bilinaer'"),
        ({"std": [0.5, 0.0, 0.5]}, "std must be 3 numbers from 1e-06 to"),
        ({"crop": 0.0}, "crop must be a number from 0.001 to 1"),
        ({"mean": [0.5]}, "mean must be 3 numbers from"),
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
    assert done.stderr == "error: there is no file 'missing.tflite'\n  fix: check the path\n"
