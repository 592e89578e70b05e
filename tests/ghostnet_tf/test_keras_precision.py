"""Models of mixed and half precision: exported in float32, and said."""

from contextlib import contextmanager

import keras
import numpy as np
import pytest
from keras import layers

import ghostnet_tf as gn
from ghostnet_tf.base.record import load
from ghostnet_tf.front.keras_precision import in_float32, other_precision

PREPROCESSING = gn.Preprocessing(16, 1.0, "bilinear", (0.5,) * 3, (0.5,) * 3)
POLICIES = ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16"]


@contextmanager
def policy(name: str):
    """As a person sets it for a whole program."""
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


def small(name: str = "small") -> keras.Model:
    image = keras.Input((16, 16, 3), name="photo")
    inside = keras.Sequential([layers.Conv2D(4, 3), layers.BatchNormalization()], name="inside")
    x = layers.ReLU(name="relu")(inside(image))
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(3, name="classifier")(x), name=name)


def filled(model: keras.Model) -> keras.Model:
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.1, 0.9, w.shape) for w in model.get_weights()])
    return model


def images() -> np.ndarray:
    return np.random.default_rng(1).uniform(-1, 1, (4, 16, 16, 3)).astype(np.float32)


@pytest.mark.parametrize("name", POLICIES)
def test_the_copy_is_the_function_that_the_weights_say(name):
    with policy(name):
        theirs = filled(small())

        ours = in_float32(theirs)

        assert keras.config.dtype_policy().name == name  # as the caller had it
    weights = [np.asarray(w, np.float32) for w in theirs.get_weights()]
    expected = small()
    expected.set_weights(weights)
    assert other_precision(theirs) == name and other_precision(ours) is None
    assert all(np.array_equal(a, b) for a, b in zip(ours.get_weights(), weights, strict=True))
    np.testing.assert_allclose(ours(images()), expected(images()), rtol=1e-6)
    np.testing.assert_allclose(ours(images()), np.float32(theirs(images())), rtol=0.03, atol=0.03)


def test_a_float32_model_is_left_alone(tmp_path, recwarn):
    model = filled(small())

    assert other_precision(model) is None
    gn.export(model, tmp_path, "float32", labels=["a", "b", "c"], preprocessing=PREPROCESSING)
    assert not [w for w in recwarn if "computes in" in str(w.message)]


@pytest.mark.parametrize("name", ["mixed_float16", "bfloat16"])
def test_a_model_of_ones_own_is_exported_in_float32_and_this_is_said(name, tmp_path):
    with policy(name):
        model = filled(small())
        with pytest.warns(UserWarning, match=f"'small' computes in {name}; .* in float32"):
            (path,) = gn.export(
                model, tmp_path, "float32", labels=["a", "b", "c"], preprocessing=PREPROCESSING
            )

    record = load(path)[1]
    assert record.parity_db is not None and record.parity_db >= 100
    expected = in_float32(model)(images())
    np.testing.assert_allclose(gn.TFLiteModel(path).scores(images()), expected, rtol=1e-4)


def test_a_network_of_ours_in_mixed_precision_keeps_what_it_remembers():
    with policy("mixed_float16"):
        model = gn.create_model("ghostnet_010", weights="seeded", size=32, classes=3)
        assert other_precision(model) == "mixed_float16"
        copy = in_float32(model)

    assert other_precision(copy) is None
    assert copy.ghostnet_info == model.ghostnet_info  # fingerprint included
    assert copy.ghostnet_info.has_weights_of(copy)


class Own(keras.Model):
    """Without a description of itself."""

    def __init__(self, width):
        super().__init__()
        self.dense = layers.Dense(width)

    def call(self, x):
        return self.dense(x)


def test_a_model_that_keras_cannot_build_again_is_refused_with_what_to_do(tmp_path):
    with policy("mixed_bfloat16"):
        model = Own(3)
        model(np.zeros((1, 4), np.float32))

    with pytest.raises(gn.UserError, match="computes in mixed_bfloat16") as error:
        in_float32(model)
    assert "set_dtype_policy('float32')" in error.value.fix
