"""Functions that a file brings, and operators that ONNX defines by simpler ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnxsim", reason="the packages of requirements-onnx.txt are not installed")

import onnx
from onnx import helper

from export.contract import broken_promises, facts, promise
from export.onnx import convert, inlining, onnx_file, worker
from export.parity import snr_db
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError
from tests import counts
from tests.export.onnx_nets import Nodes, by_onnxruntime
from tests.seeded_tensors import images

CASES = Path(__file__).parent / "cases"


# what a file brings ---------------------------------------------------------------------------

LOCAL = helper.make_opsetid("own", 1)


def function(name: str, nodes: list[Any], opset: int = 17, **also: Any) -> Any:
    opsets = [helper.make_opsetid("", opset), LOCAL]
    return helper.make_function("own", name, ["x"], ["y"], nodes, opsets, **also)


def plain() -> list[Any]:
    return [function("Act", [helper.make_node("Relu", ["x"], ["y"])])]


def nested() -> list[Any]:
    inner = [helper.make_node("Sigmoid", ["x"], ["s"]), helper.make_node("Mul", ["x", "s"], ["y"])]
    outer = [
        helper.make_node("Inner", ["x"], ["i"], domain="own"),
        helper.make_node("Inner", ["i"], ["y"], domain="own"),
    ]
    return [function("Inner", inner), function("Act", outer)]


def with_an_attribute() -> list[Any]:
    leaky = helper.make_node("LeakyRelu", ["x"], ["y"])
    reference = leaky.attribute.add()
    reference.name, reference.ref_attr_name = "alpha", "slope"
    reference.type = onnx.AttributeProto.FLOAT
    return [function("Act", [leaky], attributes=["slope"])]


def of_an_older_opset() -> list[Any]:
    return [function("Act", [helper.make_node("Relu", ["x"], ["y"])], opset=13)]


def test_the_functions_of_a_small_file_are_gone():
    model = onnx_file.read(CASES / "func.onnx")

    x = images(3, 64)
    (theirs,) = by_onnxruntime((CASES / "func.onnx").read_bytes(), x)
    (ours,) = by_onnxruntime(model.SerializeToString(), x)
    assert [node.op_type for node in model.graph.node][:2] == ["Conv", "Relu"]
    assert snr_db(theirs, ours) > 120


BRINGS: dict[str, tuple[Callable[[], list[Any]], dict[str, Any]]] = {
    "one": (plain, {}),
    "functions in functions": (nested, {}),
    "one with an attribute": (with_an_attribute, {"slope": 0.25}),
    "one of an older opset": (of_an_older_opset, {}),
}


def calling(functions: list[Any], **given: Any) -> Any:
    n = Nodes()
    x = n.add("Act", n.convolution("image", 3, 8), domain="own", **given)
    return n.model([n.classified(x, 8)], shapes=[(1, 5)], opsets=[LOCAL], functions=functions)


@pytest.mark.parametrize("case", BRINGS)
def test_functions_are_written_out_and_mean_the_same(case, tmp_path):
    functions, given = BRINGS[case]
    path, x = tmp_path / "m.onnx", images(3, 16)
    path.write_bytes(calling(functions(), **given).SerializeToString())

    model = onnx_file.read(path)

    assert not model.functions and {node.domain for node in model.graph.node} == {""}
    (theirs,) = by_onnxruntime(path.read_bytes(), x)
    (ours,) = by_onnxruntime(model.SerializeToString(), x)
    assert theirs.std() > 0.1 and snr_db(theirs, ours) > 120


def endless() -> list[Any]:
    return [function("Act", [helper.make_node("Act", ["x"], ["y"], domain="own")])]


def in_a_circle() -> list[Any]:
    return [
        function("Act", [helper.make_node("Other", ["x"], ["y"], domain="own")]),
        function("Other", [helper.make_node("Act", ["x"], ["y"], domain="own")]),
    ]


def doubling(depth: int = 60) -> list[Any]:
    """Each calls the one before it twice: 2 ** depth operators."""
    functions = [function("F0", [helper.make_node("Relu", ["x"], ["y"])])]
    for i in range(1, depth + 1):
        name = "Act" if i == depth else f"F{i}"
        nodes = [
            helper.make_node(f"F{i - 1}", ["x"], ["m"], domain="own"),
            helper.make_node(f"F{i - 1}", ["m"], ["y"], domain="own"),
        ]
        functions.append(function(name, nodes))
    return functions


def of_a_vendor() -> list[Any]:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.vendor", 1)]
    fast = helper.make_node("Fast", ["x"], ["y"], "my_fast", domain="com.vendor")
    return [helper.make_function("own", "Act", ["x"], ["y"], [fast], opsets)]


UNSOUND = {
    "itself": (endless, "function 'Act' of 'm.onnx' calls itself"),
    "a circle": (in_a_circle, "function 'Act' of 'm.onnx' calls itself"),
    "two to the 60": (doubling, "stand for more than 200,000 operators"),
    "deep": (lambda: doubling(2000), "stand for more than 200,000 operators"),
    "a vendor's": (of_a_vendor, "(Fast) is an operator of 'com.vendor'"),
    "none": (list, "(Act) is an operator of 'own', not of ONNX itself"),
}


@pytest.mark.parametrize("case", UNSOUND)
def test_functions_that_cannot_be_written_out_are_named(case, tmp_path):
    functions, said = UNSOUND[case]
    path = tmp_path / "m.onnx"
    path.write_bytes(calling(functions()).SerializeToString())

    with pytest.raises(UserError) as refused:
        onnx_file.read(path)

    assert said in str(refused.value) and refused.value.fix


def test_a_changed_byte_in_functions_is_an_error_or_another_network(tmp_path):
    healthy, rng = calling(nested()).SerializeToString(), np.random.default_rng(0)
    start = healthy.index(b"Inner") - 20  # the functions stand at the end
    path, n_refused, n = tmp_path / "m.onnx", 0, counts.examples(200, 5000)
    for _ in range(n):
        damaged = bytearray(healthy)
        damaged[rng.integers(start, len(healthy))] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            onnx_file.signature(onnx_file.read(path), None)
        except UserError as error:
            n_refused += 1
            assert "\n" not in str(error)

    assert n / 10 < n_refused < n


# what ONNX defines ----------------------------------------------------------------------------


def ones(n: Nodes, *shape: int) -> str:
    return n.constant(np.linspace(0.5, 1.5, int(np.prod(shape)), dtype=np.float32).reshape(shape))


def grouped(n: Nodes, x: str) -> str:
    return n.add("GroupNormalization", x, ones(n, 12), ones(n, 12), num_groups=3)


def attended(n: Nodes, x: str) -> str:
    tokens = n.transpose(n.reshape(x, 1, 12, 64), 0, 2, 1)
    qkv = [n.add("MatMul", tokens, n.weights(12, 12)) for _ in range(3)]
    mixed = n.add("Attention", *qkv, q_num_heads=2, kv_num_heads=2)
    return n.reshape(n.transpose(mixed, 0, 2, 1), 1, 12, 8, 8)


def cropped(n: Nodes, x: str) -> str:
    return n.add("CenterCropPad", x, n.constant(np.array([6, 6], np.int64)), axes=[2, 3])


# operator -> (opset, what stands behind a map (1, 12, 8, 8))
DEFINED: dict[str, tuple[int, Callable[[Nodes, str], str]]] = {
    "Swish": (24, lambda n, x: n.add("Swish", x)),
    "Swish with a slope": (24, lambda n, x: n.add("Swish", x, alpha=1.5)),
    "RMSNormalization": (23, lambda n, x: n.add("RMSNormalization", x, ones(n, 8))),
    "GroupNormalization": (21, grouped),
    "Attention": (23, attended),
    "CenterCropPad": (18, cropped),
}


def with_operators(opset: int, *behind: Callable[[Nodes, str], str]) -> Any:
    """One output (1, 5) for each of `behind`."""
    n = Nodes(opset)
    outputs = [n.classified(b(n, n.convolution("image", 3, 12)), 12) for b in behind]
    return n.model(outputs, shapes=[(1, 5)] * len(outputs))


@pytest.mark.parametrize("case", DEFINED)
def test_operators_that_onnx_defines_are_spelled_in_simpler_ones(case):
    model = with_operators(*DEFINED[case])
    known = worker.known_operators()
    assert {node.op_type for node in model.graph.node} - known == {case.split()[0]}

    spelled = inlining.decomposed(model, known.__contains__)

    assert {node.op_type for node in spelled.graph.node} <= known
    x = images(3, 16)
    (theirs,) = by_onnxruntime(model.SerializeToString(), x)
    (ours,) = by_onnxruntime(spelled.SerializeToString(), x)
    assert theirs.std() > 0.01 and snr_db(theirs, ours) > 110


def test_an_opset_that_nobody_here_knows_is_named_with_those_that_are(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(with_operators(99, lambda n, x: n.add("Relu", x)).SerializeToString())

    with pytest.raises(UserError, match=r"'m\.onnx' is of opset 99; the installed onnx") as refused:
        onnx_file.read(path)

    assert "with opset" in refused.value.fix


# down to the file -----------------------------------------------------------------------------

PLAIN = {"PAD": 1, "CONV_2D": 1, "MEAN": 1, "FULLY_CONNECTED": 1}
CONVERTED: dict[str, tuple[dict[str, int] | None, int]] = {
    "swish24": ({**PLAIN, "LOGISTIC": 1, "MUL": 1}, 64),
}
if counts.ALL:
    CONVERTED |= {"func": (PLAIN, 64), "several": (None, 16)}


@pytest.mark.parametrize("case", CONVERTED)
def test_the_file_gives_what_onnxruntime_makes_of_the_untouched_model(case, tmp_path):
    ops, size = CONVERTED[case]
    path = CASES / f"{case}.onnx"
    if case == "several":
        path = tmp_path / "several.onnx"
        behind = [DEFINED[name][1] for name in ("Swish with a slope", "GroupNormalization")]
        path.write_bytes(with_operators(24, *behind, attended).SerializeToString())

    converted, found = convert.from_onnx(path, is_bgr=False)

    x = images(3, size)
    theirs, ours = by_onnxruntime(path.read_bytes(), x), Runtime(converted.float32).run(x)
    ours = ours if isinstance(ours, list) else [ours]
    assert found == size and min(snr_db(a, b) for a, b in zip(theirs, ours, strict=True)) > 100
    says = facts(converted.float32)
    assert ops in (None, dict(says.ops))
    assert broken_promises(promise("float32", "stock"), says) == []
