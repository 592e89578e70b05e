"""What every command takes from the record beside a file, and what from the file itself."""

import json
from pathlib import Path

import pytest
from colours import IDS, RGB, labelled, photo, saved

from benchmark.model import open_model
from export import evaluate, predict
from export.classifier import open_classifier
from export.ghostop.making import proof_images
from export.trusted import trusted
from export.verify import main as verify
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import record_path

NONE_OF_OURS = {
    "no JSON": b"hello",
    "empty": b"",
    "not UTF-8": b"\xff\xfe\x00",
    "a schema alone": b'{"schema": 99, "sha256": "00"}',
    "of another program": b'{"type": "micro", "micro": {"probability_cutoff": 0.9}}',
}
OPENERS = {"commands on files": trusted, "benchmark": open_model}
EDITS = {
    "labels": {"labels": [*reversed(RGB)]},
    "label_ids": {"label_ids": [*reversed(IDS)]},
    "preprocessing": {"preprocessing": {
        "size": 8, "crop": 1.0, "resample": "bicubic", "mean": [0.0] * 3, "std": [1.0] * 3,
    }},
}  # fmt: skip


def edited(path: Path, **changes) -> Path:
    content = json.loads(record_path(path).read_text()) | changes
    record_path(path).write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("content", NONE_OF_OURS)
def test_what_is_no_record_of_ours_is_none_and_one_line_says_so(content, opener, tmp_path, capsys):
    path = saved(tmp_path)
    record_path(path).write_bytes(NONE_OF_OURS[content])

    opened = OPENERS[opener](path)

    assert (opened[1] if opener == "commands on files" else opened.record) is None
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("note: the record ") and record_path(path).name in line


def test_without_any_record_nothing_is_said(tmp_path, capsys):
    path = saved(tmp_path)
    record_path(path).unlink()

    assert trusted(path)[1] is None and open_model(path).record is None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 99}, "its schema is 99, and this version reads 1"),
        ({"sha256": "0" * 64}, "is not the file that its record describes"),
        ({"labels": 3}, "labels is 3"),
    ],
)
def test_a_record_of_ours_that_is_not_the_files_is_refused(change, said, opener, tmp_path):
    with pytest.raises(UserError, match=said) as refused:
        OPENERS[opener](edited(saved(tmp_path), **change))

    assert refused.value.fix


@pytest.mark.parametrize("key", EDITS)
def test_what_stands_inside_the_file_goes_before_an_edited_record(key, tmp_path, capsys):
    path = saved(tmp_path)
    as_exported = trusted(path)[1]
    assert capsys.readouterr().err == ""

    record = trusted(edited(path, **EDITS[key]))[1]

    assert record == as_exported
    (line,) = capsys.readouterr().err.splitlines()
    assert "was changed after the export" in line and f" {key} " in line
    assert verify([str(path)]) == 1


def test_predict_and_evaluate_answer_as_the_file_says(tmp_path, capsys):
    path = edited(saved(tmp_path), **EDITS["labels"] | EDITS["preprocessing"])
    photos = labelled(tmp_path / "photos")

    assert predict.main([str(path), str(photo(tmp_path / "x.png", "red")), "--top", "1"]) == 0
    told = capsys.readouterr()
    assert told.out.endswith("  red\n") and told.err.count("note: ") == 1

    assert evaluate.main([str(path), "--labelled", str(photos)]) == 0
    told = capsys.readouterr()
    assert "100.00%" in told.out and told.err.count("note: ") == 1


def test_a_file_that_says_nothing_of_itself_is_described_by_its_record(tmp_path, capsys):
    """As other tools leave it that rewrite a file: they drop what hangs on it."""
    from colours import colour_model, colour_record

    from ghostnet_tf.base.record import save

    path, record = save(tmp_path, colour_record(), colour_model())

    assert trusted(path)[1] == record and open_classifier(path).labels.names == tuple(RGB)
    assert capsys.readouterr().err == ""


def test_proof_images_are_cut_as_the_file_says(tmp_path):
    from ghostnet_tf.data.photos import Photos

    photos = Photos.open(labelled(tmp_path / "photos"))
    path = saved(tmp_path)
    before = proof_images(*trusted(path), photos, path.name)

    after = proof_images(*trusted(edited(path, **EDITS["preprocessing"])), photos, path.name)

    assert (before == after).all()
