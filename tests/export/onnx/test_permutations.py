"""Networks that permute axes themselves are taken, and so are their outputs in whatever order."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxsim", reason="the packages of requirements-onnx.txt are not installed")

from export import from_onnx
from export.contract import broken_promises, facts, promise
from export.onnx import convert
from export.parity import snr_db
from export.runtime import Runtime
from export.verification import PASSED, verify
from ghostnet_tf.base.errors import UserError
from tests import counts
from tests.export.onnx_nets import permuting
from tests.seeded_tensors import images

CASES = Path(__file__).parent / "cases"
IMAGENET = "--channels rgb --preprocessing imagenet".split()


HEADS = [("det", 2), ("shuffle", 3)]


@pytest.mark.parametrize(("case", "count"), HEADS if counts.ALL else HEADS[1:])
def test_a_detectors_head_and_a_channel_shuffle_become_files(case, count, tmp_path, capsys):
    arguments = [*IMAGENET, "--recipe", "fp32", "fp16", "--out", str(tmp_path)]

    assert from_onnx.main([str(CASES / f"{case}.onnx"), *arguments]) == 0

    path = tmp_path / f"{case}_onnx_64_float32.tflite"
    assert f"the network permutes axes itself: {count} TRANSPOSE\n" in capsys.readouterr().out
    record = json.loads(path.with_suffix(".json").read_text())
    assert record["ops"]["TRANSPOSE"] == count and record["parity_db"] > 120
    assert {check.result for check in verify(path)} == {PASSED}


def test_attention_a_shuffle_of_three_boxes_and_a_square_map_are_the_networks_own(tmp_path):
    path = tmp_path / "four.onnx"
    path.write_bytes(permuting().SerializeToString())

    converted, _ = convert.from_onnx(path, is_bgr=False)

    x = images(3, 16)
    theirs, ours = converted.run(x), Runtime(converted.float32).run(x)
    assert [output.shape for output in ours] == [(3, 5), (3, 5), (3, 32, 4), (3, 4, 4, 4)]
    assert min(snr_db(a, b) for a, b in zip(theirs, ours, strict=True)) > 100
    says = facts(converted.float32)
    assert says.ops["TRANSPOSE"] == 10  # 4 of attention, 1 of its map, 3 of the shuffle, 2 of boxes
    assert broken_promises(promise("float32", "stock"), says) == []


def test_the_order_of_an_output_is_seen_in_its_shape_or_else_in_its_values():
    cube, oblong = np.arange(64.0).reshape(1, 4, 4, 4), np.zeros((1, 2, 3, 5))

    assert convert.order_of(cube.transpose(0, 3, 1, 2), cube, "map") == (0, 2, 3, 1)
    assert convert.order_of(cube, cube, "own") == (0, 1, 2, 3)
    assert convert.order_of(oblong, oblong, "own") == (0, 1, 2, 3)
    assert convert.order_of(oblong, oblong.transpose(0, 2, 3, 1), "map") == (0, 2, 3, 1)
    tokens = np.zeros((1, 7, 2))
    assert convert.order_of(tokens, tokens.transpose(0, 2, 1), "any") == (0, 2, 1)
    with pytest.raises(UserError, match=r"'odd' has shape \(1, 7, 2\) in ONNX") as refused:
        convert.order_of(tokens, np.zeros((1, 14)), "odd")
    assert refused.value.fix
