"""The detector that is shipped: `ghostnet export --model ghostnet_050_det --weights bccd`."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from export import evaluate, to_tflite
from export.network import card_path, from_zoo
from ghostnet_tf.base.files import sha256
from ghostnet_tf.data.boxed_photos import BoxedPhotos
from ghostnet_tf.data.skipped import Skips
from ghostnet_tf.tasks.detect.average_precision import average_precision
from ghostnet_tf.tasks.detect.nms import keep
from ghostnet_tf.weights import BUNDLED
from tests.counts import ALL
from tests.pasted import ROOT

MODEL, NAME = "ghostnet_050_det", "bccd"
WEIGHTS = BUNDLED / f"{MODEL}_{NAME}.safetensors"
CARD = json.loads(card_path(WEIGHTS).read_text())
FILES = {name: row for name, row in CARD["average_precision"].items() if name != "keras"}
CLASSES = ["Platelets", "RBC", "WBC"]


@pytest.fixture(scope="module")
def photos() -> BoxedPhotos:
    """The split that was scored once."""
    if "GHOSTNET_DATA" not in os.environ:
        pytest.skip("GHOSTNET_DATA is not set: no BCCD")
    place = Path(os.environ["GHOSTNET_DATA"]) / "bccd" / "bccd.zip"
    return BoxedPhotos.open(place, Skips(), "test")


def test_its_card_is_of_its_bytes_and_says_what_was_asked_of_it():
    assert CARD["sha256"] == sha256(WEIGHTS.read_bytes()) and WEIGHTS.stat().st_size < 6e6
    float32, int8 = FILES["float32"], FILES["static_wi8_ai8"]
    assert float32["ap50"] >= 0.88 and int8["ap50"] >= float32["ap50"] - 0.01
    assert list(float32["per_class"]) == CLASSES
    for row in FILES.values():
        mean = np.mean([one["ap50"] for one in row["per_class"].values()])
        assert row["ap50"] == pytest.approx(mean)
    assert CARD["photos"] == {"training": 205, "held_out": 87, "scored": 72, "calibration": 200}


def test_the_model_card_has_its_numbers():
    page = (ROOT / "docs/model_card.md").read_text().split(f"# Model card: {MODEL}, {NAME}")[1]

    assert CARD["sha256"] in page
    for name, row in CARD["average_precision"].items():
        cells = [f"{value:.3f}" for value in (row["ap50"], row["ap"])]
        cells += [f"{one['ap50']:.3f}" for one in row["per_class"].values()]
        label = "Keras model" if name == "keras" else f"`{name}`"
        assert f"| {label} | {' | '.join(cells)} |" in page
    for row in CARD["history"]:
        assert f"| {row['epoch']} | {row['loss']:.3f} | {row['held_out_ap50']:.3f} |" in page


def test_it_finds_the_cells_of_a_few_photos(photos):
    network = from_zoo(MODEL, NAME)
    some = photos.subset(np.arange(4) * len(photos) // 4)
    images = network.detector.preprocessing.images(
        [photo for i in range(4) if (photo := some.readable(i))]
    )

    said = network.model(images, training=False)  # type: ignore
    both = zip(np.asarray(said["boxes"]), np.asarray(said["scores"]), strict=True)
    found = [keep(boxes, scores) for boxes, scores in both]

    truth = [some.boxes(i) for i in range(4)]
    scored = average_precision(found, truth, CLASSES, [(640, 480)] * 4)
    assert scored["ap50"] > 0.75 and network.ranges is not None
    assert network.labels is not None and list(network.labels.ids) == CLASSES


@pytest.mark.skipif(not ALL, reason="exports and scores 72 photos, for minutes: make test-all")
def test_evaluate_recomputes_the_ap_of_the_card_from_the_shipped_bytes(photos, tmp_path, capsys):
    assert to_tflite.main(["--model", MODEL, "--weights", NAME, "--out", str(tmp_path)]) == 0
    files = {
        json.loads(path.with_suffix(".json").read_text())["recipe"]: path
        for path in tmp_path.glob("*.tflite")
    }
    capsys.readouterr()
    asked = ["--labelled", photos.source.title, "--split", "test", "--json"]

    assert evaluate.main([*map(str, files.values()), *asked]) == 0

    rows = json.loads(capsys.readouterr().out)["files"]
    assert {*files} == {*FILES}
    for (recipe, path), row in zip(files.items(), rows, strict=True):
        assert row["ap"] == pytest.approx(FILES[recipe]["ap"], abs=1e-6)
        assert row["ap50"] == pytest.approx(FILES[recipe]["ap50"], abs=1e-6)
        record = json.loads(path.with_suffix(".json").read_text())
        assert CARD["published"][sha256(path.read_bytes())] == record["average_precision"]
