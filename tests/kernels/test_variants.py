"""Every variant against the NumPy reference: shapes, strides, scales, clamps, tails."""

from pathlib import Path

import numpy as np
import pytest

from tests.kernels.nodes import CONVOLUTION, DEPTHWISE, NONE, Node, random_input
from tests.kernels.programs import HOST, build, patched, run, write_cases

MILLION = 1_000_000
ON_ARM = [
    ("cortex-a53", "neon"),
    ("cortex-a76", "neon_dot"),
    ("i8mm", "neon_i8mm"),
    ("cortex-a53", "c"),
]


def assert_all_right(said):
    assert said["outputs"] > MILLION
    assert (said["refused"], said["wrong"]) == (0, 0), f"first in case {said['first_wrong']}"


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("threads", [1, 2, 4])
def test_every_variant_of_this_machine_is_right(library, program, request, dtype, threads):
    cases = request.getfixturevalue(f"{dtype}_cases")

    for variant in library.variants():
        assert_all_right(run(program, cases, variant, threads))


def test_the_ends_of_every_range_are_right(library, program, extreme_cases):
    for variant in library.variants():
        said = run(program, extreme_cases, variant)
        assert (said["refused"], said["wrong"]) == (0, 0)


def test_threads_do_not_race(library, raced_program, few_cases):
    said = run(raced_program, few_cases, library.variants()[0], 4)

    assert (said["refused"], said["wrong"]) == (0, 0)


@pytest.mark.parametrize("core, variant", ON_ARM[:3])
def test_four_threads_are_right_on_arm(arm_program, few_cases, core, variant):
    said = run(arm_program, few_cases, variant, 4, on=core)

    assert (said["refused"], said["wrong"]) == (0, 0)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("core, variant", ON_ARM)
def test_every_variant_for_arm_is_right(arm_program, request, core, variant, dtype):
    cases = request.getfixturevalue(f"{dtype}_cases")

    assert_all_right(run(arm_program, cases, variant, on=core))


@pytest.mark.parametrize(
    ("core", "variant"), [("cortex-a53", "neon_dot"), ("cortex-a76", "neon_i8mm")]
)
def test_a_core_without_an_instruction_refuses_its_variant(arm_program, few_cases, core, variant):
    with pytest.raises(AssertionError, match="exit 2"):
        run(arm_program, few_cases, variant, on=core)


def test_no_variant_reads_or_writes_beyond_its_buffers(library, sanitized_program, bounds_cases):
    for variant in library.variants():
        said = run(sanitized_program, bounds_cases, variant, 2)
        assert (said["refused"], said["wrong"]) == (0, 0), f"first in case {said['first_wrong']}"


@pytest.mark.parametrize("guard", ["behind", "before"])
def test_no_variant_touches_the_page_beside_a_buffer(library, program, guarded_cases, guard):
    for variant in library.variants():
        said = run(program, guarded_cases, variant, guard=guard)
        assert (said["refused"], said["wrong"]) == (0, 0), f"first in case {said['first_wrong']}"


@pytest.mark.parametrize("guard", ["behind", "before"])
@pytest.mark.parametrize("core, variant", ON_ARM)
def test_no_variant_for_arm_touches_it(arm_program, guarded_cases, core, variant, guard):
    said = run(arm_program, guarded_cases, variant, on=core, guard=guard)

    assert (said["refused"], said["wrong"]) == (0, 0), f"first in case {said['first_wrong']}"


def test_what_is_no_number_stays_where_the_reference_has_it(library, program, nan_cases):
    for variant in library.variants():
        said = run(program, nan_cases, variant)
        assert (said["refused"], said["wrong"]) == (0, 0), f"first in case {said['first_wrong']}"


@pytest.mark.parametrize("core, variant", [ON_ARM[0], ON_ARM[1], ON_ARM[3]])
def test_what_is_no_number_stays_there_on_arm(arm_program, nan_cases, core, variant):
    said = run(arm_program, nan_cases, variant, on=core)

    assert (said["refused"], said["wrong"]) == (0, 0), f"first in case {said['first_wrong']}"


def halves(path: Path) -> Path:
    """Sums whose float32 product is rounded to a half, or away from one: there it shows whether
    the product was rounded before it became an integer. The weights are 0, the biases the sums."""
    rng = np.random.default_rng(0)
    sums = rng.integers(2_000, 60_000, 20_000) * rng.choice([-1, 1], 20_000)
    scales = np.abs((rng.integers(0, 120, sums.size) + 0.5) / sums).astype(np.float32)
    once = np.rint(sums * scales.astype(np.float64))
    twice = np.rint(sums.astype(np.float32) * scales)
    found = np.flatnonzero(once != twice)[:1000]
    assert found.size == 1000
    node = Node(
        kind=DEPTHWISE, activation=NONE, in_size=(2, 3), out_size=(2, 3),
        weights=np.zeros((1, 3, 3, found.size), np.int8),
        weight_scale=scales[None, found], bias=sums[None, found].astype(np.int32),
        scales=((1.0, 0),) * 5,
    )  # fmt: skip
    return write_cases(path, [(node, *random_input(rng, node))])


def test_halves_are_rounded_as_a_float32_product(library, program, tmp_path):
    cases = halves(tmp_path / "halves")

    for variant in library.variants():
        assert run(program, cases, variant)["wrong"] == 0


@pytest.mark.parametrize("core, variant", ON_ARM)
def test_halves_are_rounded_the_same_on_arm(arm_program, tmp_path, core, variant):
    assert run(arm_program, halves(tmp_path / "halves"), variant, on=core)["wrong"] == 0


def test_pixels_that_no_output_wants_are_skipped(library, program, tmp_path):
    """Options may describe fewer columns than there are, even where a window is one pixel."""
    rng = np.random.default_rng(0)
    node = Node(
        kind=CONVOLUTION, in_size=(5, 7), out_size=(5, 6), pad=(0, 0),
        weights=rng.integers(-127, 128, (8, 1, 1, 8), np.int8),
        weight_scale=np.full(8, 1e-3, np.float32), bias=np.zeros(8, np.int32),
        scales=((0.02, 3),) * 5,
    )  # fmt: skip
    cases = write_cases(tmp_path / "narrower", [(node, *random_input(rng, node))])

    for variant in library.variants():
        assert run(program, cases, variant)["wrong"] == 0


def test_a_fused_multiply_add_is_caught(tmp_path):
    sources = patched(
        tmp_path / "kernels",
        "arithmetic_int8.h",
        "lrintf(value) + clamp.zero_point",
        "(fmaf((float)sum, scale, 12582912.0f) - 12582912.0f) + clamp.zero_point",
    )
    program = build(tmp_path / "cases", HOST, "-O0", sources=sources)

    assert run(program, halves(tmp_path / "halves"), "c")["wrong"] > 900
