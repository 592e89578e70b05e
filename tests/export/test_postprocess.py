"""Detectors that choose among their boxes in the file: the same boxes, and MediaPipe opens them."""

import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colours import colour_record
from PIL import Image

from export import postprocess, postprocess_file
from export.detection import open_detector, rows_of
from export.metadata import attach_metadata
from export.postprocess_file import is_current, write_postprocess
from export.runtime import Runtime
from export.tensors import tensors_of
from export.verification import PASSED, verify
from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.record import BoxesKept, load, save
from ghostnet_tf.data.preprocess import IMAGENET
from tests.drawn_shapes import CLASSES

SIZE = 64
HOW = IMAGENET.at(SIZE).to_dict() | {"crop": 1.0, "fit": "stretch"}
# What MediaPipe 1.2.3 found with the file below on the photo below.
GOLDEN = Path(__file__).parents[1] / "goldens/mediapipe_boxes.json"


@pytest.fixture(scope="module")
def plain(tiny_detector_file, tmp_path_factory) -> Path:
    """A detector of two classes, normalised colour by colour, and its record."""
    data = tiny_detector_file
    record = replace(
        colour_record(),
        task="detect",
        preprocessing=HOW,
        boxes=BoxesKept(iou=0.6, score=0.05, most=20),
        labels=CLASSES,
        label_ids=CLASSES,
        scores="sigmoid",
        ops=dict(data.graph.counts()),
        parameters=1000,
        outputs=tensors_of(data.graph, data.graph.outputs),
    )
    return save(tmp_path_factory.mktemp("plain"), record, attach_metadata(data, record))[0]


@pytest.fixture(scope="module")
def chosen(plain) -> Path:
    return write_postprocess(plain).path


@pytest.fixture(scope="module")
def photo(tmp_path_factory) -> Path:
    """As large as the input, so that nobody resizes it."""
    small = np.random.default_rng(5).integers(0, 255, (5, 5, 3), dtype=np.uint8)
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(small).resize((SIZE, SIZE), Image.Resampling.NEAREST).save(path)
    return path


def test_it_gives_the_boxes_that_our_definition_leaves(plain, chosen, photo):
    with Image.open(photo) as image:
        ours, theirs = (open_detector(path).find(image, score=0.3) for path in (plain, chosen))

    assert 3 < len(ours) == len(theirs) <= 20
    assert np.array_equal(ours.classes, theirs.classes)
    assert np.abs(ours.corners - theirs.corners).max() < 1e-5
    assert np.abs(ours.scores - theirs.scores).max() < 1e-5
    told = load(chosen)[1].postprocess
    assert told is not None and told.plain == plain.name and told.same == told.boxes > 50


def test_it_is_one_partition_and_the_operator_and_passes_verification(plain, chosen):
    data = load(chosen)[0]

    left_out = Runtime(data).delegation().left_out

    assert [one.split()[0] for one in left_out] == ["TFLite_Detection_PostProcess"]
    assert Runtime(data).delegation().partitions == 1
    assert {check.result for check in verify(chosen)} == {PASSED}
    assert chosen.name == f"{plain.stem}_postprocess.tflite" and is_current(plain)


@pytest.mark.parametrize("bug", ["swapped x and y", "shape of a box", "normalisation"])
def test_a_file_that_chooses_other_boxes_is_not_written(plain, monkeypatch, bug):
    if bug == "swapped x and y":
        monkeypatch.setattr(postprocess, "CENTRES", postprocess.CENTRES[::-1])
        monkeypatch.setattr(postprocess, "SIDES", postprocess.SIDES[::-1])
    elif bug == "shape of a box":
        monkeypatch.setattr(postprocess, "SIDES", 1.1 * postprocess.SIDES)
    else:
        monkeypatch.setattr(postprocess_file, "otherwise", lambda images, how: images)

    with pytest.raises(CheckFailed, match="boxes that it should"):
        write_postprocess(plain)


def test_what_is_no_detector_is_refused(plain, chosen):
    with pytest.raises(UserError, match="does not give boxes and scores"):
        write_postprocess(chosen)


def test_mediapipe_has_found_the_same(chosen, photo):
    detector = open_detector(chosen)
    with Image.open(photo) as image:
        rows = rows_of(detector.find(image, score=0.0), detector.labels, image.size)

    golden = json.loads(GOLDEN.read_text())
    assert len(golden) > 3
    for name, score, corners in golden:
        assert any(
            row["name"] == name
            and abs(row["score"] - score) < 2e-3
            and np.abs(np.array(row["box"]) - corners).max() < 2  # it cuts off corner and side
            for row in rows
        ), (name, score, corners)


@pytest.mark.skipif(
    "MEDIAPIPE_PYTHON" not in os.environ, reason="MEDIAPIPE_PYTHON names no Python that has it"
)
def test_mediapipe_opens_it(chosen, photo):
    script = Path(__file__).with_name("mediapipe_boxes.py")
    command = [os.environ["MEDIAPIPE_PYTHON"], str(script), str(chosen), str(photo)]

    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603

    now, golden = json.loads(done.stdout), json.loads(GOLDEN.read_text())
    assert [row[0] for row in now] == [row[0] for row in golden]
    assert np.abs([a[1] - b[1] for a, b in zip(now, golden, strict=True)]).max() < 1e-3
