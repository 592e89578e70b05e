"""A detector as a file: two outputs by name, one partition, and float32 behind the last map."""

import dataclasses

import numpy as np
import pytest
from colours import colour_model, colour_record

from export.contract import facts
from export.detector_graph import behind_convolutions, is_detector
from export.flatbuffer import Flatbuffer
from export.from_keras import outputs_of, to_float32
from export.metadata import attach_metadata, read_metadata
from export.runtime import Runtime
from export.scores import endings
from ghostnet_tf.base.record import BoxesKept
from ghostnet_tf.nets import taps, zoo
from ghostnet_tf.nets.detector import deployed
from tests.drawn_shapes import BLOCKS, ZOO_ROW

SIZE = 64


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
        patch.setitem(taps.BLOCKS, "tinyback", BLOCKS)
        return deployed(zoo.parse_model("tinyback_100_det").build(classes=2, size=SIZE))


@pytest.fixture(scope="module")
def file(model) -> Flatbuffer:
    return to_float32(model, SIZE)


def test_it_is_one_partition_without_a_transpose(file):
    says = facts(file)

    assert says.delegation.partitions == 1 and not says.delegation.left_out
    assert not says.ops["TRANSPOSE"] and not says.dynamic


def test_its_boxes_and_scores_are_those_of_keras(model, file):
    images = np.random.default_rng(0).normal(size=(2, SIZE, SIZE, 3)).astype(np.float32)

    boxes, scores = Runtime(file).run(images)

    assert boxes.shape == (2, 85, 4) and scores.shape == (2, 85, 2)
    for value, reference in zip((boxes, scores), outputs_of(model, images), strict=True):
        assert np.allclose(value, reference, atol=1e-4)


def test_what_makes_boxes_of_maps_stays_in_float32(file):
    graph = file.graph
    behind = behind_convolutions(graph)

    assert is_detector(graph) and endings(graph) == behind
    kinds = [op.name for op in behind]
    assert {*kinds} == {"RESHAPE", "CONCATENATION", "SOFTMAX", "MUL", "SUM", "SUB", "LOGISTIC"}
    assert kinds.count("CONCATENATION") == 2 and kinds.count("RESHAPE") == 9
    read = {graph.names[t] for op in behind for t in op.inputs} & {
        graph.names[t] for op in graph.ops if op.name == "CONV_2D" for t in op.outputs
    }
    assert len(read) == 8  # the last convolutions of four levels


def test_other_networks_are_no_detectors():
    graph = Flatbuffer(colour_model()).graph

    assert not is_detector(graph) and endings(graph) == []


def test_the_file_names_its_outputs_and_the_classes_of_its_scores(file):
    record = dataclasses.replace(
        colour_record(),
        task="detect",
        boxes=BoxesKept(iou=0.6, score=0.05, most=100),
        labels=("disc", "square"),
        label_ids=("disc", "square"),
    )

    says = read_metadata(attach_metadata(file, record))

    assert says is not None and says.labels == ("disc", "square")
    assert says.label_ids == ("disc", "square") and says.preprocessing == record.preprocessing
