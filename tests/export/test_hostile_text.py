"""Whatever is in labels, in records and in names, a command prints lines of its own alone."""

import json
import shutil
from pathlib import Path

import pytest
from colours import RGB, labelled, photo, saved
from hostile_network import hostile_ghost

from export import evaluate, from_onnx, ghost_op, predict, to_tflite, tune, verify
from export.tuning import cost
from ghostnet_tf.base.record import record_path
from ghostnet_tf.nets import describe
from tests.hostile import FORGED, NAME, OPTION, TEXT, is_active, printed_by, steers
from web_demo import models

# Where a line ends in a label, the file is refused: test_verify.
LABELS = tuple(f"{name}{''.join(c for c in TEXT if len(c.splitlines()[0]))}" for name in RGB)


@pytest.fixture
def file(tmp_path) -> Path:
    """Under a hostile name, with hostile labels, model, weights and versions."""
    path = saved(tmp_path / "made", labels=LABELS, versions={TEXT: TEXT})
    new = tmp_path / f"{NAME}.tflite"
    shutil.copy(path, new)
    shutil.copy(record_path(path), record_path(new))
    return new


def with_record(file: Path, **changes) -> Path:
    content = json.loads(record_path(file).read_text()) | changes
    record_path(file).write_text(json.dumps(content))
    return file


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_predict(option, file, tmp_path, capsys):
    sea = photo(tmp_path / f"{NAME}.png", "blue")
    broken = tmp_path / f"{NAME}.jpg"
    broken.write_text(TEXT)

    line = [str(file), str(sea), str(broken), str(tmp_path / f"{NAME}none"), *option]
    printed = printed_by(lambda: predict.main(line), capsys)

    assert option or (FORGED in printed and "blue" in printed and "2 of 3" in printed)


@pytest.mark.parametrize(
    "changes",
    [{}, {"model": TEXT, "labels": [TEXT] * 6}, {"sha256": TEXT}, {"recipe": TEXT}, {TEXT: TEXT},
     {"schema": TEXT}, {"family": TEXT}, {"ops": {TEXT: 1}}, {"preprocessing": {TEXT: TEXT}}],
)  # fmt: skip
@pytest.mark.parametrize("option", [[], ["--json"]])
def test_verify(option, changes, file, capsys):
    with_record(file, **changes)

    printed_by(lambda: verify.main([str(file), *option]), capsys)
    printed = printed_by(lambda: verify.main([str(file), f"{file}none", *option]), capsys)

    assert "forged" in printed


@pytest.mark.parametrize("command", [predict, verify, ghost_op])
def test_a_file_that_begins_with_it_is_no_model(command, tmp_path, capsys):
    (tmp_path / f"{NAME}.tflite").write_text(TEXT)
    (tmp_path / f"{NAME}.json").write_text(TEXT)

    line = [str(tmp_path / f"{NAME}.tflite"), str(tmp_path)][: 2 - (command is not predict)]
    assert "error: " in printed_by(lambda: command.main(line), capsys)


def test_evaluate(file, tmp_path, capsys):
    photos = labelled(tmp_path / "photos", each=1)
    (photos / "c0" / f"{NAME}.png").write_text(TEXT)

    printed = printed_by(lambda: evaluate.main([str(file), "--labelled", str(photos)]), capsys)

    assert "skipped: " in printed and "100.00%" in printed and FORGED in printed


@pytest.fixture
def ghost(tmp_path) -> Path:
    return hostile_ghost(tmp_path, NAME)


def test_ghost_op(ghost, capsys):
    printed = printed_by(lambda: ghost_op.main([str(ghost)]), capsys)

    assert "wrote " in printed and FORGED in printed


def test_tune_and_its_table(ghost, capsys, monkeypatch):
    def counted(self: cost.Benchmark, files):
        self.saved = cost.replace(self.saved, target=f"emulated: {TEXT}")
        return {"rows": [{"sha256": sha, "instructions": len(data)} for sha, data in files.items()]}

    monkeypatch.setattr(cost.Benchmark, "_run", counted)
    line = [str(ghost), "--rewrites", "late_concat", "--effort", "quick"]
    printed = printed_by(lambda: tune.main(line), capsys)

    assert "all that was tried" in printed and FORGED in printed
    (table,) = ghost.parent.glob("*.md")
    text = table.read_text()
    assert not steers(text) and "&lt;b>" in text
    assert not any(map(is_active, text.splitlines()))
    assert not any(row.startswith(FORGED) for row in text.splitlines())


def test_models_beside_the_web_page(file, tmp_path, capsys):
    line = [str(file), "--into", str(tmp_path / NAME)]

    assert FORGED in printed_by(lambda: models.main(line), capsys)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (predict.main, ["a.tflite", "b", OPTION]),
        (predict.main, ["a.tflite", "b", "--top", TEXT]),
        (describe.main, [TEXT]),
        (describe.main, ["ghostnet_050", "--size", TEXT]),
        (to_tflite.main, ["--model", TEXT]),
        (to_tflite.main, ["--recipe", TEXT]),
        (to_tflite.main, ["--photos", TEXT]),
        (to_tflite.main, ["--out", f"/proc/{TEXT}"]),
        (from_onnx.main, [TEXT, "--channels", TEXT]),
        (tune.main, [TEXT]),
        (tune.main, ["a.tflite", "--core", f"{TEXT},"]),
        (tune.main, ["a.tflite", "--rewrites", TEXT]),
        (tune.main, ["a.tflite", OPTION]),
        (models.main, [OPTION]),
        (models.main, [TEXT]),
    ],
)
def test_a_command_line_that_is_refused_is_repeated_without_steering(command, line, capsys):
    assert "error: " in printed_by(lambda: command(line), capsys)
