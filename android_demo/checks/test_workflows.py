"""Continuous integration for others: never run on GitHub, and as much of it as this system can.

Every `run:` is taken out of the YAML and executed by bash. What it calls is real where it can be
(make, which only says what it would do; CMake; pip), and otherwise a stand-in that notes its call.
"""

import os
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from android_demo.checks import cmake, workflows
from android_demo.checks.toolchain import ROOT, call

FILES = sorted(workflows.FOLDER.glob("*.yml"))
NOT_COPIED = shutil.ignore_patterns(
    ".git",
    ".venv*",
    "build",
    "node_modules",
    "runs",
    "assets",
    "__pycache__",
    ".*_cache",
    "*.egg-info",
)
NOTE = '#!/bin/sh\necho "$(basename "$0") $*" >> "$CALLS"\n'
# A toolchain file in place of the NDK's: the same clang, and Linux for Android.
TOOLCHAIN = """
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR "${ANDROID_ABI}")
set(CMAKE_C_COMPILER clang-19)
if(ANDROID_ABI STREQUAL "arm64-v8a")
  set(CMAKE_C_COMPILER_TARGET aarch64-linux-gnu)
endif()
set(CMAKE_C_FLAGS_INIT -fuse-ld=LLD)
set(CMAKE_C_COMPILER_LAUNCHER ccache)
""".replace("LLD", str(shutil.which(cmake.LLD)))
GRADLE = {  # module -> tasks that the Android plugin or its script makes there
    "core": {"test", "assemble"},
    "app": {"lintDebug", "assembleDebug", "assembleMeasure", "checkDebugPermissions",
            "checkMeasurePermissions", "connectedDebugAndroidTest"},
    "library": {"assembleRelease"},
}  # fmt: skip


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """The project, with stand-ins for what runs for minutes or is not here."""
    tree = tmp_path_factory.mktemp("workflows") / "tree"
    shutil.copytree(ROOT, tree, ignore=NOT_COPIED)
    for name in ("ghostnet", "android_demo/gradlew", ".ci/run", ".venv/bin/python"):
        note(tree / name)
    note(tree / "sdk/cmdline-tools/latest/bin/sdkmanager")
    for name in ("sudo", "gh"):
        note(tree / "stand-ins" / name)
    make = f'exec {shutil.which("make")} --dry-run "$@"\n'
    note(tree / "stand-ins" / "make", make)
    real = f'case "$*" in "-m pip install"*) ;; *) exec {sys.executable} "$@" ;; esac\n'
    note(tree / "stand-ins" / "python", real)
    (tree / "toolchain.cmake").write_text(TOOLCHAIN)
    for name in ("wheel.whl", "operators.tar.gz", "library.aar"):
        (tree / "assets" / name).mkdir(parents=True)
        (tree / "assets" / name / name).touch()
    return tree


def note(path: Path, then: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(NOTE + then)
    path.chmod(0o755)


@pytest.fixture(scope="module")
def called(tree) -> dict[str, list[str]]:
    """Step -> how it called the stand-ins; every step executed once."""
    found = {}
    for step in workflows.steps(FILES):
        calls, github = tree / "calls.txt", tree / "github.env"
        calls.write_text("")
        env = {
            "PATH": f"{tree / 'stand-ins'}:{os.environ['PATH']}",
            "HOME": str(tree),
            "CALLS": str(calls),
            "GITHUB_ENV": str(github),
            "ANDROID_HOME": str(tree / "sdk"),
            "TOOLCHAIN": str(tree / "toolchain.cmake"),
            "CCACHE_DIR": str(ROOT / "build" / "android" / "ccache"),
            "CCACHE_BASEDIR": str(tree),
            "CCACHE_NOHASHDIR": "1",
        }
        workflows.run(step, tree, env)
        found[step.id] = calls.read_text().splitlines()
    return found


def test_there_are_four_and_actionlint_has_nothing_to_say():
    assert [file.stem for file in FILES] == ["android", "arm", "ci", "release"]
    assert workflows.complaints(FILES) == []


def test_actionlint_would_say_something(tmp_path):
    text = (workflows.FOLDER / "release.yml").read_text()
    spoiled = tmp_path / "release.yml"
    spoiled.write_text(
        text.replace("needs: [python", "needs: [snake").replace("runs-on", "run-on", 1)
    )

    found = "\n".join(workflows.complaints([spoiled]))

    assert 'needs job "snake" which does not exist' in found
    assert 'unexpected key "run-on"' in found


def test_every_step_runs_and_makes_only_what_make_knows(called):
    makes = {line for lines in called.values() for line in lines if line.startswith("make ")}

    assert makes == {"make lint", "make android-assets", "make tflite", "make .venv/dev"}
    assert called["ci/test: Everything that must hold before a change lands"] == ["run "]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_gradle_is_asked_for_tasks_that_there_are(called):
    asked = [line for lines in called.values() for line in lines if line.startswith("gradlew ")]

    assert len(asked) == 3
    script = (ROOT / "android_demo/app/build.gradle.kts").read_text()
    assert 'tasks.register<CheckPermissions>("check${name}Permissions")' in script
    for task in " ".join(asked).replace("gradlew ", "").split():
        module, name = re.fullmatch(r":(\w+):(\w+)", task).groups()  # type: ignore
        assert name in GRADLE[module], task


def test_the_arm_machine_is_asked_for_what_the_commands_take(called):
    from benchmark.run import parse

    (benchmark,) = called["arm/arm64: Their latency on one core of this machine"]
    args = parse(benchmark.removeprefix("ghostnet benchmark ").split())

    assert (args.suite, args.target, args.effort) == ("paper", "host", "standard")
    assert called["arm/arm64: The paper's networks"] == ["ghostnet export --suite paper"]
    (tests,) = called["arm/arm64: The operators against their reference"]
    assert (ROOT / tests.split()[-1]).is_dir()
    artefact = str(args.out)
    assert f"path: {artefact}\n" in (workflows.FOLDER / "arm.yml").read_text()


def test_a_release_has_wheel_and_sdist(called, tree):
    names = sorted(file.name for file in (tree / "dist").glob("ghostnet*"))

    assert [name.rpartition(".")[2] for name in names] == ["whl", "gz"]
    with zipfile.ZipFile(tree / "dist" / names[0]) as wheel:
        assert any(name.endswith("_kernels/reference.c") for name in wheel.namelist())
    said = call("tar", "tzf", tree / "dist" / names[1])
    assert "/export/to_tflite.py" in said and "/kernels/reference.c" in said


def test_a_release_has_the_operators_for_both_processors(called, tree):
    machines = {"arm64-v8a": "AArch64", "x86_64": "Advanced Micro Devices X86-64"}

    for abi, machine in machines.items():
        library = tree / "dist" / "jni" / abi / "libghostop.so"
        assert re.search(rf"Machine:\s+{machine}", call("readelf", "--file-header", library))
        assert "ghost_open" in cmake.exported(library)
        aligned = re.findall(r"LOAD .* 0x(\w+)$", call("readelf", "-lW", library), re.MULTILINE)
        assert set(aligned) == {"4000"}  # pages of 16 KB
    said = call("tar", "tzf", tree / "libghostop-android.tar.gz")
    assert "./jni/x86_64/libghostop.so" in said and "./ghost_op.h" in said
    ndk = re.findall(
        r'ndkVersion = "([\d.]+)"', (ROOT / "android_demo/library/build.gradle.kts").read_text()
    )
    asked = called["release/operators: The NDK of the app"]
    assert asked == [f"sdkmanager --install ndk;{ndk[0]}"]
    toolchain = f"TOOLCHAIN={tree}/sdk/ndk/{ndk[0]}/build/cmake/android.toolchain.cmake"
    assert toolchain in (tree / "github.env").read_text()


def test_a_release_is_published_with_all_of_them(called):
    (line,) = called["release/publish: Everything beside the tag"]

    for name in ("wheel.whl", "operators.tar.gz", "library.aar"):
        assert f"assets/{name}/{name}" in line
    assert "release create" in line
