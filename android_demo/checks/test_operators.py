"""The app with Ghost operators, through the real JNI library and the real LiteRT: the bytes of
Python with operators, and the plain file with a stated reason whenever they fail."""

import hashlib
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from android_demo.checks import native
from android_demo.checks.models import photos, plain_models
from android_demo.checks.toolchain import DEMO, Failed, call
from export.classifier import open_classifier
from export.ghostop.interpreter import variants
from ghostnet_tf.base.libraries import litert
from ghostnet_tf.base.record import ghostop_path

ON_CPU = "CPU, 1 thread"


@pytest.fixture
def one(folder, tmp_path) -> Path:
    """Float32, plain and with operators, whose logits differ in their last bits; and photos."""
    for file in [*folder.glob("*float32*.tflite"), *folder.glob("*float32*.json")]:
        shutil.copy(file, tmp_path)
    for photo in sorted(folder.glob("*_made.rgb"))[:3]:
        shutil.copy(photo, tmp_path)
    return tmp_path


def ran(said: str) -> list[str]:
    """What ran each photo, in order."""
    return re.findall(r"^\d+x\d+_\w+: (.*)$", said, re.MULTILINE)


def logits(folder: Path, model: Path) -> dict[str, bytes]:
    """Photo -> what Kotlin wrote for that file."""
    return {f.name.split(".")[-2]: f.read_bytes() for f in folder.glob(f"{model.name}.*.logits")}


def python_logits(model: Path, names: list[str]) -> dict[str, bytes]:
    classifier, all_photos = open_classifier(model), photos()
    found = {}
    for name in names:
        image = classifier.preprocessing.normalise(
            classifier.preprocessing.pixels(all_photos[name])
        )
        found[name] = np.asarray(classifier.predict(image[None]))[0].astype("<f4").tobytes()
    return found


def fell_back(folder: Path, said: str) -> str:
    """Why; after every photo had the plain file's logits."""
    (plain,) = plain_models(folder)
    found = logits(folder, ghostop_path(plain))
    assert len(found) == 3
    assert found == python_logits(plain, list(found))
    (label,) = set(ran(said))
    reason = re.fullmatch(rf"{ON_CPU} \(no Ghost operators: (.*)\)", label)
    assert reason, label
    return reason[1]


def test_with_operators_the_logits_are_those_of_python_with_operators(compiled, folder, operators):
    said = compiled.java("HarnessKt", "ghostop", folder, library=litert(), search=operators)

    assert set(ran(said)) == {f"{ON_CPU}, Ghost operators ({variants()[0]})"}
    for plain in plain_models(folder):
        found = logits(folder, ghostop_path(plain))
        assert found.keys() == photos().keys()
        assert found == python_logits(ghostop_path(plain), list(found))


def test_without_the_native_library_the_plain_file_runs(compiled, one):
    said = compiled.java("HarnessKt", "ghostop", one, library=litert())

    why = fell_back(one, said)
    assert why.startswith("The Ghost operators cannot be loaded: no ghost_jni in java.library.path")


def test_a_native_library_for_another_processor_is_not_used(compiled, one, tmp_path):
    arm = native.build(tmp_path / "aarch64", "aarch64")

    said = compiled.java("HarnessKt", "ghostop", one, library=litert(), search=(arm,))

    assert "The Ghost operators cannot be loaded:" in fell_back(one, said)
    assert "libghost_jni.so" in fell_back(one, said)


def test_without_litert_s_own_library_the_plain_file_runs(compiled, one, operators):
    said = compiled.java("HarnessKt", "ghostop", one, library=litert(), search=operators[:1])

    assert fell_back(one, said).startswith("LiteRT cannot be loaded: libLiteRt.so")


def damage(ghostop: Path, is_recorded: bool) -> None:
    """One weight of an operator changed; `is_recorded`: before the record was made."""
    data = bytearray(ghostop.read_bytes())
    data[data.index(b"GHOP") + 200] ^= 1
    ghostop.write_bytes(data)
    record = json.loads(ghostop.with_suffix(".json").read_text())
    if is_recorded:
        record["sha256"] = hashlib.sha256(data).hexdigest()
    ghostop.with_suffix(".json").write_text(json.dumps(record))


@pytest.mark.parametrize(
    "is_recorded, why",
    [
        (True, r"a Ghost operator failed: ghostnet\.op\.\d+: "),
        (False, r"The model \w+_ghostop\.tflite is damaged: "),
    ],
)
def test_a_damaged_file_gives_way_to_the_plain_file(compiled, one, operators, is_recorded, why):
    damage(next(one.glob("*_ghostop.tflite")), is_recorded)

    said = compiled.java("HarnessKt", "ghostop", one, library=litert(), search=operators)

    assert re.match(why, fell_back(one, said))


def test_an_operator_s_error_is_thrown_where_nothing_stands_in_for_it(compiled, one, operators):
    damage(next(one.glob("*_ghostop.tflite")), is_recorded=True)

    with pytest.raises(Failed, match=r"BadModel: a Ghost operator failed: ghostnet\.op\.\d+"):
        compiled.java("HarnessKt", "operators", one, library=litert(), search=operators)


def test_an_operator_that_fails_later_gives_no_output_and_the_plain_file_takes_over(
    compiled, one, operators, tmp_path
):
    failing = native.build_preloaded(native.FAILING, tmp_path / "failing.so")

    said = compiled.java(
        "HarnessKt", "ghostop", one, library=litert(), search=operators, preload=failing
    )

    (plain,) = plain_models(one)
    first, *others = sorted(found := logits(one, ghostop_path(plain)))
    with_operators, without = (python_logits(f, [first]) for f in (ghostop_path(plain), plain))
    assert found[first] == with_operators[first] != without[first]
    assert [found[name] for name in others] == list(python_logits(plain, others).values())
    reason = f"{ON_CPU} (no Ghost operators: a Ghost operator failed: ghostnet.op.007: planted)"
    assert ran(said) == [f"{ON_CPU}, Ghost operators ({variants()[0]})", reason, reason]


def test_an_ignored_error_would_be_seen(compiled, one, operators, tmp_path):
    """Planted: nobody asks the operators. The test above would find no reason in the labels."""
    text = native.SOURCE.read_text()
    source = tmp_path / "ghost_jni.c"
    source.write_text(text.replace("return !why || fail(", "return true || fail("))
    assert source.read_text() != text
    search = (native.build(tmp_path / "deaf", "host", source), operators[1])
    failing = native.build_preloaded(native.FAILING, tmp_path / "failing.so")

    said = compiled.java(
        "HarnessKt", "ghostop", one, library=litert(), search=search, preload=failing
    )

    assert set(ran(said)) == {f"{ON_CPU}, Ghost operators ({variants()[0]})"}


def test_the_native_part_exports_what_kotlin_declares(operators):
    source = (DEMO / "library/src/main/kotlin/ghostnet/android/GhostJni.kt").read_text()
    declared = re.findall(r"external fun (\w+)", source)

    said = call("nm", "--dynamic", "--defined-only", operators[0] / "libghost_jni.so")

    assert declared
    exported = re.findall(r" T Java_ghostnet_android_GhostJni_(\w+)", said)
    assert sorted(exported) == sorted(declared)


def test_a_size_that_is_not_the_input_s_is_refused(compiled, one, operators):
    said = compiled.java("HarnessKt", "sizes", one, library=litert(), search=operators)

    wrong = (0, 3, 96 * 96 * 3 - 1, 96 * 96 * 3 + 1)
    refused = [f"{size} numbers for an input of {96 * 96 * 3}" for size in wrong]
    told = [line for line in said.splitlines() if "numbers for" in line or line == "taken"]
    assert told == refused * 2  # of the plain file, and of that with operators


def test_planted_a_size_that_is_not_checked(compiled, one, operators, tmp_path):
    text = native.SOURCE.read_text()
    source = tmp_path / "ghost_jni.c"
    source.write_text(text.replace("if (size == room)", "if (size <= room)"))
    assert source.read_text() != text
    search = (native.build(tmp_path / "trusting", "host", source), operators[1])

    said = compiled.java("HarnessKt", "sizes", one, library=litert(), search=search)

    assert said.splitlines().count("taken") == 2 * 3


def test_a_processor_that_cannot_multiply_halves_says_so(compiled, one, operators):
    """As x86 cannot, with operators and without; what runs on Arm is tested in tests/kernels."""
    said = compiled.java("HarnessKt", "half", one, library=litert(), search=operators)

    assert said.splitlines().count("this processor cannot multiply in half precision") == 2


def test_a_label_of_one_thread_is_that_of_one_thread(compiled, one, operators):
    said = compiled.java("HarnessKt", "threads", one, library=litert(), search=operators)

    assert re.findall(r"^threads begun: (.*)", said, re.MULTILINE) == ["0", "0", "0"]
    assert re.findall(r"^four: (.*)", said, re.MULTILINE) == ["3"]  # and they would be seen
    labels = re.findall(r"^label: (.*)", said, re.MULTILINE)
    assert [label.split(", Ghost")[0] for label in labels] == [ON_CPU] * 3


@pytest.mark.parametrize(
    "planted, left",
    [
        (("", ""), 0),
        (("  free(n->file);\n", ""), 6),
        (("  destroy((Network *)(intptr_t)network);\n", "  (void)network;\n"), 6),
    ],
)
def test_a_closed_network_leaves_no_bytes_of_its_model(
    compiled, one, operators, tmp_path, planted, left
):
    text = native.SOURCE.read_text()
    source = tmp_path / "ghost_jni.c"
    source.write_text(text.replace(*planted))
    assert planted == ("", "") or source.read_text() != text
    search = (native.build(tmp_path / "built", "host", source), operators[1])
    watching = native.build_preloaded(native.WATCHING, tmp_path / "watching.so")

    said = compiled.java(
        "HarnessKt", "reopen", one, library=litert(), search=search, preload=watching
    )

    (found,) = re.findall(r"(\d+) of (\d+) blocks of a model are left", said)
    assert found == (str(left), "6")


def test_a_thread_is_where_it_was_asked_to_be(compiled, one, operators):
    cores = sorted(os.sched_getaffinity(0))

    said = compiled.java("HarnessKt", "pin", one, library=litert(), search=operators)

    assert [int(core) for core in re.findall(r"^core: (.*)", said, re.MULTILINE)] == [
        core if core in cores else cores[-1] for core in range(cores[-1] + 1)
    ]
