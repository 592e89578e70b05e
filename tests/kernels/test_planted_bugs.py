"""Bugs that somebody could make in a kernel: each is caught by the cases of `test_variants`."""

from pathlib import Path

import pytest

from tests.kernels.programs import AARCH64, HOST, build, patched, rebuild, run

DEPTHWISE = "depthwise_loops.h"
CONVOLUTION = "convolution_loops.h"
DOT = "depthwise_int8_dot.h"
DEPTHWISE_DOT = "depthwise_int8_neon_dot.c"
DEPTHWISE_NEON = "depthwise_int8_neon.c"
CONVOLUTION_AVX2 = "convolution_int8_avx2.c"
CONVOLUTION_DOT = "convolution_int8_neon_dot.c"
CONVOLUTION_I8MM = "convolution_int8_neon_i8mm.c"
CONVOLUTION_NEON = "convolution_int8_neon.c"

PLANTED = {  # what is broken -> file, what stands there, what is put there, which variant shows it
    "a row off by one": (DEPTHWISE, "in, y - 1 + k", "in, y + k", "avx2"),
    "the wrong tail": (DEPTHWISE, "last < 0 ? 0 : last;", "last < 0 ? 0 : last - 1;", "avx2"),
    "no padding at the right": (DEPTHWISE, "WRITE(a, b, outside);", "WRITE(a, b, b);", "avx2"),
    "the zero point not folded": ("node.c", "(sum * h->input.zero_point)", "0", "avx2"),
    "a residual half down": ("arithmetic_int8.h", "(1 << (shift - 1)) -", "(1 << 7) -", "avx2"),
    "the second row's weights": (DOT, "lane + y + 1]", "lane + y]", "neon_dot"),
    "the corner of 5x5": (DEPTHWISE_DOT, "(third->corner", "(second->corner", "neon_dot"),
    "an odd pair in smlal": (DEPTHWISE_NEON, "l[2], w->of[6]", "l[2], w->of[5]", "neon"),
    "a larger window's padding": (CONVOLUTION, "- (int)h->pad_top", "- 0", "avx2"),
    "the last input channels": (
        CONVOLUTION_AVX2,
        "for (; i < n; i++)",
        "for (; i + 1 < n; i++)",
        "avx2",
    ),
    "the next pixels": (CONVOLUTION, "row += (size_t)n", "row += 0", "avx2"),
    "a panel of twelve": (
        CONVOLUTION_AVX2,
        "extract_epi32(bytes, 2)",
        "extract_epi32(bytes, 1)",
        "avx2",
    ),
    "the last of them with sdot": (CONVOLUTION_DOT, "case 12", "case 28", "neon_dot"),
    "the last of them with smlal": (CONVOLUTION_NEON, "left == 8", "left == 9", "neon"),
    "the last channels of two threads": (
        "node.h",
        "node->n_parts ? n :",
        "node->n_parts ? n - 1 :",
        "avx2",
    ),
    "the next part's panels": (CONVOLUTION, "(first / PANEL)", "(0 / PANEL)", "avx2"),
    "a part's residual": ("node.c", "out_channels + (size_t)first;", "out_channels;", "avx2"),
    "the weights before": (CONVOLUTION_DOT, "[%[weights], #64]", "[%[weights], #32]", "neon_dot"),
    "a pixel twice": (CONVOLUTION_DOT, "[x10, %[step3]]", "[x10, %[step2]]", "neon_dot"),
    "the next two channels": (CONVOLUTION_NEON, "[%[weights], #32]", "[%[weights]]", "neon"),
    "the next row of a window": (CONVOLUTION_NEON, "[%[rows]], #8", "[%[rows]], #0", "neon"),
    "the second eight": (CONVOLUTION_I8MM, "TWO_PIXELS(2, 10,", "TWO_PIXELS(2, 9,", "neon_i8mm"),
    "an odd eight": (CONVOLUTION_I8MM, "tbz %[depth], #3,", "b", "neon_i8mm"),
    "the second pixel of two": (
        CONVOLUTION_I8MM,
        "from + (size_t)(i + 1)",
        "from + (size_t)i",
        "neon_i8mm",
    ),
    "the last pixel alone": (CONVOLUTION_I8MM, "? two_of(x)", "? two_of(x + 8)", "neon_i8mm"),
    "a panel of four": (CONVOLUTION_DOT, "width == 8 ? 4 : 0", "4", "neon_dot"),
}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("healthy") / "cases", HOST, "-O1")


@pytest.mark.parametrize("bug", [bug for bug in PLANTED if PLANTED[bug][3] == "avx2"])
def test_planted_bugs_are_caught(library, healthy, few_cases, tmp_path, bug):
    *change, variant = PLANTED[bug]
    if variant not in library.variants():
        pytest.skip(f"this processor has no {variant}")
    program = rebuild(healthy, patched(tmp_path / "kernels", *change), HOST, "-O1")

    # Some show where one thread has all pixels, some where two share the channels.
    assert any(run(program, few_cases, variant, threads)["wrong"] for threads in (1, 2))


# Where the map is narrower than its padding: what lies behind the row of zero points is read.
SHORT_PADDING = ("node.c", "h->in_width > h->kernel_w ?", "true ?")


def test_padding_wider_than_the_map_is_caught(library, healthy, few_cases, tmp_path):
    program = rebuild(healthy, patched(tmp_path / "kernels", *SHORT_PADDING), HOST, "-O1")

    with pytest.raises(AssertionError, match="exit -11"):
        run(program, few_cases, library.variants()[0], guard="behind")


def test_padding_wider_than_the_map_is_caught_on_arm(arm_program, few_cases, tmp_path):
    program = rebuild(arm_program, patched(tmp_path / "kernels", *SHORT_PADDING), AARCH64)

    with pytest.raises(AssertionError, match="exit -11"):
        run(program, few_cases, "neon_dot", on="cortex-a76", guard="behind")


NAN = {  # what is broken -> file, what stands there, what is put there
    "NaN times a weight of zero": ("convolution_float32_neon.c", "CHUNK = 1", "CHUNK = 4"),
    "a limit in place of NaN": (
        "float32_neon.h",
        "vmaxq_f32(sum, limit)",
        "vmaxnmq_f32(sum, limit)",
    ),
}


@pytest.mark.parametrize("bug", NAN)
def test_what_is_no_number_elsewhere_is_caught(arm_program, nan_cases, tmp_path, bug):
    program = rebuild(arm_program, patched(tmp_path / "kernels", *NAN[bug]), AARCH64)

    assert run(program, nan_cases, "neon_dot", on="cortex-a76")["wrong"] > 0


# Counted as done before it is. A helper's own pieces are left to it, and it comes to them late:
# whether the bug shows must not depend on which thread this machine runs first.
IN_ORDER = """\
    for (int index; (index = taken(share, generation, i == 0)) >= 0;) {
      pool->piece(pool->job, index);
      atomic_fetch_sub(&pool->n_left, 1);
"""
COUNTED_FIRST = """\
    if (i && me == 0) return;
    for (int index; (index = taken(share, generation, i == 0)) >= 0;) {
      GhostPiece piece = pool->piece;
      void *job = pool->job;
      atomic_fetch_sub(&pool->n_left, 1);
      if (me) nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
      piece(job, index);
"""


def test_a_job_that_ends_before_its_pieces_is_caught(library, few_cases, tmp_path):
    hasty = patched(tmp_path / "kernels", "pool.c", IN_ORDER, COUNTED_FIRST)
    program = build(tmp_path / "cases", HOST, "-O1", "-fsanitize=thread", sources=hasty)

    with pytest.raises(AssertionError, match=r"ThreadSanitizer: (data race|heap-use)"):
        run(program, few_cases, library.variants()[0], threads=2)


@pytest.mark.parametrize("bug", [bug for bug in PLANTED if PLANTED[bug][3] != "avx2"])
def test_planted_bugs_are_caught_on_arm(arm_program, few_cases, tmp_path, bug):
    *change, variant = PLANTED[bug]
    program = rebuild(arm_program, patched(tmp_path / "kernels", *change), AARCH64)

    core = "i8mm" if variant == "neon_i8mm" else "cortex-a76"
    assert run(program, few_cases, variant, on=core)["wrong"] > 0
