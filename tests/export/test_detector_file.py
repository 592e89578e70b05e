"""A detector as a file: two outputs by name, one partition, and float32 behind the last map."""

import dataclasses
from collections import Counter

import numpy as np
from colours import colour_model, colour_record

from export.calibrate import observe
from export.contract import facts
from export.detector_graph import behind_convolutions, is_detector
from export.flatbuffer import Flatbuffer
from export.ghostop.ghostop_file import make
from export.ghostop.options import CONVOLUTION, DEPTHWISE, GHOST
from export.metadata import attach_metadata, read_metadata
from export.network import Network
from export.quantize import quantize
from export.ranges import Ranges
from export.runtime import Runtime
from export.scores import endings
from ghostnet_tf.base.record import BoxesKept
from ghostnet_tf.data.labels import naming
from ghostnet_tf.nets import zoo

SIZE = 64


def test_it_is_one_partition_without_a_transpose(tiny_detector_file):
    says = facts(tiny_detector_file)

    assert says.delegation.partitions == 1 and not says.delegation.left_out
    assert not says.ops["TRANSPOSE"] and not says.dynamic


def test_its_boxes_and_scores_are_those_of_keras(tiny_detector, tiny_detector_file):
    images = np.random.default_rng(0).normal(size=(2, SIZE, SIZE, 3)).astype(np.float32)

    boxes, scores = Runtime(tiny_detector_file).run(images)
    of_keras = Network(
        model=tiny_detector, name="tiny", weights="drawn", weights_sha256="", task="detect",
        labels=naming(("disc", "square")),
        preprocessing=zoo.parse_model("ghostnet_050_det").preprocessing.at(SIZE),
    ).detector  # fmt: skip

    assert boxes.shape == (2, 85, 4) and scores.shape == (2, 85, 2)
    for value, reference in zip((boxes, scores), of_keras.run(images), strict=True):
        assert np.allclose(value, reference, atol=1e-4)
    assert of_keras.title == "tiny drawn"


def test_what_makes_boxes_of_maps_stays_in_float32(tiny_detector_file):
    graph = tiny_detector_file.graph
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


def test_the_file_names_its_outputs_and_the_classes_of_its_scores(tiny_detector_file):
    record = dataclasses.replace(
        colour_record(),
        task="detect",
        boxes=BoxesKept(iou=0.6, score=0.05, most=100),
        labels=("disc", "square"),
        label_ids=("disc", "square"),
    )

    says = read_metadata(attach_metadata(tiny_detector_file, record))

    assert says is not None and says.labels == ("disc", "square")
    assert says.label_ids == ("disc", "square") and says.preprocessing == record.preprocessing


def test_ghost_operators_take_neck_and_heads_as_well(tiny_detector_file):
    images = np.random.default_rng(1).normal(size=(2, SIZE, SIZE, 3)).astype(np.float32)
    seen = observe(tiny_detector_file, images)
    ranges = Ranges("minmax", seen.extremes(), seen.extremes(), {}, 2, "0" * 64)

    made = make(quantize(tiny_detector_file, "static_wi8_ai8", ranges), "int8.tflite", images)

    assert made.snr_db is None  # every byte is equal
    kinds = {"neck": Counter(), "heads": Counter()}
    for site in made.found.sites:
        of = site.name.split("/")[0]
        if of in kinds:
            kinds[of][site.options.kind] += 1
    assert kinds["neck"][GHOST] == kinds["neck"][DEPTHWISE] == 8
    assert kinds["heads"][DEPTHWISE] == 8 and kinds["heads"][CONVOLUTION] >= 8
    ghosts = [s.options for s in made.found.sites if s.options.kind == GHOST and "neck" in s.name]
    assert {options.weights.shape[1:3] for options in ghosts} == {(5, 5)}
    assert {options.stride for options in ghosts} == {(1, 1)}
