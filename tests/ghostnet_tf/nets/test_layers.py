import contextlib
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from ghostnet_tf.nets.conv_norm import Norm
from ghostnet_tf.nets.layers import (
    ConvNorm,
    GhostBottleneck,
    GhostModule,
    PointwiseConv2D,
    SqueezeExcite,
)
from tests.ghostnet_tf import reference
from tests.planted import (
    changed,
    keras_same_padding,
    relu_after_ghost2,
    sigmoid_gate,
    swapped_concat,
)

EQUAL = {"rtol": 1e-4, "atol": 1e-4}  # float32 here, float64 there


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def randomised(layer, x: np.ndarray):
    """Built for `x`, with weights and statistics that hide nothing."""
    layer(x)
    rng = np.random.default_rng(1)
    for variable in layer.weights:
        values = rng.normal(size=variable.shape)
        positive = variable.path.endswith(("gamma", "moving_variance"))
        variable.assign(0.5 + np.abs(values) if positive else values)
    return layer


def out(layer, x, **kwargs) -> np.ndarray:
    return np.asarray(layer(x, **kwargs))


LAYERS = [
    PointwiseConv2D(6, 1, activation="relu", name="pointwise"),
    ConvNorm(6, 3, 2, "relu", name="conv_norm"),
    ConvNorm(None, 5, 2, pad_mode="same", name="depthwise"),
    GhostModule(7, 3, 2, ratio=3, cheap_kernel=5, activation=None, name="module"),
    SqueezeExcite(3, name="se"),
    GhostBottleneck(12, 8, 5, 2, 0.25, ratio=3, cheap_kernel=5, pad_mode="same", name="block"),
]
each_layer = pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)


@pytest.mark.parametrize("filters", [7, None])
@pytest.mark.parametrize("kernel", [1, 3, 5])
@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("pad_mode", ["symmetric", "same"])
@pytest.mark.parametrize("size", [8, 9])
def test_convolution_and_norm_agree_with_numpy(filters, kernel, strides, pad_mode, size):
    x = image(2, size, size + 2, 4)
    layer = randomised(ConvNorm(filters, kernel, strides, pad_mode=pad_mode), x)

    expected = reference.conv_norm(reference.weights_of(layer), x, strides, pad_mode)

    np.testing.assert_allclose(out(layer, x), expected, **EQUAL)


def test_the_two_pad_modes_differ_at_stride_2_on_even_images_only():
    x = image(1, 8, 8, 4)
    symmetric = randomised(ConvNorm(4, 3, 2), x)
    same = randomised(ConvNorm(4, 3, 2, pad_mode="same"), x)

    assert np.abs(out(symmetric, x) - out(same, x)).max() > 0.1
    odd = x[:, :7, :7]
    np.testing.assert_allclose(out(symmetric, odd), out(same, odd), **EQUAL)


MODULES = [  # filters, kernel, strides, ratio, cheap kernel
    (8, 1, 1, 1, 3),  # s = 1: an ordinary convolution
    (8, 1, 1, 2, 3),
    (7, 1, 1, 2, 3),  # 4 + 4, of which one is cut off
    (10, 1, 1, 3, 3),  # 4 + 4 + 4, of which two are
    (9, 3, 1, 3, 5),
    (8, 3, 2, 2, 5),
    (10, 5, 2, 4, 1),
]


@pytest.mark.parametrize(("filters", "kernel", "strides", "ratio", "cheap_kernel"), MODULES)
@pytest.mark.parametrize("activation", ["relu", None])
def test_a_ghost_module_of_any_shape_agrees_with_numpy(
    filters, kernel, strides, ratio, cheap_kernel, activation
):
    x = image(2, 8, 8, 5)
    module = randomised(GhostModule(filters, kernel, strides, ratio, cheap_kernel, activation), x)

    expected = reference.ghost_module(
        reference.weights_of(module),
        x,
        filters,
        strides,
        reference.relu if activation else lambda z: z,
    )

    assert expected.shape[-1] == filters and len(module.cheap) == ratio - 1
    np.testing.assert_allclose(out(module, x), expected, **EQUAL)


BLOCKS = [  # channels in, hidden, filters, kernel, strides, se ratio
    (8, 12, 8, 3, 1, 0.0),  # an identity shortcut
    (8, 12, 10, 3, 1, 0.0),
    (8, 12, 8, 3, 2, 0.0),
    (8, 16, 12, 5, 2, 0.25),
]


@pytest.mark.parametrize(("channels", "hidden", "filters", "kernel", "strides", "se"), BLOCKS)
@pytest.mark.parametrize("pad_mode", ["symmetric", "same"])
def test_a_bottleneck_agrees_with_numpy(channels, hidden, filters, kernel, strides, se, pad_mode):
    x = image(2, 8, 8, channels)
    block = randomised(GhostBottleneck(hidden, filters, kernel, strides, se, pad_mode=pad_mode), x)

    expected = reference.bottleneck(
        reference.weights_of(block), x, hidden, filters, strides, pad_mode
    )

    np.testing.assert_allclose(out(block, x), expected, **EQUAL)


def cheap_on_unactivated(block):
    """The first module's cheap half sees what comes before the ReLU."""

    def concat(halves):
        return keras.ops.concatenate([keras.ops.relu(halves[0]), halves[1]], -1)

    stack = contextlib.ExitStack()
    stack.enter_context(changed([block.ghost1.primary], activation=None))
    stack.enter_context(changed([block.ghost1], concat=concat))
    return stack


def relu_after_depthwise(block):
    return changed([block.depthwise], activation=keras.activations.relu)


def relu_after_addition(block):
    return changed([block], add=lambda both: keras.ops.relu(both[0] + both[1]))


@pytest.mark.parametrize(
    "bug",
    [
        cheap_on_unactivated,
        relu_after_ghost2,
        relu_after_depthwise,
        relu_after_addition,
        swapped_concat,
        keras_same_padding,
        sigmoid_gate,
    ],
    ids=lambda bug: bug.__name__,
)
def test_numpy_would_see_a_planted_bug(bug):
    x = image(2, 8, 8, 8)
    block = randomised(GhostBottleneck(16, 12, 5, 2, 0.25), x)
    expected = reference.bottleneck(reference.weights_of(block), x, 16, 12, 2)

    with bug(block):
        wrong = out(block, x)

    assert np.abs(wrong - expected).max() > 0.1
    np.testing.assert_allclose(out(block, x), expected, **EQUAL)  # and is gone again


def test_only_a_plain_1x1_convolution_trains_as_a_matrix_product():
    kinds = {
        (kernel, strides): type(ConvNorm(4, kernel, strides).conv)
        for kernel in (1, 3)
        for strides in (1, 2)
    }

    assert kinds.pop((1, 1)) is PointwiseConv2D
    assert set(kinds.values()) == {layers.Conv2D}


@pytest.mark.parametrize("use_bias", [True, False])
def test_a_pointwise_convolution_is_the_same_in_training(use_bias):
    x = image(2, 5, 7, 6)
    conv = randomised(PointwiseConv2D(9, 1, activation="relu", use_bias=use_bias), x)

    np.testing.assert_allclose(out(conv, x, training=True), out(conv, x), rtol=1e-5, atol=1e-5)


def test_a_pointwise_convolution_has_the_same_gradient_in_training():
    import tensorflow as tf

    x = tf.constant(image(2, 5, 7, 6))
    conv = randomised(PointwiseConv2D(9, 1, use_bias=False), np.asarray(x))

    def gradients(training):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(conv(x, training=training) ** 2)
        return tape.gradient(loss, [x, conv.kernel.value])

    for trained, plain in zip(gradients(True), gradients(False), strict=True):
        np.testing.assert_allclose(trained, plain, rtol=1e-4, atol=1e-3)


def test_a_block_with_frozen_norms_is_the_same_in_training():
    x = image(2, 8, 8, 8)
    block = randomised(GhostBottleneck(16, 12, 5, 2, 0.25), x)
    for part in block._flatten_layers():
        if isinstance(part, layers.BatchNormalization):
            part.trainable = False

    np.testing.assert_allclose(out(block, x, training=True), out(block, x), **EQUAL)


def test_training_moves_the_statistics_by_a_tenth():
    x = image(4, 8, 8, 3)
    layer = ConvNorm(6, 3)
    layer(x, training=True)

    mean = np.asarray(layer.conv(x)).mean((0, 1, 2))

    np.testing.assert_allclose(layer.norm.moving_mean, 0.1 * mean, rtol=1e-4, atol=1e-6)


@each_layer
def test_a_layer_says_the_shape_that_it_gives(layer):
    for size in (8, 9):
        x = image(2, size, size, 8)
        assert layer.compute_output_shape(x.shape) == layer(x).shape
    open_shape = layer.compute_output_shape((None, None, None, 8))
    assert open_shape == (None, None, None, layer(x).shape[-1])


@each_layer
def test_a_layer_comes_back_from_its_config(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))

    assert type(again) is type(layer) and again.get_config() == layer.get_config()
    x = image(1, 8, 8, 8)
    randomised(layer, x), randomised(again, x)
    assert [v.path for v in again.weights] == [v.path for v in layer.weights]
    np.testing.assert_array_equal(out(again, x), out(layer, x))


def test_a_saved_model_opens_in_a_fresh_process(tmp_path):
    x = image(2, 8, 8, 8)
    inputs = keras.Input((8, 8, 8))
    model = keras.Model(inputs, GhostBottleneck(12, 7, 5, 2, 0.25, ratio=3, name="block")(inputs))
    randomised(model.get_layer("block"), x)
    model.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", x)

    code = (
        "import keras, numpy as np, ghostnet_tf.nets.layers\n"
        "y = keras.models.load_model('model.keras')(np.load('x.npy'))\n"
        "np.save('y.npy', np.asarray(y))"
    )
    root = str(Path(__file__).parents[3])
    subprocess.run(  # noqa: S603
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r})\n{code}"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), out(model, x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [ConvNorm, GhostModule])
def test_an_unknown_pad_mode_is_refused(kind):
    with pytest.raises(ValueError, match=r"pad_mode is 'valid'; it is one of \('symmetric', 'sam"):
        kind(8, pad_mode="valid")


def test_a_ratio_below_1_is_refused():
    with pytest.raises(ValueError, match="ratio is 0; it must be 1 or more"):
        GhostModule(8, ratio=0)


def test_channels_first_is_refused(monkeypatch):
    monkeypatch.setattr(keras.config, "image_data_format", lambda: "channels_first")

    with pytest.raises(ValueError, match="GhostNet is channels last"):
        ConvNorm(8)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="it is Keras' own elsewhere")
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize("shape", [(2, 3, 3, 5), (4, 1, 1, 3), (1, 7, 2, 8)])
def test_a_norm_trains_as_that_of_keras(policy, shape):
    """Outputs, gradients and statistics; few values, where n and n - 1 differ most."""
    import tensorflow as tf

    found, rounding = [], 2e-4 if policy == "float32" else 2e-2
    pull = np.random.default_rng(7).normal(0, 1, shape).astype(np.float32)  # of the loss on outputs
    for kind in (Norm, layers.BatchNormalization):
        norm = kind(epsilon=1e-5, momentum=0.7, dtype=policy)
        norm.build(shape)
        for seed, variable in enumerate(norm.weights):
            values = np.random.default_rng(seed).uniform(0.5, 2.0, variable.shape)
            variable.assign(values.astype(np.float32))
        x = tf.constant(np.random.default_rng(9).normal(3.0, 2.0, shape), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = norm(x, training=True)
            loss = tf.reduce_sum(tf.cast(y, tf.float32) * pull)
        gradients = tape.gradient(loss, [x, norm.gamma.value, norm.beta.value])
        assert y.dtype == ("float32" if policy == "float32" else "bfloat16")
        found.append([np.array(tf.cast(value, tf.float32)) for value in (y, *gradients)])
        found[-1] += [np.array(variable.numpy()) for variable in norm.weights]
        assert np.array_equal(norm(x, training=False), norm(x))  # and not those of the batch
    ours, theirs = found
    for one, other in zip(ours, theirs, strict=True):
        assert np.allclose(one, other, rtol=rounding, atol=rounding * np.abs(other).max())


def test_a_frozen_norm_keeps_its_statistics():
    norm = Norm(epsilon=1e-5, momentum=0.7)
    norm.build((2, 3, 3, 5))
    norm.trainable = False
    x = np.random.default_rng(9).normal(3.0, 2.0, (2, 3, 3, 5)).astype(np.float32)

    trained = norm(x, training=True)

    assert np.array_equal(trained, norm(x, training=False))
    assert (np.array(norm.moving_mean.numpy()) == 0).all()
