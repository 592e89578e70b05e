"""The library and its test program for this machine and for Arm, made once; the cases, too."""

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.build import build as build_runner
from benchmark.runtime_library import aarch64_library
from tests.benchmark.conftest import no_emulator
from tests.counts import examples
from tests.kernels.library import Library
from tests.kernels.nodes import (
    CONVOLUTION,
    DEPTHWISE,
    FLOAT32,
    GHOST,
    INT8,
    Node,
    random_input,
    random_node,
)
from tests.kernels.programs import AARCH64, HOST, build, build_library, emulated, write_cases

ARM_FIXTURES = {"arm_program", "arm_runtime"}


def pytest_collection_modifyitems(items):
    if reason := no_emulator():
        for item in items:
            if ARM_FIXTURES & set(getattr(item, "fixturenames", ())):
                item.add_marker(pytest.mark.skip(reason=reason))


# Input channels, size and output channels of 1x1 convolutions: where AVX2 widens some pixels at a
# time, and where it cannot; a few pixels, whose channels threads share.
DEEP = ((1000, (7, 9), 20), (5600, (2, 3), 20), (320, (1, 1), 203), (24, (7, 7), 150))


def random_cases(dtype: int, n: int) -> Iterator[tuple[Node, np.ndarray, np.ndarray | None]]:
    """`n` as networks have them, as many that they have not, and the deep ones."""
    for seed in range(2 * n):
        rng = np.random.default_rng(seed)
        node = random_node(rng, is_odd=seed >= n, dtype=dtype)
        yield node, *random_input(rng, node)
    for channels, size, out_channels in DEEP:
        rng = np.random.default_rng(channels)
        node = random_node(
            rng, kind=CONVOLUTION, dtype=dtype, kernel_size=1, channels=channels, in_size=size,
            stride=(1, 1), out_channels=out_channels, has_residual=True,
        )  # fmt: skip
        yield node, *random_input(rng, node)


def poisoned_cases(n: int) -> Iterator[tuple[Node, np.ndarray, np.ndarray | None]]:
    """float32 with a few infinities and NaN in every input."""
    for seed in range(n):
        rng = np.random.default_rng(seed)
        node = random_node(rng, is_odd=seed % 2 == 1, dtype=FLOAT32)
        x, residual = random_input(rng, node)
        for image in [x] if residual is None else [x, residual]:
            places = rng.integers(image.size, size=int(rng.integers(1, 4)))
            image.flat[places] = rng.choice([np.nan, np.inf, -np.inf], places.size)
        yield node, x, residual


@pytest.fixture(scope="session")
def library(tmp_path_factory) -> Library:
    return Library(build_library(tmp_path_factory.mktemp("library"), "host"))


@pytest.fixture(scope="session")
def program(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("host") / "cases", HOST)


@pytest.fixture(scope="session")
def sanitized_program(tmp_path_factory) -> Path:
    flags = ("-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    return build(tmp_path_factory.mktemp("sanitized") / "cases", HOST, *flags)


@pytest.fixture(scope="session")
def raced_program(tmp_path_factory) -> Path:
    flags = ("-O1", "-fsanitize=thread")
    return build(tmp_path_factory.mktemp("raced") / "cases", HOST, *flags)


@pytest.fixture(scope="session")
def arm_program(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("arm") / "cases", AARCH64)


@pytest.fixture(scope="session")
def int8_cases(tmp_path_factory) -> Path:
    """1,000 random operators of more than a million outputs."""
    return write_cases(tmp_path_factory.mktemp("int8") / "cases", random_cases(INT8, 500))


@pytest.fixture(scope="session")
def few_cases(tmp_path_factory) -> Path:
    """As many as show a bug that is there everywhere."""
    return write_cases(tmp_path_factory.mktemp("few") / "cases", random_cases(INT8, 120))


@pytest.fixture(scope="session", params=[INT8, FLOAT32], ids=["int8", "float32"])
def bounds_cases(request, tmp_path_factory) -> Path:
    """For sanitizers: in `make test-all` 30,000, half of them in either type."""
    path = tmp_path_factory.mktemp("bounds") / "cases"
    return write_cases(path, random_cases(request.param, examples(120, 7_500)))


@pytest.fixture(scope="session", params=[INT8, FLOAT32], ids=["int8", "float32"])
def guarded_cases(request, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("guarded") / "cases"
    return write_cases(path, random_cases(request.param, examples(120, 2_000)))


@pytest.fixture(scope="session")
def nan_cases(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("nan") / "cases"
    return write_cases(path, poisoned_cases(examples(200, 5_000)))


@pytest.fixture(scope="session")
def float32_cases(tmp_path_factory) -> Path:
    return write_cases(tmp_path_factory.mktemp("float32") / "cases", random_cases(FLOAT32, 500))


@pytest.fixture(scope="session")
def extreme_cases(tmp_path_factory) -> Path:
    """Inputs, weights and zero points at the ends of int8, and sums that wrap."""
    path = tmp_path_factory.mktemp("extreme") / "cases"
    return write_cases(path, map(_extreme_case, range(60)))


def _extreme_case(seed: int) -> tuple[Node, np.ndarray, np.ndarray | None]:
    rng = np.random.default_rng(seed)
    node = random_node(rng, kind=GHOST if seed % 2 else DEPTHWISE)
    ends = [-(2**31), -(2**31) + 9, 0, 2**31 - 1]
    node = replace(
        node,
        weights=rng.choice([-128, -127, 127], node.weights.shape).astype(np.int8),
        bias=rng.choice(ends, node.bias.shape).astype(np.int32),
        weight_scale=node.weight_scale * np.float32(2.0 ** rng.integers(-14, -8)),
        scales=tuple((scale, int(rng.choice([-128, 127]))) for scale, _ in node.scales),
    )
    x, residual = random_input(rng, node)
    return node, rng.choice([-128, 127], x.shape).astype(np.int8), residual


@pytest.fixture(scope="session")
def arm_runtime() -> Callable[[str, Path, Path], dict[str, Any]]:
    """Runs a .tflite once in the emulated runtime and reads the runner's report."""
    words = [str(build_runner("aarch64")), "--library", str(aarch64_library()), "--threads", "1"]
    words += ["--warmup", "0", "--runs", "1", "--seconds", "0"]

    def run_once(core: str, model: Path, given: Path) -> dict[str, Any]:
        command = [*emulated(core), *words, "--model", str(model), "--input", str(given)]
        done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run_once
