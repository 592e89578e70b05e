"""The app's Kotlin core against the answers of Python."""

import re

import numpy as np
from PIL import Image

from android_demo.checks import goldens
from android_demo.checks.conftest import CORE
from android_demo.checks.toolchain import DEMO


def test_the_goldens_are_what_python_says_today():
    assert goldens.FILE.read_text() == goldens.text(), "run android_demo/checks/goldens.py"


def test_frames_become_the_colours_that_pillow_makes_of_them():
    shape = (64, 48, 0, 0, 1)
    _, _, y, u, v = goldens.frame(*shape)
    planes = [y.reshape(48, 64)]
    planes += [p.reshape(24, 32).repeat(2, 0).repeat(2, 1) for p in (u, v)]
    pillow = Image.fromarray(np.stack(planes, axis=-1), "YCbCr").convert("RGB")

    difference = goldens.rgb_of(*shape).astype(int) - np.asarray(pillow)

    assert abs(difference).max() <= 1  # Pillow's tables round each product by itself


def test_core_passes_its_own_tests(compiled):
    tests = sorted((CORE / "test" / "kotlin").rglob("*Test.kt"))
    names = [f"ghostnet.core.{test.stem}" for test in tests]
    assert tests

    said = compiled.java("org.junit.runner.JUnitCore", *names)

    count = re.search(r"OK \((\d+) tests\)", said)
    assert count, said
    written = sum(test.read_text().count("@Test") for test in tests)
    assert int(count[1]) == written


def test_the_app_s_classes_pass_theirs_over_android_s_that_do_nothing(compiled):
    written = (DEMO / "checks" / "jvm" / "AppTest.kt").read_text().count("@Test")

    said = compiled.java("org.junit.runner.JUnitCore", "AppTest")

    assert f"OK ({written} tests)" in said, said


def test_core_knows_nothing_of_android():
    imports = [
        line
        for file in (CORE / "main").rglob("*.kt")
        for line in file.read_text().splitlines()
        if line.startswith("import ")
    ]

    assert imports
    assert not [i for i in imports if not i.startswith(("import kotlin.", "import java."))]
