"""The bundled network, exported once, and what Python makes of it; the page, served."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
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
def exported(tmp_path_factory) -> list[Path]:
    """The bundled GhostNet, in float32 and in full int8."""
    folder = tmp_path_factory.mktemp("exported")
    export(folder, "--recipe", "float32", "static_wi8_ai8")
    return sorted(folder.glob("*.tflite"))


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
def all_models(models, detector, segmenter, spotter, tmp_path_factory) -> Path:
    """The same with models of other tasks, which the manifest does not name: a test that wants them
    asks for them.
    """
    folder = tmp_path_factory.mktemp("all_models")
    others = (detector, segmenter, spotter)
    for path in [*models.iterdir(), *others, *(path.with_suffix(".json") for path in others)]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def detector(exported, tmp_path_factory) -> Path:
    """A small detector with random weights, which finds things everywhere."""
    from tests.web_demo.tiny_networks import save_detector

    return save_detector(tmp_path_factory.mktemp("detector"), load(exported[0])[1])


@pytest.fixture(scope="session")
def segmenter(exported, tmp_path_factory) -> Path:
    from tests.web_demo.tiny_networks import save_segmenter

    return save_segmenter(tmp_path_factory.mktemp("segmenter"), load(exported[0])[1])


@pytest.fixture(scope="session")
def spotter(exported, tmp_path_factory) -> Path:
    """The bundled network that hears digits, in float32."""
    from tests.web_demo.spoken import save_spotter

    return save_spotter(tmp_path_factory.mktemp("spotter"), load(exported[0])[1])


@pytest.fixture(scope="session")
def goldens(exported, detector, segmenter, spotter, tmp_path_factory) -> Path:
    from tests.web_demo.goldens import write

    folder = tmp_path_factory.mktemp("goldens")
    write(folder, exported, detector, segmenter, spotter)
    return folder


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
