"""Files with Ghost operators on the targets: the same outputs, and no error that goes unseen."""

import subprocess

import numpy as np
import pytest

from benchmark.measurement import Settings
from benchmark.model import Model, open_model
from benchmark.targets import tool as tool_module
from benchmark.targets.host import HostTarget
from benchmark.targets.runner import arguments
from export.ghostop.making import write_ghostop
from export.graph import Graph
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.libraries import litert, operators

ONCE = Settings(warmup_runs=1, min_runs=2, min_seconds=0.0)


@pytest.fixture(scope="module")
def ghostop(int8, tmp_path_factory) -> Model:
    return open_model(write_ghostop(int8.path, out=tmp_path_factory.mktemp("ghostop")).path)


def test_a_model_knows_whether_it_has_operators(int8, ghostop):
    assert (int8.has_operators, ghostop.has_operators) == (False, True)


def test_the_runner_gives_the_plain_files_outputs(host, int8, ghostop):
    assert host.visit(ghostop, ONCE).output_sha256 == host.visit(int8, ONCE).output_sha256


def test_the_report_names_the_kernels_and_what_was_left_to_them(host, int8, ghostop):
    def reported(model):
        line = host.tool.line(host._place(model), model, ONCE)
        return host.tool.report(host._run(line, model, ONCE), model)

    ours, theirs = reported(ghostop), reported(int8)

    assert ours.operators and not theirs.operators
    delegation = ours.delegation()
    assert delegation is not None and delegation.left_out == {"ghostnet.op": 13, "HARD_SWISH": 1}


@pytest.mark.parametrize("core", ["cortex-a53", "cortex-a76"])
def test_an_emulated_core_gives_them_too(emulated, host, int8, ghostop, core):
    counted = emulated(core).visit(ghostop, Settings())

    assert counted.output_sha256 == host.visit(int8, ONCE).output_sha256


def test_damaged_options_end_the_run_with_the_operators_sentence(host, ghostop, tmp_path):
    graph = Graph(ghostop.data)
    node = next(op for op in graph.ops if op.is_ghost)
    options = np.array(node.record.customOptions)
    options[150] ^= 1
    node.record.customOptions = options
    path = tmp_path / "damaged.tflite"
    path.write_bytes(graph.to_bytes())

    with pytest.raises(UserError, match=r"damaged\.tflite.*a Ghost operator failed") as refused:
        host.visit(open_model(path), ONCE)

    assert "plain file" in refused.value.fix


@pytest.mark.parametrize(
    ("ops", "code", "sentence"),
    [
        (None, 7, b"loads and does not run"),
        ("/nowhere", 9, b"the Ghost operators cannot be loaded"),
        ("LITERT", 9, b"has no Ghost operators"),
    ],
)
def test_a_runner_without_the_operators_says_so(host, ghostop, ops, code, sentence):
    ops = str(litert()) if ops == "LITERT" else ops
    line = arguments(str(host.tool.library), str(ghostop.path), ONCE, ops=ops)

    done = subprocess.run([str(host.tool.runner), *line], capture_output=True)  # noqa: S603

    assert done.returncode == code
    assert sentence in done.stderr


def test_the_library_is_made_for_each_architecture():
    heads = [operators(rule).read_bytes()[18:20] for rule in ("host", "aarch64")]

    assert heads[1] == b"\xb7\x00"  # EM_AARCH64


def test_make_is_asked_for_the_library_once_and_not_at_each_visit(int8, ghostop, monkeypatch):
    asked = []
    make = tool_module.operators
    monkeypatch.setattr(tool_module, "operators", lambda rule: asked.append(rule) or make(rule))
    target = HostTarget()

    target.prepare([int8])
    assert not asked
    for _ in range(2):
        target.visit(ghostop, ONCE)

    assert asked == ["host"]
