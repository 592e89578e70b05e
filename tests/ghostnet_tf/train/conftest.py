from pathlib import Path

import pytest
from tiny import ZOO_ROW, coloured_photos

from ghostnet_tf.nets import zoo


@pytest.fixture(autouse=True)
def tiny_in_the_zoo(monkeypatch):
    monkeypatch.setitem(zoo.KINDS, "tiny", ZOO_ROW)


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> Path:
    """Four classes of 24 photos."""
    return coloured_photos(tmp_path_factory.mktemp("photos") / "coloured")
