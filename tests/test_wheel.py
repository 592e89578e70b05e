"""The built wheel, installed in an environment of its own, beside a user's files of our names."""

import configparser
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from ghostnet_tf.__main__ import VERBS
from tests.next_lines import next_lines

ROOT = Path(__file__).resolve().parents[1]
PYTHON_API = """
import ghostnet_tf as gn
model = gn.create_model("ghostnet_050", weights="tinyimagenet")
first = gn.export(model, "build", recipes=["float32"])
again = gn.export(model, "build", recipes=["float32"])
assert first == again and callable(gn.export)
print(*first)
"""


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the wheel in it, and a user's folder to work in."""

    bin: Path
    packages: Path
    before: frozenset[str]  # what lay in site-packages without us
    folder: Path
    cache: Path

    def run(self, *command: str) -> subprocess.CompletedProcess:
        env = {**os.environ, "GHOSTNET_CACHE": str(self.cache), "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(  # noqa: S603
            [str(self.bin / command[0]), *command[1:]],
            cwd=self.folder,
            env={name: value for name, value in env.items() if name != "PYTHONPATH"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done

    def files(self) -> set[str]:
        found = self.packages.rglob("*")
        return {str(file) for file in found if file.is_file() and "__pycache__" not in file.parts}


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr


def user_folder(folder: Path) -> Path:
    """A user's project, which has modules of our rooms' names and imports none of ours by them."""
    folder.mkdir()
    for name in ("export.py", "kernels/__init__.py", "benchmark/__init__.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("raise SystemExit('a file of the user was imported')\n")
    return folder


def environment(folder: Path, *install: str | Path) -> Installed:
    """A venv that sees the packages of this one, such as TensorFlow, with something installed."""
    subprocess.run(  # noqa: S603
        [sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True
    )
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder / "venv")}))
    (packages / "what_tests_have.pth").write_text(sysconfig.get_path("purelib") + "\n")
    before = frozenset(file.name for file in packages.iterdir())
    python = folder / "venv" / "bin" / "python"
    pip("--python", python, "install", "--quiet", "--no-deps", "--no-build-isolation", *install)
    user = user_folder(folder / "my_project")
    return Installed(python.parent, packages, before, user, folder / "cache")


def leftovers() -> set[Path]:
    return {*(ROOT / "build").glob("*"), *ROOT.glob("*.egg-info"), *ROOT.glob("dist")}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder, before = tmp_path_factory.mktemp("wheel"), leftovers()
    pip("wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    assert leftovers() == before
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Installed:
    return environment(tmp_path_factory.mktemp("installed"), wheel)


@pytest.fixture(scope="module")
def printed(installed) -> str:
    """What the installed command says of the bundled network."""
    return installed.run("ghostnet", "export", "--recipe", "float32", "static_wi8_ai8").stdout


@pytest.fixture(scope="module")
def exported(installed, printed) -> list[Path]:
    """The files of it."""
    return [installed.folder / name for name in re.findall(r"(?m)^(?:wrote|     ) (.*)$", printed)]


def test_one_name_is_new_in_site_packages(installed):
    new = {file.name for file in installed.packages.iterdir()} - installed.before

    assert {name for name in new if not name.endswith(".dist-info")} == {"ghostnet_tf"}
    assert len(new) == 2


def test_every_module_and_every_source_is_in_it(installed):
    kinds = {".py", ".c", ".h", ".map", ".html", ".tsv", ".json", ".safetensors", ".txt", ""}
    for room in ("ghostnet_tf", "export", "benchmark", "kernels"):
        into = installed.packages / "ghostnet_tf"
        into = into if room == "ghostnet_tf" else into / f"_{room}"
        sources = [f for f in (ROOT / room).rglob("*") if f.is_file() and f.suffix != ".pyc"]
        files = [file.relative_to(ROOT / room) for file in sources]
        missing = [str(file) for file in files if not (into / file).is_file()]
        assert files and not missing, missing
        assert {file.suffix for file in files} <= kinds | {".0"}  # LICENSE.GPL-2.0


def test_licences_come_with_it(installed):
    (info,) = installed.packages.glob("ghostnet_tf-*.dist-info")

    assert {f.name for f in (info / "licenses").iterdir()} == {"LICENSE", "THIRD_PARTY_NOTICES.md"}
    assert (installed.packages / "ghostnet_tf/_benchmark/emulator/LICENSE.GPL-2.0").is_file()


def test_the_commands_are_ghostnet_and_the_names_of_before(installed):
    (info,) = installed.packages.glob("ghostnet_tf-*.dist-info")
    scripts = configparser.ConfigParser()
    scripts.read(info / "entry_points.txt")

    of_old = {*scripts["console_scripts"]} - {"ghostnet"}

    new = {"benchmark", "operators", "export", "compare"}
    verbs = {*VERBS} - new
    assert of_old == {f"ghostnet-{verb}" for verb in verbs} | {"ghostnet-to-tflite"}
    assert all((installed.bin / name).is_file() for name in scripts["console_scripts"])


def test_an_old_name_works_and_says_its_new_one(installed):
    done = installed.run("ghostnet-to-tflite", "--help")

    assert done.stdout.startswith("usage: ghostnet export")
    assert "called `ghostnet export` now" in done.stderr


def test_the_bundled_network_is_exported_beside_a_users_export(exported):
    assert [file.is_file() for file in exported] == [True, True]


def test_what_it_prints_as_next_works_in_a_plain_shell(installed, printed):
    ((door, *words),) = next_lines(printed)

    assert door == "ghostnet" and words[0] == "predict"
    assert "school bus" in installed.run(door, *words).stdout


def test_operators_are_compiled_into_the_cache(installed, exported):
    before = installed.files()

    installed.run("ghostnet", "ghost-op", str(exported[1]))

    assert exported[1].with_name(f"{exported[1].stem}_ghostop.tflite").is_file()
    assert list(installed.cache.rglob("libghostop.so"))
    assert installed.files() == before


def test_a_file_is_measured_on_this_machine(installed, exported):
    before = installed.files()

    line = ["benchmark", str(exported[1]), "--target", "host", "--effort", "quick", "--out", "runs"]
    installed.run("ghostnet", *line)

    assert list((installed.folder / "runs").glob("results-host*.json"))
    assert installed.files() == before


def test_python_exports_twice(installed):
    paths = installed.run("python", "-c", PYTHON_API).stdout.split()

    assert [(installed.folder / path).is_file() for path in paths] == [True]


def test_an_editable_install_reaches_the_rooms_past_a_users_own(tmp_path):
    editable = environment(tmp_path, "--editable", ROOT)

    done = editable.run("ghostnet", "export", "--help")

    assert done.stdout.startswith("usage: ghostnet export")
    assert not leftovers() & {*ROOT.glob("*.egg-info")}
