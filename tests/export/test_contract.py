from collections import Counter
from dataclasses import replace
from typing import Any

import keras
import pytest
from keras import layers

from export.contract import PRECISIONS, Facts, broken_promises, facts, promise
from export.from_keras import to_float32
from export.graph import Graph
from export.quantize import quantize
from export.ranges import Ranges
from export.recipes import RECIPES
from export.runtime import Delegation
from ghostnet_tf.base.errors import UserError

ONE_PARTITION = Facts(Counter(), 1000, Delegation(1, 10, ()), (64, 64))


@pytest.fixture(scope="module")
def n_parameters(seeded):
    return seeded.count_params()


@pytest.mark.parametrize("recipe", RECIPES)
def test_ghostnet_keeps_the_promise_of(recipe, files, n_parameters):
    assert broken_promises(promise(recipe, "ghostnet", n_parameters), facts(files[recipe])) == []


@pytest.mark.parametrize("recipe", ["float32", "float16", "static_wi8_ai8_int8io"])
def test_promised_recipes_are_one_xnnpack_partition(recipe, files):
    delegation = facts(files[recipe]).delegation

    assert (delegation.partitions, delegation.left_out) == (1, ())
    assert promise(recipe, "ghostnet").partitions == 1


def test_dynamic_int16_and_stock_networks_promise_no_partitions():
    unpromised = {r for r in RECIPES if promise(r, "ghostnet").partitions is None}

    assert unpromised == {"dynamic_wi8_afp32", "static_wi8_ai16"}
    assert promise("static_wi8_ai8", "stock").partitions is None


def test_every_recipe_has_a_promise():
    assert PRECISIONS.keys() == RECIPES.keys()


def test_an_operator_outside_the_partition_is_named_with_its_layer(small_float32):
    graph = Graph(small_float32)
    spans = {graph.names[tensor]: (-4.0, 4.0) for tensor in graph.activations()}
    data = quantize(
        small_float32, "static_wi8_ai8", Ranges("minmax", spans, spans, {}, 8, "0" * 64)
    )

    (broken,) = broken_promises(promise("static_wi8_ai8", "delegable"), facts(data))

    assert broken == "2 partitions, 1 promised; outside: HARD_SWISH swish"


def test_stock_networks_are_reported_not_judged(small_float32):
    assert broken_promises(promise("float32", "stock"), facts(small_float32)) == []


@pytest.mark.parametrize(("fault", "words"), [
    ({"custom": ("FlexErf",)},                        "built-in set: FlexErf"),
    ({"dynamic": ("image", "logits")},                "shapes are not static (image, logits)"),
    ({"ops": Counter(SHAPE=2)},                       "shapes are not static (2 SHAPE)"),
    ({"undone": ("back undoes to",)},                 "TRANSPOSE back undoes to: something"),
    ({"ops": Counter(READ_VARIABLE=9)},               "still variables (READ_VARIABLE)"),
    ({"unfolded": ("MUL block_00/norm",)},            "not folded: MUL block_00/norm"),
    ({"delegation": Delegation(2, 10, ("ADD a",))},   "2 partitions, 1 promised; outside: ADD a"),
    ({"delegation": Delegation(0, 10, ("ADD a",)*5)}, "ADD a, ADD a, ADD a and 2 more"),
    ({"size_bytes": 300},                             "300 bytes instead of 900 or more"),
])  # fmt: skip
def test_each_planted_violation_is_named(fault, words):
    promised = replace(promise("float32", "delegable"), min_bytes=900)

    assert broken_promises(promised, ONE_PARTITION) == []
    (broken,) = broken_promises(promised, replace(ONE_PARTITION, **fault))
    assert words in broken


def test_all_violations_are_told_not_the_first():
    bad = replace(ONE_PARTITION, custom=("FlexErf",), undone=("b undoes a",), dynamic=("image",))

    assert len(broken_promises(promise("float32", "delegable"), bad)) == 3


def test_a_missing_operator_breaks_ghostnets_count(float32):
    found = facts(float32)

    broken = broken_promises(
        promise("float32", "ghostnet"), replace(found, ops=found.ops - Counter(PAD=4))
    )

    assert broken == ["5 PAD instead of 9"]


@pytest.mark.parametrize("sides", [(33, 64), (32, 32), (64, 80)])
def test_sizes_at_which_the_converter_drops_a_pad_or_a_mean_promise_no_counts(sides, float32):
    found = facts(float32)

    other = replace(found, sides=sides, ops=found.ops - Counter(PAD=2))

    assert broken_promises(promise("float32", "ghostnet"), other) == []


def test_a_batch_norm_left_beside_its_kernel_is_found():
    inputs = keras.Input((8, 8, 3))
    x = layers.ReLU()(layers.Conv2D(4, 3, name="conv")(inputs))
    norm: Any = layers.BatchNormalization(name="norm")
    model = keras.Model(inputs, norm(x))
    norm.gamma.assign([1.0, 2.0, 3.0, 4.0])
    graph = Graph(to_float32(model, 8))
    assert facts(graph.to_bytes()).unfolded == ()

    conv = next(op for op in graph.ops if op.name == "CONV_2D")
    conv.options.fusedActivationFunction = 0  # without the ReLU between, folding was due

    assert facts(graph.to_bytes()).unfolded == ("MUL norm",)


def test_a_dynamic_batch_is_found(small_float32):
    graph = Graph(small_float32)
    graph.subgraph.tensors[graph.inputs[0]].shapeSignature = [-1, 16, 16, 3]

    assert facts(graph.to_bytes()).dynamic == ("image",)


@pytest.mark.parametrize("between", [
    lambda x: layers.Concatenate(1)([x, keras.ops.sigmoid(x)]),
    layers.ZeroPadding2D(1, data_format="channels_first"),
    layers.PReLU(shared_axes=[2, 3]),
])  # fmt: skip
def test_a_channels_first_network_is_found(between):
    inputs = keras.Input((8, 8, 3))
    x = between(layers.Permute((3, 1, 2))(inputs))
    model = keras.Model(inputs, layers.Permute((2, 3, 1))(x))

    (broken,) = broken_promises(promise("float32", "stock"), facts(to_float32(model, 8)))

    assert broken.startswith("TRANSPOSE ") and "undoes" in broken


def test_a_network_that_permutes_axes_itself_keeps_its_promise():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, layers.Dense(2)(layers.Permute((3, 1, 2))(inputs)))

    says = facts(to_float32(model, 8))

    assert says.ops["TRANSPOSE"] == 1
    assert broken_promises(promise("float32", "stock"), says) == []


@pytest.mark.parametrize("cut", [0, 3, 100, 5000, -2000])
def test_a_truncated_file_is_refused_not_crashed_on(cut, small_float32):
    with pytest.raises(UserError, match=r"no \.tflite|cannot be read|runtime refused"):
        facts(small_float32[:cut])


def test_an_html_page_is_refused():
    with pytest.raises(UserError, match=r"no \.tflite: it begins with b'<!DOCTYP'"):
        facts(b"<!DOCTYPE html><html>")
