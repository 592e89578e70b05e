"""Rewrites of a block: where each fits, that it is equal, and why it is refused elsewhere."""

import copy

import numpy as np
import pytest
from small_ghost import BLOCKS, photos, small, small_int8

from export.ghostop.options import Options
from export.ghostop.patterns import Unfit
from export.graph import Graph
from export.tuning.candidate import Plain
from export.tuning.candidate import Plan as PlanOf
from export.tuning.rewrites import REWRITES, Choice, channel_padding, choices, ghost_operator
from export.tuning.rewrites.block_graph import BlockGraph

FILES = {"float32": small, "int8": small_int8}
WHERE = {  # choice -> the blocks that it fits into, by their numbers; int8 where that differs
    "late_concat": (1, 3),
    "split_consumer": (0,),
    "channel_padding inner to 8": (0, 1, 2, 3),
    "channel_padding inner to 16": (0, 1, 2, 3),
    "channel_padding stream to 8": (0, 1),
    "channel_padding stream to 16": (0, 1, 3),
    "operator ghost": (0, 1, 2, 3),
    "operator depthwise": (1, 3),
    "operator convolution": (0, 1, 2, 3),  # and the stem
}
IN_INT8 = {**WHERE, "split_consumer": ()}
LATE, SPLIT = Choice("late_concat"), Choice("split_consumer")
TO_8 = Choice("channel_padding", "inner to 8")


@pytest.fixture(scope="module")
def plains() -> dict[str, Plain]:
    return {name: Plain(make(), f"small_{name}.tflite", photos()) for name, make in FILES.items()}


def fitting(plain: Plain, choice: Choice) -> PlanOf:
    """This rewrite in every block that takes it."""
    plan = {}
    for block in plain.blocks:
        try:
            plain.rewritten({block: (choice,)})
        except Unfit:
            continue
        plan[block] = (choice,)
    return plan


def broken(plain: Plain, plan: PlanOf) -> str:
    return plain.prove(plain.rewritten(plan)).broken


@pytest.mark.parametrize("choice", choices(tuple(REWRITES)), ids=str)
@pytest.mark.parametrize("name", FILES)
def test_a_rewrite_fits_where_it_should_and_is_equal(plains, name, choice):
    plain = plains[name]

    plan = fitting(plain, choice)

    where = (WHERE if name == "float32" else IN_INT8)[str(choice)]
    stem = ["stem"] if str(choice) == "operator convolution" else []
    assert plan == {block: (choice,) for block in [*stem, *(BLOCKS[i] for i in where)]}
    assert not plan or not broken(plain, plan)


@pytest.mark.parametrize("name", FILES)
def test_all_rewrites_together_are_equal(plains, name):
    plain = plains[name]
    chosen = (LATE, TO_8, Choice("operator", "ghost"), Choice("operator", "depthwise"))
    plan = {block: tuple(c for c in chosen if block in fitting(plain, c)) for block in BLOCKS}

    candidate = plain.rewritten(plan)

    # Where the concat of a module went behind a depthwise convolution, its cheap one is by itself.
    assert candidate.n_operators == 14
    assert not plain.prove(candidate).broken


def test_what_is_late_can_be_split_then_and_no_concat_is_left(plains):
    plain = plains["float32"]

    candidate = plain.rewritten({"block_01": (LATE, SPLIT)})

    blocks = BlockGraph(plain.data)
    before = [blocks.graph.names[op.outputs[0]] for op in blocks.concats_of("block_01")]
    assert before == ["block_01/ghost1/concat", "block_01/ghost2/concat"]
    assert not {"block_01/ghost1/concat", "block_01/dw/norm"} & set(Graph(candidate.data).names)
    assert not plain.prove(candidate).broken


def test_padded_files_are_one_partition_still(plains):
    from export.runtime import Runtime

    plain = plains["int8"]
    data = plain.rewritten(fitting(plain, TO_8)).data

    assert Runtime(data).delegation().partitions == 1
    widths = {
        g.shape(op.outputs[0])[-1]
        for g in [Graph(data)]
        for op in g.ops
        if "ghost1/primary" in g.names[op.outputs[0]]
    }
    assert widths == {16, 24}


# ---------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("name", "block", "choice", "why"),
    [
        ("int8", "block_00", SPLIT, "block_00/ghost1/concat: in INT8 the sum is rounded twice"),
        ("float32", "block_02", SPLIT, "block_02/ghost1/concat is read by MEAN, MUL"),
        ("float32", "block_00", LATE, "block_00/ghost1/concat is read by CONV_2D"),
        ("float32", "block_02", Choice("channel_padding", "stream to 8"), "those of block_01"),
        ("float32", "block_03", Choice("channel_padding", "stream to 8"), "none of its stream"),
        ("float32", "block_00", Choice("operator", "depthwise"), "no place for the kind"),
    ],
)  # fmt: skip
def test_a_rewrite_that_does_not_fit_says_why(plains, name, block, choice, why):
    with pytest.raises(Unfit, match=why):
        plains[name].rewritten({block: (choice,)})


def graph_with(data: bytes, change) -> BlockGraph:
    graph = Graph(data)
    change(graph)
    return BlockGraph(graph.to_bytes())


def as_output(layer: str):
    def change(graph: Graph) -> None:
        graph.subgraph.outputs = [*graph.outputs, graph.names.index(layer)]

    return change


@pytest.mark.parametrize("choice", [LATE, TO_8], ids=str)
def test_a_map_that_the_model_gives_away_stays(choice):
    blocks = graph_with(small(), as_output("block_01/ghost1/concat"))

    with pytest.raises(Unfit, match=r"block_01/ghost1/concat is an (output|end) of the model"):
        REWRITES[choice.rewrite].apply(blocks, "block_01", choice.variant)


def test_a_side_of_another_scale_stays_before_the_concat():
    def change(graph: Graph) -> None:
        side = graph.subgraph.tensors[graph.names.index("block_01/ghost1/cheap_1/act")]
        side.quantization = copy.copy(side.quantization)
        side.quantization.scale = np.array(side.quantization.scale) * 2

    blocks = graph_with(small_int8(), change)

    with pytest.raises(Unfit, match="a side has another scale than the whole"):
        REWRITES["late_concat"].apply(blocks, "block_01", "")


def mean_of_channels(graph: Graph) -> None:
    (mean,) = (op for op in graph.ops if graph.names[op.outputs[0]] == "block_02/se/pool")
    axes = np.array([1, 2, 3], np.int32)
    graph.rewire(mean, 1, graph.add_tensor(mean.inputs[1], "axes", (3,), axes))


def concat_of_rows(graph: Graph) -> None:
    concat = next(op for op in graph.ops if graph.names[op.outputs[0]] == "block_02/ghost1/concat")
    concat.options.axis = 1


def convolution_in_groups(graph: Graph) -> None:
    (conv,) = (op for op in graph.ops if graph.names[op.outputs[0]] == "block_02/se/reduce")
    half = np.array(graph.constant(conv.inputs[1]))[..., ::2]
    graph.rewire(conv, 1, graph.add_tensor(conv.inputs[1], "kernel", half.shape, half))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (mean_of_channels, "MEAN at block_02/ghost1/concat"),
        (concat_of_rows, "CONCATENATION at block_02/ghost1"),
        (convolution_in_groups, "CONV_2D at block_02/se/pool"),
    ],
)
def test_what_cannot_take_more_channels_is_not_padded(change, what):
    blocks = graph_with(small(), change)

    with pytest.raises(Unfit, match=f"{what}.* cannot take more channels"):
        REWRITES["channel_padding"].apply(blocks, "block_02", "inner to 8")


def test_two_kinds_of_operators_for_one_place_exclude_one_another(plains, monkeypatch):
    monkeypatch.setitem(ghost_operator.KINDS, "again", ghost_operator.KINDS["ghost"])
    both = Choice("operator", "ghost"), Choice("operator", "again")

    with pytest.raises(Unfit, match="two kinds of operators want the same place"):
        plains["int8"].rewritten({"block_00": both})


def test_a_refused_rewrite_leaves_the_graph_as_it_was():
    blocks = BlockGraph(small_int8())
    before = [(op.name, op.inputs) for op in blocks.graph.ops]

    for choice in choices(tuple(REWRITES)):
        if 2 not in IN_INT8[str(choice)]:
            with pytest.raises(Unfit):
                REWRITES[choice.rewrite].apply(blocks, "block_02", choice.variant)

    assert [(op.name, op.inputs) for op in blocks.graph.ops] == before


# ---------------------------------------------------------------------------- foreign files


def test_blocks_without_names_end_with_their_residuals(micro):
    assert BlockGraph(micro).ghost_blocks() == ["part_01", "part_02"]


def test_a_concat_of_three_sides_goes_behind_its_consumer(micro, micro_int8):
    from ghosts import images

    for data in (micro, micro_int8):
        plain = Plain(data, "micro.tflite", images())
        assert not broken(plain, {"part_02": (LATE,)})


def test_an_elementwise_consumer_changes_places_with_the_concat(micro_int8):
    from ghosts import images, insert

    graph = Graph(micro_int8)
    (pad,) = (op for op in graph.ops if op.name == "PAD")
    insert(graph, "RELU", 0, pad)
    relu = graph.ops[graph.ops.index(pad) - 1]
    source, between = (graph.subgraph.tensors[t] for t in (relu.inputs[0], relu.outputs[0]))
    between.quantization = source.quantization
    plain = Plain(graph.to_bytes(), "micro.tflite", images())

    candidate = plain.rewritten({"part_02": (SPLIT,)})

    assert Graph(candidate.data).counts()["RELU"] == 3
    assert not plain.prove(candidate).broken


# ---------------------------------------------------------------------------- planted bugs


def first_side_twice(monkeypatch):
    sides = BlockGraph.sides

    def wrong(self, concat):
        (first, channels), *rest = sides(self, concat)
        return [(first, channels), *((side, channels) for side, _ in rest)]

    monkeypatch.setattr(BlockGraph, "sides", wrong)


def activation_lost(monkeypatch):
    insert = Graph.insert

    def wrong(self, kind, *args, **options):
        return insert(self, kind, *args, **(options | {"fusedActivationFunction": 0}))

    monkeypatch.setattr(Graph, "insert", wrong)


def channels_not_empty(monkeypatch):
    """Padding with copies in place of zeros: wrong where the next layer reads them."""
    monkeypatch.setattr(
        channel_padding._Wider, "of", lambda self, values, axis: np.take(values, self.source, axis)
    )


def scale_of_the_first_channel(monkeypatch):
    """Every side of a depthwise convolution with the first scales, in place of its own."""
    add = Graph.add_tensor

    def wrong(self, like, name, shape, values=None, channels=None):
        first = None if channels is None else channels - channels[0]
        return add(self, like, name, shape, values, first)

    monkeypatch.setattr(Graph, "add_tensor", wrong)


def last_bias_wrong(monkeypatch):
    pack = Options.pack

    def wrong(self):
        bias = self.bias.copy()
        bias[:, -1] = bias[:, 0]
        return pack(Options(**{**vars(self), "bias": bias}))

    monkeypatch.setattr(Options, "pack", wrong)


PLANTED = [
    ("late_concat", "", "block_01", "float32", first_side_twice),
    ("late_concat", "", "block_01", "int8", first_side_twice),
    ("late_concat", "", "block_03", "int8", scale_of_the_first_channel),
    ("split_consumer", "", "block_00", "float32", first_side_twice),
    ("channel_padding", "inner to 8", "block_02", "float32", channels_not_empty),
    ("channel_padding", "stream to 8", "block_00", "int8", channels_not_empty),
    ("operator", "ghost", "block_02", "int8", last_bias_wrong),
    ("operator", "depthwise", "block_03", "float32", last_bias_wrong),
]


@pytest.mark.parametrize(("form", "variant", "block", "name", "plant"), PLANTED)
def test_a_planted_bug_is_caught_with_the_layer_named(
    plains, monkeypatch, form, variant, block, name, plant
):
    plant(monkeypatch)

    assert broken(plains[name], {block: (Choice(form, variant),)}).startswith(f"{block}/")


def test_a_lost_activation_is_caught(plains, monkeypatch):
    """A ReLU of the convolution that is split belongs to the sum of its parts."""
    activation_lost(monkeypatch)
    data = Graph(plains["float32"].data)
    (conv,) = (op for op in data.ops if data.names[op.outputs[0]] == "block_00/ghost2/primary/norm")
    conv.options.fusedActivationFunction = 1
    plain = Plain(data.to_bytes(), "with_relu.tflite", photos())

    assert broken(plain, {"block_00": (SPLIT,)}).startswith("block_00/")


def test_an_error_that_vanishes_before_the_outputs_is_caught(plains, monkeypatch):
    first_side_twice(monkeypatch)
    plain = copy.copy(plains["int8"])
    monkeypatch.setattr("export.tuning.candidate.outputs_of", lambda data, images: plain.outputs)

    assert broken(plain, {"block_03": (LATE,)}).startswith("block_03/")
