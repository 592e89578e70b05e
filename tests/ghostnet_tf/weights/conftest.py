import keras
import pytest
from small import scrambled, small_net


@pytest.fixture(scope="session")
def source() -> keras.Model:
    """A network whose weights are worth loading."""
    model = small_net()
    scrambled(model, seed=1)
    return model


@pytest.fixture
def target() -> keras.Model:
    """The same network with other weights."""
    model = small_net()
    scrambled(model, seed=2)
    return model
