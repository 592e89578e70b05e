"""Half precision: every bit of every output, for the order of sums is part of what is promised."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.counts import ALL, examples
from tests.kernels.conftest import DEEP
from tests.kernels.nodes import (
    CONVOLUTION,
    FLOAT32,
    INNER_OUTPUT,
    Node,
    random_input,
    random_node,
)
from tests.kernels.programs import AARCH64, call, objects_of, patched, rebuild, run, write_cases
from tests.kernels.reference import expected

Case = tuple[Node, np.ndarray, np.ndarray | None]
HALF = ("half",)
ON_ARM = [("cortex-a76", "neon_dot"), ("i8mm", "neon_i8mm")]


def is_taken(node: Node) -> bool:
    """Whether there is a kernel of halves for it; the others are computed in float32."""
    if node.kind == CONVOLUTION:
        return node.out_channels >= 4
    return node.kernel in ((3, 3), (5, 5))


def half_node(rng: np.random.Generator, **given) -> Node:
    """Its tensors float32 or halves, each by itself."""
    node = random_node(rng, dtype=FLOAT32, **given)
    return replace(node, is_half=True, inner=int(rng.integers(8)))


def random_cases(n: int, taken: bool = True, deep: tuple = ()) -> Iterator[Case]:
    """As many as networks have as such that they have not."""
    for seed in range(n):
        rng = np.random.default_rng(seed)
        node = half_node(rng, is_odd=seed % 2 == 1)
        if is_taken(node) == taken:
            yield node, *random_input(rng, node)
    for channels, size, out_channels in deep:
        rng = np.random.default_rng(channels)
        node = half_node(
            rng, kind=CONVOLUTION, kernel_size=1, channels=channels, in_size=size, stride=(1, 1),
            out_channels=out_channels, has_residual=True,
        )  # fmt: skip
        yield node, *random_input(rng, node)


def others(n: int) -> Iterator[tuple]:
    """What no kernel of halves takes, and what float32 makes of it."""
    for node, x, residual in random_cases(n, taken=False):
        second = None if residual is None else residual.astype(np.float32)
        right = expected(replace(node, is_half=False), x.astype(np.float32), second)
        yield node, x, residual, right.astype(node.type_of(INNER_OUTPUT))


def poisoned_cases(n: int) -> Iterator[Case]:
    for seed, (node, x, residual) in enumerate(random_cases(n)):
        rng = np.random.default_rng(seed)
        for image in [x] if residual is None else [x, residual]:
            places = rng.integers(image.size, size=int(rng.integers(1, 4)))
            image.flat[places] = rng.choice([np.nan, np.inf, -np.inf], places.size)
        yield node, x, residual


@pytest.fixture(scope="module")
def half_cases(tmp_path_factory) -> Path:
    """In `make test-all` more than a million outputs."""
    path = tmp_path_factory.mktemp("half") / "cases"
    return write_cases(path, random_cases(examples(240, 1200), deep=DEEP))


@pytest.fixture(scope="module")
def half_nan_cases(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("half_nan") / "cases"
    return write_cases(path, poisoned_cases(examples(120, 1200)))


def assert_right(said: dict[str, int], least: int = 100_000) -> None:
    assert said["outputs"] > least
    assert (said["refused"], said["wrong"]) == (0, 0), f"first in case {said['first_wrong']}"


@pytest.mark.parametrize("threads", [1, 2])
def test_the_reference_is_right(program, half_cases, threads):
    assert_right(run(program, half_cases, "c", threads, how=HALF), examples(200_000, 1_000_000))


@pytest.mark.parametrize(("core", "variant"), ON_ARM)
@pytest.mark.parametrize("threads", [1, 4])
def test_every_bit_is_the_references_on_arm(arm_program, half_cases, core, variant, threads):
    said = run(arm_program, half_cases, variant, threads, on=core, how=HALF)

    assert_right(said, examples(200_000, 1_000_000))


def test_nothing_is_read_or_written_beyond_the_buffers(sanitized_program, half_cases):
    assert_right(run(sanitized_program, half_cases, "c", 2, how=HALF))


@pytest.mark.parametrize("guard", ["behind", "before"])
def test_no_page_beside_a_buffer_is_touched(arm_program, program, half_cases, guard):
    said = run(arm_program, half_cases, "neon_dot", on="cortex-a76", guard=guard, how=HALF)
    assert_right(said)
    assert_right(run(program, half_cases, "c", guard=guard, how=HALF))


def test_what_is_no_number_stays_where_the_reference_has_it(program, arm_program, half_nan_cases):
    assert_right(run(program, half_nan_cases, "c", how=HALF), 50_000)
    said = run(arm_program, half_nan_cases, "neon_dot", on="cortex-a76", how=HALF)
    assert_right(said, 50_000)


def test_what_no_kernel_of_halves_takes_is_computed_in_float32(arm_program, tmp_path):
    """Inner tensors are halves there, too."""
    cases = write_cases(tmp_path / "others", others(600))

    said = run(arm_program, cases, "neon_dot", 2, on="cortex-a76", how=("half", "near"))
    assert_right(said, 10_000)


def test_integers_stay_as_they_are(arm_program, few_cases):
    assert_right(run(arm_program, few_cases, "neon_dot", on="cortex-a76", how=HALF))


def test_a_processor_without_it_says_so(library, program, arm_program, half_cases):
    with pytest.raises(AssertionError, match="exit 4"):
        run(arm_program, half_cases, "neon", on="cortex-a53", how=HALF)
    for variant in set(library.variants()) - {"c"}:
        with pytest.raises(AssertionError, match="exit 4"):
            run(program, half_cases, variant, how=HALF)


# ------------------------------------------------------------------------------- main loops


def loops(listing: str) -> list[list[str]]:
    """The instructions of every innermost loop that objdump shows."""
    lines = re.findall(r"^\s*([0-9a-f]+):\t(.+)$", listing, re.M)
    at = {address: i for i, (address, _) in enumerate(lines)}
    ends = []
    for i, (_, text) in enumerate(lines):
        found = re.match(r"(?:b\.?\w*|cbn?z|tbn?z)\t.*?\b([0-9a-f]+) <", text)
        if found and at.get(found[1], i) < i:
            ends.append((at[found[1]], i))
    inner = [a for a in ends if not any(b != a and a[0] <= b[0] and b[1] <= a[1] for b in ends)]
    return [[text for _, text in lines[start : end + 1]] for start, end in inner]


def listing_of(program: Path, name: str) -> str:
    made = objects_of(program) / f"{name}.o"
    return call("aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", made)


EIGHT = r"fmla\tv\d+\.8h, v\d+\.8h, v\d+\.{}$"


@pytest.mark.parametrize(
    ("name", "by", "least", "share"),
    [
        ("convolution_float16_neon", r"h\[\d\]", 128, 0.85),
        ("depthwise_float16_neon", "8h", 54, 0.5),
    ],
)
def test_main_loops_multiply_eight_halves_at_once(arm_program, name, by, least, share):
    counted = []
    for body in loops(listing_of(arm_program, name)):
        eights = sum(bool(re.match(EIGHT.format(by), line)) for line in body)
        counted.append((eights, len(body)))
        assert not any("fmla" in line and (".4s" in line or ".4h" in line) for line in body)
    assert any(eights == least and eights / size > share for eights, size in counted), counted


# ------------------------------------------------------------------------------- planted bugs

CONVOLVED = "convolution_float16_neon.c"
PLANTED = {  # what is broken -> file, what stands there, what is put there
    "the rest of eight floats": ("convert_float16_neon.c", "for (; i < n; i++) h", "if (0) h"),
    "the rest of a residual": ("add_float16_neon.c", "size_t i = 0; i < n", "size_t i = 1; i < n"),
    "an inner tensor of floats": ("node.c", "node->is_half != !!(h->inner & tensor)", "true"),
    "a part that is not converted": ("node.c", "give(job, start, n);", "give(job, start, n - 1);"),
    "the next weights": (CONVOLVED, "WEIGHTS(10, 11, 96)", "WEIGHTS(10, 11, 32)"),
    "a pixel twice": (CONVOLVED, '[%[last], %[step3]]"', '[%[last], %[step2]]"'),
    "the last four channels": (CONVOLVED, "if (end & 4)", "if (end & 8)"),
    "a block before the last": (CONVOLVED, "has_total = true;", ""),
    "the bias of each block": (CONVOLVED, "block ? ZEROS : bias", "bias"),
    "the last two of a row": (CONVOLVED, "if (end & 2)", "if (false)"),
    "a product that is rounded": (
        "float16_neon.h",
        "vfmaq_f16(sum, a, b)",
        "vaddq_f16(sum, vmulq_f16(a, b))",
    ),
}
CHEAP = 2  # of these in the default suite: the others take the compiler seconds each


def is_caught(program: Path, cases: Path, threads: int) -> bool:
    """By a wrong output, or by the end of the program."""
    try:
        said = run(program, cases, "neon_dot", threads, on="cortex-a76", how=HALF)
    except AssertionError as error:
        return "exit -" in str(error)
    return said["wrong"] > 0


@pytest.mark.parametrize("bug", list(PLANTED) if ALL else list(PLANTED)[:CHEAP])
def test_planted_bugs_are_caught(arm_program, half_cases, tmp_path, bug):
    program = rebuild(arm_program, patched(tmp_path / "kernels", *PLANTED[bug]), AARCH64)

    assert any(is_caught(program, half_cases, threads) for threads in (1, 2))


@pytest.mark.skipif(not ALL, reason="the compiler takes seconds")
def test_a_limit_in_place_of_nan_is_caught(arm_program, half_nan_cases, tmp_path):
    change = ("float16_neon.h", "vmaxq_f16(sum, limit)", "vmaxnmq_f16(sum, limit)")
    program = rebuild(arm_program, patched(tmp_path / "kernels", *change), AARCH64)

    said = run(program, half_nan_cases, "neon_dot", on="cortex-a76", how=HALF)
    assert said["wrong"] > 0
