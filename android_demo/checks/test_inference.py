"""The app's own inference classes on this machine: the bits of Python, or it is a bug."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from android_demo.checks import goldens
from android_demo.checks.toolchain import ROOT
from benchmark.model import open_model
from benchmark.plan import EFFORTS
from benchmark.rows import tabulate
from benchmark.runtime_library import host_library
from benchmark.store import read
from benchmark.targets.host import HostTarget
from export.classifier import open_classifier
from ghostnet_tf.errors import CheckFailed

RECIPES = ("float32", "static_wi8_ai8")
SIZES = ((96, 96), (110, 110), (333, 257), (64, 64), (97, 131), (640, 480))


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """The bundled network in two precisions, as `make android-assets` makes them."""
    folder = tmp_path_factory.mktemp("models")
    command = [sys.executable, "export/to_tflite.py", "--recipe", *RECIPES, "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr
    for width, height in SIZES:
        (folder / f"{width}x{height}_made.rgb").write_bytes(goldens.photo(width, height).tobytes())
    return folder


def test_pixels_become_the_logits_of_python_bit_for_bit(compiled, folder):
    compiled.java("HarnessKt", "logits", folder, library=host_library())

    compared = 0
    for model in sorted(folder.glob("*.tflite")):
        classifier = open_classifier(model)
        for width, height in SIZES:
            photo = Image.fromarray(goldens.photo(width, height))
            input_ = classifier.preprocessing.normalise(classifier.preprocessing.pixels(photo))
            kotlin = folder / f"{model.name}.{width}x{height}_made.logits"
            python = np.asarray(classifier.predict(input_[None]))[0]
            assert kotlin.read_bytes() == python.astype("<f4").tobytes(), (
                model.name,
                width,
                height,
            )
            compared += 1
    assert compared == len(RECIPES) * len(SIZES)


def test_the_apps_benchmark_is_read_by_ours_and_computes_the_same(compiled, folder):
    compiled.java("HarnessKt", "benchmark", folder, library=host_library())

    results = read(folder / "results.json")
    models = [open_model(file) for file in sorted(folder.glob("*.tflite"))]
    table = tabulate(results, models)
    host = HostTarget()

    assert results.kind == "app_latency"
    assert len(results.rounds) == EFFORTS["quick"].rounds
    assert results.settings == EFFORTS["quick"].settings()
    for model, row in zip(models, table.rows, strict=True):
        assert len(row.latency.visits[0]) >= EFFORTS["quick"].runs
        # the same noise through the command-line runner
        seen = host.visit(model, EFFORTS["quick"].settings())
        assert row.visits[0].output_sha256 == seen.output_sha256


def test_a_damaged_model_is_refused_before_litert_sees_it(compiled, folder, tmp_path):
    for file in folder.glob("*static_wi8_ai8.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (model,) = tmp_path.glob("*.tflite")
    damaged = bytearray(model.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    model.write_bytes(damaged)

    with pytest.raises(Exception, match="is damaged: it is not the file that its record describes"):
        compiled.java("HarnessKt", "logits", tmp_path, library=host_library())
    with pytest.raises(CheckFailed):
        open_model(model)
