import keras
import numpy as np
import pytest
from keras import layers

from ghostnet_tf.nets.counts import macs, parameters
from ghostnet_tf.nets.resnet import (
    DepthwiseNorm,
    GhostResNet50,
    GhostResNet56,
    PaddedShortcut,
    ResidualBlock,
    ResNet50,
    ResNet56,
)
from tests.ghostnet_tf import reference
from tests.ghostnet_tf.nets.test_layers import EQUAL, image, out, randomised
from tests.ghostnet_tf.reference import ghost_module, inside, relu
from tests.planted import changed


@pytest.mark.parametrize(
    ("model", "trainable", "multiply_adds"),
    [
        (lambda: ResNet56(input_shape=(32, 32, 3)), 853_018, 125_485_696),  # .85 M, 125 M
        (lambda: GhostResNet56(input_shape=(32, 32, 3)), 438_154, 65_286_784),  # .43 M, 63 M
        (lambda: GhostResNet56(2, 1, input_shape=(32, 32, 3)), 430_090, 63_222_400),
        (lambda: ResNet50(input_shape=(224, 224, 3)), 25_557_032, 4_089_184_256),  # 25.6 M, 4.1 G
        (lambda: GhostResNet50(2, input_shape=(224, 224, 3)), 13_953_512, 2_151_023_360),  # 2.2 G
        (lambda: GhostResNet50(4, input_shape=(224, 224, 3)), 8_151_752, 1_181_942_912),  # 1.2 G
    ],
    ids=["resnet56", "ghost56", "ghost56, d=1", "resnet50", "ghost50, s=2", "ghost50, s=4"],
)
def test_a_network_costs_what_its_docstring_says(model, trainable, multiply_adds):
    built = model()

    assert (parameters(built)[0], macs(built)) == (trainable, multiply_adds)


def padded_shortcut(x, filters, strides):
    new = (filters - x.shape[-1]) // 2
    return np.pad(x[:, ::strides, ::strides], ((0, 0), (0, 0), (0, 0), (new, new)))


def block(weights, x, filters, strides, bottleneck, drop_in):
    """A residual block in numpy: (kernels come from the weights) the widths are theirs."""
    y, n = x, 3 if bottleneck else 2
    for i in range(1, n + 1):
        ghost, is_last = inside(weights, f"conv{i}"), i == n
        width = sum(w.shape[-1 if "primary" in p else 2] for p, w in ghost.items() if "kernel" in p)
        stride = strides if i == (2 if bottleneck else 1) else 1
        activation = relu if drop_in or not is_last else lambda z: z
        y = ghost_module(ghost, y, width, stride, activation)
        if drop_in:
            norm = inside(weights, f"conv{i}_norm")
            y = (y - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-5)
            y = y * norm["gamma"] + norm["beta"]
            y = y if is_last else relu(y)
    if shortcut := inside(weights, "shortcut"):
        x = ghost_module(shortcut, x, filters, strides, lambda z: z)
    elif y.shape != x.shape:
        x = padded_shortcut(x, filters, strides)
    return relu(x + y)


BLOCKS = [  # filters, inside, strides, drop_in
    (8, 0, 1, False),  # an identity shortcut
    (16, 0, 2, False),
    (16, 0, 2, True),
    (8, 4, 1, False),
    (16, 4, 2, False),
    (16, 4, 1, True),
]


@pytest.mark.parametrize(("filters", "width", "strides", "drop_in"), BLOCKS)
@pytest.mark.parametrize("size", [8, 9])
def test_a_residual_block_agrees_with_numpy(filters, width, strides, drop_in, size):
    x = image(2, size, size, 8)
    layer = randomised(ResidualBlock(filters, width, strides, drop_in=drop_in), x)

    expected = block(reference.weights_of(layer), x, filters, strides, bool(width), drop_in)

    # A small value may be a sum of large ones, whose last bits depend on the processor.
    sums = {"rtol": 1e-4, "atol": 1e-6 * float(expected.max())}
    np.testing.assert_allclose(out(layer, x), expected, **sums)
    assert layer.compute_output_shape(x.shape) == expected.shape


def test_numpy_would_see_a_linear_second_module():
    x = image(2, 8, 8, 8)
    layer = randomised(ResidualBlock(16, strides=2, drop_in=True), x)
    expected = block(reference.weights_of(layer), x, 16, 2, False, True)
    second = next(part for part in layer.main if part.name == "conv2")

    with changed([second.primary, *second.cheap], activation=None):
        wrong = out(layer, x)

    assert np.abs(wrong - expected).max() > 0.1


@pytest.mark.parametrize("size", [4, 5])
def test_a_padded_shortcut_takes_even_rows_and_pads_on_both_sides(size):
    x = image(1, size, size, 4)

    np.testing.assert_array_equal(out(PaddedShortcut(10, 2), x), padded_shortcut(x, 10, 2))


def test_a_depthwise_norm_is_batch_norm():
    x = 2 + 3 * image(4, 5, 5, 6)
    ours = randomised(DepthwiseNorm(epsilon=1e-5, momentum=0.9), x)
    keras_own = layers.BatchNormalization(epsilon=1e-5, momentum=0.9)
    keras_own.build(x.shape)
    keras_own.set_weights(ours.get_weights())

    for training in (False, True, False):  # training moves the statistics
        expected = out(keras_own, x, training=training)
        np.testing.assert_allclose(out(ours, x, training=training), expected, **EQUAL)


@pytest.mark.parametrize(
    "layer",
    [
        ResidualBlock(16, 4, 2, 3, 5, name="bottleneck"),
        ResidualBlock(16, strides=2, drop_in=True, name="basic"),
    ],
    ids=lambda layer: layer.name,
)
def test_a_block_comes_back_from_its_config(layer):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))

    x = image(1, 8, 8, 8)
    randomised(layer, x), randomised(again, x)
    assert [v.path for v in again.weights] == [v.path for v in layer.weights]
    np.testing.assert_array_equal(out(again, x), out(layer, x))


def test_training_reaches_every_norm_of_a_block():
    x = image(4, 8, 8, 8)
    layer = randomised(ResidualBlock(16, strides=2, drop_in=True), x)
    means = [v for v in layer.weights if v.path.endswith("moving_mean")]
    before = [np.array(v) for v in means]

    layer(x, training=True)

    assert len(means) == 6
    assert all(np.any(np.array(v) != old) for v, old in zip(means, before, strict=True))


@pytest.mark.parametrize(
    ("model", "shape"), [(GhostResNet50, (None, 2, 2, 2048)), (GhostResNet56, (None, 16, 16, 64))]
)
def test_without_the_top_a_network_ends_in_a_map(model, shape):
    assert model(include_top=False, input_shape=(64, 64, 3)).output_shape == shape


def test_only_an_asked_for_stem_is_a_ghost_module():
    plain = GhostResNet56(input_shape=(32, 32, 3)).get_layer("stem")
    ghost = GhostResNet56(input_shape=(32, 32, 3), ghost_stem=True).get_layer("stem")

    assert (len(plain.cheap), len(ghost.cheap)) == (0, 1)
