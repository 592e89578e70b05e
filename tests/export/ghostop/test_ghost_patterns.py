"""Where a Ghost operator fits into a graph, and where it does not."""

import copy
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from ghosts import insert, static

from export.ghostop.options import CONVOLUTION, DEPTHWISE, GHOST
from export.ghostop.patterns import Site, find
from export.graph import Graph
from export.op import Op

RELU_N1_TO_1, PADV2 = 2, 60  # of TFLite's schema


def kinds(sites: tuple[Site, ...]) -> Counter:
    return Counter((site.options.kind, site.options.has_residual) for site in sites)


def named(graph: Graph, name: str) -> Op:
    """The operator that writes the tensor of this name."""
    (op,) = (op for op in graph.ops if graph.names[op.outputs[0]] == name)
    return op


def test_all_32_modules_of_a_ghostnet_are_found(float32, ranges):
    for data in (float32, static(float32, ranges)):
        found = find(Graph(data))

        n_dense = 2 if data is float32 else 1  # head and classifier, whose int8 weights are few
        assert kinds(found.sites) == {
            (GHOST, False): 16,
            (GHOST, True): 16,
            (DEPTHWISE, False): 9,
            # The stem, 32 primary ones, five shortcuts, the last one.
            (CONVOLUTION, False): 39 + n_dense,
        }
        assert not found.left


def test_strides_and_paddings_are_those_of_the_graph(float32):
    """GhostNet's symmetric padding: a PAD of k // 2 in front of each strided convolution."""
    options = [site.options for site in find(Graph(float32)).sites]
    strided = [o for o in options if o.kind == DEPTHWISE and o.stride == (2, 2)]

    assert [o.weights.shape[1] for o in strided] == [3, 3, 5, 5, 3, 3, 5, 5]
    assert [o.pad for o in strided] == [(o.weights.shape[1] // 2,) * 2 for o in strided]
    assert all(o.in_size == tuple(2 * side for side in o.out_size) for o in strided)


def test_the_stem_is_one_operator_with_its_padding(float32):
    (site,) = (s for s in find(Graph(float32)).sites if s.name == "stem/act")

    assert [op.name for op in site.ops] == ["PAD", "CONV_2D"]
    assert site.options.weights.shape == (8, 3, 3, 3)  # of width 0.5
    assert (site.options.stride, site.options.pad) == ((2, 2), (1, 1))


def test_head_and_classifier_are_operators_for_their_weights(float32):
    head, classifier = find(Graph(float32)).sites[-2:]

    assert [op.name for op in (*head.ops, *classifier.ops)] == ["CONV_2D", "FULLY_CONNECTED"]
    assert head.options.out_size == classifier.options.in_size == (1, 1)
    assert (head.options.out_rank, classifier.options.out_rank) == (4, 2)
    assert classifier.options.weights.shape == (100, 1, 1, 1280)


def test_a_fully_connected_of_other_rows_is_left_alone(float32):
    graph = Graph(float32)
    (op,) = (op for op in graph.ops if op.name == "FULLY_CONNECTED")
    graph.subgraph.tensors[op.inputs[0]].shape = [1, 2, 2, 320]

    found = find(graph)

    assert all(op not in site.ops for site in found.sites)
    assert any("is not one row of 1280" in why for why in found.left)


def test_a_vector_and_large_windows_are_left_to_the_runtime(float32):
    """Squeeze-and-excite works on one pixel, and has few weights."""
    graph = Graph(float32)
    taken = {op for site in find(graph).sites for op in site.ops}
    left = [op for op in graph.ops if op.name == "CONV_2D" and op not in taken]

    assert left and all(graph.shape(op.outputs[0])[1:3] == (1, 1) for op in left)


def test_a_same_padding_at_stride_2_begins_where_tflite_begins(micro):
    graph = Graph(micro)

    (site,) = (s for s in find(graph).sites if s.name == "same")

    assert (site.options.in_size, site.options.out_size) == ((8, 8), (4, 4))
    assert site.options.pad == (0, 0)  # one row behind, none in front


def test_several_cheap_sides_are_one_operator(micro):
    (site,) = (
        s
        for s in find(Graph(micro)).sites
        if s.options.kind == GHOST and s.options.weights.shape[0] == 2
    )

    assert site.options.kind == GHOST
    assert len(site.ops) == 3


def test_a_padding_goes_only_with_the_zeros_that_it_adds(micro):
    graph = Graph(micro)
    (site,) = (s for s in find(graph).sites if s.name == "strided")
    assert [op.name for op in site.ops] == ["PAD", "DEPTHWISE_CONV_2D"]

    pad = site.ops[0]
    values = np.array(graph.constant(pad.inputs[1]))
    values[3] = 1  # channels, too
    graph.model.buffers[graph.subgraph.tensors[pad.inputs[1]].buffer].data = np.frombuffer(
        values.tobytes(), np.uint8
    )

    (site,) = (s for s in find(graph).sites if s.name == "strided")
    assert [op.name for op in site.ops] == ["DEPTHWISE_CONV_2D"]


def test_an_unfused_relu_is_the_same_operator(micro):
    graph = Graph(micro)
    before = find(graph).sites

    unfuse(graph, named(graph, "ghost1_cheap"))

    after = find(graph).sites
    assert kinds(after) == kinds(before)
    assert [s.options.activation for s in after] == [s.options.activation for s in before]


def test_a_quantize_before_each_side_is_part_of_the_operator(micro_unequal):
    graph = Graph(micro_unequal)
    assert graph.counts()["QUANTIZE"] > 1

    sites = [s for s in find(graph).sites if s.options.kind == GHOST]

    assert len(sites) == 3
    assert all(any(op.name == "QUANTIZE" for op in site.ops) for site in sites)
    assert any(s.options.input != s.options.concat for s in sites)


# ---------------------------------------------------------------------------- what does not fit


def swapped(graph: Graph) -> None:
    concat = named(graph, "ghost1_concat")
    for position, side in enumerate(concat.inputs[::-1]):
        graph.rewire(concat, position, side)


def read_elsewhere(graph: Graph) -> None:
    cheap = named(graph, "ghost1_cheap").outputs[0]
    graph.subgraph.outputs = [*graph.outputs, cheap]


def dilated(graph: Graph) -> None:
    named(graph, "ghost1_cheap").options.dilationHFactor = 2


def other_activation(graph: Graph) -> None:
    named(graph, "ghost1_cheap").options.fusedActivationFunction = RELU_N1_TO_1


def strided(graph: Graph) -> None:
    named(graph, "ghost1_cheap").options.strideW = 2


def of_another_map(graph: Graph) -> None:
    cheap = named(graph, "ghost1_cheap")
    graph.rewire(cheap, 0, graph.inputs[0])


def of_rows(graph: Graph) -> None:
    named(graph, "ghost1_concat").options.axis = 1


MISFITS: dict[str, tuple[Callable[[Graph], None], str, bool]] = {
    # what is changed, the reason, whether the convolution can still be an operator of its own
    "swapped": (swapped, "a side is no depthwise convolution", True),
    "read elsewhere": (read_elsewhere, "ghost1_cheap is read elsewhere, too", True),
    "dilated": (dilated, "it is dilated by 2x1", False),
    "another activation": (other_activation, "its activation is RELU_N1_TO_1", False),
    "strided": (strided, "a cheap side has a stride or no padding", True),
    "of another map": (of_another_map, "it makes several channels of one", False),
    "of rows": (of_rows, "it is no concatenation of channels", True),
}


@pytest.mark.parametrize("name", MISFITS)
def test_what_does_not_fit_is_left_alone_with_the_reason(micro, name):
    change, reason, is_depthwise = MISFITS[name]
    graph = Graph(micro)
    before = kinds(find(graph).sites)

    change(graph)

    found = find(graph)
    assert before[GHOST, False] - kinds(found.sites)[GHOST, False] == 1
    assert kinds(found.sites)[DEPTHWISE, False] - before[DEPTHWISE, False] == is_depthwise
    assert any(reason in why for why in found.left), found.left


def test_a_residual_that_others_read_before_it_is_added_stays_an_add(micro):
    graph = Graph(micro)
    concat = named(graph, "ghost2_concat").outputs[0]
    graph.subgraph.outputs = [*graph.outputs, concat]

    found = find(graph)

    assert kinds(found.sites)[GHOST, True] == 0
    assert any(site.output == concat for site in found.sites)


def test_int8_sides_of_another_scale_than_the_whole_are_left_alone(micro_int8):
    graph = Graph(micro_int8)
    cheap = named(graph, "ghost1_cheap")
    quantization: Any = copy.copy(graph.subgraph.tensors[cheap.outputs[0]].quantization)
    quantization.scale = np.array(quantization.scale) * 2
    graph.subgraph.tensors[cheap.outputs[0]].quantization = quantization

    found = find(graph)

    assert any("a side has another scale than the whole" in why for why in found.left)


def test_an_int8_relu_that_changes_the_scale_is_left_alone(micro_int8):
    graph = Graph(micro_int8)
    cheap = named(graph, "ghost1_cheap")
    relu = unfuse(graph, cheap)
    tensor = graph.subgraph.tensors[cheap.outputs[0]]
    tensor.quantization = copy.copy(tensor.quantization)
    tensor.quantization.scale = np.array(tensor.quantization.scale) * 2

    found = find(graph)

    assert any("its RELU changes the scale" in why for why in found.left)
    assert all(relu not in site.ops for site in found.sites)


def unfuse(graph: Graph, op: Op) -> Op:
    """The ReLU of `op` as an operator behind it, as other converters leave it."""
    (concat,) = graph.readers(op.outputs[0])
    op.options.fusedActivationFunction = 0
    return insert(graph, "RELU", concat.inputs.index(op.outputs[0]), concat)
