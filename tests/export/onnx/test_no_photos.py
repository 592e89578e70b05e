"""ONNX networks that take no photo become files that take samples."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxsim", reason="the packages of requirements-onnx.txt are not installed")

import onnx
import onnxruntime
from ai_edge_litert.interpreter import Interpreter
from onnx import TensorProto

from export import evaluate, from_onnx, predict
from export.onnx import convert, onnx_file, worker
from export.onnx.inputs import inputs_of
from export.parity import snr_db
from export.verification import PASSED, verify
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import load
from tests import counts
from tests.export.onnx_nets import Nodes, network
from tests.export.onnx_sampled import BOOL, FLOAT, SAMPLED, map_and_words
from tests.export.small_photos import small_photos

N = 8
CONVERTED = [*SAMPLED] if counts.ALL else ["a map and words"]


def drawn(model: Any, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Samples as the file takes them, a row a sample."""
    kinds = {one.name: one.type.tensor_type.elem_type for one in model.graph.input}
    rng = np.random.default_rng(0)
    return {
        name: rng.normal(size=(N, *shape[1:])).astype(np.float32)
        if kinds[name] == FLOAT
        else rng.integers(0, 2, (N, *shape[1:])).astype(bool)
        if kinds[name] == BOOL
        else rng.integers(0, 9, (N, *shape[1:]))
        for name, shape in shapes.items()
    }


def by_onnxruntime(model: Any, arrays: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Every output, of samples that lie as in the file; turned as ONNX says its own shapes."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    types = {"tensor(float)": "f4", "tensor(bool)": "?", "tensor(int32)": "i4"}
    given = {}
    for one in session.get_inputs():
        values = arrays[one.name].astype(types.get(one.type, "i8"))
        is_as_it_is = [*values.shape[1:]] == one.shape[1:]
        given[one.name] = values if is_as_it_is else np.moveaxis(values, -1, 1)
    each = [session.run(None, {k: v[i : i + 1] for k, v in given.items()}) for i in range(N)]
    return [np.concatenate(outputs) for outputs in zip(*each, strict=True)]


def saved(folder: Path, model: Any, arrays: dict[str, np.ndarray]) -> tuple[str, str]:
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    np.savez(folder / "samples.npz", **arrays)  # type: ignore[arg-type]
    return str(folder / "net.onnx"), str(folder / "samples.npz")


@pytest.mark.parametrize("case", SAMPLED)
def test_what_goes_in_is_read_and_simplified_for_the_converter(case):
    make, shapes = SAMPLED[case]
    model = make()

    says = inputs_of(model, 0)
    simplified = worker.simplify(model, says)

    in_file = {one.name: tuple(one.shape[axis] for axis in one.order) for one in says.inputs}
    assert [*in_file.items()] == [*shapes.items()]
    arrays = drawn(model, shapes)
    (run,) = [convert.runner_of_samples(model.SerializeToString(), says)]
    rows = [*zip(*(_typed(one, arrays) for one in says.inputs), strict=True)]
    for expected, found in zip(by_onnxruntime(model, arrays), run(rows), strict=True):
        assert snr_db(expected, found) > 120
    turned = {one.name for one in simplified.graph.input} - {*shapes}
    assert bool(turned) == ("last" in case)
    onnx.checker.check_model(simplified)


def test_numbers_that_the_network_does_not_know_are_refused():
    model = map_and_words()
    run = convert.runner_of_samples(model.SerializeToString(), inputs_of(model, 0))
    words = np.array([0, 1, 2, 3, 9])  # of nine

    with pytest.raises(UserError, match="onnxruntime cannot run the network") as refused:
        run([(words, np.zeros((16, 20, 4), np.float32))])
    assert "those that the network knows" in refused.value.fix


def _typed(one: Any, arrays: dict[str, np.ndarray]) -> np.ndarray:
    return arrays[one.name].astype(one.dtype)


@pytest.mark.parametrize("case", CONVERTED)
def test_the_files_take_samples_and_give_what_onnxruntime_gives(case, tmp_path, capsys):
    make, shapes = SAMPLED[case]
    model = make()
    arrays = drawn(model, shapes)
    expected = by_onnxruntime(model, arrays)
    is_even = len(expected) == 1
    truth = {"true_class": expected[0].argmax(axis=1)} if is_even else {}
    path, samples = saved(tmp_path, model, arrays | truth)

    line = [path, "--channels", "none", "--recipe", "float32", "int8", "--photos", samples]
    assert from_onnx.main([*line, "--out", str(tmp_path)]) == 0

    for recipe, db in (("float32", 90), ("static_wi8_ai8", 8)):
        file = tmp_path / f"net_onnx_{recipe}.tflite"
        data, record = load(file)
        assert record.preprocessing is None and record.parity_on == "samples"
        assert {one.name: one.shape for one in record.inputs} == shapes
        assert [one.name for one in record.inputs] == [*shapes]
        run = Interpreter(model_content=data).get_signature_runner()
        types = {name: one["dtype"] for name, one in run.get_input_details().items()}
        given = {name: arrays[name][2:3].astype(types[name]) for name in shapes}
        outputs = run(**given)
        for values, name in zip(expected, (o.name for o in model.graph.output), strict=True):
            found = np.asarray(outputs[name])
            wanted = values[2:3]
            turned = wanted if wanted.shape == found.shape else np.moveaxis(wanted, 1, -1)
            assert snr_db(turned, found) > db, (recipe, name)
        assert {check.result for check in verify(file)} == {PASSED}
    capsys.readouterr()
    float32 = str(tmp_path / "net_onnx_float32.tflite")
    assert predict.main([float32, samples, "--json"]) == 0
    (said, *_) = json.loads(capsys.readouterr().out)["samples"]
    assert said["outputs"][0]["values"][:3] == pytest.approx(expected[0][0, :3].tolist(), abs=1e-4)
    if is_even:
        assert evaluate.main([float32, "--labelled", samples, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["files"][0]["top1"] == 1.0


def network_of(kind: int, shape: Any) -> Any:
    nodes = Nodes()
    return nodes.model([nodes.add("Relu", "x")], inputs={"x": (kind, shape)})


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (network_of(TensorProto.FLOAT16, (1, 3)), "input 'x' is of float16"),
        (network_of(TensorProto.DOUBLE, (1, 3)), "input 'x' is of double"),
        (network_of(TensorProto.STRING, (1, 3)), "input 'x' is of string"),
        (network_of(FLOAT, (2, 1, 64)), r"has shape \(2, 1, 64\); its first axis"),
        (network_of(FLOAT, ()), r"has shape \(\); its first axis"),
        (network_of(FLOAT, ("n",)), r"has shape \('\?',\); every side but the first"),
        (network_of(FLOAT, ("n", "t", 4)), r"has shape \('\?', '\?', 4\); every side"),
    ],
)
def test_inputs_that_no_file_can_have_are_refused(model, said):
    with pytest.raises(UserError, match=said) as refused:
        inputs_of(model, 0)
    assert "export it again" in refused.value.fix.lower()


def test_what_is_no_photo_is_told_how_it_is_taken():
    for model in (network(image=(1, 4, 16, 16)), map_and_words()):
        with pytest.raises(UserError) as refused:
            onnx_file.signature(model, None)
        assert "--channels none" in refused.value.fix


@pytest.mark.parametrize(
    ("also", "said"),
    [
        (["--preprocessing", "imagenet"], "--channels none says that no photo .* --preprocessing"),
        (["--mean", "0.5"], "no photo becomes the input, and --mean"),
        (["--size", "96"], "no photo becomes the input, and --size"),
        (["--recipe", "int8"], "needs samples to calibrate on"),
        (["--photos", "photos"], "and --photos gives photos"),
        (["--recipe", "fp32", "--labelled", "photos"], "and --labelled gives photos"),
    ],
)
def test_the_command_says_what_does_not_go_together(also, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_photos(tmp_path / "photos", (40, 40), ["a", "b"], 2, seed=0)
    path, _ = saved(tmp_path, network(), {"x": np.zeros((1, 1))})

    with pytest.raises(UserError, match=said):
        from_onnx.main([path, "--channels", "none", *also])
