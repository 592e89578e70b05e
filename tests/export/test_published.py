"""Weights that others published, through the command into a `.tflite`."""

from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from export import to_tflite
from export.from_keras import to_float32
from export.network import from_zoo
from export.parity import snr_db
from export.runtime import Runtime
from ghostnet_tf.data import labels
from ghostnet_tf.data.preprocess import IMAGENET
from tests.ghostnet_tf.dialect_forward import B, C
from tests.published_files import file_of
from tests.seeded_tensors import images

TIMM_LOGITS = Path(__file__).parents[1] / "ghostnet_tf" / "goldens" / "timm_logits.npz"
SIZE = 64


@pytest.mark.parametrize("width", ["050", "100", "130"])
def test_the_file_of_timms_weights_gives_timms_logits(width, tmp_path):
    model, path = f"ghostnet_{width}", tmp_path / "model.safetensors"
    path.write_bytes(safetensors.numpy.save(file_of("official", model)))

    network = from_zoo(model, str(path), SIZE)

    assert network.dialect == "dialect A (official PyTorch or timm)"
    assert network.preprocessing == IMAGENET.at(SIZE) and network.weights == "model"
    assert network.labels == labels.labels("imagenet") and network.family == "ghostnet"
    outputs = Runtime(to_float32(network.model, SIZE)).run(images(2, SIZE))
    assert snr_db(np.load(TIMM_LOGITS)[width], outputs) >= 100


def test_the_command_takes_a_tensorflow_checkpoint_and_names_its_dialect(tmp_path, capsys):
    import tensorflow as tf

    tensors = file_of("tensorflow", "ghostnet_050")
    prefix = str(tmp_path / "ghostnet_checkpoint")
    names, values = zip(*tensors.items(), strict=True)
    tf.raw_ops.SaveV2(
        prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=values
    )

    arguments = ["--weights", prefix, "--recipe", "float32", "--size", str(SIZE)]
    assert to_tflite.main([*arguments, "--out", str(tmp_path)]) == 0

    said = capsys.readouterr()
    assert "weights read as dialect C (official TensorFlow)\n" in said.err
    path = tmp_path / "ghostnet_050_ghostnet_checkpoint_64_float32.tflite"
    assert str(path) in said.out
    outputs = Runtime(path.read_bytes()).run(images(2, SIZE))
    assert snr_db(C(tensors).logits(images(2, SIZE)), outputs) >= 100


def test_another_dialects_arithmetic_would_be_seen():
    """B read as A, and C without its padding: the tests of the logits are that fine."""
    tensors, x = file_of("tensorflow", "ghostnet_050"), images(2, SIZE)

    class Symmetric(C):
        pads = staticmethod(B.pads)

    class Rgb(C):
        def logits(self, x):
            return super().logits(x[..., ::-1])

    right = C(tensors).logits(x)
    assert snr_db(right, Symmetric(tensors).logits(x)) < 40
    assert snr_db(right, Rgb(tensors).logits(x)) < 40
