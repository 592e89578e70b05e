"""The door to a file with Ghost operators: what it gives, and what it never hides."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colours import IDS, RGB, colour_record, labelled
from ghosts import SIZE, images

from export import evaluate, ghost_op, predict, verify
from export.flatbuffer import Flatbuffer
from export.ghostop import file_choice, interpreter
from export.ghostop.ghostop_file import with_operators
from export.ghostop.interpreter import GhostInterpreter, variants
from export.ghostop.options import DEPTHWISE, GHOST, unpack
from export.graph import Graph
from export.metadata import attach_metadata, read_metadata
from export.parity import snr_db
from export.runtime import Runtime
from ghostnet_tf.base import libraries
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import Operators, load, record_path, save
from ghostnet_tf.front.tflite_model import TFLiteModel


@pytest.fixture(scope="module")
def twin(micro_int8) -> bytes:
    return with_operators(micro_int8, "plain_static_wi8_ai8.tflite")


def test_the_runtime_chooses_the_door_by_the_graph(micro_int8, twin):
    plain, ours = Runtime(micro_int8), Runtime(twin)

    assert not isinstance(plain.interpreter, GhostInterpreter)
    assert isinstance(ours.interpreter, GhostInterpreter)
    assert ours.input_shape == plain.input_shape
    np.testing.assert_array_equal(ours.run(images()), plain.run(images()))


@pytest.mark.parametrize("threads", [1, 2])
def test_every_variant_computes_the_same(micro_int8, twin, threads):
    expected = Runtime(micro_int8).run(images())
    graph = Graph(twin)
    assert variants()[-1] == "c"

    for variant in variants():
        runtime = Runtime(twin)
        runtime.interpreter = GhostInterpreter(twin, graph, threads, variant)

        assert runtime.interpreter.variant == variant
        np.testing.assert_array_equal(runtime.run(images()), expected)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts threads as Linux does")
def test_only_the_operators_have_threads(twin):
    """The runtime's own would spin on the cores that ours need."""
    tasks = Path("/proc/self/task")
    before = len(list(tasks.iterdir()))

    runtime = Runtime(twin, threads=4)
    runtime.run(images())

    assert len(list(tasks.iterdir())) == before + 3


def test_an_unknown_variant_is_answered_with_the_known_ones(twin):
    with pytest.raises(UserError, match="no kernels 'mmx'") as unknown:
        GhostInterpreter(twin, Graph(twin), variant="mmx")

    assert "c" in unknown.value.fix.split()


def test_half_precision_is_had_where_the_variant_has_it(micro):
    """The reference computes with halves on any processor; the variants of x86 do not."""
    data = with_operators(micro, "micro.tflite")
    graph = Graph(data)
    right = Runtime(data).run(images(1))[0]

    half = GhostInterpreter(data, graph, variant="c", is_half=True)
    half.set_tensor(graph.inputs[0], images(1))
    half.invoke()

    assert half.variant == "c_fp16"
    assert 30 < snr_db(right, half.get_tensor(graph.outputs[0])[0]) < 80
    on_x86 = set(variants()) & {"avx2", "avx512_vnni"}
    for variant in on_x86:
        with pytest.raises(UserError, match=f"cannot multiply in half precision with '{variant}'"):
            GhostInterpreter(data, graph, variant=variant, is_half=True)


def test_what_xnnpack_took_is_counted(twin):
    told = Runtime(twin).delegation()

    assert (told.n_ops, told.n_delegated) == (12, 4)
    assert sorted(told.left_out) == [f"ghostnet.op.{i:03}" for i in range(8)]


def test_several_may_run_side_by_side(twin, micro):
    runtimes = [Runtime(twin), Runtime(with_operators(micro, "plain.tflite")), Runtime(twin)]

    first, _, other = (runtime.run(images()) for runtime in runtimes)

    np.testing.assert_array_equal(first, other)


# ---------------------------------------------------------------------------- errors


def changed(data: bytes, change) -> bytes:
    graph = Graph(data)
    change([op for op in graph.ops if op.is_ghost])
    return graph.to_bytes()


def flip_a_byte(ops) -> None:
    options = np.array(ops[1].record.customOptions)
    options[200] ^= 1
    ops[1].record.customOptions = options


def exchange(ops) -> None:
    one, other = ops[0].record, ops[3].record
    one.customOptions, other.customOptions = other.customOptions, one.customOptions


def cut(ops) -> None:
    ops[2].record.customOptions = np.array(ops[2].record.customOptions)[:64]


def forget_the_residual(ops) -> None:
    (op,) = (op for op in ops if len(op.inputs) == 2)
    op.record.inputs = list(op.inputs[:1])


@pytest.mark.parametrize("damage", [flip_a_byte, exchange, cut, forget_the_residual])
def test_damaged_options_are_an_error_and_never_an_output(twin, damage):
    with pytest.raises(UserError, match=r"Ghost operator failed|does not run") as refused:
        Runtime(changed(twin, damage)).run(images(1))

    assert "damaged" in refused.value.fix


def test_an_error_that_litert_ignores_is_raised(twin, monkeypatch):
    runtime = Runtime(twin)
    said = iter([b"ghostnet.op.002: something broke", None])
    monkeypatch.setattr(runtime.interpreter.library, "ghost_error", lambda session: next(said))

    with pytest.raises(UserError, match=r"ghostnet\.op\.002: something broke"):
        runtime.run(images(1))


def test_without_the_operators_the_plain_file_is_named(twin, monkeypatch):
    def refuse(rule: str = "host"):
        raise UserError("'cc' is not installed", fix="apt-get install gcc")

    interpreter._operators.cache_clear()
    monkeypatch.setattr(libraries, "operators", refuse)
    try:
        with pytest.raises(UserError, match="'cc' is not installed") as missing:
            Runtime(twin)
    finally:
        interpreter._operators.cache_clear()

    assert "use plain_static_wi8_ai8.tflite, which computes the same" in missing.value.fix
    assert "apt-get install gcc" in missing.value.fix


# ---------------------------------------------------------------------------- the tools around it


@pytest.fixture
def pair(micro_int8, tmp_path, capsys) -> Path:
    """A plain file and its twin, each with its record; the twin's path."""
    four = {"labels": tuple(RGB)[:4], "label_ids": IDS[:4]}
    how = {**colour_record().preprocessing, "size": SIZE}
    record = colour_record(**four, recipe="static_wi8_ai8", preprocessing=how)
    plain, _ = save(tmp_path, record, attach_metadata(micro_int8, record))

    assert ghost_op.main([str(plain), "--json"]) == 0

    (made,) = json.loads(capsys.readouterr().out)["files"]
    assert (made["operators"], made["left"], made["snr_db"]) == (8, [], None)
    return Path(made["path"])


@pytest.fixture
def three(pair, capsys) -> tuple[Path, Path, Path]:
    """The plain file, that whose ordinary convolutions are the runtime's, and that with all."""
    plain = pair.with_name("colours_handmade_16_static_wi8_ai8.tflite")
    assert ghost_op.main([str(plain), "--kinds", "depthwise", "--json"]) == 0
    (made,) = json.loads(capsys.readouterr().out)["files"]
    return plain, Path(made["path"]), pair


def test_convolutions_may_stay_the_runtimes(three):
    plain, depthwise, _ = three
    data, record = load(depthwise)
    ghosts = [op for op in Flatbuffer(data).graph.ops if op.is_ghost]
    kinds = [unpack(bytes(op.record.customOptions)).kind for op in ghosts]

    assert depthwise.name == record.file_name == f"{plain.stem}_depthwise_ghostop.tflite"
    assert record.operators and record.operators.kinds == "depthwise"
    assert set(kinds) == {GHOST, DEPTHWISE} and len(kinds) == record.operators.count
    assert "kinds" not in json.loads(record_path(three[2]).read_text())["operators"]


@pytest.mark.parametrize(
    ("best", "gone", "opened"),  # by their places in `three`
    [(0, (), 0), (1, (), 1), (2, (), 2), (1, (1,), 2), (2, (2,), 1), (2, (1, 2), 0)],
)
def test_of_three_files_that_is_opened_which_suits_the_processor(
    three, monkeypatch, best, gone, opened
):
    monkeypatch.setattr(file_choice, "best_file", lambda is_int8, is_half: best if is_int8 else 0)
    for place in gone:
        three[place].unlink()

    assert file_choice.file_to_open(three[0]) == three[opened]


def test_python_opens_the_fastest_file_if_it_is_asked_for(three, monkeypatch):
    monkeypatch.setattr(file_choice, "best_file", lambda *asked: 1)

    assert TFLiteModel(three[0], fastest=True).path == three[1]
    assert TFLiteModel(three[0]).path == three[0]


def test_a_file_of_other_weights_is_not_opened(three, monkeypatch):
    monkeypatch.setattr(file_choice, "best_file", lambda *asked: 2)
    data, record = load(three[0])
    other = replace(record, parameters=record.parameters + 1)
    save(three[0].parent, other, attach_metadata(data, replace(other, labels=tuple("abcd"))))

    assert file_choice.file_to_open(three[0]) == three[0]


def test_the_record_of_a_twin_says_what_it_is(pair):
    data, record = load(pair)
    plain = load(pair.with_name("colours_handmade_16_static_wi8_ai8.tflite"))[1]

    assert pair.name == record.file_name == "colours_handmade_16_static_wi8_ai8_ghostop.tflite"
    assert record.operators == Operators(
        plain=plain.file_name,
        plain_sha256=plain.sha256,
        count=8,
        version=4,
        images=16,
        images_from="generated images",
        snr_db=None,
    )
    assert record.ops["ghostnet.op"] == 8
    assert record.accuracy is None and record.parity_db is None
    assert read_metadata(data) == read_metadata(pair.with_name(plain.file_name).read_bytes())


def test_a_twin_is_verified_with_its_plain_file(pair, capsys):
    assert verify.main([str(pair)]) == 0

    pair.with_name("colours_handmade_16_static_wi8_ai8.tflite").unlink()

    assert verify.main([str(pair)]) == 1
    assert "is not beside it, for whoever has no operators" in capsys.readouterr().out


def test_predict_and_evaluate_answer_as_with_the_plain_file(pair, tmp_path, capsys):
    plain = pair.with_name("colours_handmade_16_static_wi8_ai8.tflite")
    photos = labelled(tmp_path / "photos")
    for other in IDS[4:]:
        shutil.rmtree(photos / other)
    answers = []
    for file in (plain, pair):
        assert predict.main([str(file), *map(str, photos.rglob("*.png")), "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out)["photos"])

    assert evaluate.main([str(plain), str(pair), "--labelled", str(photos), "--json"]) == 0

    one, other = json.loads(capsys.readouterr().out)["files"]
    assert answers[0] == answers[1]
    assert (one["top1"], one["n"]) == (other["top1"], 8)


def test_with_out_the_plain_file_goes_along(pair, tmp_path, capsys):
    plain = pair.with_name("colours_handmade_16_static_wi8_ai8.tflite")

    assert ghost_op.main([str(plain), "--out", str(tmp_path / "other")]) == 0

    names = {path.name for path in (tmp_path / "other").iterdir()}
    assert names == {p.name for p in (pair, plain)} | {
        p.with_suffix(".json").name for p in (pair, plain)
    }
    assert "every byte is equal" in capsys.readouterr().out
