import errno
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.record import (
    TOOLS,
    Accuracy,
    Agreement,
    Calibration,
    artifact_name,
    load,
    read_model,
    read_record,
    record_path,
    save,
    tool_versions,
)
from tests.export.colours import colour_record

MODEL = b"\x1c\0\0\0TFL3 and so on"
KEYS_OTHERS_READ = (
    "schema model weights recipe preprocessing labels accuracy parity_db partitions sha256"
)


def full_record():
    return colour_record(
        parity_db=119.8,
        top1_agreement=Agreement(487, 500),
        accuracy=Accuracy(0.612, 0.83, 10_000),
        calibration=Calibration(200, "ab" * 32),
        versions=tool_versions(),
    )


@pytest.fixture
def pair(tmp_path):
    return save(tmp_path, full_record(), MODEL)[0]


def edit(path, **changes):
    content = json.loads(record_path(path).read_text()) | changes
    record_path(path).write_text(json.dumps(content))


def test_a_name_says_model_weights_size_and_recipe():
    name = artifact_name("ghostnet_100", "imagenet", 224, "static_wi8_ai8")

    assert name == "ghostnet_100_imagenet_224_static_wi8_ai8.tflite"


def test_a_saved_pair_is_loaded_as_it_was(tmp_path):
    path, written = save(tmp_path, full_record(), MODEL)

    assert path == tmp_path / "colours_handmade_8_float32.tflite"
    assert load(path) == (MODEL, written)
    assert replace(written, sha256="", size_bytes=0) == full_record()
    assert written.size_bytes == len(MODEL)


def test_the_record_has_the_keys_that_others_read(pair):
    content = json.loads(record_path(pair).read_text())

    assert set(KEYS_OTHERS_READ.split()) <= content.keys()
    assert content["preprocessing"].keys() == {"size", "crop", "resample", "mean", "std"}


def test_outputs_of_a_record_from_before_there_were_others_are_logits(pair):
    content = json.loads(record_path(pair).read_text())
    assert content.pop("scores") == "logits"
    record_path(pair).write_text(json.dumps(content))

    assert load(pair)[1].scores == "logits"


def test_what_was_not_measured_is_null_and_comes_back_as_none(tmp_path):
    path, _ = save(tmp_path, colour_record(), MODEL)

    assert json.loads(record_path(path).read_text())["accuracy"] is None
    assert read_record(path).accuracy is None


def test_every_tool_that_helps_to_make_a_file_is_named_with_its_version():
    depends_on_the_machine = {"ghostnet-tf", "tensorflow", "tensorflow-cpu"}

    assert "litert-quantizer" in TOOLS
    assert {*TOOLS} - depends_on_the_machine <= tool_versions().keys()


def test_a_record_of_a_tool_that_has_another_name_today_is_read_as_it_was(tmp_path):
    before = {"ai-edge-litert": "2.3.0", "ai-edge-quantizer": "0.10.0"}
    path, _ = save(tmp_path, colour_record(versions=before), MODEL)

    assert read_record(path).versions == before


def test_equal_outputs_are_recorded_as_a_number_that_json_knows(tmp_path):
    path, _ = save(tmp_path, colour_record(parity_db=float("inf")), MODEL)

    assert read_record(path).parity_db == 200


def test_a_reader_of_records_needs_neither_tensorflow_nor_numpy():
    code = (
        "import sys, ghostnet_tf.base.record;"
        "print({'numpy', 'keras', 'tensorflow'} & {*sys.modules})"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout == "set()\n"


def test_a_damaged_model_is_noticed_by_its_hash(pair):
    pair.write_bytes(MODEL[:-1] + b"!")

    with pytest.raises(CheckFailed, match=r"float32.tflite' is not the file .* SHA-256") as error:
        load(pair)
    assert error.value.exit_code == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "model.tflite")

    with pytest.raises(UserError, match="is no file"):
        read_model(tmp_path / "model.tflite")


@pytest.mark.parametrize("content", [b"<!DOCTYPE html>", b"version https://git-lfs", b"", b"TFL3"])
def test_what_is_no_tflite_is_refused_with_its_first_bytes(tmp_path, content):
    (tmp_path / "model.tflite").write_bytes(content)

    with pytest.raises(UserError, match=r"is not a .tflite file: it begins with"):
        read_model(tmp_path / "model.tflite")


def test_a_missing_file_and_a_missing_record_are_named(tmp_path, pair):
    record_path(pair).unlink()

    with pytest.raises(UserError, match=r"no file '.*other.tflite'"):
        load(tmp_path / "other.tflite")
    with pytest.raises(UserError, match=r"no record '.*float32.json'") as error:
        load(pair)
    assert "copy the .json" in error.value.fix


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"schema": 2}, "its schema is 2, and this version reads 1"),
        ({"schema": None}, "its schema is None"),
        ({"partitions": "1"}, "record.partitions is '1'"),
        ({"partitions": True}, "record.partitions is True"),
        ({"labels": ["red", 7]}, r"record.labels\[1\] is 7"),
        ({"accuracy": {"top1": 0.5, "top5": 0.8}}, "record.accuracy.n is missing"),
        ({"preprocessing": {"size": 8}}, "record.preprocessing.crop is missing"),
        ({"operators": {"plain": "x.tflite"}}, "record.operators.count is missing"),
        ({"preprocessing": {"size": "8"}}, "record.preprocessing"),
        ({"parity_db": float("inf")}, "record.parity_db is inf"),
    ],
)
def test_a_record_that_breaks_its_schema_is_refused_where_it_breaks(pair, change, complaint):
    edit(pair, **change)

    with pytest.raises(UserError, match=complaint):
        read_record(pair)


OF_A_LATER_VERSION = {"task": "trace", "outlines": {"format": "corners", "shapes": [1, [2]]}}


def test_keys_of_a_later_version_are_kept_in_their_places(pair):
    content = json.loads(record_path(pair).read_text())
    content |= OF_A_LATER_VERSION | {"others": {"even": "this name"}}
    content["preprocessing"]["interpolation"] = "area"
    content["accuracy"]["per_class"] = [0.5, 0.75]
    record_path(pair).write_text(json.dumps(content))

    record = read_record(pair)
    path, _ = save(pair.parent / "again", record, MODEL)

    assert json.loads(record_path(path).read_text()) == content
    assert record.preprocessing.keys() == {"size", "crop", "resample", "mean", "std"}


def test_what_belonged_to_an_inner_object_goes_with_it(pair):
    content = json.loads(record_path(pair).read_text())
    content["accuracy"]["per_class"] = [0.5]
    record_path(pair).write_text(json.dumps(content))

    assert replace(read_record(pair), accuracy=None).as_json()["accuracy"] is None


@pytest.mark.parametrize("key", ["operators", "tuning", "parity_on", "versions", "calibration"])
def test_a_record_from_before_a_key_takes_its_default(pair, key):
    content = json.loads(record_path(pair).read_text())
    del content[key]
    record_path(pair).write_text(json.dumps(content))

    assert getattr(read_record(pair), key) == ({} if key == "versions" else None)


@pytest.mark.parametrize("key", ["model", "labels", "preprocessing", "schema"])
def test_a_key_without_a_default_must_be_there(pair, key):
    content = json.loads(record_path(pair).read_text())
    del content[key]
    record_path(pair).write_text(json.dumps(content))

    with pytest.raises(UserError, match=f"record.{key} is missing|its schema is None"):
        read_record(pair)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=4,
)


@given(key=st.sampled_from(sorted(json.loads(full_record().to_json()))), value=JSON)
def test_no_value_in_any_field_gets_past_as_a_crash(tmp_path_factory, key, value):
    path = tmp_path_factory.getbasetemp() / "fuzzed.tflite"
    content = json.loads(full_record().to_json()) | {key: value}
    record_path(path).write_text(json.dumps(content))

    try:
        read_record(path)
    except UserError as error:
        assert "cannot be used" in str(error)


@pytest.mark.parametrize("content", [b"", b"[1]", b"nonsense", b"\xff\xfe", b"[" * 100_000])
def test_a_record_that_is_no_json_object_is_refused(pair, content):
    record_path(pair).write_bytes(content)

    with pytest.raises(UserError, match=r"the record '.*float32.json'"):
        read_record(pair)


# ---------------------------------------------------------------------------- whole or absent


def test_a_full_disk_leaves_the_old_pair_and_no_leftovers(tmp_path, pair, monkeypatch):
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    written = []

    def disk_full_at_the_second_file(fd):
        written.append(fd)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full_at_the_second_file)

    with pytest.raises(OSError, match="No space left"):
        save(tmp_path, full_record(), MODEL + b" version 2")

    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_ctrl_c_between_the_two_renames_leaves_the_whole_new_pair(tmp_path, pair, monkeypatch):
    rename, renamed = os.replace, []

    def interrupted_after_the_first(source, target):
        rename(source, target)
        renamed.append(target)
        if len(renamed) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted_after_the_first)

    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, full_record(), MODEL + b" version 2")

    assert load(pair)[0] == MODEL + b" version 2"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_where_the_folder_should_be_is_named(tmp_path):
    (tmp_path / "out").write_text("in the way")

    with pytest.raises(UserError, match=r"out' cannot be a folder: a file is in the way"):
        save(tmp_path / "out", full_record(), MODEL)


def test_a_folder_where_a_file_should_be_is_named_and_the_other_file_kept(tmp_path, pair):
    record_path(pair).unlink()
    record_path(pair).mkdir()

    with pytest.raises(UserError, match=r"float32.json' is a folder"):
        save(tmp_path, full_record(), MODEL + b" version 2")
    assert pair.read_bytes() == MODEL


def test_a_record_that_names_no_task_is_of_classify(tmp_path):
    path, _ = save(tmp_path, full_record(), MODEL)
    other, _ = save(tmp_path / "other", replace(full_record(), task="detect"), MODEL)

    assert "task" not in json.loads(record_path(path).read_text())
    assert load(path)[1].task == "classify"
    assert json.loads(record_path(other).read_text())["task"] == "detect"
    assert load(other)[1].task == "detect"
