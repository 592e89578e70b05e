"""The commands of docs/weights.md do what it says, as they stand there."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.test_readme import ROOT, photos, run

DATA = os.environ.get("GHOSTNET_DATA")


def commands(start: str) -> list[str]:
    """The lines of the page's code blocks that begin so."""
    page = (ROOT / "docs" / "weights.md").read_text()
    lines = "\n".join(re.findall(r"```\n(.*?)```", page, re.DOTALL)).splitlines()
    return [line for line in lines if line.startswith(start)]


def test_an_onnx_file_becomes_files(tmp_path):
    pytest.importorskip("onnxsim", reason="requirements-onnx.txt is not installed")
    from tests.export.onnx_nets import network

    photos(tmp_path / "my_photos", each=4, seed=0)
    (tmp_path / "network.onnx").write_bytes(network(classes=1000).SerializeToString())
    (tmp_path / "landmarks.onnx").write_bytes(network().SerializeToString())

    said = [run(command, tmp_path) for command in commands("python export/from_onnx.py")]

    names = [path.name for path in sorted((tmp_path / "build").glob("*_static_wi8_ai8.tflite"))]
    assert names == [f"{name}_onnx_16_static_wi8_ai8.tflite" for name in ("landmarks", "network")]
    assert "dB and agreement with ONNX on photos" in said[0]
    assert "next: python export/predict.py" in said[0] and "export/verify.py" in said[1]


@pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
def test_the_published_ghost_resnet56_becomes_files(tmp_path):
    (command,) = commands("python export/to_tflite.py --model ghost_resnet56")
    name = "ghost_resnet56_cifar10.npz"
    shutil.copy(Path(DATA or "") / "ghost_resnet56_cifar10" / name, tmp_path)

    run(command, tmp_path)

    stem = "ghost_resnet56_ghost_resnet56_cifar10_32"
    assert len(list((tmp_path / "build").glob(f"{stem}_*.tflite"))) == 3
