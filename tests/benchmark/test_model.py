"""A file and its record, as the benchmark sees them."""

import pytest

from benchmark.model import open_model
from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.files import sha256


def test_a_model_with_a_record_is_called_by_it(bundled):
    assert bundled.title == "ghostnet_050 tinyimagenet static_wi8_ai8"
    assert bundled.sha256 == sha256(bundled.data)


def test_a_model_alone_is_called_by_its_file(int8):
    assert int8.record is None
    assert int8.title == "small_static_wi8_ai8"


def test_a_record_of_other_bytes_is_refused(bundled, tmp_path):
    path = tmp_path / bundled.path.name
    path.write_bytes(bundled.data + b"\0")
    path.with_suffix(".json").write_text(bundled.path.with_suffix(".json").read_text())

    with pytest.raises(CheckFailed, match="is not the file that its record describes"):
        open_model(path)


def test_what_is_no_model_is_refused(tmp_path):
    path = tmp_path / "x.tflite"
    path.write_bytes(b"not a model at all")

    with pytest.raises(UserError, match=r"is not a \.tflite file"):
        open_model(path)
