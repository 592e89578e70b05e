"""The same bytes as the runtime: plain graphs in LiteRT against the operator that replaces them."""

import hashlib

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from tests.counts import examples
from tests.kernels.conftest import poisoned_cases, random_cases
from tests.kernels.nodes import CONVOLUTION, FLOAT32, INT8, plain_graph
from tests.kernels.reference import expected

N_NODES = 100  # on this machine
N_ON_ARM = 60  # in one file: an emulated runtime takes its time to start


def run_plain(node, x, residual):
    interpreter = Interpreter(model_content=plain_graph(node), num_threads=1)
    interpreter.allocate_tensors()
    inputs = [x] if residual is None else [x, residual]
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def plain_cases(dtype: int):
    """Those that a converter could have written: in a plain graph no window is left out."""
    return [case for case in random_cases(dtype, N_NODES) if case[0].is_whole]


def test_int8_is_the_runtimes_result_byte_for_byte(library):
    with library.open(None) as session:
        for seed, (node, x, residual) in enumerate(plain_cases(INT8)):
            plain = run_plain(node, x, residual)

            assert np.array_equal(session.run(node, x, residual), plain), f"{seed}: {node}"
            assert np.array_equal(expected(node, x, residual), plain), f"{seed}: {node}"


def test_float32_is_the_runtimes_result_but_for_rounding(library):
    with library.open(None) as session:
        for node, x, residual in plain_cases(FLOAT32):
            plain, ours = run_plain(node, x, residual), session.run(node, x, residual)

            np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-4, err_msg=str(node))


def test_what_is_no_number_is_where_the_runtime_has_it(library):
    """But for depthwise windows that are neither 3x3 nor 5x5: the runtime fills them up with
    weights of zero, and zero times infinity is NaN."""
    n = 0
    with library.open(None) as session:
        for node, x, residual in poisoned_cases(examples(150, 1_500)):
            has_taps_of_its_own = node.kind == CONVOLUTION or np.prod(node.kernel) in (9, 25)
            if not node.is_whole or not has_taps_of_its_own:
                continue
            plain, ours = run_plain(node, x, residual), session.run(node, x, residual)

            np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-4, err_msg=str(node))
            n += not np.isfinite(plain).all()
    assert n > 100


@pytest.mark.parametrize("core", ["cortex-a53", "cortex-a76", "i8mm"])
def test_the_reference_is_what_the_runtime_computes_on_arm(arm_runtime, tmp_path, core):
    cases = [case for case in random_cases(INT8, N_ON_ARM) if case[0].is_whole]
    model, given = tmp_path / "plain.tflite", tmp_path / "inputs.bin"
    model.write_bytes(plain_graph(*(node for node, _, _ in cases)))
    inputs = [image for _, *images in cases for image in images if image is not None]
    given.write_bytes(b"".join(image.tobytes() for image in inputs))

    said = arm_runtime(core, model, given)

    right = b"".join(expected(*case).tobytes() for case in cases)
    assert said["output_sha256"] == hashlib.sha256(right).hexdigest()
