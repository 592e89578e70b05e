"""One seeded GhostNet, converted and calibrated once, for all tests of the graph."""

from typing import Any

import ghosts
import keras
import numpy as np
import pytest
from keras import layers

from export.calibrate import STRENGTH, Seen, observe
from export.equalize import equalize, plan
from export.flatbuffer import Flatbuffer
from export.from_keras import to_float32
from export.quantize import quantize
from export.ranges import Ranges
from export.recipes import RECIPES
from ghostnet_tf.nets import taps, zoo
from ghostnet_tf.nets.detector import deployed
from ghostnet_tf.nets.ghostnet import GhostNet
from ghostnet_tf.nets.seeded import seed
from tests.drawn_shapes import BLOCKS, ZOO_ROW

SIZE = 64


def smooth_images(n: int, size: int, seed: int = 0) -> np.ndarray:
    """(n, size, size, 3) float32 in about -3 to 3: blocks upon blocks, energy at every scale."""
    rng = np.random.default_rng(seed)
    images = np.zeros((n, size, size, 3))
    for cells in (2, 5, 11, size // 2):
        place = np.arange(size) * cells // size
        images += rng.normal(size=(n, cells, cells, 3))[:, place][:, :, place]
    return (images / images.std()).astype(np.float32)


def seed_weights(model: keras.Model, images: np.ndarray, seed: int = 0) -> None:
    """Random scales and offsets, and the statistics that go with them: activations of order 1.

    A fresh model's logits are about 2e-4, too small for any comparison to mean something.
    """
    rng = np.random.default_rng(seed)
    norms: list[Any] = [n for n in model._flatten_layers() if "gamma" in vars(n)]
    for norm in norms:
        channels = norm.gamma.shape[0]
        norm.gamma.assign(np.exp(rng.normal(0, 0.5, channels)))
        norm.beta.assign(rng.normal(0, 0.3, channels))
        norm.momentum = 0.0  # the statistics of this one batch, as they are
    model(images, training=True)


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    return smooth_images(48, SIZE)


@pytest.fixture(scope="session")
def fresh_images() -> np.ndarray:
    """Of the same kind, and never used for calibration."""
    return smooth_images(16, SIZE, seed=1)


@pytest.fixture(scope="session")
def seeded(images) -> keras.Model:
    keras.utils.set_random_seed(0)
    model = GhostNet(0.5, input_shape=(SIZE, SIZE, 3), classes=100)
    seed_weights(model, images)
    return model


@pytest.fixture(scope="session")
def float32(seeded) -> bytes:
    return to_float32(seeded, SIZE)


@pytest.fixture(scope="session")
def seen(float32, images) -> Seen:
    return observe(float32, images)


@pytest.fixture(scope="session")
def plain_ranges(seen, images) -> Ranges:
    """What a calibration without any care gives."""
    return Ranges("minmax", seen.extremes(), seen.extremes(), {}, len(images), "0" * 64)


@pytest.fixture(scope="session")
def seen_equalized(float32, seen, images) -> Seen:
    return observe(equalize(float32, plan(float32, seen.peaks, STRENGTH)), images)


@pytest.fixture(scope="session")
def ranges(float32, seen, seen_equalized, images) -> Ranges:
    """Equalized, and chosen for the smallest squared error."""
    exponents = plan(float32, seen.peaks, STRENGTH)
    spans = seen_equalized.spans("mse")
    return Ranges("mse", spans, seen.extremes(), exponents, len(images), "0" * 64)


@pytest.fixture(scope="session")
def files(float32, ranges) -> dict[str, bytes]:
    """The network in every recipe."""
    return {recipe: quantize(float32, recipe, ranges) for recipe in RECIPES}


@pytest.fixture(scope="session")
def small_net():
    """A conv net of one's own, with a HARD_SWISH that XNNPACK leaves alone in int8."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, activation="relu6", name="first")(inputs)
    x = layers.Activation("hard_silu", name="swish")(x)
    x = layers.Conv2D(8, 3, name="second")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, layers.Dense(4, name="logits")(x))


@pytest.fixture(scope="session")
def small_float32(small_net) -> bytes:
    return to_float32(small_net, 16)


@pytest.fixture(scope="session")
def tiny_detector() -> keras.Model:
    """A detector of two classes that gives boxes and scores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
        patch.setitem(taps.BLOCKS, "tinyback", BLOCKS)
        return deployed(seed(zoo.parse_model("tinyback_100_det").build(classes=2, size=SIZE)))


@pytest.fixture(scope="session")
def tiny_detector_file(tiny_detector) -> Flatbuffer:
    return to_float32(tiny_detector, SIZE)


@pytest.fixture(scope="session")
def micro() -> bytes:
    """A small network with every place for a Ghost operator."""
    return ghosts.micro()


@pytest.fixture(scope="session")
def micro_int8() -> bytes:
    return ghosts.micro_int8()


@pytest.fixture(scope="session")
def micro_unequal() -> bytes:
    """With a scale of its own for each side of a concatenation, and a QUANTIZE before it."""
    return ghosts.micro_unequal()
