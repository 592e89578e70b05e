"""What a graph knows of who writes and reads a tensor stays true however the graph is changed."""

from collections.abc import Callable

import numpy as np
import pytest

from export.absorb import absorb
from export.flatbuffer import Flatbuffer
from export.graph import Graph
from export.metadata import attach_metadata
from export.op import Op


def named(graph: Graph, name: str) -> Op:
    return next(op for op in graph.ops if graph.names[op.outputs[0]] == name)


def told(graph: Graph) -> None:
    """What the graph answers is what its operators say, one after the other."""
    assert [op.record for op in graph.ops] == graph.subgraph.operators
    assert [graph.place(op) for op in graph.ops] == list(range(len(graph.ops)))
    for op in graph.ops:
        assert list(op.inputs) == list(op.record.inputs)
        assert list(op.outputs) == list(op.record.outputs)
    for tensor in range(-1, len(graph.names)):
        writers = [op for op in graph.ops if tensor in op.outputs]
        readers = [op for op in graph.ops if tensor in op.inputs]
        is_sole = len(readers) == 1 and tensor not in graph.outputs
        assert graph.writer(tensor) is (writers[-1] if writers else None)
        assert graph.readers(tensor) == tuple(readers)
        assert graph.sole_reader(tensor) is (readers[0] if is_sole else None)


# ---------------------------------------------------------------------------- every kind of change


def insert(graph: Graph) -> None:
    pool = named(graph, "pool")
    (source,) = pool.inputs[:1]
    new = graph.add_tensor(source, "twice", graph.shape(source))
    assert graph.readers(new) == ()
    graph.insert("ADD", [source, source], new, before=pool)


def rewire(graph: Graph) -> None:
    graph.rewire(named(graph, "ghost2_cheap"), 0, named(graph, "ghost1_primary").outputs[0])


def remove(graph: Graph) -> None:
    graph.remove(named(graph, "logits"))


def bypass(graph: Graph) -> None:
    residual = named(graph, "residual")
    graph.bypass(residual, residual.inputs[0])


def fuse(graph: Graph) -> None:
    cheap, concat = named(graph, "ghost1_cheap"), named(graph, "ghost1_concat")
    graph.fuse([cheap, concat], "ghostnet.op.000", b"", [cheap.inputs[0]], concat.outputs[0])


def share_a_constant(graph: Graph) -> None:
    """Of which two operators read one, so that one of them is given a tensor of its own."""
    one, other = named(graph, "ghost1_primary"), named(graph, "ghost2_primary")
    graph.rewire(other, 2, one.inputs[2])
    told(graph)
    graph.set_constant(one, 2, np.ones(7))
    assert one.inputs[2] != other.inputs[2]


def drop(graph: Graph) -> None:
    fuse(graph)
    told(graph)
    before = len(graph.names)
    graph.drop_unused()
    assert len(graph.names) < before


def give_away(graph: Graph) -> None:
    inside = named(graph, "ghost1_cheap").outputs[0]
    assert graph.sole_reader(inside)
    graph.add_outputs([inside])
    assert graph.sole_reader(inside) is None


CHANGES = [insert, rewire, remove, bypass, fuse, share_a_constant, drop, give_away]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_writers_and_readers_are_true_after(change: Callable[[Graph], None], micro):
    graph = Graph(micro)
    told(graph)

    change(graph)

    told(graph)


# ---------------------------------------------------------------------------- copies


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_copy_is_changed_and_the_original_is_not(change, micro):
    graph, other = Graph(micro), Graph(micro)
    before = graph.to_bytes()
    copy = graph.copy()
    assert copy.to_bytes() == before

    change(copy)
    change(other)

    assert graph.to_bytes() == before
    told(graph)
    assert copy.to_bytes() == other.to_bytes() != before


def test_options_of_a_copy_are_its_own(micro):
    graph = Graph(micro)
    named(graph.copy(), "ghost1_concat").options.axis = 1

    assert named(graph, "ghost1_concat").options.axis == -1


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_graph_that_others_look_at_is_not_changed(change, micro):
    with pytest.raises(AssertionError, match="change a copy of it"):
        change(Flatbuffer(micro).graph)


# ---------------------------------------------------------------------------- files


def test_a_file_is_read_once_however_often_it_is_looked_at(micro):
    data = Flatbuffer(bytes(micro))

    assert Flatbuffer(data) is data and data == micro
    assert Flatbuffer(data).graph is data.graph


@pytest.fixture
def read(monkeypatch) -> list[int]:
    """The size of each file that was read."""
    sizes: list[int] = []
    begin = Graph.__init__

    def counted(self: Graph, data: bytes) -> None:
        sizes.append(len(data))
        begin(self, data)

    monkeypatch.setattr(Graph, "__init__", counted)
    return sizes


def test_an_export_reads_every_file_once(seeded, float32, ranges, read):
    """One by one what `pipeline.export` does with a recipe."""
    from colours import colour_record

    from export.contract import facts
    from export.quantize import quantize

    record, original = colour_record(), Flatbuffer(bytes(float32))
    read.clear()
    for recipe in ("float32", "static_wi8_ai8", "static_wi8_ai16"):
        quantized = quantize(original, recipe, ranges)
        facts(quantized)
        facts(attach_metadata(quantized, record))

    # float32, what was finished of it, and two of each other recipe.
    assert len(read) == 2 + 2 + 2


def test_a_calibration_reads_two_files_and_each_that_it_judges(small_float32, read):
    """float32, what equalizing makes of it, and every candidate once: may the runtime take it?"""
    from export.calibrate import choose

    photos = np.random.default_rng(0).normal(size=(8, 16, 16, 3)).astype(np.float32)

    _, candidates = choose(bytes(small_float32), photos)

    assert candidates and len(read) == 2 + len(candidates)


def test_nothing_is_absorbed_where_there_is_nothing(micro):
    graph = Graph(micro)

    assert absorb(graph) == 0
    assert graph.to_bytes() == Graph(micro).to_bytes()
