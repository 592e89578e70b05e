from pathlib import Path

import pytest
from tiny import ZOO_ROW, arguments, coloured_photos, start

from ghostnet_tf.nets import zoo


@pytest.fixture(autouse=True)
def tiny_in_the_zoo(monkeypatch):
    monkeypatch.setitem(zoo.KINDS, "tiny", ZOO_ROW)


@pytest.fixture(scope="session")
def photos(tmp_path_factory) -> Path:
    """Four classes of 24 photos."""
    return coloured_photos(tmp_path_factory.mktemp("photos") / "coloured")


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory, photos) -> Path:
    """The folder of a run of three epochs in a process of its own; what it said is beside it."""
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    process = start(*arguments(photos, folder, args=["--json"]))
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    (folder.parent / "stdout").write_text(out)
    (folder.parent / "stderr").write_text(err)
    return folder
