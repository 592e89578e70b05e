import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

from export.contract import GHOSTNET_OPS
from export.from_keras import to_float32
from export.graph import Graph
from export.parity import snr_db
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError


def test_ghostnet_becomes_175_builtin_operators(float32):
    counts = Graph(float32).counts()

    assert counts == GHOSTNET_OPS
    assert counts.total() == 175


def test_the_file_computes_what_the_model_computes(seeded, float32, fresh_images):
    reference = seeded(fresh_images, training=False).numpy()

    assert snr_db(reference, Runtime(float32).run(fresh_images)) > 100


def test_batch_is_one_and_every_shape_static(float32):
    graph = Graph(float32)

    assert Runtime(float32).input_shape == (1, 64, 64, 3)
    assert not [name for i, name in enumerate(graph.names) if graph.is_dynamic(i)]


def test_tensors_are_named_after_their_layers(float32):
    graph = Graph(float32)
    written = {graph.names[tensor] for tensor in graph.activations()}

    assert {"image", "classifier", "stem/act", "block_03/se", "block_06/add"} <= written
    assert {"block_06/ghost1/primary/act", "block_06/ghost2/cheap_1/norm"} <= written
    assert "block_06/ghost1/primary/act/kernel" in graph.names
    assert len(set(graph.names)) == len(graph.names)


def test_second_conversion_is_byte_identical_even_after_other_models(small_net, small_float32):
    keras.Model(inputs := keras.Input((8, 8, 3)), layers.Conv2D(2, 3)(inputs))

    assert to_float32(small_net, 16) == small_float32


def a_small_sequential_net():
    keras.utils.set_random_seed(0)
    conv = layers.Conv2D(4, 3, name="conv")
    norm = layers.BatchNormalization(name="norm")
    return keras.Sequential([keras.Input((8, 8, 3)), conv, norm], name="net")


def test_another_process_writes_the_same_bytes():
    program = (
        "import sys; from export.from_keras import to_float32\n"
        "from test_from_keras import a_small_sequential_net\n"
        "sys.stdout.buffer.write(to_float32(a_small_sequential_net(), 8))"
    )
    other = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
    )

    assert to_float32(a_small_sequential_net(), 8) == other.stdout


def test_twelve_outputs_keep_their_order_and_names():
    inputs = keras.Input((8, 8, 3))
    taps = [layers.Conv2D(i + 1, 1, name=f"tap_{i:02d}")(inputs) for i in range(12)]
    model = keras.Model(inputs, taps[::-1])

    data = to_float32(model, 8)

    graph = Graph(data)
    assert [graph.names[tensor] for tensor in graph.outputs] == [f"tap_{i:02d}" for i in range(12)][
        ::-1
    ]
    image = np.ones((1, 8, 8, 3), np.float32)
    for ours, keras_ in zip(Runtime(data).run(image), model(image), strict=True):
        np.testing.assert_allclose(ours, keras_, rtol=1e-5, atol=1e-6)


def test_batch_norm_dropout_and_augmentation_run_in_inference_mode():
    inputs = keras.Input((8, 8, 3))
    x = layers.RandomFlip()(inputs)
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(x))
    model = keras.Model(inputs, layers.Dropout(0.9)(x))

    assert Graph(to_float32(model, 8)).counts() == {"CONV_2D": 1}


def test_any_size_is_given_at_conversion():
    inputs = keras.Input((None, None, 3))
    model = keras.Model(inputs, layers.Conv2D(2, 3)(inputs))

    assert Runtime(to_float32(model, (12, 20))).input_shape == (1, 12, 20, 3)


def test_a_model_built_for_another_size_is_refused(small_net):
    with pytest.raises(UserError, match=r"built for \(None, 16, 16, 3\), not for \(1, 32, 32, 3\)"):
        to_float32(small_net, 32)


def test_a_model_without_one_image_input_is_refused():
    model = keras.Model(vector := keras.Input((8,)), layers.Dense(2)(vector))

    with pytest.raises(UserError, match="one image input"):
        to_float32(model, 8)


@keras.saving.register_keras_serializable(package="tests")
class Unknown(layers.Layer):
    def call(self, x):
        import tensorflow as tf

        return tf.raw_ops.Betainc(a=ops.abs(x), b=ops.abs(x), x=ops.sigmoid(x))


def test_what_the_converter_refuses_is_named_with_its_layer_and_quietly(capfd):
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, Unknown(name="odd_one")(inputs))

    with pytest.raises(UserError, match=r"refused the model: Betainc in odd_one$") as refused:
        to_float32(model, 8)

    assert refused.value.exit_code == 2
    assert capfd.readouterr() == ("", "")


@ops.custom_gradient
def halved_gradient(x):
    def gradient(*args, upstream=None):
        return (args[0] if upstream is None else upstream) / 2

    return ops.multiply(ops.tanh(x), 2), gradient


def tf_swish(x):
    import tensorflow as tf

    return tf.nn.silu(x, beta=1.5)  # whose beta is captured by its gradient


class Squeezed(layers.Layer):
    """Squeeze-and-excite with SiLU, as EfficientNet has it."""

    def call(self, x):
        return x * ops.sigmoid(ops.silu(ops.mean(x, axis=(1, 2), keepdims=True)))


CUSTOM_GRADIENTS = {
    "swish as an activation": lambda x: layers.Conv2D(4, 3, activation="swish")(x),
    "a layer of SiLU": lambda x: layers.Activation("silu")(layers.Conv2D(4, 3)(x)),
    "keras.ops": lambda x: ops.silu(layers.Conv2D(4, 3)(x)),
    "TensorFlow's, with a beta": layers.Lambda(tf_swish),
    "one of one's own": layers.Lambda(halved_gradient),
    "in a gate": lambda x: Squeezed()(layers.Conv2D(4, 3)(x)),
    "GELU": lambda x: layers.Conv2D(4, 3, activation="gelu")(x),
}


@pytest.mark.parametrize("kind", CUSTOM_GRADIENTS)
def test_operations_with_gradients_of_their_own_convert(kind):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, CUSTOM_GRADIENTS[kind](inputs))
    images = np.random.default_rng(0).normal(size=(4, 8, 8, 3)).astype(np.float32)

    assert snr_db(model(images), Runtime(to_float32(model, 8)).run(images)) > 100
