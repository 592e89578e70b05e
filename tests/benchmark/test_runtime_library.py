"""The runtime for aarch64: fetched once, checked always."""

import sys

import pytest

from benchmark import runtime_library
from benchmark.runtime_library import aarch64_library
from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.files import sha256

CONTENT = b"as published"


@pytest.fixture
def empty_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("GHOSTNET_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def fetches(monkeypatch, empty_cache) -> list:
    """Every fetch is noted, and brings CONTENT, whose hash is the right one."""
    noted = []
    monkeypatch.setattr(runtime_library, "AARCH64_SHA256", sha256(CONTENT))
    monkeypatch.setattr(runtime_library, "_fetched", lambda: noted.append(1) or CONTENT)
    return noted


def test_it_is_fetched_once(fetches):
    first, second = aarch64_library(), aarch64_library()

    assert first == second and first.read_bytes() == CONTENT
    assert len(fetches) == 1


def test_a_damaged_copy_is_fetched_again(fetches):
    aarch64_library().write_bytes(b"damaged")

    assert aarch64_library().read_bytes() == CONTENT
    assert len(fetches) == 2


def test_no_network_is_said_and_nothing_is_kept(monkeypatch, empty_cache):
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(UserError, match="pip cannot fetch the aarch64 runtime") as failed:
        aarch64_library()

    assert "needs the package index once" in failed.value.fix
    assert list(empty_cache.rglob("*.so")) == []


def test_another_library_than_the_published_one_is_not_kept(monkeypatch, empty_cache):
    """A real wheel of that name with other content, which pip takes from a folder."""
    import zipfile

    name = "ai_edge_litert-2.3.0-cp311-cp311-manylinux_2_27_aarch64.whl"
    with zipfile.ZipFile(empty_cache / name, "w") as wheel:
        wheel.writestr("ai_edge_litert/libLiteRt.so", b"something else")
        info = "ai_edge_litert-2.3.0.dist-info"
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: ai-edge-litert\nVersion: 2.3.0\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: cp311-cp311-manylinux_2_27_aarch64\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(empty_cache))

    with pytest.raises(CheckFailed, match="is another one: its SHA-256 begins"):
        aarch64_library()

    assert list(empty_cache.rglob("*.so")) == []


def test_an_environment_without_pip_is_told(monkeypatch, empty_cache):
    monkeypatch.setitem(sys.modules, "pip", None)  # Python's own way to say that there is none

    with pytest.raises(UserError, match="fetched with pip, which this environment does not have"):
        runtime_library._fetched()
