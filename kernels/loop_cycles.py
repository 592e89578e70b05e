"""How the main loops suit cores that run instructions in their order: cycles by llvm-mca, a model.

    make schedule    as a table, with GCC and Clang, beside XNNPACK's loops, and in docs/results.md

The model is LLVM's. It was never compared with a core, and takes all data to be in the first cache.
It does not let an accumulator go on from one multiplication to the next, as a core does; and where
a load moves its own pointer, the next one waits as long as for what was loaded: XNNPACK has such
loads, these loops have none.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from ghostnet_tf.base import rooms
from ghostnet_tf.base.errors import CheckFailed, run
from ghostnet_tf.base.files import write_atomic
from ghostnet_tf.base.libraries import LITERT_VERSION
from ghostnet_tf.base.programs import need
from ghostnet_tf.base.terminal import out, table

KERNELS = Path(__file__).resolve().parent
TABLE = KERNELS.parent / "docs" / "results" / "loop_cycles.json"
CORES = {"A53": "cortex-a53", "A55": "cortex-a55", "A76": "cortex-a76"}
FLAGS = "-std=c11 -O2 -w -ffp-contract=off -fno-math-errno -fno-trapping-math -S -o -".split()
COMPILERS = {
    "GCC": "aarch64-linux-gnu-gcc -fno-schedule-insns -fno-tree-ter".split(),
    "Clang": "clang-19 --target=aarch64-linux-gnu -isystem /usr/aarch64-linux-gnu/include".split(),
}
ITERATIONS = 100


@dataclass(frozen=True)
class Loop:
    """A loop of ours: where it is, and the multiply-adds of one turn, by which it is known."""

    what: str
    file: str
    function: str  # a part of its name
    macs: int


OURS = (
    Loop("convolution, int8, smlal", "convolution_int8_neon.c", "unsigned", 256),
    Loop("convolution, int8, sdot", "convolution_int8_neon_dot.c", "unsigned", 1024),
    Loop("convolution, float32", "convolution_float32_neon.c", "run_pointwise", 256),
)
# XNNPACK's in the pinned library: where the loop begins, and which core runs it, as the emulator
# logged it (-d in_asm) for GhostNet in int8.
XNNPACK = {
    "convolution, int8, smlal": {0x56BC28: "A53's"},
    "convolution, int8, sdot": {0x56CEB8: "A55's", 0x56D638: "A76's"},
}
MACS = {"sdot": 16, "smmla": 32, "smull": 8, "smull2": 8, "fmla": 4, "fmul": 4}
BRANCH = re.compile(
    r"(?:b|b\.?(?:eq|ne|cs|hs|cc|lo|mi|pl|hi|ls|ge|lt|gt|le|any|none)|cbn?z|tbn?z)$"
)


def macs(body: list[str]) -> int:
    """Multiply-adds of vectors, not of single numbers."""
    total = 0
    for line in body:
        name, _, operands = line.partition(" ")
        if name in ("smlal", "smlal2"):
            total += 8 if operands.split(",")[0].endswith("8h") else 4
        elif name not in ("fmla", "fmul") or ".4s" in operands:
            total += MACS.get(name, 0)
    return total


def innermost(assembly: str) -> Iterator[tuple[str, list[str]]]:
    """(function, instructions) of every loop in which nothing branches but its end."""
    function, body, labels = "", [], {}
    for raw in assembly.splitlines():
        line = " ".join(raw.partition("//")[0].split())
        if label := re.match(r"([\w.$]+):", line):
            if label[1].startswith(".L"):
                labels[label[1]] = len(body)
            else:
                function, body, labels = label[1], [], {}
        elif line and line[0] not in ".#":
            body.append(line)
            name, _, operands = line.partition(" ")
            target = operands.split(",")[-1].strip()
            if BRANCH.match(name) and target in labels:
                turn = body[labels[target] :]
                if not any(BRANCH.match(one.partition(" ")[0]) for one in turn[:-1]):
                    yield function, turn


@cache
def compile_to_assembly(compiler: str, file: str) -> str:
    words = COMPILERS[compiler]
    need(words[0], "clang-19" if compiler == "Clang" else "gcc-aarch64-linux-gnu")
    return _said([*words, *FLAGS, str(KERNELS / file)])


def loops(loop: Loop, assembly: str) -> list[list[str]]:
    """Each copy that the compiler made of it: for maps with a padding, for threads."""
    found = [
        turn
        for function, turn in innermost(assembly)
        if loop.function in function and macs(turn) == loop.macs
    ]
    if not found:
        raise CheckFailed(
            f"{loop.file} has no loop of {loop.macs} multiply-adds",
            fix="if that is meant, say so in OURS of kernels/loop_cycles.py",
        )
    return found


def cycles(turn: list[str], core: str) -> float:
    """Of one turn in a steady state."""
    mca = need("llvm-mca-19", "llvm-19")
    words = [mca, "-mtriple=aarch64", f"-mcpu={CORES[core]}", "-mattr=+dotprod,+i8mm"]
    # Where it branches to does not matter to the model.
    text = "\n".join(re.sub(r"(\.L\S+|\b[0-9a-f]+ <.*)$", "#-4", line) for line in turn)
    said = _said([*words, f"-iterations={ITERATIONS}"], text)
    found = re.search(r"Total Cycles:\s+(\d+)", said)
    if found is None:
        raise CheckFailed(f"llvm-mca printed no cycles: {said[:200]!r}", fix="it must be 19")
    return int(found[1]) / ITERATIONS


def worst(loop: Loop, compiler: str, core: str) -> float:
    """Cycles per multiply-add of the slowest copy."""
    copies = loops(loop, compile_to_assembly(compiler, loop.file))
    return max(cycles(turn, core) for turn in copies) / loop.macs


def xnnpack_loop(start: int) -> list[str]:
    """The loop of the pinned library that begins there."""
    words = ["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn"]
    words += [f"--start-address={start:#x}", f"--stop-address={start + 4096:#x}"]
    turn = []
    library = rooms.reach("benchmark", "runtime_library").aarch64_library()
    for line in _said([*words, str(library)]).splitlines():
        if not (found := re.match(r"\s*([0-9a-f]+):\s+(.*)", line)):
            continue
        turn.append(" ".join(found[2].partition("//")[0].split()))
        if re.search(rf"\b{start:x} <", turn[-1]):
            return turn
    raise CheckFailed(f"the runtime has no loop at {start:#x}", fix="another version: look anew")


def _said(words: list[str], given: str | None = None) -> str:
    done = subprocess.run(words, input=given, capture_output=True, encoding="utf-8")  # noqa: S603
    if done.returncode:
        raise CheckFailed(f"{words[0]} failed: {done.stderr.strip()[-300:]}", fix="see above")
    return done.stdout


def rows() -> Iterator[list[str]]:
    """As the table has them."""
    for loop in OURS:
        for compiler in COMPILERS:
            copies = loops(loop, compile_to_assembly(compiler, loop.file))
            yield [
                loop.what, f"`{loop.file}`, {compiler}", str(max(map(len, copies))), str(loop.macs),
                *(f"{max(cycles(t, core) for t in copies) / loop.macs:.3f}" for core in CORES),
            ]  # fmt: skip
        for start, whose in XNNPACK.get(loop.what, {}).items():
            turn = xnnpack_loop(start)
            yield [
                loop.what, f"XNNPACK {whose}", str(len(turn)), str(macs(turn)),
                *(f"{cycles(turn, core) / macs(turn):.3f}" for core in CORES),
            ]  # fmt: skip


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Cycles of the main loops, by llvm-mca: a model.")
    parser.add_argument("--write", action="store_true", help=f"as {TABLE.name}")
    args = parser.parse_args(argv)
    found = list(rows())
    columns = ["loop", "whose", "instructions", "multiply-adds", *CORES]
    table(columns, found, right=range(2, len(columns)), min_width=120)
    out(
        "cycles per multiply-add, the slowest copy of each loop; a model that no core has confirmed"
    )
    if args.write:
        lines = ",\n".join(f"  {json.dumps(row)}" for row in found)
        head = {
            "what": "Cycles per multiply-add of the main loops, by a model that was compared with "
            "no core. XNNPACK's are those that run on the core named; where a load moves its own "
            "pointer, as theirs do, the model makes the next one wait as for what was loaded",
            "date": datetime.now(UTC).date().isoformat(),
            "command": "make schedule",
            "machine": f"llvm-mca 19, data in the first cache, LiteRT {LITERT_VERSION}",
            "columns": columns,
        }
        said = "".join(f" {json.dumps(k)}: {json.dumps(v)},\n" for k, v in head.items())
        write_atomic(TABLE, f'{{\n{said} "rows": [\n{lines}\n ]\n}}\n'.encode())
    return 0


if __name__ == "__main__":
    run(main)
