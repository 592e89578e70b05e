"""A plain file and its Ghost-operator file: the same function, shown by running both."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from calibrated import measure
from ghosts import SIZE, images, static

from export.from_keras import to_float32
from export.ghostop import ghostop_file
from export.ghostop.ghostop_file import make, with_operators
from export.ghostop.interpreter import plain_file
from export.ghostop.options import Options, unpack
from export.ghostop.patterns import find
from export.graph import Graph
from export.parity import snr_db
from export.quantize import quantize
from export.runtime import Runtime
from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.libraries import OPERATOR_NAME
from ghostnet_tf.nets.ghostnet import GhostNet
from ghostnet_tf.nets.seeded import seed


@pytest.mark.parametrize("name", ["micro", "micro_int8", "micro_unequal"])
def test_every_operator_of_a_small_network_is_equal(name, request):
    ours = make(request.getfixturevalue(name), "micro.tflite", images(16))

    assert len(ours.found.sites) == 8
    assert ours.snr_db is None if "_" in name else ours.snr_db and ours.snr_db > 110


@pytest.mark.parametrize(
    ("width", "size", "n_float", "n_int8"),  # operators: of one pixel only those with many bytes
    [(0.5, 64, 82, 82), (1.0, 64, 90, 82), (1.3, 64, 92, 86), (0.5, 224, 82, 82)],
)
def test_a_whole_ghostnet_is_equal(width, size, n_float, n_int8):
    float32 = to_float32(seed(GhostNet(width, input_shape=(size, size, 3))), size)
    ranges = measure(float32, images(8, size), "minmax")

    in_float = make(float32, "plain.tflite", images(3, size))
    in_int8 = make(static(float32, ranges), "plain.tflite", images(3, size))

    assert (len(in_float.found.sites), len(in_int8.found.sites)) == (n_float, n_int8)
    assert in_float.snr_db and in_float.snr_db >= 110
    assert in_int8.snr_db is None


def test_an_int8_image_and_int8_logits_stay_what_they_are(micro, micro_int8):
    from ghosts import micro_ranges

    from export.quantize import quantize

    plain = quantize(micro, "static_wi8_ai8_int8io", micro_ranges())
    ours = make(plain, "plain.tflite", images())

    graph = Graph(ours.data)
    assert [graph.dtype(t) for t in (*graph.inputs, *graph.outputs)] == ["INT8", "INT8"]


def test_names_inputs_and_untouched_tensors_are_kept(micro_int8):
    ours = Graph(make(micro_int8, "a.tflite", images()).data)
    plain = Graph(micro_int8)

    assert ours.counts() == {
        "QUANTIZE": 1, OPERATOR_NAME: 8, "MEAN": 1, "FULLY_CONNECTED": 1, "DEQUANTIZE": 1,
    }  # fmt: skip
    assert [op.name for op in ours.ops if op.is_ghost] == [f"ghostnet.op.{i:03}" for i in range(8)]
    assert [ours.names[t] for t in ours.inputs] == [plain.names[t] for t in plain.inputs]
    assert set(ours.names) < set(plain.names)
    assert {"ghost1_primary", "residual", "logits/kernel"} < set(ours.names)
    assert not {"ghost1_cheap", "ghost1_cheap/kernel", "ghost2_concat"} & set(ours.names)


def test_it_is_hardly_larger_and_the_same_each_time(micro_int8, float32, ranges):
    plain = static(float32, ranges)

    one, other = (with_operators(plain, "plain.tflite") for _ in range(2))

    assert one == other
    assert len(one) < 1.02 * len(plain)


def test_weights_of_float16_stay_what_they_are(micro):
    plain = quantize(micro, "float16")

    ours = make(plain, "micro.tflite", images(16))
    in_float32 = make(micro, "micro.tflite", images(4))

    assert [s.options.kind for s in ours.found.sites] == [
        s.options.kind for s in in_float32.found.sites
    ]
    assert ours.snr_db and ours.snr_db > 110
    ghosts = [op for op in ours.data.graph.ops if op.is_ghost]
    nodes = [unpack(bytes(op.record.customOptions)) for op in ghosts]
    assert all(node.weights.dtype == np.float16 for node in nodes)
    read = {tensor for op in ours.data.graph.ops for tensor in op.inputs}
    widened = [op.outputs[0] for op in ours.data.graph.ops if op.name == "DEQUANTIZE"]
    assert read.issuperset(widened)  # none is left over


@pytest.mark.parametrize("probed", [False, True])
def test_a_tensor_is_inner_if_only_operators_write_and_read_it(micro, probed):
    graph = Graph(micro)
    if probed:  # one that the model gives, too, is none
        graph.add_outputs([site.output for site in find(graph).sites])
    ours = with_operators(graph.to_bytes(), "micro.tflite")
    graph = Graph(ours)
    ghosts = [op for op in graph.ops if op.is_ghost]
    written = {op.outputs[0] for op in ghosts}
    elsewhere = {i for op in graph.ops if not op.is_ghost for i in op.inputs} | set(graph.outputs)
    inner = written - elsewhere

    assert bool(inner) != probed
    for op in ghosts:
        says = unpack(bytes(op.record.customOptions)).inner
        tensors = [*[*op.inputs, None][:2], op.outputs[0]]
        assert says == sum(bit for bit, t in zip((1, 2, 4), tensors, strict=True) if t in inner)


def test_integers_have_no_inner_tensors(micro_int8):
    graph = Graph(with_operators(micro_int8, "micro.tflite"))

    says = [unpack(bytes(op.record.customOptions)).inner for op in graph.ops if op.is_ghost]
    assert says == [0] * 8


def test_it_knows_the_plain_file(micro):
    assert plain_file(Graph(with_operators(micro, "some_name.tflite"))) == "some_name.tflite"


def test_a_file_without_a_place_for_one_is_refused():
    image = keras.Input((SIZE, SIZE, 3), batch_size=1)
    pooled = keras.layers.GlobalAveragePooling2D()(image)
    dense = to_float32(keras.Model(image, keras.layers.Dense(4)(pooled)), SIZE)

    with pytest.raises(UserError, match=r"no Ghost operator fits into 'small\.tflite'") as refused:
        make(dense, "small.tflite", images())

    assert "nothing was written" in refused.value.fix


def test_operators_go_into_plain_files_alone(micro):
    ours = with_operators(micro, "plain.tflite")

    with pytest.raises(UserError, match="has Ghost operators already"):
        make(ours, "plain_ghostop.tflite", images())


# ---------------------------------------------------------------------------- planted bugs


def rows_swapped(o: Options) -> Options:
    return replace(o, weights=o.weights[:, ::-1].copy())


def one_row_lower(o: Options) -> Options:
    return replace(o, pad=(o.pad[0] + 1, o.pad[1])) if o.kind == 2 else o


def activation_lost(o: Options) -> Options:
    return replace(o, activation="NONE")


def last_channel_wrong(o: Options) -> Options:
    bias = o.bias.copy()
    bias[..., -1] = bias[..., 0]
    return replace(o, bias=bias)


def one_scale_for_all(o: Options) -> Options:
    if o.weight_scale is None:
        return last_channel_wrong(o)
    return replace(o, weight_scale=np.full_like(o.weight_scale, o.weight_scale.mean()))


def concat_scale_forgotten(o: Options) -> Options:
    return replace(o, concat=o.conv, output=o.output if o.has_residual else o.conv)


BUGS = [rows_swapped, one_row_lower, activation_lost, last_channel_wrong, one_scale_for_all]


CAUGHT = [(name, bug) for name in ("micro", "micro_int8") for bug in BUGS]
# Where a ReLU's range begins at 0, its zero point is -128 and the type itself does the clamping.
CAUGHT.remove(("micro_int8", activation_lost))


@pytest.mark.parametrize(("name", "bug"), CAUGHT)
def test_a_planted_bug_is_caught_with_the_layer_named(name, bug, request, monkeypatch):
    plain = request.getfixturevalue(name)
    pack = Options.pack
    monkeypatch.setattr(Options, "pack", lambda self: pack(bug(self)))

    with pytest.raises(CheckFailed, match=r"not the same function: (ghost|residual|strided|same)"):
        make(plain, "plain.tflite", images())


def test_a_forgotten_requantization_is_caught(micro_unequal, monkeypatch):
    pack = Options.pack
    monkeypatch.setattr(Options, "pack", lambda self: pack(concat_scale_forgotten(self)))

    with pytest.raises(CheckFailed, match="not the same function: ghost1_concat"):
        make(micro_unequal, "plain.tflite", images())


def test_an_error_that_vanishes_before_the_logits_is_caught(micro_int8, monkeypatch):
    """The outputs of both files are equal here; one operator's own are not."""
    pack = Options.pack

    def last_tenth(self: Options) -> bytes:
        bias = self.bias.copy()
        bias.flat[0] += 400  # a step of its int8 output or less
        return pack(replace(self, bias=bias) if self.kind == 1 and self.has_residual else self)

    monkeypatch.setattr(Options, "pack", last_tenth)
    monkeypatch.setattr(ghostop_file, "outputs_of", lambda data, images: np.zeros(4, np.float32))

    with pytest.raises(CheckFailed, match="residual: "):
        make(micro_int8, "plain.tflite", images())


# ---------------------------------------------------------------------------- around the file


def test_labels_and_normalisation_go_along(micro):
    from colours import colour_record

    from export.metadata import attach_metadata, read_metadata

    plain = attach_metadata(micro, colour_record())

    assert read_metadata(with_operators(plain, "plain.tflite")) == read_metadata(plain)


def test_the_outputs_in_float32_are_the_plain_files(micro):
    ours = with_operators(micro, "plain.tflite")

    assert snr_db(Runtime(micro).run(images()), Runtime(ours).run(images())) > 110
    assert Runtime(ours).delegation().partitions == 1  # the mean and the dense layer
