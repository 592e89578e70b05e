"""Segmenters as networks: LR-ASPP's size and arithmetic, the stride taken out, any size."""

import keras
import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets import counts, segmenter, taps, zoo
from tests.counts import examples
from tests.drawn_shapes import BLOCKS, ZOO_ROW

NAMES = ("tinyback_100", "ghostnet_100", "mobilenetv2_050", "mobilenetv3_small_100",
         "repghostnet_050", "ghostnetv2_100", "ghost_resnet50")  # fmt: skip


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
    monkeypatch.setitem(taps.BLOCKS, "tinyback", BLOCKS)


def build(name="tinyback_100", size=(72, 100), classes=3) -> keras.Model:
    return zoo.parse_model(f"{name}_seg").build(classes=classes, size=size)


def built(low, high, classes) -> segmenter.LiteRASPP:
    head = segmenter.LiteRASPP(classes)
    head.build([(None, *low), (None, *high)])
    return head


def test_the_head_is_as_large_as_torchvisions():
    """3,221,538 of its lraspp_mobilenet_v3_large, 2,971,952 of them in the backbone."""
    head = built((65, 65, 40), (33, 33, 960), 21)

    assert counts.parameters(head)[0] + 2_971_952 == 3_221_538


def test_the_head_computes_what_torchvisions_does():
    """Which enlarges 128 channels and classifies then, in pixels of another shape than square."""
    rng = np.random.default_rng(0)
    head = built((9, 13, 4), (5, 7, 6), 3)
    for variable in head.weights:
        sign = 1 if "variance" in variable.path else rng.choice([1, -1])
        variable.assign(sign * rng.uniform(0.5, 1.5, variable.shape))
    low, high = (rng.normal(size=(1, *shape)).astype("f4") for shape in ((9, 13, 4), (5, 7, 6)))

    norm, conv = head.reduce.norm, head.reduce.conv
    x = high @ conv.kernel.numpy()[0, 0]
    gamma, beta, mean, variance = (v.numpy() for v in norm._variables())
    x = np.maximum((x - mean) / np.sqrt(variance + 1e-5) * gamma + beta, 0)
    gate = high.mean(axis=(1, 2), keepdims=True) @ head.gate.kernel.numpy()[0, 0]
    x = x * (np.clip(gate + 3, 0, 6) / 6)
    x = keras.ops.image.resize(x, (9, 13), interpolation="bilinear").numpy()
    answer = x @ head.high.kernel.numpy()[0, 0] + head.high.bias.numpy()
    answer += low @ head.low.kernel.numpy()[0, 0] + head.low.bias.numpy()

    np.testing.assert_allclose(head([low, high]).numpy(), answer, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("name", NAMES[: examples(1, len(NAMES))])
def test_the_last_stride_is_taken_out_and_every_weight_is_the_classifiers(name):
    model = build(name)
    plain = zoo.parse_model(name).build(classes=2)
    theirs = {v.path: tuple(v.shape) for v in plain.weights}

    low, high = model.get_layer("lraspp").input
    assert tuple(low.shape[1:3]) == (9, 13) and tuple(high.shape[1:3]) == (5, 7)
    own = {v.path: tuple(v.shape) for v in model.weights if not v.path.startswith("lraspp")}
    assert own and own.items() <= theirs.items()


def test_plain_convolutions_lose_their_stride_behind_a_layer_and_nowhere_else():
    image = keras.Input((32, 48, 3))
    x = keras.layers.Conv2D(4, 3, 2, "same", name="before")(image)
    middle = keras.layers.ReLU(name="middle")(x)
    x = keras.layers.DepthwiseConv2D(3, 2, "same", name="depthwise")(middle)
    x = keras.layers.Conv2D(5, 1, 2, "same", name="pointwise")(x)
    model = keras.Model(image, x)

    made = segmenter.without_last_stride(model, model.get_layer("middle"))

    assert made.output_shape == (None, 16, 24, 5) and model.output_shape == (None, 4, 6, 5)


def test_any_size_is_taken_and_height_comes_first():
    model = build(size=None)
    eighth, whole = segmenter.deployed(model, 8), segmenter.deployed(model)
    for height, width in ((32, 48), (33, 47), (72, 100)):
        image = np.zeros((1, height, width, 3), np.float32)
        small = (1, -(-height // 8), -(-width // 8), 3)
        assert tuple(model(image).shape) == tuple(eighth(image)["logits"].shape) == small
        assert whole(image)["logits"].shape == (1, height, width, 3)


def test_camvids_size_is_the_default_and_costs_as_the_page_says():
    entry = zoo.parse_model("ghostnet_050_seg")
    model = entry.build(size=entry.preprocessing.size)

    assert model.output_shape == (None, 45, 60, 11) and entry.preprocessing.fit == "stretch"
    assert f"{counts.parameters(model)[0] / 1e6:.2f}" == "0.67"
    assert f"{counts.macs(model) / 1e9:.2f}" == "0.24"


def test_what_is_too_small_is_refused():
    with pytest.raises(UserError, match="cannot see anything in 24x48 pixels"):
        build(size=(24, 48))
