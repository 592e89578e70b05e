"""Networks that give classes or yes and no themselves are compared for equality, not in dB."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxsim", reason="the packages of requirements-onnx.txt are not installed")

from export import calibrate, from_onnx
from export.calibrate import choose
from export.onnx import convert
from export.parity import EQUAL, broken_gate, parity
from export.quantize import quantize
from export.runtime import Runtime
from export.verification import PASSED, verify
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.generated import generated_images
from tests.export.onnx_nets import by_onnxruntime, deciding

CASE = Path(__file__).parent / "cases" / "argmax.onnx"


def test_the_class_of_an_image_is_said_to_be_equal(tmp_path, capsys):
    arguments = "--channels rgb --preprocessing imagenet --recipe fp32 fp16".split()

    assert from_onnx.main([str(CASE), *arguments, "--out", str(tmp_path)]) == 0

    said = capsys.readouterr().out
    assert "100.00 % equal (99.9 asked)" in said and " dB (" not in said
    path = tmp_path / "argmax_onnx_64_float32.tflite"
    record = json.loads(path.with_suffix(".json").read_text())
    assert (record["parity_db"], record["parity_equal"]) == (None, 1)
    assert record["top1_agreement"] is None
    assert {check.result for check in verify(path)} == {PASSED}


def test_classes_of_pixels_logits_and_yes_and_no_are_each_compared_in_their_own_way(tmp_path):
    path = tmp_path / "four.onnx"
    path.write_bytes(deciding().SerializeToString())
    x = generated_images(12, (32, 32), seed=1)

    converted, _ = convert.from_onnx(path, is_bgr=False)
    theirs, ours = converted.run(x), Runtime(converted.float32).run(x)

    by_hand = by_onnxruntime(path.read_bytes(), x)
    assert [a.shape for a in theirs] == [(12, 16, 16), (12, 5), (12, 5), (12, 1)]
    assert len(np.unique(theirs[0])) > 4
    # the class map is square: it must not be taken for a transposed one
    assert all(np.array_equal(theirs[i], by_hand[i]) for i in (0, 2, 3))
    measured = parity(theirs, ours)
    assert measured.snr_db and measured.snr_db > 100 and measured.equal == 1
    ranges, scores = choose(converted.float32, x)  # logits judge, in dB: classes have none
    assert all(10 < score < 60 for score in scores.values())
    for recipe in ("float16", "static_wi8_ai8", "static_wi8_ai8_int8io"):
        file = Runtime(quantize(converted.float32, recipe, ranges))
        measured = parity(theirs, file.run(x))
        assert measured.equal and EQUAL[recipe] <= measured.equal <= 1
        assert broken_gate(recipe, measured, "ONNX") == []
    wrong = [np.roll(values, 1, axis=-1) for values in ours]
    assert len(broken_gate("static_wi8_ai8", parity(theirs, wrong), "ONNX")) == 2


def test_ranges_are_judged_by_what_can_be_measured_or_else_by_equal_classes():
    logits, classes = np.ones((4, 5)), np.arange(4.0)
    off, others = logits * 1.1, np.array([0.0, 1.0, 2.0, 0.0])

    assert calibrate.agreement("fi", [logits, classes], [off, others]) == pytest.approx(20)
    assert calibrate.agreement("i", [classes], [others]) == 0.75
    assert calibrate.agreement("ib", [classes, classes > 0], [others, classes > 0]) == 0.875


def test_a_square_map_that_is_the_same_in_both_orders_is_left_as_it_is():
    square = np.zeros((4, 8, 8), np.int64)

    assert convert.order_of(square, square.astype(np.float32), "classes") == (0, 1, 2)
    assert convert.order_of(square * 1.0, square * 1.0, "tokens") == (0, 1, 2)


@pytest.mark.parametrize("shape", [(), (5,), (32, 32)])
def test_an_output_without_an_axis_for_the_images_is_named(shape):
    convert.refuse_lost_axes([(1, 5), (1,)], ["a", "b"])

    with pytest.raises(UserError, match=r"output 'b' has shape \(.*; its first axis") as refused:
        convert.refuse_lost_axes([(1, 5), shape], ["a", "b"])

    assert "keep the axis of the batch" in refused.value.fix
