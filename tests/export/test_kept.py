"""Layers that stay in float32 in an integer file: which, what it gains, and what it costs."""

import json

import keras
import numpy as np
import pytest
from ghosts import images, micro, micro_ranges
from keras import layers

import ghostnet_tf as gn
from export import verify
from export.compare import main as compare_main
from export.contract import promise
from export.flatbuffer import Flatbuffer
from export.ghostop.ghostop_file import make
from export.ghostop.patterns import find
from export.jobs import is_sound
from export.kept import float_ops, layers_named
from export.parity import snr_db
from export.quantize import quantize
from export.ranges import shared_at_concats
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import read_record, record_path

INT8 = "static_wi8_ai8"


@pytest.fixture(scope="module")
def graph():
    return Flatbuffer(micro()).graph


# ---------------------------------------------------------------------------- which


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["pool"], {"pool"}),
        (["ghost3*"], {"ghost3_primary", "ghost3_cheap", "ghost3_cheap_1_2", "ghost3_concat"}),
        (["*cheap", "same", "pool"], {*(f"ghost{i}_cheap" for i in "123"), "same", "pool"}),
    ],
)
def test_names_and_patterns_stand_for_layers(graph, typed, meant):
    found = layers_named(graph, typed)

    order = [graph.names[tensor] for tensor in graph.activations()]
    assert set(found) == meant and sorted(found, key=order.index) == [*found]


def test_a_block_stands_for_all_that_is_in_it(graph):
    inside = graph.copy()
    inside.names = ["a/b" if name == "pool" else name for name in inside.names]

    assert layers_named(inside, ["a"]) == ("a/b",) == layers_named(inside, ["a/*"])


@pytest.mark.parametrize(
    ("typed", "near"), [("ghost2_primry", "ghost2_primary"), ("Pool", "pool"), ("", "image")]
)
def test_a_name_of_nothing_is_refused_with_the_nearest(graph, typed, near):
    with pytest.raises(UserError, match="no layer") as refused:
        layers_named(graph, ["pool", typed])

    assert near in refused.value.fix and "nothing was written" in refused.value.fix


# ---------------------------------------------------------------------------- in the file


@pytest.mark.parametrize("recipe", [INT8, "static_wi8_ai8_int8io", "static_wi8_ai16"])
@pytest.mark.parametrize("kept", ["ghost2_concat", "image", "logits"])
def test_what_writes_and_reads_a_kept_layer_computes_in_float32(graph, recipe, kept):
    found = quantize(micro(), recipe, micro_ranges(), [kept])

    ours, names = found.graph, found.graph.names
    kinds = {name: ours.dtype(tensor) for tensor, name in enumerate(names)}
    by_output = {names[op.outputs[0]]: op for op in ours.ops}
    for op in float_ops(graph, [kept]):
        same = by_output.get(graph.names[op.outputs[0]])
        assert same is not None and ours.dtype(same.inputs[0]) == "FLOAT32", same
        if len(same.inputs) > 1 and graph.constant(op.inputs[1]) is not None:
            values, theirs = graph.constant(op.inputs[1]), ours.constant(same.inputs[1])
            assert theirs is not None and values is not None and theirs.dtype == values.dtype
    ends = {ours.dtype(tensor) for tensor in (*ours.inputs, *ours.outputs)}
    assert ends == ({"INT8"} if recipe.endswith("int8io") else {"FLOAT32"})
    assert kinds["ghost1_primary"] != "FLOAT32" or kept == "image"
    assert ours.counts()["QUANTIZE"] + ours.counts()["DEQUANTIZE"] > 0
    outputs = Runtime(found).run(images(4))
    assert isinstance(outputs, np.ndarray)
    assert snr_db(Runtime(micro()).run(images(4)), outputs) > 15


def test_all_layers_kept_are_the_float32_file(graph):
    everything = layers_named(graph, ["*"])

    kept = quantize(micro(), INT8, micro_ranges(), everything)

    ours, plain = (Runtime(data).run(images(4)) for data in (kept, micro()))
    assert snr_db(plain, ours) > 110 and not kept.graph.counts()["QUANTIZE"]


def test_sides_of_a_kept_concatenation_keep_their_own_ranges(graph):
    spans = micro_ranges().spans
    concats = [op for op in graph.ops if op.name == "CONCATENATION"]
    sides = [graph.names[tensor] for tensor in concats[0].inputs]

    shared, kept = (shared_at_concats(graph, spans, those) for those in ((), concats[:1]))

    assert shared[sides[0]] == shared[sides[1]] and spans[sides[0]] != spans[sides[1]]
    assert [kept[side] for side in sides] == [spans[side] for side in sides]
    assert kept["ghost3_concat"] == shared["ghost3_concat"]


def test_partitions_are_promised_of_whole_files_alone():
    assert promise(INT8, "ghostnet").partitions == 1
    assert promise(INT8, "ghostnet", is_mixed=True).partitions is None


@pytest.mark.parametrize("kept", ["ghost1_*", "ghost3_*", "residual"])
def test_operators_leave_what_is_kept_alone_and_say_why(graph, kept):
    mixed = quantize(micro(), INT8, micro_ranges(), layers_named(graph, [kept]))

    found = find(mixed.graph)
    made = make(mixed, "mixed.tflite", images(4))

    assert found.sites and all(site.options.is_int8 for site in found.sites)
    assert any("it is kept in float32" in why for why in found.left)
    assert made.snr_db is None  # every byte is equal


# ---------------------------------------------------------------------------- the export


@pytest.fixture(scope="module")
def mine():
    """A network with a channel that reaches twenty times as far as all others.

    A leaky ReLU lets no scale through (`equalize.HOMOGENEOUS`), so int8 has to live with it.
    """
    keras.utils.set_random_seed(0)
    x = image = keras.Input((8, 8, 3))
    for i in range(4):
        x = layers.Conv2D(6, 3, padding="same", activation="relu6", name=f"conv_{i}")(x)
    x = layers.Conv2D(6, 1, name="wide")(x)
    x = layers.LeakyReLU(name="leaky")(x)
    model = keras.Model(image, layers.Flatten()(layers.Conv2D(6, 8, name="head")(x)), name="mine")
    for name, where, factor in (("wide", np.s_[..., 0], 25), ("head", np.s_[..., 0, :], 1 / 25)):
        kernel, bias = model.get_layer(name).get_weights()
        kernel[where] *= factor
        model.get_layer(name).set_weights([kernel, bias])
    return model


@pytest.fixture
def ask(tmp_path):
    return {
        "out": tmp_path / "build",
        "photos": coloured(tmp_path / "photos"),
        "preprocessing": gn.Preprocessing(8, 1.0, "bilinear", (0.5,) * 3, (0.5,) * 3),
    }


def coloured(folder, n: int = 12):
    from PIL import Image

    folder.mkdir()
    for i, image in enumerate(images(n, 8)):
        low, high = image.min(), image.max()
        pixels = (255 * (image - low) / (high - low)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return str(folder)


def test_a_kept_layer_gives_the_decibels_back_and_the_record_says_the_price(
    mine, ask, capsys, tmp_path
):
    with pytest.raises(UserError, match="no layer 'wyde'") as refused:
        gn.export(mine, recipes=INT8, keep_float="wyde", **ask)
    assert "wide" in refused.value.fix and not list(ask["out"].glob("*"))
    with pytest.raises(UserError, match="static recipes"):
        gn.export(mine, recipes="float32", keep_float="wide", **ask)

    kept_float = ["wide", "leaky"]
    float32, int8 = gn.export(mine, recipes=["float32", INT8], keep_float=kept_float, **ask)

    record, kept = read_record(int8), read_record(int8).kept_float
    assert kept is not None and read_record(float32).kept_float is None
    assert (kept.layers, kept.operators) == (("wide", "leaky"), 3)
    assert kept.partitions_without is not None and record.partitions >= 1
    assert kept.parity_db_without is not None and record.parity_db is not None
    assert record.parity_db > kept.parity_db_without + 10
    assert not is_sound(int8) and is_sound(float32)  # for a suite, which keeps nothing

    for other in ((), "conv_1", ["wide", "conv_1"]):
        with pytest.raises(UserError, match=r"keeps other layers in float32.*: wide, leaky, not"):
            gn.export(mine, recipes=INT8, keep_float=other, **ask)
    gn.export(mine, recipes=INT8, keep_float=["wi*", "l*y"], **ask)  # the same set once more
    assert verify.main([str(int8)]) == 0

    assert compare_main([str(int8), "--photos", ask["photos"], "--json"]) == 0
    told = json.loads(capsys.readouterr().out.split("\n", 8)[-1])
    assert told["kept_float"] == ["wide", "leaky"] and told["fallen"] is None

    says = json.loads(record_path(int8).read_text())
    says["kept_float"]["layers"] = ["conv_1"]
    record_path(int8).write_text(json.dumps(says))
    assert verify.main([str(int8)]) == 1
    assert "'conv_1' is INT8 in the file, and kept in float32" in capsys.readouterr().out

    saved = tmp_path / "mine.keras"
    mine.save(saved)
    gn.export(mine, recipes=INT8, overwrite=True, **ask)
    asked = [str(int8), "--photos", ask["photos"], "--with", str(saved)]
    assert compare_main(asked) == 0  # against the Keras model itself
    out = capsys.readouterr().out
    assert "the first layer that falls by more than 10 dB: wide" in out
    assert "export it once more with --keep-float wide" in out
