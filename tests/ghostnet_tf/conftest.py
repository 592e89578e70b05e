"""Seeded networks, small enough for a CPU, built once for all tests of the networks."""

import keras
import numpy as np
import pytest

from ghostnet_tf.nets.baselines import mobilenet_v3
from ghostnet_tf.nets.ghostnet import GhostNet
from ghostnet_tf.nets.seeded import generated_images, seed

SIZE, CLASSES = 64, 10


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """Others than the ones that `seed` calibrates on."""
    return generated_images(8, (SIZE, SIZE), seed=1)


@pytest.fixture(scope="session")
def small_ghostnet() -> keras.Model:
    """GhostNet 0.5 for any image size. Tests leave it as it is."""
    return seed(GhostNet(0.5, classes=CLASSES))


@pytest.fixture(scope="session")
def stock_v3() -> keras.Model:
    return seed(mobilenet_v3("small", 0.35, CLASSES, size=SIZE, name="stock"))


@pytest.fixture(scope="session")
def delegable_v3(stock_v3) -> keras.Model:
    """The same weights behind the other spelling of the hard-swish."""
    model = mobilenet_v3("small", 0.35, CLASSES, size=SIZE, delegable=True, name="delegable")
    model.set_weights(stock_v3.get_weights())
    return model
