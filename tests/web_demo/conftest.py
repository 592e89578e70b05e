"""The bundled network, exported once, and what Python makes of it; the page, served."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ghostnet_tf.base.record import load, save
from web_demo.models import main as publish

ROOT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def found(*programs: str) -> str:
    """The path of the first of these programs; without any, the test is skipped."""
    for program in programs:
        if path := shutil.which(program):
            return path
    return absent(f"there is no {programs[0]}")


def absent(why: str) -> str:
    # .ci/run installs everything, so there nothing may be missing.
    if os.environ.get("GHOSTNET_TESTS") == "all":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture(scope="session")
def node() -> str:
    return found("node")


@pytest.fixture(scope="session")
def chromium() -> str:
    return found(*BROWSERS)


@pytest.fixture(scope="session")
def packages() -> Path:
    """What the page takes from npm; `make test` installs it where there is an npm."""
    folder = ROOT / "web_demo" / "node_modules"
    if not (folder / "@litertjs" / "core").is_dir():
        absent("the web demo's packages are not installed: python web_demo/packages.py")
    return folder


@pytest.fixture(scope="session")
def once(tmp_path_factory) -> Callable[[str, Callable[[Path], object]], Path]:
    """once(name, make): a folder that all workers of a run share, filled by the first of them."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def filled(name: str, make: Callable[[Path], object]) -> Path:
        folder, part = shared / name, shared / f"{name}.part"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                shutil.rmtree(part, ignore_errors=True)  # another worker's, which failed
                part.mkdir()
                make(part)
                part.rename(folder)
        return folder

    return filled


@pytest.fixture(scope="session")
def exported(once) -> list[Path]:
    """The bundled GhostNet, in float32 and in full int8."""
    recipes = ("--recipe", "float32", "static_wi8_ai8")
    return sorted(once("exported", lambda into: export(into, *recipes)).glob("*.tflite"))


def export(folder: Path, *options: str) -> None:
    command = [sys.executable, "export/to_tflite.py", *options, "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory) -> Path:
    """A folder of our own command with one file for a browser, and three that are for others."""
    folder = tmp_path_factory.mktemp("elsewhere")
    export(folder, "--recipe", "float32", "static_wi8_ai8_int8io", "--ghostop")
    return folder


@pytest.fixture(scope="session")
def graph_only(exported, tmp_path_factory) -> Path:
    """A file that says it has random weights; it is the bundled one with some bytes behind it."""
    data, record = load(exported[0])
    seeded = replace(record, model="mobilenetv3_small_100", weights="seeded", accuracy=None)
    return save(tmp_path_factory.mktemp("graph_only"), seeded, data + bytes(16))[0]


@pytest.fixture(scope="session")
def models(exported, graph_only, tmp_path_factory) -> Path:
    """A folder as `make web-demo` fills it."""
    folder = tmp_path_factory.mktemp("models")
    assert publish([str(graph_only), *map(str, exported), "--into", str(folder)]) == 0
    return folder


@pytest.fixture(scope="session")
def all_models(models, others, tmp_path_factory) -> Path:
    """The same with models of other tasks, which the manifest does not name: a test that wants them
    asks for them.
    """
    folder = tmp_path_factory.mktemp("all_models")
    for path in [*models.iterdir(), *others.iterdir()]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def others(once, exported) -> Path:
    """Models of other tasks: small ones that find and outline things everywhere, and the bundled
    network that hears digits.
    """

    def make(into: Path) -> None:
        from tests.web_demo.spoken import save_spotter
        from tests.web_demo.tiny_networks import save_detector, save_segmenter

        like = load(exported[0])[1]
        for save_one in (save_detector, save_segmenter, save_spotter):
            save_one(into, like)

    return once("others", make)


@pytest.fixture(scope="session")
def detector(others) -> Path:
    return only(others, "*_det_*.tflite")


@pytest.fixture(scope="session")
def segmenter(others) -> Path:
    return only(others, "*_seg_*.tflite")


@pytest.fixture(scope="session")
def spotter(others) -> Path:
    return only(others, "*_kws_*.tflite")


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


@pytest.fixture(scope="session")
def goldens(once, exported, detector, segmenter, spotter) -> Path:
    def make(into: Path) -> None:
        from tests.web_demo.goldens import write

        write(into, exported, detector, segmenter, spotter)

    return once("goldens", make)


@pytest.fixture(scope="session")
def site(all_models, packages) -> Iterator[str]:
    """The address of the page, served as `make web-demo` serves it."""
    command = [sys.executable, "web_demo/serve.py", "--port", "0", "--models", str(all_models)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603
        assert server.stdout
        line = server.stdout.readline()
        address = re.search(r"open (http://localhost:\d+)/", line)
        assert address, line
        yield address[1]
        server.terminate()
