"""ONNX networks whose images are oblong or grey."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnxsim", reason="the packages of requirements-onnx.txt are not installed")

import onnx

from export import from_onnx
from export.onnx import convert, onnx_file, worker
from export.parity import snr_db
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import load
from ghostnet_tf.data.generated import generated_images
from tests import counts
from tests.export.onnx_nets import by_onnxruntime, grey_network, network
from tests.export.small_photos import small_photos

CASE = Path(__file__).parent / "cases" / "nonsq.onnx"
# -> (the network, (height, width), channels)
NETWORKS: dict[str, tuple[Any, tuple[int, int], int]] = {
    "grey, oblong": (grey_network((1, 1, 16, 28)), (16, 28), 1),
    "oblong": (onnx.load(CASE), (48, 96), 3),
    "oblong, odd, channels last": (network(image=(1, 21, 17, 3)), (21, 17), 3),
}
SIMPLIFIED = [name for name in NETWORKS if "last" not in name]
CONVERTED = SIMPLIFIED if counts.ALL else SIMPLIFIED[:1]


def saved(model: Any, folder: Path) -> Path:
    path = folder / "m.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("case", NETWORKS)
def test_sides_and_channels_are_read(case):
    model, sides, channels = NETWORKS[case]

    says = onnx_file.signature(model, None)

    assert (says.size, says.channels) == (sides, channels)
    assert says.is_channels_last == ("last" in case)


@pytest.mark.parametrize("case", SIMPLIFIED)
def test_the_network_is_run_and_simplified_for_its_shape(case):
    model, sides, channels = NETWORKS[case]
    says = onnx_file.signature(model, None)
    x = generated_images(3, sides, 5, channels)

    simplified = worker.simplify(model, says)

    (theirs,) = by_onnxruntime(model.SerializeToString(), x)
    (as_read,) = convert.runner(model.SerializeToString(), says, is_bgr=False)(x)
    (ours,) = by_onnxruntime(simplified.SerializeToString(), x)
    assert snr_db(theirs, as_read) > 120 and snr_db(theirs, ours) > 110


@pytest.mark.parametrize("case", CONVERTED)
def test_the_files_take_photos_of_that_shape(case, tmp_path):
    model, sides, channels = NETWORKS[case]
    photos = small_photos(tmp_path / "photos", (60, 44), ["."], 10, seed=0)
    colours = "grey" if channels == 1 else "rgb"

    arguments = [str(saved(model, tmp_path)), "--channels", colours, "--preprocessing", "mobilenet"]
    arguments += ["--recipe", "float32", "static_wi8_ai8", "--photos", str(photos)]
    assert from_onnx.main([*arguments, "--out", str(tmp_path)]) == 0

    for recipe in ("float32", "static_wi8_ai8"):
        data, record = load(tmp_path / f"m_onnx_{sides[0]}x{sides[1]}_{recipe}.tflite")
        assert record.preprocessing["size"] == [*sides]
        assert record.preprocessing["mean"] == [0.5] * channels
        x = generated_images(3, sides, 6, channels)
        expected = by_onnxruntime(model.SerializeToString(), x)[0]
        assert snr_db(expected, Runtime(data).run(x)) > (90 if recipe == "float32" else 10)


def test_colours_that_the_network_does_not_take_are_refused(monkeypatch):
    says = onnx_file.signature(grey_network((1, 1, 16, 28)), None)
    monkeypatch.setattr(convert, "worked", lambda *_: convert.Work(b"", b"", says))

    with pytest.raises(UserError, match=r"'image' of 'm\.onnx' has 1 channel, not 3") as refused:
        convert.from_onnx(Path("m.onnx"), is_bgr=False)
    assert refused.value.fix == "--channels grey"
