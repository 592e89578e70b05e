import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.record import Postprocessed, load, save
from web_demo import models as command

ROOT = Path(__file__).resolve().parents[2]


def names(folder):
    return json.loads((folder / "manifest.json").read_text())["models"]


def test_measured_networks_come_first_and_int8_before_others(models):
    assert names(models) == [
        "ghostnet_050_tinyimagenet_96_static_wi8_ai8.json",
        "ghostnet_050_tinyimagenet_96_float32.json",
        "mobilenetv3_small_100_seeded_96_float32.json",
    ]


def test_other_tasks_come_behind_names_of_photos(
    exported, graph_only, detector, segmenter, spotter, tmp_path
):
    others = [spotter, segmenter, detector, graph_only]
    command.main([*map(str, [*others, *exported]), "--into", str(tmp_path)])

    assert [name.split("_96_")[-1] for name in names(tmp_path)] == [
        "static_wi8_ai8.json",
        "float32.json",
        "float32.json",
        "tinyback_100_det_drawn_64x96_float32.json",
        "tinyback_100_seg_drawn_64x96_float32.json",
        "ghost_kws_100_digits_float32.json",
    ]


def test_every_file_stands_beside_its_record_as_it_was_exported(models, exported):
    for path in exported:
        assert load(models / path.name) == load(path)


def test_what_is_not_in_the_manifest_does_not_stay(exported, tmp_path):
    command.main([*map(str, exported), "--into", str(tmp_path)])
    command.main([str(exported[1]), "--into", str(tmp_path)])

    assert names(tmp_path) == ["ghostnet_050_tinyimagenet_96_static_wi8_ai8.json"]
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".tflite"}
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("ghostnet_050_tinyimagenet_96_static_wi8_ai8_int8io.tflite", "takes no int8 image"),
        ("ghostnet_050_tinyimagenet_96_float32_ghostop.tflite", "no Ghost operator"),
        ("ghostnet_050_tinyimagenet_96_static_wi8_ai8_int8io_ghostop.tflite", "takes no int8"),
    ],
)
def test_what_our_own_command_wrote_for_other_places_is_refused(elsewhere, tmp_path, name, why):
    with pytest.raises(UserError, match=why):
        command.main([str(elsewhere / name), "--into", str(tmp_path / "models")])

    assert not (tmp_path / "models").exists()


def test_the_page_itself_says_the_same_of_each(elsewhere, node, packages, tmp_path):
    """What lies beside it may be put there by somebody else."""
    script = """
        import {readFileSync} from "node:fs";
        import {checkRecord, unsuitable} from "./web_demo/js/record.js";
        const read = (path) => checkRecord(JSON.parse(readFileSync(path)), "x.json");
        console.log(JSON.stringify(process.argv.slice(1).map((path) => unsuitable(read(path)))));
    """
    paths = sorted(elsewhere.glob("*.json"))
    stranger = tmp_path / "stranger.json"
    says = json.loads((elsewhere / "ghostnet_050_tinyimagenet_96_float32.json").read_text())
    stranger.write_text(json.dumps(says | {"task": "translate"}))
    paths.append(stranger)
    line = [node, "--input-type=module", "-e", script, *map(str, paths)]

    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True)  # noqa: S603

    assert done.returncode == 0, done.stderr
    reasons = dict(zip((path.stem for path in paths), json.loads(done.stdout), strict=True))
    assert len(reasons) == 5
    assert reasons["stranger"] == "the page does not know its task, translate"
    for path in paths[:-1]:
        assert reasons[path.stem] == command.unsuitable(load(path.with_suffix(".tflite"))[1])


def test_of_a_whole_folder_the_page_gets_what_it_can_run(elsewhere, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "BUILD", elsewhere)
    monkeypatch.setattr(command, "export_missing", lambda: None)

    command.main(["--into", str(tmp_path / "models")])

    assert names(tmp_path / "models") == ["ghostnet_050_tinyimagenet_96_float32.json"]
    assert capsys.readouterr().err.count("left out: ") == 3


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"labels": (), "label_ids": ()}, "names no classes"),
        ({"task": "translate"}, "does not know its task, translate"),
        ({"task": "segment"}, "does not say what its logits are of"),
        ({"task": "keywords", "preprocessing": None}, "does not say how it hears"),
    ],
)
def test_a_file_that_no_browser_can_run_is_refused(exported, tmp_path, change, why):
    data, record = load(exported[0])
    path, _ = save(tmp_path, replace(record, **change), data)

    with pytest.raises(UserError, match=why):
        command.main([str(path), "--into", str(tmp_path / "models")])

    assert not (tmp_path / "models").exists()


def test_a_file_that_chooses_boxes_itself_is_refused(detector, tmp_path):
    data, record = load(detector)
    chosen = Postprocessed(
        plain="x", plain_sha256="", images=1, images_from="photos", boxes=1, same=1
    )
    path, _ = save(tmp_path, replace(record, postprocess=chosen), data)

    with pytest.raises(UserError, match="no operator that chooses among boxes"):
        command.main([str(path), "--into", str(tmp_path / "models")])


def test_a_file_that_wants_its_state_back_is_refused(spotter, tmp_path):
    data, record = load(spotter)
    streaming = {"hop": 160, "states": {"before": "after"}}
    path, _ = save(tmp_path, replace(record, sound={**record.sound, "streaming": streaming}), data)

    with pytest.raises(UserError, match="has to keep its state"):
        command.main([str(path), "--into", str(tmp_path / "models")])


def test_a_damaged_file_is_refused(exported, tmp_path):
    data, record = load(exported[0])
    path, _ = save(tmp_path, record, data)
    path.write_bytes(data[:-1] + b"!")

    with pytest.raises(CheckFailed, match="not the file that its record describes"):
        command.main([str(path), "--into", str(tmp_path / "models")])


@pytest.fixture
def build(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "BUILD", tmp_path / "build")
    return tmp_path / "build"


@pytest.fixture
def asked(monkeypatch):
    """Command lines of the exporter, which is not started."""
    lines = []

    def run(line, **_):
        lines.append(" ".join(map(str, line[2:])))
        return type("Done", (), {"returncode": 0})

    monkeypatch.setattr(command.subprocess, "run", run)
    return lines


def test_only_what_is_lacking_is_exported(build, exported, asked):
    data, record = load(exported[0])
    save(build, record, data)

    command.export_missing()

    ghostnet, baseline, *_ = asked
    assert "--model ghostnet_050 --weights tinyimagenet --recipe static_wi8_ai8" in ghostnet
    assert "float32" not in ghostnet
    assert "--model mobilenetv3_large_035_delegable --weights tinyimagenet" in baseline
    assert "--recipe static_wi8_ai8 float32 " in baseline


def test_files_of_older_weights_are_exported_again(build, exported, asked):
    for path in exported:
        data, record = load(path)
        save(build, replace(record, weights_sha256="0" * 64), data)

    command.export_missing()

    assert "ghostnet_050 --weights tinyimagenet --recipe static_wi8_ai8 float32" in asked[0]
    assert asked[0].endswith(" --overwrite")  # which the exporter wants for such files


def test_strangers_in_build_are_left_out_and_named(build, exported, asked, tmp_path, capsys):
    data, record = load(exported[0])
    save(build, record, data)
    save(build, replace(record, recipe="static_wi8_ai8_int8io"), data)
    (build / "alone.tflite").write_bytes(data)

    command.main(["--into", str(tmp_path / "models")])

    assert names(tmp_path / "models") == ["ghostnet_050_tinyimagenet_96_float32.json"]
    said = capsys.readouterr().err
    assert "no int8 image" in said and "there is no record" in said
