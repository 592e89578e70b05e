"""The order of the main loops, as llvm-mca sees it for cores that keep to it."""

import os
import re
import shutil

import pytest

from ghostnet_tf.base.errors import CheckFailed
from kernels import loop_cycles

# Cycles per multiply-add at most, of the slowest copy of the loop: today's, and a little more.
# Where sums went through one register, it was .84 on the A53 and .117 on the A55.
BOUNDS = [(loop_cycles.OURS[0], "A53", 0.27), (loop_cycles.OURS[1], "A55", 0.09)]


def setup_module():
    lacking = [name for name in ("llvm-mca-19", "clang-19") if not shutil.which(name)]
    if lacking and os.environ.get("GHOSTNET_TESTS") != "all":
        pytest.skip(f"{' and '.join(lacking)} missing: apt-get install llvm-19 clang-19")


@pytest.mark.parametrize("compiler", loop_cycles.COMPILERS)
@pytest.mark.parametrize(("loop", "core", "bound"), BOUNDS, ids=["smlal", "sdot"])
def test_no_instruction_waits_for_the_one_before_it(loop, core, bound, compiler):
    assert 0 < loop_cycles.worst(loop, compiler, core) <= bound


def test_sums_through_one_register_are_caught():
    loop, core, bound = BOUNDS[0]
    (turn, *_) = loop_cycles.loops(loop, loop_cycles.compile_to_assembly("GCC", loop.file))

    through_one = [re.sub(r"\bv(9|1[0-5])\.8h", "v8.8h", line) for line in turn]

    assert loop_cycles.cycles(through_one, core) / loop.macs > 2 * bound


def test_a_load_beside_its_use_is_caught():
    """On the A55, a register of weights that comes when it is needed."""
    loop, core, bound = BOUNDS[1]
    (turn, *_) = loop_cycles.loops(loop, loop_cycles.compile_to_assembly("GCC", loop.file))

    in_two = [re.sub(r"\b([qv])1([01])\b", lambda m: f"{m[1]}{8 + int(m[2])}", x) for x in turn]

    assert loop_cycles.cycles(in_two, core) / loop.macs > bound


def test_a_loop_that_is_gone_is_said():
    with pytest.raises(CheckFailed, match="no loop of 256"):
        loop_cycles.loops(loop_cycles.OURS[0], "run_unsigned:\n\tret\n")


def test_a_multiply_add_of_one_number_is_none_of_a_vector():
    assert loop_cycles.macs(["smlal v8.8h, v0.8b, v4.8b", "smlal v8.4s, v0.4h, v4.4h"]) == 12
    assert loop_cycles.macs(["fmla v0.4s, v1.4s, v2.s[1]", "fmul s0, s1, s2", "sdot v0.4s"]) == 20
