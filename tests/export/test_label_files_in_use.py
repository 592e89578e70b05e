"""Labels from a person's file reach the `.tflite`, and what cannot is refused at the start."""

import json
from pathlib import Path

import pytest
from colours import IDS, RGB, labelled, photo, saved

from export import evaluate, from_onnx, predict, to_tflite, verify
from ghostnet_tf.base import quiet
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.labels import Labels

CASES = Path(__file__).parents[1] / "ghostnet_tf/data/cases"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_labels_with_a_mark_and_windows_ends_pass_verification_and_are_answered(
    encoding, tmp_path, capsys
):
    names = [f"{name} caf\u00e9" for name in RGB]
    text = "".join(f"{id}\t{name}\r\n" for id, name in zip(IDS, names, strict=True))
    (tmp_path / "labels.txt").write_bytes(text.encode(encoding))
    labels = Labels.read(tmp_path / "labels.txt")
    file = str(saved(tmp_path, labels=labels.names, label_ids=labels.ids))

    assert verify.main([file]) == 0
    capsys.readouterr()
    assert predict.main([file, str(photo(tmp_path / "sea.png", "blue")), "--json"]) == 0
    (answer,) = json.loads(capsys.readouterr().out)["photos"]
    assert (answer["top"][0]["id"], answer["top"][0]["name"]) == ("c2", "blue caf\u00e9")


@pytest.mark.parametrize("spelling", ["caf\u00e9", "cafe\u0301"])
@pytest.mark.parametrize("folder", ["caf\u00e9", "cafe\u0301"])
def test_a_folder_matches_its_label_however_the_accent_is_written(
    spelling, folder, tmp_path, capsys
):
    file = str(saved(tmp_path, label_ids=(spelling, *IDS[1:])))
    (labelled(tmp_path / "p") / IDS[0]).rename(tmp_path / "p" / folder)

    assert evaluate.main([file, "--labelled", str(tmp_path / "p"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0]["top1"] == 1.0


COMMANDS = {
    "export": (to_tflite.main, []),
    "from-onnx": (from_onnx.main, ["net.onnx", "--channels", "rgb", "--preprocessing", "imagenet"]),
    "evaluate": (evaluate.main, ["net.keras", "--labelled", "photos"]),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((CASES / "labels_cp1252.txt").read_bytes(), "not in UTF-8: line 1 .* in cp1252"),
        ("cat\nb\u2028d\n".encode(), r"label 2, .* U\+2028"),
        (b"cat\n\ndog\n", "line 2 .* is empty"),
    ],
)
def test_labels_that_cannot_be_written_are_refused_before_anything_starts(
    command, data, said, tmp_path, monkeypatch
):
    monkeypatch.setattr(quiet, "start_keras", lambda: pytest.fail("TensorFlow was started"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "labels.txt").write_bytes(data)
    main, line = COMMANDS[command]

    with pytest.raises(UserError, match=said):
        main([*line, "--labels", "labels.txt"])
    assert [path.name for path in tmp_path.iterdir()] == ["labels.txt"]
