"""The app's own inference classes on this machine: the bits of Python, or it is a bug."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from android_demo.checks import goldens
from android_demo.checks.models import N_REAL, RECIPES, SIZES, photos, plain_models
from android_demo.checks.toolchain import Failed
from benchmark import markdown
from benchmark.app_results import open_results
from benchmark.findings import findings_of
from benchmark.measurement import Visit
from benchmark.model import open_model
from benchmark.plan import settings_of
from benchmark.rows import tabulate
from benchmark.targets.host import HostTarget
from export.classifier import open_classifier
from export.detection import SURE, open_detector
from export.hearer import open_hearer
from export.scores import shares
from ghostnet_tf.base.effort import EFFORTS
from ghostnet_tf.base.libraries import litert

FILES = Path(__file__).parent / "files"  # tiny_files.py makes them


def test_pixels_become_the_logits_of_python_bit_for_bit(compiled, folder):
    compiled.java("HarnessKt", "logits", folder, library=litert())

    compared = 0
    for model in plain_models(folder):
        classifier = open_classifier(model)
        for name, photo in photos().items():
            image = classifier.preprocessing.normalise(classifier.preprocessing.pixels(photo))
            python = np.asarray(classifier.predict(image[None]))[0].astype("<f4")
            kotlin = (folder / f"{model.name}.{name}.logits").read_bytes()
            assert kotlin == python.tobytes(), (model.name, name)
            compared += 1
    assert compared == len(RECIPES) * (len(SIZES) + N_REAL * ("GHOSTNET_DATA" in os.environ))


def test_a_detector_finds_what_python_finds_bit_for_bit(compiled, operators, tmp_path):
    for file in FILES.glob("*_det_*"):  # two outputs, 64 x 96 pixels
        shutil.copy(file, tmp_path)
    images = {f"{w}x{h}_made": Image.fromarray(goldens.photo(w, h)) for w, h in SIZES}
    for name, photo in images.items():
        (tmp_path / f"{name}.rgb").write_bytes(photo.tobytes())

    said = compiled.java("HarnessKt", "find", tmp_path, library=litert(), search=operators)

    (file,) = tmp_path.glob("*.tflite")
    detector, wanted = open_detector(file), []
    for name, photo in sorted(images.items()):
        found = detector.find(photo, SURE)
        for corners, label, score in zip(found.corners, found.classes, found.scores, strict=True):
            wanted.append([name, detector.labels.names[label], score, *corners])
    lines = [line.split() for line in said.splitlines() if "_made " in line]
    assert [[*line[:2], *map(np.float32, line[2:])] for line in lines] == wanted
    assert {row[1] for row in wanted} == set(detector.labels.names)
    assert "same [true, true]" in said


def test_a_listener_hears_what_python_hears(compiled, tmp_path):
    for file in FILES.glob("tiny_listener*"):
        shutil.copy(file, tmp_path)
    samples = np.random.default_rng(3).normal(0, 0.3, 1000).astype("<f4")
    (tmp_path / "sound.pcm").write_bytes(samples.tobytes())

    said = compiled.java("HarnessKt", "hear", tmp_path, library=litert())

    (file,) = tmp_path.glob("*.tflite")
    hearer = open_hearer(file)
    wanted = shares(hearer.by_class(samples[None])[0].astype(np.float64), hearer.scores)
    (line,) = re.findall(r"^heard (.*)$", said, re.MULTILINE)
    assert np.allclose([float(word) for word in line.split()], wanted, rtol=1e-12, atol=0)
    assert len(set(wanted.round(6))) == 3


def test_the_apps_benchmark_is_read_by_ours_and_computes_the_same(compiled, folder, operators):
    compiled.java("HarnessKt", "benchmark", folder, library=litert(), search=operators)

    models = [open_model(file) for file in sorted(folder.glob("*.tflite"))]
    results = open_results(folder / "results.json", models)
    quick, host = EFFORTS["quick"], HostTarget()

    assert results.kind == "app_latency"
    assert results.settings == settings_of(quick)
    assert len(results.rounds) == quick.rounds
    for model in models:
        (first, *_) = (v for v in results.of(model) if isinstance(v, Visit))
        assert len(first.latency_ms) >= quick.runs
        # the same noise through the command-line runner
        seen = host.visit(model, settings_of(quick))
        assert isinstance(seen, Visit)
        assert first.output_sha256 == seen.output_sha256
    assert "app: a desktop" in markdown.document([findings_of(tabulate(results, models))])


def test_a_damaged_model_is_refused_before_litert_sees_it(compiled, alone):
    (model,) = alone.glob("*.tflite")
    damaged = bytearray(model.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    model.write_bytes(damaged)

    with pytest.raises(Failed, match="is damaged: it is not the file that its record describes"):
        compiled.java("HarnessKt", "logits", alone, library=litert())


def test_a_gpu_that_is_not_there_gives_way_to_the_cpu_and_the_label_says_so(compiled, alone):
    said = compiled.java("HarnessKt", "gpu", alone, library=litert())

    assert "CPU, 1 thread (the GPU refused this model)" in said


def test_a_record_with_a_label_too_few_is_refused_before_anything_is_named(compiled, alone):
    (path,) = alone.glob("*.json")
    record = json.loads(path.read_text())
    record["labels"].pop()
    path.write_text(json.dumps(record))

    with pytest.raises(Failed, match="This model has 200 classes, and 199 names for them"):
        compiled.java("HarnessKt", "logits", alone, library=litert())
