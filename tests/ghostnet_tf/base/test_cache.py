"""A cache that cannot be, at each place that keeps something there."""

from pathlib import Path

import pytest

from benchmark import runtime_library
from ghostnet_tf.base import libraries
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import cache
from ghostnet_tf.weights import download

USERS = {
    "operators are compiled": lambda: libraries.operators(),
    "weights are downloaded": lambda: download.fetch(
        download.FILES["imagenet", "ghostnet_100"], cache(), lambda path: None
    ),
    "the runtime is fetched": lambda: runtime_library.aarch64_library(),
}


@pytest.mark.parametrize("place", ["/dev/null/x", "/proc/x", "file", "dead"])
@pytest.mark.parametrize("use", USERS)
def test_it_is_said_with_the_variable_before_anything_is_fetched(use, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")
    monkeypatch.setenv("GHOSTNET_CACHE", place)
    monkeypatch.setattr(runtime_library, "_fetched", None)

    with pytest.raises(UserError, match="the cache cannot be used: ") as refused:
        USERS[use]()

    assert "GHOSTNET_CACHE" in refused.value.fix
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dead", "file"]


def test_what_is_in_a_cache_that_cannot_be_written_to_is_used(tmp_path, monkeypatch):
    file = download.FILES["timm", "ghostnet_100"]
    (tmp_path / file.name).write_bytes(b"weights")
    monkeypatch.setattr("os.access", lambda path, mode: False)

    assert download.fetch(file, tmp_path, lambda path: None) == Path(tmp_path / file.name)
