"""What Android Studio builds of our C, built here with clang and lld: optimised and whole."""

import re
from pathlib import Path

import pytest

from android_demo.checks import cmake
from android_demo.checks.conftest import LIBRARY
from android_demo.checks.toolchain import ROOT, Failed
from benchmark.measurement import Settings
from benchmark.model import open_model
from benchmark.targets.emulated import EmulatedTarget
from ghostnet_tf.base.libraries import operators
from tests.counts import examples

MAX_DIFFERENCE = 0.02  # between the instructions that two builds by one compiler need


@pytest.fixture(scope="module")
def debug(tmp_path_factory) -> Path:
    """The app's native part as `installDebug` has it, built."""
    out = cmake.configure(cmake.copy_tree(tmp_path_factory.mktemp("app") / "tree"), cmake.APP)
    cmake.build(out)
    return out


@pytest.fixture
def tree(tmp_path) -> Path:
    return cmake.copy_tree(tmp_path / "tree")


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def test_every_source_is_optimised_in_the_variant_that_is_installed(debug):
    assert cmake.without_optimisation(debug) == []
    assert cmake.compiled(debug) == {
        "ghost_jni.c",
        *(source.name for source in (ROOT / cmake.KERNELS).glob("*.c")),
    }


@pytest.mark.parametrize("variant", ["", "Debug", "Release", "RelWithDebInfo", "MinSizeRel"])
@pytest.mark.parametrize("source", [cmake.KERNELS, cmake.APP])
def test_no_variant_is_without_optimisation(source, variant, tree):
    out = cmake.configure(tree, source, variant)

    assert cmake.without_optimisation(out) == []


def test_the_libraries_name_one_another_and_export_what_is_called(debug):
    built = {library.name: library for library in debug.rglob("libghost*.so")}
    declared = re.findall(
        r"external fun (\w+)", (LIBRARY / "kotlin/ghostnet/android/GhostJni.kt").read_text()
    )
    header = (ROOT / cmake.KERNELS / "exports.map").read_text()
    promised = set(re.findall(r"\b(ghost_\w+);", header))

    assert built.keys() == {"libghost_jni.so", "libghostop.so"}
    assert cmake.needed(built["libghost_jni.so"]) == {"libghostop.so"}
    assert cmake.needed(built["libghostop.so"]) == set()
    assert cmake.exported(built["libghost_jni.so"]) == {
        f"Java_ghostnet_android_GhostJni_{name}" for name in declared
    }
    assert cmake.exported(built["libghostop.so"]) == promised != set()


def test_the_operators_build_by_themselves(tree):
    built = cmake.build(cmake.configure(tree, cmake.KERNELS))

    assert built.keys() == {"libghostop.so"}


def test_planted_a_library_that_is_not_linked(tree):
    spoil(tree / cmake.APP / "CMakeLists.txt", "PRIVATE ghostop ${", "PRIVATE ${")
    out = cmake.configure(tree, cmake.APP)

    with pytest.raises(Failed, match="undefined symbol: ghost_open"):
        cmake.build(out)


def test_planted_a_source_that_is_missing(tree):
    old = "add_library(ghostop"
    new = "list(FILTER sources EXCLUDE REGEX pool.c)\n" + old
    spoil(tree / cmake.KERNELS / "CMakeLists.txt", old, new)
    out = cmake.configure(tree, cmake.KERNELS)

    assert "pool.c" not in cmake.compiled(out)
    with pytest.raises(Failed, match="undefined symbol: ghost_pool_open"):
        cmake.build(out)


@pytest.mark.parametrize("source, n", [(cmake.KERNELS, 2), (cmake.APP, 1)])
def test_planted_debug_without_optimisation(tree, source, n):
    spoil(tree / source / "CMakeLists.txt", "PRIVATE -O2 ", "PRIVATE ")

    found = cmake.without_optimisation(cmake.configure(tree, source))

    assert len(found) >= n


def instructions(library: Path, folder: Path) -> dict[str, int]:
    """Of one inference of Ghost-operator files, on an emulated A76."""
    target = EmulatedTarget("cortex-a76")
    vars(target)["_operators"] = str(library)  # in place of the one that `make` would give
    files = sorted(folder.glob("*_ghostop.tflite"), reverse=True)  # int8 first
    models = [open_model(file) for file in files[: examples(1, 2)]]
    return {m.path.name: target.visit(m, Settings()).instructions for m in models}


def test_what_cmake_builds_needs_as_many_instructions_as_what_make_builds(
    debug, folder, tmp_path, capsys
):
    here = instructions(next(debug.rglob("libghostop.so")), folder)
    ours = instructions(cmake.by_make(tmp_path / "make"), folder)
    gcc = instructions(operators("aarch64"), folder)

    with capsys.disabled():
        for name, count in here.items():
            print(f"\n{name}: {count:,} by CMake, {ours[name]:,} by make, {gcc[name]:,} with GCC")
    assert len(here) == examples(1, 2)
    for name, count in here.items():
        assert count == pytest.approx(ours[name], rel=MAX_DIFFERENCE), name
