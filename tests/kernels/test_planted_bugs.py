"""Bugs that somebody could make in a kernel: each is caught by the cases of `test_variants`."""

import pytest

from tests.kernels.programs import AARCH64, HOST, build, patched, run

PLANTED = {  # what is broken -> file, what stands there, what is put there, which variant shows it
    "a row off by one": ("strips.h", "in, y - 1 + k", "in, y + k", "avx2"),
    "the wrong tail": ("strips.h", "last < 0 ? 0 : last;", "last < 0 ? 0 : last - 1;", "avx2"),
    "no padding at the right": ("strips.h", "WRITE(a, b, outside);", "WRITE(a, b, b);", "avx2"),
    "the zero point not folded": ("node.c", "(sum * h->input.zero_point)", "0", "avx2"),
    "a residual half down": ("requantize.h", "(1 << (shift - 1)) -", "(1 << 7) -", "avx2"),
    "the second row's weights": ("neon_dot.c", "y + 1, weight", "y, weight", "neon_dot"),
    "the corner of 5x5": ("neon_dot.c", "(third->corner", "(second->corner", "neon_dot"),
    "an odd pair in smlal": ("neon.c", "l[2], w->of[6]", "l[2], w->of[5]", "neon"),
    "a larger window's padding": ("pointwise.h", "- (int)h->pad_top", "- 0", "avx2"),
    "the last input channels": (
        "pointwise_avx2.c",
        "for (; i < n; i++)",
        "for (; i + 1 < n; i++)",
        "avx2",
    ),
    "the next pixels": ("pointwise.h", "row += (size_t)n", "row += 0", "avx2"),
    "a panel of twelve": (
        "pointwise_avx2.c",
        "extract_epi32(bytes, 2)",
        "extract_epi32(bytes, 1)",
        "avx2",
    ),
    "the last of them with sdot": ("pointwise_neon_dot.c", "case 12", "case 28", "neon_dot"),
    "the last of them with smlal": ("pointwise_neon.c", "left == 8", "left == 9", "neon"),
    "the last channels of two threads": (
        "node.h",
        "node->n_parts ? n :",
        "node->n_parts ? n - 1 :",
        "avx2",
    ),
    "the next part's panels": ("pointwise.h", "(first / PANEL)", "(0 / PANEL)", "avx2"),
    "a part's residual": ("node.c", "out_channels + (size_t)first,", "out_channels,", "avx2"),
    "a panel of four": ("pointwise_neon_dot.c", "width == 8 ? 4 : 0", "4", "neon_dot"),
}


@pytest.mark.parametrize("bug", [bug for bug in PLANTED if PLANTED[bug][3] == "avx2"])
def test_planted_bugs_are_caught(library, few_cases, tmp_path, bug):
    *change, variant = PLANTED[bug]
    if variant not in library.variants():
        pytest.skip(f"this processor has no {variant}")
    program = build(tmp_path / "cases", HOST, "-O1", sources=patched(tmp_path / "kernels", *change))

    # Some show where one thread has all pixels, some where two share the channels.
    assert any(run(program, few_cases, variant, threads)["wrong"] for threads in (1, 2))


def test_a_job_that_ends_before_its_pieces_is_caught(library, few_cases, tmp_path):
    hasty = patched(tmp_path / "kernels", "pool.c", "atomic_load(&pool->n_left); i++", "i < 0; i++")
    program = build(tmp_path / "cases", HOST, "-O1", "-fsanitize=thread", sources=hasty)

    with pytest.raises(AssertionError, match=r"ThreadSanitizer: (data race|heap-use)"):
        run(program, few_cases, library.variants()[0], threads=2)


@pytest.mark.parametrize("bug", [bug for bug in PLANTED if PLANTED[bug][3] != "avx2"])
def test_planted_bugs_are_caught_on_arm(arm_program, few_cases, tmp_path, bug):
    *change, variant = PLANTED[bug]
    program = build(
        tmp_path / "cases", AARCH64, "-O1", sources=patched(tmp_path / "kernels", *change)
    )

    assert run(program, few_cases, variant, on="cortex-a76")["wrong"] > 0
