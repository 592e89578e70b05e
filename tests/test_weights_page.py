"""The commands of docs/weights.md and of the model card, as they stand there."""

import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from ghostnet_tf.nets import zoo
from ghostnet_tf.nets.seeded import seed
from tests.pasted import Clone, Said, blocks, commands, fresh_clone
from tests.published_files import file_of

DATA = os.environ.get("GHOSTNET_DATA")
CIFAR10 = "ghost_resnet56_cifar10.npz"
MODEL = "ghostnet_050"


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    """With the files that a person of that page has; seeded, and of a narrow network."""
    from tests.ghostnet_tf.torch_writer import as_zip

    clone = fresh_clone(tmp_path_factory.mktemp("weights"))
    paddle = pickle.dumps(file_of("paddle", MODEL), 2)
    (clone.home / "cache").mkdir()
    (clone.home / "cache" / f"{MODEL}_paddle.pdparams").write_bytes(paddle)
    (clone.root / "GhostNet_x1_3_pretrained.pdparams").write_bytes(paddle)
    (clone.root / "state_dict_73.98.pth").write_bytes(as_zip(file_of("official", MODEL)))
    save_checkpoint(clone.root / "ghostnet_checkpoint")
    seed(zoo.parse_model(MODEL).build()).save_weights(clone.root / "mine.weights.h5")
    shutil.make_archive(str(clone.root / "train"), "zip", clone.root / "my_photos")
    if DATA:
        shutil.copy(Path(DATA) / "ghost_resnet56_cifar10" / CIFAR10, clone.root)
    return clone


def save_checkpoint(prefix: Path) -> None:
    import tensorflow as tf

    names, values = zip(*file_of("tensorflow", MODEL).items(), strict=True)
    tf.raw_ops.SaveV2(
        prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names), tensors=values
    )


def test_published_files_become_files(clone):
    names = {said.command: said for said in pasted(clone, "./ghostnet export", CIFAR10)}

    assert len(names) == 5
    dialects = [said.stderr.count("weights read as dialect") for said in names.values()]
    assert dialects == [1, 1, 1, 1, 0]  # the last file is Keras' own
    assert len(list((clone.root / "build").glob(f"{MODEL}_*_64_float16.tflite"))) == 4
    assert len(list((clone.root / "build").glob(f"{MODEL}_paddle_224_*.tflite"))) == 4


def test_an_onnx_file_becomes_files(clone):
    pytest.importorskip("onnxsim", reason="requirements-onnx.txt is not installed")
    from tests.export.onnx_nets import network
    from tests.export.onnx_sampled import vector

    (clone.root / "network.onnx").write_bytes(network(classes=1000).SerializeToString())
    (clone.root / "landmarks.onnx").write_bytes(network().SerializeToString())
    (clone.root / "sensors.onnx").write_bytes(vector().SerializeToString())
    np.savez(clone.root / "samples.npz", numbers=np.random.default_rng(0).normal(size=(20, 12)))

    said = pasted(clone, "./ghostnet from-onnx")

    built = clone.root / "build"
    names = [path.name for path in sorted(built.glob("*_onnx_16_static_wi8_ai8.tflite"))]
    assert names == [f"{name}_onnx_16_static_wi8_ai8.tflite" for name in ("landmarks", "network")]
    assert "dB and agreement with ONNX on photos" in said[0].stdout
    assert "next: ./ghostnet predict" in said[0].stdout
    assert "ghostnet verify" in said[1].stdout
    assert "dB and agreement with ONNX on samples" in said[2].stdout


@pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
def test_the_published_ghost_resnet56_becomes_files(clone):
    pasted(clone, "./ghostnet export --model ghost_resnet56")

    stem = "ghost_resnet56_ghost_resnet56_cifar10_32"
    assert len(list((clone.root / "build").glob(f"{stem}_*.tflite"))) == 3


def test_a_network_of_ones_own_becomes_ghosts(clone):
    (code,) = [content for language, content in blocks("docs/weights.md") if language == "python"]
    (clone.root / "ghosts.py").write_text(code)

    said = clone.paste(".venv/bin/python ghosts.py")

    assert "parameters" in said.stdout


def test_the_bundled_networks_can_be_trained_again(clone):
    said = clone.read("docs/model_card.md")

    assert len(said) == 2
    for one in said:
        assert "best.safetensors" in one.stdout


def pasted(clone: Clone, start: str, but: str = "\n") -> list[Said]:
    """What the page's commands that begin so print."""
    lines = [line for block in commands("docs/weights.md") for line, _ in block]
    return [clone.paste(line) for line in lines if line.startswith(start) and but not in line]
