from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers
from litert_quantizer.quantizer import Quantizer
from litert_quantizer.recipe import dynamic_wi8_afp32

from export.from_keras import to_float32
from export.graph import Graph
from export.parity import snr_db
from export.quantize import quantize, shared_at_concats
from export.ranges import Ranges
from export.recipes import RECIPES
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.quiet import quiet


@pytest.mark.parametrize(
    ("recipe", "dtype"),
    [(recipe, np.int8 if recipe.endswith("int8io") else np.float32) for recipe in RECIPES],
)
def test_input_and_output_are_float32_unless_the_recipe_says_int8(recipe, dtype, files):
    runtime = Runtime(files[recipe])

    assert runtime.input["dtype"] == runtime.outputs[0]["dtype"] == dtype


def test_int8_io_gives_the_logits_of_float_io(files, fresh_images):
    """Up to the pixels that lie halfway between two steps."""
    float_io, int8_io = Runtime(files["static_wi8_ai8"]), Runtime(files["static_wi8_ai8_int8io"])

    assert snr_db(float_io.run(fresh_images), int8_io.run(fresh_images)) > 25


@pytest.mark.parametrize(("recipe", "share"), [
    ("float16", 0.51), ("weight_only_wi8_afp32", 0.29), ("dynamic_wi8_afp32", 0.29),
    ("static_wi8_ai8", 0.31), ("static_wi8_ai8_int8io", 0.31), ("static_wi8_ai16", 0.32),
])  # fmt: skip
def test_the_file_shrinks_with_its_weights(recipe, share, files):
    assert len(files[recipe]) < share * len(files["float32"])


@pytest.mark.parametrize("recipe", RECIPES)
def test_quantizing_twice_gives_the_same_bytes(recipe, files, float32, ranges):
    assert quantize(float32, recipe, ranges) == files[recipe]


def test_float32_is_the_file_itself(float32):
    assert quantize(float32, "float32") is float32


def test_no_quantize_op_stands_before_a_concatenation(files):
    counts = Graph(files["static_wi8_ai8"]).counts()

    assert (counts["QUANTIZE"], counts["DEQUANTIZE"]) == (1, 1)  # the image in, the logits out


def test_concatenations_that_feed_each_other_share_one_range():
    inputs = keras.Input((8, 8, 2))
    a, b = (layers.Conv2D(2, 1, name=name)(inputs) for name in "ab")
    inner = layers.Concatenate(name="inner")([a, b])
    c = layers.Conv2D(2, 1, name="c")(inputs)
    outer = layers.Concatenate(name="outer")([inner, c])
    graph = Graph(to_float32(keras.Model(inputs, layers.Conv2D(2, 1, name="end")(outer)), 8))
    narrow = {graph.names[tensor]: (0.0, 1.0) for tensor in graph.activations()}

    shared = shared_at_concats(graph, narrow | {"c": (-3.0, 1.0), "a": (0.0, 2.0)})

    assert {shared[name] for name in ("a", "b", "c", "inner", "outer")} == {(-3.0, 2.0)}
    assert shared["end"] == shared["image"] == (0.0, 1.0)


def test_int16_is_calibrated_over_everything_seen_and_not_equalized(float32, ranges, files):
    other = replace(ranges, spans={name: (-1.0, 1.0) for name in ranges.spans}, exponents={})

    assert quantize(float32, "static_wi8_ai16", other) == files["static_wi8_ai16"]


def test_dynamic_stays_in_few_partitions(files):
    assert Runtime(files["dynamic_wi8_afp32"]).delegation().partitions == 1


def test_the_quantizers_own_dynamic_recipe_takes_depthwise_convolutions_from_xnnpack(float32):
    """Where this fails, XNNPACK has learned them, and `apply` needs no exception any more."""
    with quiet():
        theirs = Quantizer(bytearray(float32))
        theirs.load_quantization_recipe(dynamic_wi8_afp32())
        outside = Runtime(bytes(theirs.quantize().quantized_model)).delegation().left_out

    assert {op.split()[0] for op in outside} == {"DEPTHWISE_CONV_2D"}
    assert len(outside) == Graph(float32).counts()["DEPTHWISE_CONV_2D"]


def test_a_tensor_that_is_always_zero_does_not_spoil_the_file(float32, ranges, fresh_images):
    dead = replace(ranges, spans={**ranges.spans, "block_09/se/reduce": (0.0, 0.0)})

    runtime = Runtime(quantize(float32, "static_wi8_ai8", dead))

    assert np.isfinite(runtime.run(fresh_images[:2])).all()
    assert runtime.delegation().partitions == 1


def test_a_static_recipe_without_ranges_asks_for_photos(float32):
    with pytest.raises(UserError, match="static_wi8_ai8 needs activation ranges") as refused:
        quantize(float32, "static_wi8_ai8")

    assert "--photos" in refused.value.fix.typed


def test_ranges_of_another_network_are_refused_with_a_tensor_named(small_float32, ranges):
    with pytest.raises(UserError, match=r"another network: .* tensor 'block_00/add'"):
        quantize(small_float32, "static_wi8_ai8", ranges)


def test_ranges_of_another_width_are_refused(float32, ranges):
    wider = replace(ranges, exponents={"stem/act": (4,) * 16})

    with pytest.raises(UserError, match=r"'stem/act' has 16 channels there and 8 here"):
        quantize(float32, "static_wi8_ai8", wider)


def test_an_unknown_recipe_is_refused_with_a_suggestion(float32):
    with pytest.raises(UserError, match="no recipe 'static_w8_a8'") as refused:
        quantize(float32, "static_w8_a8")

    assert "static_wi8_ai8" in refused.value.fix


def test_ranges_survive_their_json(ranges):
    assert Ranges.from_json(ranges.to_json()) == ranges


def test_swapped_ranges_would_be_noticed(float32, ranges, fresh_images):
    """That the ranges reach the file at all: halving them must cost decibels."""
    halved = replace(ranges, spans={n: (a / 4, b / 4) for n, (a, b) in ranges.spans.items()})
    reference = Runtime(float32).run(fresh_images)

    good, bad = (
        snr_db(reference, Runtime(quantize(float32, "static_wi8_ai8", r)).run(fresh_images))
        for r in (ranges, halved)
    )

    assert bad < good - 5
