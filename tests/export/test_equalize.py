from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from export import equalize as module
from export.calibrate import mean_snr_db, observe
from export.equalize import Channels, equalize, plan
from export.from_keras import to_float32
from export.graph import Graph
from export.parity import snr_db
from export.quantize import quantize
from export.runtime import Runtime
from ghostnet_tf.nets.resnet import PaddedShortcut


def peaks(data: bytes, images: np.ndarray) -> dict[str, np.ndarray]:
    return observe(data, images).peaks


def net(activation: str = "relu", n_classes: int = 3) -> keras.Model:
    """Every operator that the walk knows, in a dozen layers."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(8, 3, activation=activation, name="first")(inputs)
    y = layers.DepthwiseConv2D(3, padding="same", activation=activation, name="cheap")(x)
    both = layers.Concatenate(name="both")([x, y])
    squeezed = layers.GlobalAveragePooling2D(keepdims=True, name="squeeze")(both)
    gate = layers.Conv2D(16, 1, activation="hard_sigmoid", name="gate")(squeezed)
    z = layers.Multiply(name="gated")([both, gate])
    z = layers.Conv2D(16, 1, name="linear")(z)
    z = layers.Add(name="add")([z, both])
    z = layers.MaxPooling2D(2, name="small")(layers.ZeroPadding2D(1, name="pad")(z))
    z = layers.Flatten()(layers.GlobalAveragePooling2D(keepdims=True, name="mean")(z))
    return keras.Model(inputs, layers.Dense(n_classes, name="logits")(z))


@pytest.fixture(scope="module")
def photos():
    return np.random.default_rng(0).normal(size=(12, 12, 12, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def small() -> bytes:
    return to_float32(net(), 12)


def test_an_equalized_ghostnet_computes_the_same(float32, ranges, fresh_images):
    before = Runtime(float32).run(fresh_images)
    after = Runtime(equalize(float32, ranges.exponents)).run(fresh_images)

    assert snr_db(before, after) >= 110


def test_equalization_brings_the_channels_of_a_tensor_together(seen, seen_equalized):
    def spread(peaks: dict[str, np.ndarray]) -> float:
        """Median over the tensors of the largest over the median channel."""
        found = (peak for peak in peaks.values() if peak.size > 8)
        return float(np.median([peak.max() / max(np.median(peak), 1e-9) for peak in found]))

    assert spread(seen_equalized.peaks) < 0.7 * spread(seen.peaks)


def test_equalization_makes_int8_more_faithful(float32, seen, ranges, files, fresh_images):
    reference = Runtime(float32).run(fresh_images)
    unequalized = replace(ranges, spans=seen.spans("mse"), exponents={})

    before, after = (
        mean_snr_db(reference, Runtime(file).run(fresh_images))
        for file in (quantize(float32, "static_wi8_ai8", unequalized), files["static_wi8_ai8"])
    )

    assert after > before + 0.5


def test_every_ghostnet_channel_moves_but_image_gates_and_logits(float32):
    graph = Graph(float32)
    channels = Channels(graph)

    stays = {
        graph.names[tensor]
        for tensor in channels.first
        if (channels.classes(tensor) == Channels.FIXED).any()
    }

    assert {name for name in stays if "/se/expand" not in name} == {
        "image", "stem/pad", "classifier",
    }  # fmt: skip


def test_every_known_operator_lets_scales_through(small, photos):
    exponents = {name: (8,) * n for name, n in {"first": 8, "cheap": 8}.items()}

    scaled = equalize(small, exponents)

    assert snr_db(Runtime(small).run(photos), Runtime(scaled).run(photos)) > 110
    before, after = peaks(small, photos), peaks(scaled, photos)
    for name in ("first", "cheap", "both", "squeeze", "gated", "linear", "add", "pad", "mean"):
        np.testing.assert_allclose(after[name], 4 * before[name], rtol=1e-5)
    for name in ("image", "gate", "logits"):
        np.testing.assert_allclose(after[name], before[name], rtol=1e-5)


def test_random_scales_of_every_class_change_nothing(small, photos):
    """Not only the scales that a plan would choose."""
    rng = np.random.default_rng(0)
    graph = Graph(small)
    exponents = {
        graph.names[tensor]: tuple(rng.integers(-12, 12, graph.shape(tensor)[-1]).tolist())
        for tensor in graph.activations()
    }

    scaled = equalize(small, exponents)

    assert scaled != small
    assert snr_db(Runtime(small).run(photos), Runtime(scaled).run(photos)) > 110


def test_channels_of_zeros_let_the_others_scale(photos):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(inputs)
    x = PaddedShortcut(10, 2, name="wide")(x)
    data = to_float32(keras.Model(inputs, layers.Conv2D(2, 1, name="out")(x)), 12)

    scaled = equalize(data, {"wide": (8,) * 4, "conv": (4,) * 4})

    assert snr_db(Runtime(data).run(photos), Runtime(scaled).run(photos)) > 110
    before, after = peaks(data, photos), peaks(scaled, photos)
    assert np.flatnonzero(after["wide/Pad"]).tolist() == [3, 4, 5, 6]
    np.testing.assert_allclose(after["wide/Pad"], 4 * before["wide/Pad"], rtol=1e-5)


@pytest.mark.parametrize("activation", ["relu6", "hard_silu", "sigmoid"])
def test_a_network_without_a_homogeneous_activation_is_left_alone(activation, photos):
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 3, activation=activation)(inputs)
    x = layers.DepthwiseConv2D(3, activation=activation)(x)
    data = to_float32(keras.Model(inputs, layers.Conv2D(2, 1)(x)), 12)

    exponents = plan(data, peaks(data, photos))

    assert all(not any(own) for own in exponents.values())
    assert equalize(data, exponents) is data


def test_taking_relu6_for_homogeneous_would_be_noticed(monkeypatch, photos):
    data = to_float32(net("relu6"), 12)
    loud = 4 * photos
    monkeypatch.setattr(module, "HOMOGENEOUS", {"NONE", "RELU", "RELU6"})

    scaled = equalize(data, {"first": (-8,) * 8})

    assert snr_db(Runtime(data).run(loud), Runtime(scaled).run(loud)) < 60


def test_a_channel_that_never_fires_is_left_alone(small, photos):
    found = peaks(small, photos)
    found["first"][0] = found["both"][0] = 0

    assert plan(small, found)["first"][0] == 0


def test_a_small_side_of_a_concatenation_is_raised_to_the_range_of_the_whole(photos):
    inputs = keras.Input((12, 12, 3))
    x = layers.Conv2D(4, 1, activation="relu", name="first")(inputs)
    y = layers.DepthwiseConv2D(3, padding="same", activation="relu", name="cheap")(x)
    x = layers.Concatenate(name="both")([x, y])
    data = to_float32(keras.Model(inputs, layers.Conv2D(2, 1, name="out")(x)), 12)
    seen = {"first": np.full(4, 16.0), "cheap": np.ones(4)}
    seen["both"] = np.concatenate(list(seen.values()))

    exponents = plan(data, peaks(data, photos) | seen)

    assert exponents == {"cheap": (16,) * 4}  # 2 ** (16 / STEPS) = 16


def test_a_shared_constant_is_not_scaled_for_its_other_reader():
    keras.utils.set_random_seed(0)
    inputs = keras.Input((6, 6, 3))
    conv: Any = layers.Conv2D(4, 1, activation="relu", name="shared")
    conv.build((1, 6, 6, 3))
    conv.bias.assign([1.0, 2.0, 3.0, 4.0])
    a, b = conv(inputs), conv(layers.ZeroPadding2D(1)(inputs))
    ends = [layers.Conv2D(2, 1)(a), layers.Conv2D(2, 1)(b)]
    data = to_float32(keras.Model(inputs, ends), 6)
    images = np.random.default_rng(0).normal(size=(4, 6, 6, 3)).astype(np.float32)

    scaled = equalize(data, {"shared": (4, 0, -4, 8)})

    assert scaled != data
    for before, after in zip(Runtime(data).run(images), Runtime(scaled).run(images), strict=True):
        assert snr_db(before, after) > 110
