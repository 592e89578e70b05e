"""The real runner and the real emulator on two small networks, and a library that is not LiteRT."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.build import build
from benchmark.model import Model, open_model
from benchmark.targets.emulated import EmulatedTarget
from benchmark.targets.host import HostTarget
from ghostnet_tf.programs import ROOT

FILES = Path(__file__).parent / "files"


def pytest_collection_modifyitems(items):
    if reason := no_emulator():
        for item in items:
            if {"emulated", "aarch64_runner"} & set(getattr(item, "fixturenames", ())):
                item.add_marker(pytest.mark.skip(reason=reason))


def no_emulator() -> str:
    """Why this system cannot have one. Where it can, it must not be missing."""
    if not shutil.which("qemu-aarch64"):
        on_debian = Path("/etc/debian_version").exists()
        return "" if on_debian else "no qemu-aarch64, and no Debian or Ubuntu to install it on"
    told = subprocess.run(["qemu-aarch64", "--version"], capture_output=True, text=True).stdout  # noqa: S607
    version = re.search(r"version (\d+)", told)
    later = version is not None and int(version[1]) > 8
    return "this system's QEMU takes no plugin of interface 1" if later else ""


@pytest.fixture(scope="session")
def int8() -> Model:
    return open_model(FILES / "small_static_wi8_ai8.tflite")


@pytest.fixture(scope="session")
def float32() -> Model:
    return open_model(FILES / "small_float32.tflite")


@pytest.fixture(scope="session")
def bundled(tmp_path_factory) -> Model:
    """The bundled GhostNet in int8, exported anew."""
    folder = tmp_path_factory.mktemp("bundled")
    command = [sys.executable, "export/to_tflite.py", "--recipe", "static_wi8_ai8"]
    done = subprocess.run(  # noqa: S603
        [*command, "--out", str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return open_model(next(folder.glob("*.tflite")))


@pytest.fixture(scope="session")
def host() -> HostTarget:
    return HostTarget()


@pytest.fixture(scope="session")
def emulated() -> Callable[[str], EmulatedTarget]:
    return EmulatedTarget


@pytest.fixture(scope="session")
def aarch64_runner() -> Path:
    return build("aarch64")


@pytest.fixture
def stub_library(tmp_path) -> Callable[..., Path]:
    """A library with LiteRT's function names, each of which returns 0 and does nothing."""

    def make(*, without: tuple[str, ...] = (), newest: bool = True) -> Path:
        header = (ROOT / "benchmark" / "runner" / "litert.h").read_text()
        names = set(re.findall(r"\bX\((\w+),", header)) - {"name"} - set(without)
        names |= {"CreateModelFromFd"} if newest else set()
        source = tmp_path / "stub.c"
        source.write_text("".join(f"int LiteRt{n}(void) {{ return 0; }}\n" for n in names))
        library = tmp_path / "libLiteRt.so"
        command = ["cc", "-shared", "-fPIC", "-o", str(library), str(source)]
        subprocess.run(command, check=True)  # noqa: S603
        return library

    return make
