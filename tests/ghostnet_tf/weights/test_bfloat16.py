"""Numbers that NumPy does not know: bfloat16 is read exactly, anything smaller is named."""

from pathlib import Path

import keras
import numpy as np
import pytest
from small import small_net, values
from small_but_costly import safetensors

from ghostnet_tf import weights
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.weights import tf1, torch_file
from ghostnet_tf.weights.bfloat16 import widened
from tests.ghostnet_tf import torch_writer as torch

# Keras 3.15 saves TensorFlow's variables in a way that NumPy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def bits(value: np.ndarray) -> np.ndarray:
    """float32 -> the upper half of each number, as uint16."""
    return (np.ascontiguousarray(value).view(np.uint32) >> 16).astype(np.uint16)


def written(path: Path, arrays: dict[str, np.ndarray], kind: str) -> Path:
    header, data = {}, b""
    for name, array in arrays.items():
        at = [len(data), len(data) + array.nbytes]
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": at}
        data += array.tobytes()
    path.write_bytes(safetensors(header, data))
    return path


@pytest.mark.parametrize(
    ("number", "value"),
    [(0x3F80, 1.0), (0xC000, -2.0), (0x3DCD, 0.10009765625), (0x7F80, np.inf), (0x0001, 2**-133)],
)
def test_its_bits_are_the_upper_half_of_a_float32(number, value):
    for shape in ((), (1,), (1, 1)):
        wide = widened(np.full(shape, number, np.uint16))

        assert wide.dtype == np.float32 and wide.shape == shape
        assert np.all(wide == np.float32(value))


def test_a_safetensors_file_of_bfloat16_loads_exactly(source, target, tmp_path):
    halves = {name: bits(value) for name, value in values(source).items()}

    weights.load(target, str(written(tmp_path / "half.safetensors", halves, "BF16")))

    for name, value in values(target).items():
        assert np.array_equal(value.view(np.uint32), halves[name].astype(np.uint32) << 16), name


@pytest.mark.parametrize("is_legacy", [False, True])
def test_a_torch_file_of_bfloat16_is_read_exactly(is_legacy):
    numbers = np.linspace(-3, 3, 6, dtype=np.float32)
    stored, halves = torch.storage("0", 6, "BFloat16", is_legacy), bits(numbers)
    turned = torch.program({"w": torch.view(stored, 0, (2, 3), (1, 2))})
    if is_legacy:
        data = torch.legacy(turned, {"0": halves})
    else:
        data = torch.archive({"net/data.pkl": turned, "net/data/0": halves.tobytes()})

    found = torch_file.read(data, 1000)["w"]

    assert found.dtype == np.float32
    assert np.array_equal(bits(found), halves.reshape(3, 2).T)


def test_a_keras_file_of_bfloat16_loads_exactly(target, tmp_path):
    keras.config.set_dtype_policy("bfloat16")
    try:
        half = small_net()
    finally:
        keras.config.set_dtype_policy("float32")
    half.save_weights(tmp_path / "half.weights.h5")

    weights.load(target, str(tmp_path / "half.weights.h5"))

    expected = {name: value.astype(np.float32) for name, value in values(half).items()}
    assert {str(value.dtype) for value in values(half).values()} == {"bfloat16"}
    assert all(np.array_equal(expected[name], value) for name, value in values(target).items())


def test_a_tensorflow_checkpoint_of_bfloat16_is_read_exactly(tmp_path):
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        numbers = np.linspace(-3, 3, 6, dtype=np.float32).reshape(2, 3)
        tf.compat.v1.get_variable("w", initializer=tf.cast(numbers, tf.bfloat16))
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(tmp_path / "half"), write_meta_graph=False)

    found = tf1.read(tmp_path / "half", 1000)["w"]

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, numbers, rtol=2**-8)


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2", "F8_E8M0", "C64"])
def test_other_numbers_are_named(kind, target, tmp_path):
    size = 8 if kind == "C64" else 1
    path = written(tmp_path / "x.safetensors", {"w": np.zeros((4, size), np.uint8)}, kind)
    header = path.read_bytes().replace(b'"shape": [4, %d]' % size, b'"shape": [4]')
    path.write_bytes((int.from_bytes(header[:8], "little") - 3).to_bytes(8, "little") + header[8:])

    with pytest.raises(UserError, match=f"'w' holds {kind} numbers, which are not read") as error:
        weights.load(target, str(path))
    assert error.value.fix == "save the weights as float32"
