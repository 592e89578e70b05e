"""Networks that take (N, H, W, 3), as tf2onnx makes them."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnxsim", reason="the packages of requirements-onnx.txt are not installed")

import onnx

from export.contract import facts
from export.onnx import convert, onnx_file, worker
from export.parity import snr_db
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError
from tests import counts
from tests.export.onnx_nets import by_onnxruntime, channels_last, network, without_convolution
from tests.seeded_tensors import images

CASE = Path(__file__).parent / "cases" / "nhwc.onnx"

# -> (the network, --size, its side, operators of the flatbuffer)
NETWORKS: dict[str, tuple[Any, int | None, int, set[str]]] = {
    "from tf2onnx": (
        onnx.load(CASE), None, 64, {"PAD", "CONV_2D", "MEAN", "FULLY_CONNECTED"},
    ),
    "normalised inside, sides open": (
        channels_last(("n", "h", "w", 3)), 24, 24,
        {"SUB", "MUL", "PAD", "CONV_2D", "MEAN", "FULLY_CONNECTED"},
    ),
    "without a permutation": (
        without_convolution(), None, 24, {"FULLY_CONNECTED", "MEAN"},
    ),
}  # fmt: skip
CONVERTED = [*NETWORKS] if counts.ALL else ["from tf2onnx"]


def saved(model: Any, folder: Path) -> Path:
    path = folder / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("case", NETWORKS)
def test_the_network_is_read_as_it_takes_its_image_and_simplified_for_the_other_order(
    case, tmp_path
):
    network, size, side, _ = NETWORKS[case]
    x = images(3, side)

    whole = onnx_file.read(saved(network, tmp_path))
    says = onnx_file.signature(whole, size)
    simplified = worker.simplify(whole, says)

    assert says.is_channels_last and says.size == side
    (image,) = simplified.graph.input
    assert [d.dim_value for d in image.type.tensor_type.shape.dim] == [1, 3, side, side]
    theirs = by_onnxruntime(network.SerializeToString(), x)
    as_read = convert.runner(whole.SerializeToString(), says, is_bgr=False)(x)
    ours = by_onnxruntime(simplified.SerializeToString(), x)
    for a, b, c in zip(theirs, as_read, ours, strict=True):
        assert snr_db(a, b) > 120 and snr_db(a, c) > 110


def test_what_tf2onnx_puts_before_its_convolutions_is_gone():
    whole = onnx_file.read(CASE)

    simplified = worker.simplify(whole, onnx_file.signature(whole, None))

    assert "Transpose" in {node.op_type for node in whole.graph.node}
    assert "Transpose" not in {node.op_type for node in simplified.graph.node}


@pytest.mark.parametrize("case", CONVERTED)
def test_the_flatbuffer_takes_the_same_image_without_a_permutation(case, tmp_path):
    network, size, side, ops = NETWORKS[case]
    path = saved(network, tmp_path)

    converted, _ = convert.from_onnx(path, is_bgr=False, size=size)

    x = images(3, side)
    theirs, ours = by_onnxruntime(path.read_bytes(), x), Runtime(converted.float32).run(x)
    ours = ours if isinstance(ours, list) else [ours]
    assert min(snr_db(a, b) for a, b in zip(theirs, ours, strict=True)) > 100
    assert facts(converted.float32).ops.keys() == ops


def test_three_at_both_ends_is_channels_first_and_three_nowhere_is_no_image():
    assert not onnx_file.signature(network(image=(1, 3, 3, 3)), None).is_channels_last
    with pytest.raises(UserError, match=r"an image \(1, 3, H, W\) or \(1, H, W, 3\) is needed"):
        onnx_file.signature(network(image=(1, 16, 16, 4)), None)
    oblong = onnx_file.signature(network(image=(1, 16, 24, 3)), None)
    assert oblong.is_channels_last and oblong.size == (16, 24)  # height first
