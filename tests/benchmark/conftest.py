"""The real runner, emulator and adb; two small networks, and a library that is not LiteRT."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.build import build
from benchmark.emulator.soc import LIBRARIES
from benchmark.model import Model, open_model
from benchmark.targets import phone as phone_module
from benchmark.targets.emulated import EmulatedTarget
from benchmark.targets.host import HostTarget
from benchmark.targets.tool import RunnerTool
from ghostnet_tf.base.rooms import PACKAGE
from tests.fakes.phone import FakePhone
from tests.fakes.scripted_target import model_file

FILES = Path(__file__).parent / "files"
GOLDEN_GLIBC = b"2.36"


ON_DEBIAN = Path("/etc/debian_version").exists()  # where .ci/run installs what is missing


def pytest_collection_modifyitems(items):
    reasons = {"emulated": no_emulator(), "aarch64_runner": no_emulator(), "server": no_adb()}
    for item in items:
        for name in reasons.keys() & set(getattr(item, "fixturenames", ())):
            if reasons[name]:
                item.add_marker(pytest.mark.skip(reason=reasons[name]))


def no_adb() -> str:
    return "" if shutil.which("adb") or ON_DEBIAN else "adb is not installed"


def no_emulator() -> str:
    """Why this system cannot have one. Where it can, it must not be missing."""
    if not shutil.which("qemu-aarch64"):
        return "" if ON_DEBIAN else "no qemu-aarch64, and no Debian or Ubuntu to install it on"
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
        [*command, "--out", str(folder)], cwd=PACKAGE.parent, capture_output=True, text=True
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
def known_glibc() -> None:
    """Counts are known with the C library of Debian 12, whose memcpy is counted, too."""
    library = (LIBRARIES / "libc.so.6").read_bytes()
    found = re.search(rb"GNU C Library \(.*\) stable release version ([\d.]+\d)", library)
    if found and found[1] != GOLDEN_GLIBC:
        pytest.skip(f"the counts are known for glibc 2.36, and this is {found[1].decode()}")


@pytest.fixture(scope="session")
def aarch64_runner() -> Path:
    return build("aarch64")


@pytest.fixture
def stub_library(tmp_path) -> Callable[..., Path]:
    """A library with LiteRT's function names, each of which returns 0 and does nothing."""

    def make(*, without: tuple[str, ...] = (), newest: bool = True) -> Path:
        header = (PACKAGE.parent / "benchmark" / "runner" / "litert.h").read_text()
        names = set(re.findall(r"\bX\((\w+),", header)) - {"name"} - set(without)
        names |= {"CreateModelFromFd"} if newest else set()
        source = tmp_path / "stub.c"
        source.write_text("".join(f"int LiteRt{n}(void) {{ return 0; }}\n" for n in names))
        library = tmp_path / "libLiteRt.so"
        command = ["cc", "-shared", "-fPIC", "-o", str(library), str(source)]
        subprocess.run(command, check=True)  # noqa: S603
        return library

    return make


# ---------------------------------------------------------------------------- phones


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A private adb server, which no phone of the developer and no other test can disturb."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    adb = ("adb", "-P", str(port))
    subprocess.run([*adb, "start-server"], check=True, capture_output=True)  # noqa: S603
    yield adb
    subprocess.run([*adb, "kill-server"], check=True, capture_output=True)  # noqa: S603


@pytest.fixture
def new_phone(server, tmp_path, monkeypatch):
    """Phones on this machine, plugged in and out again."""
    monkeypatch.setattr(phone_module, "ASK_S", 20.0)
    monkeypatch.setattr(phone_module, "SLACK_S", 20.0)
    made = []

    def make(**changes) -> FakePhone:
        phone = FakePhone(tmp_path / f"phone{len(made)}")
        vars(phone).update(changes)
        made.append(phone.start())
        plug_in(server, phone)
        return phone

    yield make
    for phone in made:
        subprocess.run([*server, "disconnect", phone.serial], capture_output=True)  # noqa: S603
        phone.stop()


def plug_in(server, phone) -> None:
    done = subprocess.run([*server, "connect", phone.serial], capture_output=True, text=True)  # noqa: S603
    expected = "connected to" if phone.is_authorized else "failed to authenticate"
    assert expected in done.stdout, done.stdout


@pytest.fixture
def phone(new_phone) -> FakePhone:
    return new_phone()


@pytest.fixture
def runner_tool(tmp_path) -> Callable[[], RunnerTool]:
    """Files to push, in place of the runner and its library."""
    runner, library = tmp_path / "runner", tmp_path / "libLiteRt.so"
    runner.write_text("not run: the fake answers in its place")
    library.write_text("nor is this")
    return lambda: RunnerTool(
        files=(runner, library), runner=runner, library=library, how="Android runner"
    )


@pytest.fixture
def models(tmp_path) -> list[Model]:
    return [model_file(tmp_path / "build", name) for name in ("ghostnet_100", "mobilenetv2_100")]
