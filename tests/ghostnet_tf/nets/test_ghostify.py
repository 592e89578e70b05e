from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets import counts
from ghostnet_tf.nets.ghost_conv import GhostConv2D
from ghostnet_tf.nets.ghostify import ghostify
from tests.ghostnet_tf.nets.test_layers import image, randomised

SIDE = 12


def net() -> keras.Model:
    """A stem, convolutions of every kind, and a classifier; with weights that hide nothing."""
    inputs = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="stem")(inputs)
    x = layers.Conv2D(12, (1, 5), (1, 2), "same", use_bias=False, name="normed")(x)
    x = layers.BatchNormalization(epsilon=1e-2, name="norm")(x)
    x = layers.ReLU(6, name="relu6")(x)
    y = layers.Conv2D(13, 3, dilation_rate=2, activation="silu", name="dilated")(x)
    z = layers.Conv2D(13, 5, name="valid")(x)
    z = layers.Add(name="add")([y, z])
    z = layers.GlobalAveragePooling2D(name="pool")(z)
    model = keras.Model(inputs, layers.Dense(4, name="classifier")(z), name="net")
    return randomised(model, image(1, SIDE, SIDE, 3))


def modules(model: keras.Model) -> dict[str, Any]:
    return {part.name: part for part in model._flatten_layers() if isinstance(part, GhostConv2D)}


def chain(*steps: layers.Layer, channels: int = 16) -> keras.Model:
    x = inputs = keras.Input((SIDE, SIDE, channels))
    for step in steps:
        x = step(x)
    return keras.Model(inputs, x, name="chain")


@pytest.fixture(scope="module")
def warm():
    before = net()
    return before, *ghostify(before, warm=True)


def test_every_convolution_but_the_first_becomes_a_module_of_its_shape(warm):
    before, after, _ = warm

    assert modules(after).keys() == {"normed", "dilated", "valid"}
    assert type(after.get_layer("stem")) is layers.Conv2D
    assert after.output_shape == before.output_shape
    for name in modules(after):
        wanted = before.get_layer(name).output.shape
        assert after.get_layer(name).output.shape == wanted


def test_a_module_keeps_stride_padding_dilation_bias_and_activation(warm):
    module = modules(warm[1])
    settings = ("kernel_size", "strides", "padding", "dilation_rate", "use_bias", "activation")

    for name in module:
        old, (new, *_) = warm[0].get_layer(name), module[name].primary.steps
        assert [getattr(new, s) for s in settings] == [getattr(old, s) for s in settings]
        (cheap,) = module[name].cheap
        assert cheap.steps[0].use_bias == old.use_bias
        assert cheap.steps[0].activation == old.activation
        assert cheap.steps[0].strides == cheap.steps[0].dilation_rate == (1, 1)


def test_the_norm_and_the_relu_behind_a_convolution_move_into_its_module(warm):
    _, after, _ = warm

    halves = [modules(after)["normed"].primary, *modules(after)["normed"].cheap]
    assert not {"norm", "relu6"} & {layer.name for layer in after.layers}
    for half in halves:
        _, norm, act = half.steps
        assert isinstance(norm, layers.BatchNormalization) and norm.epsilon == 1e-2
        assert isinstance(act, layers.ReLU) and act.max_value == 6


@pytest.mark.parametrize("name", ["normed", "dilated", "valid"])
@pytest.mark.parametrize("training", [False, True])
def test_a_warm_module_begins_with_the_old_channels(warm, name, training):
    before, after, _ = warm
    module = modules(after)[name]
    last = {"normed": "relu6"}.get(name, name)
    x = image(2, SIDE, SIDE, 8 if name == "normed" else 12)
    if name == "normed":
        steps = [before.get_layer(n) for n in ("normed", "norm", "relu6")]
    else:
        steps = [before.get_layer(last)]
    expected = x
    for step in steps:
        expected = step(expected, training=training) if step.name == "norm" else step(expected)

    found = np.asarray(module(x, training=training))[..., : module.intrinsic]

    expected = np.asarray(expected)[..., : module.intrinsic]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_a_warm_copy_keeps_every_other_weight(warm):
    before, after, _ = warm

    for name in ("stem", "classifier"):
        both = zip(before.get_layer(name).weights, after.get_layer(name).weights, strict=True)
        assert all(np.array_equal(old, new) and old is not new for old, new in both)


def test_a_ghost_takes_the_scale_of_the_channel_that_it_replaces():
    old = layers.BatchNormalization(name="norm")
    model = randomised(chain(layers.Conv2D(5, 3, name="conv"), old), image(1, SIDE, SIDE, 16))

    new, _ = ghostify(model, ratio=3, keep=(), warm=True)  # 2 + 2 + 1, of 6
    gammas = [np.asarray(half.steps[1].gamma) for half in modules(new)["conv"].cheap]

    np.testing.assert_array_equal(np.concatenate(gammas)[:3], np.asarray(old.gamma)[2:])
    assert gammas[1][1] == 1 and not np.any(modules(new)["conv"].cheap[0].steps[1].moving_mean)


def test_a_cold_copy_starts_afresh():
    model = chain(layers.Conv2D(8, 3, name="stem"), layers.Conv2D(8, 3, name="conv"))

    new, _ = ghostify(model)

    assert not np.array_equal(new.get_layer("stem").kernel, model.get_layer("stem").kernel)


def test_the_report_has_every_convolution_before_and_after(warm):
    before, after, report = warm
    rows = {row.name: row for row in report.rows}

    assert {name: row.kind for name, row in rows.items()} == {
        "stem": "kept: the first", "normed": "ghost", "dilated": "ghost", "valid": "ghost",
    }  # fmt: skip
    normed = rows["normed"]  # 5 weights from 8 channels and 4 numbers of BatchNorm; 12 x 6 pixels
    assert (normed.before.parameters, normed.before.macs) == (12 * 44, 72 * 12 * 40)
    assert (normed.after.parameters, normed.after.macs) == (6 * 44 + 6 * 13, 72 * 6 * (40 + 9))
    assert rows["stem"].before == rows["stem"].after
    for whole, model in ((report.before, before), (report.after, after)):
        assert whole.parameters == model.count_params() and whole.macs == counts.macs(model)
    text = str(report).splitlines()
    assert len(text) == 1 + 4 + 1 and "528 ->        342" in text[2]


def test_an_open_image_size_leaves_only_the_multiply_adds_out():
    inputs = keras.Input((None, None, 16))
    model = keras.Model(inputs, layers.Conv2D(8, 3, name="conv")(inputs))

    _, report = ghostify(model, keep=())

    assert report.before.macs is None and report.after.parameters < report.before.parameters
    assert str(report).count("-> ") == 4


def read_twice(conv, norm):
    inputs = keras.Input((SIDE, SIDE, 16))
    x = conv(inputs)
    return keras.Model(inputs, layers.Concatenate()([x, norm(x)]))


def frozen_norm(conv, norm):
    inputs = keras.Input((SIDE, SIDE, 16))
    return keras.Model(inputs, norm(conv(inputs), training=False))


def also_an_output(conv, norm):
    inputs = keras.Input((SIDE, SIDE, 16))
    x = conv(inputs)
    return keras.Model(inputs, [x, norm(x)])


def shared(conv, norm):
    inputs = keras.Input((SIDE, SIDE, 16))
    return keras.Model(inputs, layers.Add()([norm(conv(inputs)), conv(inputs)]))


def activated(conv, norm):
    conv.activation = keras.activations.relu
    return chain(conv, norm)


@pytest.mark.parametrize("build", [read_twice, frozen_norm, also_an_output, shared, activated])
def test_a_norm_that_is_not_the_convolutions_own_stays(build):
    model = build(layers.Conv2D(8, 3, name="conv"), layers.BatchNormalization(name="norm"))
    x = image(1, SIDE, SIDE, 16)

    new, _ = ghostify(randomised(model, x), keep=(), warm=True)

    assert "norm" in {layer.name for layer in new.layers}
    assert len(modules(new)["conv"].primary.steps) == 1
    old_out, new_out = (np.asarray(keras.tree.flatten(m(x))[0]) for m in (model, new))
    np.testing.assert_allclose(old_out[..., :4], new_out[..., :4], rtol=1e-4, atol=1e-4)


def test_a_shared_convolution_becomes_one_shared_module():
    model = shared(layers.Conv2D(8, 3, name="conv"), layers.BatchNormalization(name="norm"))

    new, report = ghostify(model, keep=())

    assert len(report.rows) == len(modules(new)) == 1
    assert len(new.get_layer("conv")._inbound_nodes) == 2


def test_models_inside_the_model_are_entered():
    inner = chain(layers.Conv2D(16, 3, name="inner"), layers.BatchNormalization(name="norm"))
    tail = keras.Sequential([layers.Conv2D(8, 3, name="tail"), layers.ReLU()], name="sequence")
    first = layers.Conv2D(16, 1, name="first")
    model = keras.Sequential([keras.Input((SIDE, SIDE, 3)), first, inner, tail], name="outer")
    x = image(2, SIDE, SIDE, 3)

    new, report = ghostify(randomised(model, x), warm=True)

    assert [row.name for row in report.rows] == ["first", "inner", "tail"]
    assert modules(new).keys() == {"inner", "tail"}
    expected = np.asarray(inner(first(x)))[..., :8]
    found = np.asarray(new.get_layer("chain")(new.get_layer("first")(x)))[..., :8]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ((), set()),
        ("valid", {"valid"}),
        (["stem", "dilated"], {"stem", "dilated"}),
        (lambda conv: conv.kernel_size == (3, 3), {"stem", "dilated"}),
    ],
)
def test_the_caller_says_what_to_keep(keep, kept):
    _, report = ghostify(net(), keep=keep)

    assert {row.name for row in report.rows if row.kind != "ghost"} == kept


@pytest.mark.parametrize(
    ("conv", "kind"),
    [
        (layers.Conv2D(16, 3, groups=2), "kept: grouped"),
        (layers.Conv2D(16, 1), "kept: no smaller"),
        (layers.Conv2D(4, 3, activation="softmax"), "kept: softmax"),
    ],
    ids=["grouped", "no smaller", "softmax"],
)
def test_a_convolution_that_a_module_cannot_better_stays(conv, kind):
    model = chain(layers.Conv2D(8, 3, name="ghost"), conv)

    _, report = ghostify(model, keep=())

    assert [row.kind for row in report.rows] == ["ghost", kind]


def test_a_softmax_behind_a_convolution_stays_over_all_channels():
    model = chain(layers.Conv2D(8, 3, name="conv"), layers.Activation("softmax", name="softmax"))

    new, _ = ghostify(model, keep=())

    sums = np.asarray(new(image(1, SIDE, SIDE, 16))).sum(-1)
    np.testing.assert_allclose(sums, 1, atol=1e-5)


class Subclassed(keras.Model):
    pass


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (net, {"ratio": 1}, "ratio 1 and cheap_kernel 3 make no Ghost module"),
        (net, {"keep": ["stme"]}, "there is no convolution 'stme'"),
        (Subclassed, {}, "is a Subclassed, whose layers hide in its code"),
        (lambda: keras.Sequential([layers.Conv2D(8, 3)]), {}, "does not know its input yet"),
        (lambda: chain(layers.Conv2D(8, 3)), {}, "no convolution to replace: kept: the first"),
        (lambda: chain(layers.ReLU()), {}, "no convolution to replace"),
    ],
)
def test_what_cannot_be_done_is_said(model, settings, message):
    with pytest.raises(UserError, match=message):
        ghostify(model(), **settings)


def test_a_ghostified_network_opens_from_its_file(warm, tmp_path):
    _, after, _ = warm
    x = image(2, SIDE, SIDE, 3)

    after.save(tmp_path / "ghost.keras")
    again = keras.models.load_model(tmp_path / "ghost.keras")

    np.testing.assert_array_equal(np.asarray(again(x)), np.asarray(after(x)))


def test_the_resnet50_of_keras_becomes_the_papers():
    model = keras.applications.ResNet50(weights=None, input_shape=(32, 32, 3), include_top=False)

    new, report = ghostify(model)

    # Ghost-ResNet-50 without its classifier, and Keras' biases: one for each of 26,560 channels.
    assert counts.parameters(new)[0] == 13_953_512 - 2_049_000 + 26_560
    assert sum(row.kind == "ghost" for row in report.rows) == 52
    assert not any(isinstance(layer, layers.BatchNormalization) for layer in new.layers[4:])
