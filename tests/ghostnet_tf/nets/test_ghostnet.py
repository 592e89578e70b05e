import keras
import numpy as np
import pytest
from keras import layers

from ghostnet_tf import weights
from ghostnet_tf.nets import ghostnet, spec
from ghostnet_tf.nets.ghostnet import GhostNet, features
from ghostnet_tf.nets.seeded import seed
from tests.ghostnet_tf import reference
from tests.planted import BUGS

EQUAL = {"rtol": 1e-3, "atol": 1e-4}  # float32 through 95 convolutions


def out(model, x, **kwargs) -> np.ndarray:
    return np.asarray(model(x, **kwargs))


@pytest.fixture(scope="module")
def expected(small_ghostnet, images) -> np.ndarray:
    rows = spec.ghostnet(0.5).blocks
    return reference.ghostnet(reference.weights_of(small_ghostnet), images, rows)


def test_the_network_agrees_with_numpy(small_ghostnet, images, expected):
    np.testing.assert_allclose(out(small_ghostnet, images), expected, **EQUAL)


@pytest.mark.parametrize("bug", BUGS)
def test_numpy_would_see_a_planted_bug(small_ghostnet, images, expected, bug):
    with BUGS[bug](small_ghostnet):
        wrong = out(small_ghostnet, images)

    assert np.abs(wrong - expected).max() > 1e-3


def test_pad_mode_reaches_every_strided_convolution(small_ghostnet, images, expected):
    same = GhostNet(0.5, classes=10, pad_mode="same")
    same.set_weights(small_ghostnet.get_weights())

    logits = out(same, images)

    rows = spec.ghostnet(0.5).blocks
    np.testing.assert_allclose(
        logits, reference.ghostnet(reference.weights_of(same), images, rows, "same"), **EQUAL
    )
    assert np.abs(logits - expected).max() > 0.01


def test_layers_have_the_names_that_checkpoints_know(small_ghostnet):
    blocks = [f"block_{i:02d}" for i in range(16)]
    ends = ["last", "pool", "head", "flatten", "dropout", "classifier"]

    assert [layer.name for layer in small_ghostnet.layers] == ["image", "stem", *blocks, *ends]
    paths = {v.path for v in small_ghostnet.weights}
    assert len(paths) == len(small_ghostnet.weights)
    assert paths >= {
        "stem/conv/kernel",
        "block_03/ghost1/primary/conv/kernel",
        "block_03/ghost2/cheap_1/norm/moving_variance",
        "block_03/dw/norm/gamma",
        "block_03/se/reduce/bias",
        "block_03/se/expand/kernel",
        "block_03/shortcut_dw/conv/kernel",
        "block_03/shortcut_1x1/norm/beta",
        "last/norm/moving_mean",
        "head/bias",
        "classifier/kernel",
    }


def test_every_width_has_the_same_variables():
    paths = [[v.path for v in GhostNet(width).weights] for width in (0.25, 0.5)]

    assert paths[0] == paths[1]


@pytest.mark.parametrize(
    ("build", "width", "name"),
    [
        (ghostnet.ghostnet_050, 0.5, "ghostnet_050"),
        (ghostnet.ghostnet_100, 1.0, "ghostnet_100"),
        (ghostnet.ghostnet_130, 1.3, "ghostnet_130"),
    ],
)
def test_the_short_names_build_the_published_widths(build, width, name, monkeypatch):
    asked = {}
    monkeypatch.setattr(ghostnet, "GhostNet", lambda width, **kwargs: asked.update(kwargs, w=width))

    build(classes=7, dropout=0.1)

    assert asked == {"w": width, "classes": 7, "dropout": 0.1}
    monkeypatch.undo()
    assert GhostNet(width, include_top=False).name == name


def test_an_open_and_a_fixed_image_size_are_one_network(small_ghostnet, images, expected):
    fixed = GhostNet(0.5, classes=10, input_shape=(64, 64, 3))
    fixed.set_weights(small_ghostnet.get_weights())

    np.testing.assert_allclose(out(fixed, images), expected, **EQUAL)
    assert out(small_ghostnet, images[:, :33, :50]).shape == (8, 10)


def test_a_network_is_the_same_in_training_when_norms_and_dropout_rest(small_ghostnet, images):
    model = GhostNet(0.5, classes=10, dropout=0.0)
    model.set_weights(small_ghostnet.get_weights())
    for part in model._flatten_layers():
        if isinstance(part, layers.BatchNormalization):
            part.trainable = False

    np.testing.assert_allclose(out(model, images, training=True), out(model, images), **EQUAL)


def test_a_saved_network_comes_back(small_ghostnet, images, tmp_path):
    small_ghostnet.save(tmp_path / "ghostnet.keras")

    again = keras.models.load_model(tmp_path / "ghostnet.keras")

    assert [v.path for v in again.weights] == [v.path for v in small_ghostnet.weights]
    np.testing.assert_array_equal(out(again, images), out(small_ghostnet, images))


def test_features_are_four_maps_of_the_same_layers(small_ghostnet, images):
    maps = features(small_ghostnet)(images)

    assert [m.shape[1:] for m in maps] == [(16, 16, 12), (8, 8, 20), (4, 4, 56), (2, 2, 80)]
    head = keras.Model(
        small_ghostnet.get_layer("block_15").output, small_ghostnet.output
    )  # the last map is the one that the classifier sees
    np.testing.assert_allclose(out(head, maps[-1]), out(small_ghostnet, images), **EQUAL)


def test_a_backbone_of_batch_one_has_static_shapes():
    image = keras.Input((96, 64, 3), batch_size=1)

    backbone = features(GhostNet(0.5, include_top=False, input_tensor=image))

    shapes = [(1, 24, 16, 12), (1, 12, 8, 20), (1, 6, 4, 56), (1, 3, 2, 80)]
    assert [tuple(output.shape) for output in backbone.outputs] == shapes
    assert backbone.inputs[0].shape == image.shape


@pytest.mark.parametrize("pooling", [None, "avg", "max"])
def test_without_the_top_comes_the_last_map_or_its_pooled_channels(pooling):
    model = GhostNet(0.25, include_top=False, pooling=pooling, input_shape=(64, 64, 3))

    x = np.random.default_rng(0).normal(size=(2, 64, 64, 3))
    last = np.asarray(keras.Model(model.input, model.get_layer("last").output)(x))
    by_hand = {None: last, "avg": last.mean((1, 2)), "max": last.max((1, 2))}
    assert last.shape == (2, 2, 2, 240)
    np.testing.assert_allclose(out(model, x), by_hand[pooling], rtol=1e-4, atol=1e-6)


def test_what_stands_before_the_input_tensor_belongs_to_the_network():
    raw = keras.Input((64, 64, 3), name="bytes")
    model = GhostNet(0.25, classes=3, input_tensor=layers.Rescaling(1 / 255)(raw))
    plain = GhostNet(0.25, classes=3)
    seed(plain)
    model.set_weights(plain.get_weights())
    pixels = np.random.default_rng(0).uniform(0, 255, (1, 64, 64, 3))

    assert model.inputs[0] is raw
    np.testing.assert_allclose(out(model, pixels), out(plain, pixels / 255), **EQUAL)


def test_the_classifier_may_end_in_a_softmax(small_ghostnet, images):
    softmax = GhostNet(0.5, classes=10, classifier_activation="softmax")
    softmax.set_weights(small_ghostnet.get_weights())

    exponents = np.exp(out(small_ghostnet, images))

    shares = exponents / exponents.sum(1, keepdims=True)
    np.testing.assert_allclose(out(softmax, images), shares, **EQUAL)


def test_weights_are_loaded_into_the_finished_network(monkeypatch, tmp_path):
    seen, file = [], tmp_path / "somewhere.keras"
    file.write_bytes(b"PK")
    monkeypatch.setattr(weights, "load", lambda model, found, *_: seen.append((model, found.path)))

    model = GhostNet(0.25, weights=str(file))

    assert seen == [(model, file)]


def test_dropout_is_where_it_was_asked_for(small_ghostnet):
    assert small_ghostnet.get_layer("dropout").rate == 0.2
    assert GhostNet(0.25, dropout=0.5).get_layer("dropout").rate == 0.5


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"width": 0}, "width is 0; it must be above 0"),
        ({"pooling": "avg"}, "pooling='avg' needs include_top=False"),
        ({"pooling": "mean"}, "pooling is 'mean'; it is None, 'avg' or 'max'"),
        ({"classes": 0}, "classes is 0; it must be 1 or more"),
        ({"dropout": 1.0}, "dropout is 1.0; it is a share"),
        ({"pad_mode": "valid"}, "pad_mode is 'valid'"),
        ({"input_shape": (31, 64, 3)}, r"at least 32 pixels wide and high; got \(31, 64\)"),
        ({"input_shape": (64, 64)}, r"an image is \(N, H, W, C\); got the shape"),
        (
            {"input_tensor": np.zeros((1, 64))},
            "input_tensor is a ndarray; it must be a KerasTensor",
        ),
        (
            {"input_tensor": keras.Input((64, 64, 3)), "input_shape": (32, 32, 3)},
            "give one of them",
        ),
    ],
)
def test_a_contradiction_is_refused_with_the_value_that_is_wrong(asked, words):
    with pytest.raises(ValueError, match=words):
        GhostNet(**asked)
