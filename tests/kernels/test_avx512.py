"""depthwise_int8_avx512_vnni.c on any x86: over SIMDe's functions instead of its instructions.

A processor that has them runs the native variant, too, in test_variants.py.
"""

import os
import platform
from pathlib import Path

import pytest

from tests.kernels.programs import (
    AVX512,
    HOST,
    KERNELS,
    build_all_but_avx512,
    build_avx512,
    call,
    patched,
    run,
)
from tests.kernels.test_variants import assert_all_right, halves

VNNI = "avx512_vnni"
SIMDE = Path("/usr/include/simde/x86/avx512.h")

if platform.machine() != "x86_64":
    pytest.skip("the variant is for x86-64", allow_module_level=True)


@pytest.fixture(scope="module")
def others(tmp_path_factory) -> Path:
    if not SIMDE.exists() and os.environ.get("GHOSTNET_TESTS") != "all":
        pytest.skip("SIMDe is missing: apt-get install libsimde-dev")
    return build_all_but_avx512(tmp_path_factory.mktemp("others") / "libothers.so")


@pytest.fixture(scope="module")
def emulated(others) -> Path:
    return build_avx512(others.with_name("cases"), others)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_variant_is_right(emulated, int8_cases, threads):
    assert_all_right(run(emulated, int8_cases, VNNI, threads))


def test_halves_are_rounded_as_a_float32_product(emulated, tmp_path):
    assert run(emulated, halves(tmp_path / "halves"), VNNI)["wrong"] == 0


def test_the_ends_of_every_range_are_right(emulated, extreme_cases):
    said = run(emulated, extreme_cases, VNNI)

    assert (said["refused"], said["wrong"]) == (0, 0)


def test_nothing_is_read_or_written_beyond_the_buffers(others, int8_cases, tmp_path):
    flags = ("-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    program = build_avx512(tmp_path / "cases", others, *flags)

    assert_all_right(run(program, int8_cases, VNNI, 2))


PLANTED = {  # what is broken -> file, what stands there, what is put there
    "the bias of raised inputs": (AVX512, "128 * weight", "127 * weight"),
    "a row off by one": ("depthwise_int8_dot.h", "lane + y + 1]", "lane + y]"),
    "a store of the wrong half": (AVX512, "_mm_unpackhi_epi64", "_mm_unpacklo_epi64"),
    "the wrong tail": ("depthwise_loops.h", "last < 0 ? 0 : last;", "last < 0 ? 0 : last - 1;"),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_planted_bugs_are_caught(others, few_cases, tmp_path, bug):
    sources = patched(tmp_path / "kernels", *PLANTED[bug])
    program = build_avx512(tmp_path / "cases", others, sources=sources)

    assert run(program, few_cases, VNNI)["wrong"] > 0


def test_the_compiler_makes_the_instruction_of_it_and_none_like_it_elsewhere(others, tmp_path):
    made = tmp_path / "avx512_vnni.o"
    call(HOST, "-std=c11", "-O2", "-c", KERNELS / AVX512, "-o", made)

    assert call("objdump", "--disassemble", made).count("vpdpbusd") > 50
    assert "%zmm" not in call("objdump", "--disassemble", others)
