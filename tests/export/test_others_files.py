"""Files that we did not make: read, run where the runtime can, refused with the true reason."""

import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from colours import saved
from PIL import Image

from export import ghost_op, predict, tune, verify
from export.classifier import open_classifier
from export.contract import facts
from export.ghostop.patterns import find
from export.graph import Graph
from export.metadata import with_files_of
from export.packing import packed
from export.runtime import Runtime
from export.verification import verify as checks_of
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import beside
from ghostnet_tf.base.record import Operators, record_path

ROOT = Path(__file__).parents[2]
THEIRS, FILES = ROOT / "tests" / "files_of_others", Path(__file__).parent / "files"
RUNS = "it loads and runs"
ALL = sorted(path.stem for path in THEIRS.glob("*.tflite"))


def here(tmp_path: Path, name: str, folder: Path = THEIRS) -> str:
    return str(shutil.copy(folder / f"{name}.tflite", tmp_path / f"{name}.tflite"))


# ---------------------------------------------------------------------------- every command


@pytest.mark.parametrize("name", [name for name in ALL if name != "flex2"])
def test_verify_runs_it_and_says_that_it_has_no_record(tmp_path, capsys, name):
    with pytest.raises(UserError, match=r"7 of 8 checks could not be made: there is no record"):
        verify.main([here(tmp_path, name)])

    assert capsys.readouterr().out.startswith(f"passed    {RUNS}\n")


def test_verify_tells_the_operator_that_the_runtime_lacks(tmp_path, capsys):
    assert verify.main([here(tmp_path, "flex2")]) == 1

    out = capsys.readouterr().out
    assert f"FAILED    {RUNS}\n" in out and "has the operator 'FlexResizeBicubic'" in out


@pytest.mark.parametrize("name", ["gray", "nonsquare", "rank3", "twoin"])
def test_operators_go_where_they_fit(tmp_path, name):
    assert ghost_op.main([here(tmp_path, name)]) == 0

    ours = Graph((tmp_path / f"{name}_ghostop.tflite").read_bytes())
    assert any(op.is_ghost for op in ours.ops)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rank2", "no Ghost operator fits into 'rank2.tflite'"),
        ("dynbatch", "no Ghost operator fits into 'dynbatch.tflite'; .*: its batch is not 1"),
        ("dynout", "no Ghost operator fits into"),
        ("while", "no Ghost operator fits into"),
        ("stateful", "no Ghost operator fits into"),
        ("flex2", "has the operator 'FlexResizeBicubic', which is not one of the runtime's own"),
    ],
)
def test_where_they_do_not_the_reason_is_told(tmp_path, name, reason):
    with pytest.raises(UserError, match=reason):
        ghost_op.main([here(tmp_path, name)])


@pytest.mark.parametrize("name", ["while", "stateful", "rank2", "twoin", "flex2"])
def test_tune_refuses_what_it_cannot_tune(tmp_path, name):
    with pytest.raises(UserError, match=r"loops or variables|no Ghost module|FlexResizeBicubic"):
        tune.main([here(tmp_path, name)])


@pytest.mark.parametrize("name", [name for name in ALL if name != "flex2"])
def test_predict_says_what_it_does_not_know(tmp_path, name):
    with pytest.raises(UserError, match="neither a record beside it nor metadata inside"):
        predict.main([here(tmp_path, name), "photo.jpg"])


# ---------------------------------------------------------------------------- what is in them


def nameless(data: bytes) -> bytes:
    graph = Graph(data)
    for tensor in graph.subgraph.tensors:
        tensor.name = None
    return packed(graph.model)


@pytest.mark.parametrize("folder_and_name", [(THEIRS, "gray"), (FILES, "micro_int8")])
def test_a_file_without_names_of_tensors_is_read(tmp_path, folder_and_name):
    folder, name = folder_and_name
    data = nameless((folder / f"{name}.tflite").read_bytes())
    file = tmp_path / "nameless.tflite"
    file.write_bytes(data)

    assert len({*Graph(data).names}) == len(Graph(data).names)
    assert next(c.result for c in checks_of(file) if c.claim == RUNS) == "passed"
    assert ghost_op.main([str(file)]) == 0


@pytest.mark.parametrize("name", ["while", "stateful"])
def test_loops_and_variables_survive_a_rewriting(name):
    data = (THEIRS / f"{name}.tflite").read_bytes()
    graph = Graph(data).copy()
    graph.drop_unused()

    again = Graph(graph.to_bytes())

    assert len(again.model.subgraphs) == len(Graph(data).model.subgraphs) > 1
    before, after = (Runtime(d).rehearse() for d in (data, graph.to_bytes()))
    assert [np.array_equal(a, b) for a, b in zip(before, after, strict=True)] == [True]


@pytest.mark.parametrize(
    ("name", "type_name", "most"),
    [
        ("micro_dynamic_wi4", "INT4", 7),
        ("micro_dynamic_wi2", "INT2", 1),
        ("micro_weight_only_wi4", "INT4", 7),
    ],
)
def test_narrow_weights_are_read_and_left_with_the_reason(name, type_name, most):
    data = (FILES / f"{name}.tflite").read_bytes()
    graph = Graph(data)
    kernels = [t for t in range(len(graph.names)) if graph.dtype(t) == type_name]

    values = [graph.constant(tensor) for tensor in kernels]
    assert kernels and all(v is not None and v.dtype == np.int8 for v in values)
    assert {int(abs(v).max()) for v in values if v is not None} <= {most, most + 1}
    assert facts(data).ops
    reason = "weights are not constant" if "only" in name else f"types are FLOAT32, {type_name}"
    assert any(f"its {reason}" in why for why in find(graph).left)


def with_kernel(type_name: str, is_cast: bool = False) -> bytes:
    """The small float32 network with its first kernel in another type, or cast from it."""
    plain = (FILES / "micro_float32.tflite").read_bytes()
    graph = Graph(plain)
    conv = next(op for op in graph.ops if op.name == "CONV_2D")
    kernel = conv.inputs[1]
    exact = graph.constant(kernel)
    assert exact is not None
    upper = (np.ascontiguousarray(exact).view("<u4") >> 16).astype("<u2")
    values = upper if type_name == "BFLOAT16" else exact.astype(type_name.lower())
    new = graph.add_tensor(kernel, "narrow", graph.shape(kernel), values)
    graph.subgraph.tensors[new].type = getattr(schema.TensorType, type_name)
    if is_cast:
        between = graph.add_tensor(kernel, "widened", graph.shape(kernel))
        kinds = {"inDataType": schema.TensorType.BFLOAT16, "outDataType": 0}
        graph.insert("CAST", [new], between, before=conv, **kinds)
        new = between
    graph.rewire(conv, 1, new)
    return with_files_of(plain, graph.to_bytes())


@pytest.mark.parametrize("type_name", ["INT2", "BFLOAT16", "FLOAT16", "INT16"])
def test_a_kernel_that_the_runtime_takes_for_floats_is_the_reason(tmp_path, capsys, type_name):
    """LiteRT 2.3.0 asks no CONV_2D of what type its kernel is, and computes whatever comes."""
    file = tmp_path / "theirs.tflite"
    is_packed = type_name == "INT2"
    data = (FILES / "micro_dynamic_wi2.tflite").read_bytes() if is_packed else None
    file.write_bytes(data or with_kernel(type_name))
    reason = f"'ghost1_primary' is a CONV_2D with its kernel in {type_name}"

    with pytest.raises(UserError, match=reason):
        ghost_op.main([str(file)])
    with pytest.raises(UserError, match=reason):
        Runtime(file.read_bytes()).run(np.zeros((1, 16, 16, 3), np.float32))
    assert verify.main([str(file)]) == 1
    assert f"FAILED    {RUNS}" in (out := capsys.readouterr().out) and reason in out


def test_a_kernel_cast_from_bfloat16_works_everywhere(tmp_path):
    file = tmp_path / "theirs.tflite"
    file.write_bytes(with_kernel("BFLOAT16", is_cast=True))

    assert Graph(file.read_bytes()).ops[0].name == "CAST"
    with pytest.raises(UserError, match=r"7 of 8 checks could not be made: there is no record"):
        verify.main([str(file)])
    assert facts(file.read_bytes()).delegation.n_ops == 17
    assert ghost_op.main([str(file)]) == 0
    ours = Graph((tmp_path / "theirs_ghostop.tflite").read_bytes())
    assert any(op.is_ghost for op in ours.ops)


@pytest.mark.parametrize("name", ["micro_dynamic_wi4", "micro_weight_only_wi4"])
def test_operators_go_beside_narrow_weights(tmp_path, name):
    assert ghost_op.main([here(tmp_path, name, FILES)]) == 0

    ours = Graph((tmp_path / f"{name}_ghostop.tflite").read_bytes())
    kernels = {ours.dtype(op.inputs[1]) for op in ours.ops if op.name == "CONV_2D"}
    assert any(op.is_ghost for op in ours.ops)
    assert kernels == ({"INT4"} if "dynamic" in name else {"FLOAT32"})


@pytest.mark.parametrize(
    ("type_name", "content", "values"),
    [
        ("INT4", [0x8F, 0x70], [-1, -8, 0, 7]),  # the lower half of a byte comes first
        ("INT4", [0x21, 0x03], [1, 2, 3]),  # an odd number leaves half a byte
        ("INT2", [0b11100100], [0, 1, -2, -1]),
        ("INT2", [0b00000001, 0b10], [1, 0, 0, 0, -2]),
    ],
)
def test_what_is_packed_in_bytes_is_the_lowest_bits_first(type_name, content, values):
    graph = Graph((FILES / "micro_float32.tflite").read_bytes())
    kernel = next(op for op in graph.ops if op.name == "CONV_2D").inputs[1]
    tensor = graph.subgraph.tensors[kernel]
    tensor.type, tensor.shape = getattr(schema.TensorType, type_name), [len(values)]
    graph.model.buffers[tensor.buffer].data = np.array(content, np.uint8)

    read = graph.constant(kernel)

    assert read is not None and read.tolist() == values


def test_bfloat16_is_read_as_float32():
    graph = Graph((FILES / "micro_float32.tflite").read_bytes())
    kernel = next(op for op in graph.ops if op.name == "CONV_2D").inputs[1]
    exact = graph.constant(kernel)
    assert exact is not None
    upper = np.ascontiguousarray(exact).view("<u4") >> 16
    graph.model.buffers[graph.subgraph.tensors[kernel].buffer].data = upper.astype("<u2").view("u1")
    graph.subgraph.tensors[kernel].type = schema.TensorType.BFLOAT16
    read = Graph(graph.to_bytes()).constant(kernel)

    assert read is not None and read.dtype == np.float32
    np.testing.assert_allclose(read, exact, rtol=2**-7)
    assert np.array_equal(np.ascontiguousarray(read).view("<u4") >> 16, upper)


# ---------------------------------------------------------------------------- beside them


@pytest.mark.parametrize(
    "name", ["../../x", "", "..", ".", "a/b", "a\\b", "C:x", "a\0b", "x" * 300]
)
def test_a_name_in_a_record_leads_nowhere_else(tmp_path, name):
    with pytest.raises(UserError):
        beside(tmp_path / "a.tflite", name)


def test_a_name_in_a_record_is_a_file_in_its_folder(tmp_path):
    assert beside(tmp_path / "a.tflite", "plain v1.0.tflite") == tmp_path / "plain v1.0.tflite"


@pytest.mark.parametrize("name", ["../../x", "", "..", "passwd"])
def test_verify_refuses_a_plain_file_elsewhere(tmp_path, capsys, name):
    path = saved(tmp_path)
    content = json.loads(record_path(path).read_text())
    operators = Operators(
        plain=name,
        plain_sha256="0" * 64,
        count=0,
        version=3,
        images=1,
        images_from="photos",
        snr_db=None,
    )
    record_path(path).write_text(json.dumps(content | {"operators": asdict(operators)}))

    assert verify.main([str(path)]) == 1
    assert "FAILED    its plain file, if it needs one, stands beside it" in capsys.readouterr().out


def test_a_json_of_somebody_else_is_no_record(tmp_path):
    file = Path(here(tmp_path, "micro_int8", FILES))
    file.with_suffix(".json").write_text('{"type": "micro", "version": 2, "schema": "x"}')

    assert open_classifier(file).labels.names == ("a", "b", "c", "d")
    assert ghost_op.main([str(file)]) == 0


# ---------------------------------------------------------------------------- without Linux


@pytest.mark.parametrize("verb", ["predict", "evaluate", "verify"])
def test_files_are_read_where_there_is_no_fcntl(tmp_path, verb):
    file = here(tmp_path, "micro_int8", FILES)
    photo = tmp_path / "photos" / "a" / "red.png"
    photo.parent.mkdir(parents=True)
    Image.new("RGB", (20, 20), (200, 10, 30)).save(photo)
    given = {"predict": [str(photo)], "evaluate": ["--labelled", str(photo.parents[1])]}
    line = [file, *given.get(verb, [])]

    done = on_windows(
        f"from export import {verb} as door; sys.exit(run(lambda: door.main({line})))"
    )

    assert done.returncode == (2 if verb == "verify" else 0), done.stderr
    assert "Traceback" not in done.stderr
    said = {"verify": RUNS, "predict": "%  a", "evaluate": "0.00%        -       1"}
    assert said[verb] in done.stdout


def test_what_needs_linux_says_so(tmp_path):
    code = (
        "from pathlib import Path; from ghostnet_tf.base.programs import make;"
        f"sys.exit(run(lambda: make('the runner', Path('.'), 'host', Path({str(tmp_path)!r}))))"
    )

    done = on_windows(code)

    assert done.returncode == 2
    assert "the runner is compiled on Linux and macOS alone" in done.stderr


def on_windows(code: str) -> subprocess.CompletedProcess[str]:
    """Run `code` where the modules that Windows lacks cannot be imported."""
    missing = "import sys; sys.modules.update(dict.fromkeys(['fcntl', 'resource', 'pwd', 'grp']));"
    whole = f"{missing} from ghostnet_tf.base.errors import run; {code}"
    return subprocess.run([sys.executable, "-c", whole], cwd=ROOT, capture_output=True, text=True)  # noqa: S603


def test_a_json_that_vouches_for_other_bytes_is_still_an_error(tmp_path):
    path = saved(tmp_path)
    path.write_bytes(path.read_bytes() + b"x")

    with pytest.raises(UserError, match="is not the file that its record describes"):
        open_classifier(path)
