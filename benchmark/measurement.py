"""What is measured, of what kind, and what a target must be able to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ghostnet_tf.base.errors import UserError

from .model import Model

# Kinds never share a table: a count is no time, and a workstation is no phone.
Kind = Literal["phone_latency", "app_latency", "browser_latency", "host_latency", "emulated_counts"]
TOOLS = ("runner", "benchmark_model")  # ours, and TensorFlow Lite's own
UNKNOWN_RUNTIME = "unknown, 2.1.6 or later"  # it passed the runner's smoke test; a doubt


class ModelFailed(UserError):
    """One model cannot be measured; the target is well, and others can."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of one visit of the runner to one model."""

    threads: int = 1
    warmup_runs: int = 5
    min_runs: int = 50  # it runs until both of these are met
    min_seconds: float = 1.0
    fp16: bool = False  # arithmetic in half precision, where the core has it
    tool: str = "runner"  # one of `TOOLS`


@dataclass(frozen=True, kw_only=True)
class Delegation:
    """How much of a graph XNNPACK took."""

    delegated_ops: int
    total_ops: int
    partitions: int | None  # None, and no names below, where a tool does not say
    left_out: dict[str, int]  # TFLite op name -> how many of them the delegate did not take


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one start of the runner said about one model; latencies in the order of the runs."""

    model_sha256: str
    latency_ms: tuple[float, ...]
    warmup_ms: tuple[float, ...]
    load_ms: float  # the model out of its bytes
    init_ms: float  # the compiled model: weights packed, memory planned
    peak_memory_bytes: int  # of the whole process, at its end
    output_sha256: str  # of all outputs, for the runner's own input
    delegation: Delegation | None  # None where neither the runtime nor a record says
    clock_resolution_ns: int
    runtime_version: str
    runtime_sha256: str
    class_us: dict[str, int]  # operator class -> its time in one more run, profiled; empty: unknown
    resized: int = 0  # inputs whose batch the file leaves open, measured at 1


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What `benchmark_model` said about one model: of its runs only this, and no output."""

    model_sha256: str
    runs: int
    average_ms: float
    min_ms: float
    max_ms: float
    std_ms: float
    median_ms: float | None  # newer versions print it
    init_ms: float | None
    delegation: Delegation | None
    runtime_sha256: str  # of the tool, which has its runtime inside


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Of one inference on an emulated core. Integers, and nothing here is a time."""

    instructions: int
    classes: dict[str, int]  # "sdot", "mla", "load", "store", "branch", ...
    loaded_bytes: int
    stored_bytes: int
    l1_misses: int
    l2_misses: int
    output_sha256: str
    resized: int = 0  # inputs whose batch the file leaves open, counted at 1


Seen = Visit | Summary | Counts  # what one visit brings


class Target(Protocol):
    """A place where models are measured."""

    kind: Kind
    name: str  # "host: AMD EPYC ...", "emulated: cortex-a76", "phone: Pixel 6 (SERIAL)"

    def description(self) -> dict[str, Any]:
        """What does not change during a run: processor, system, runtime; JSON calls it "facts"."""
        ...

    def prepare(self, models: Sequence[Model]) -> None:
        """Put everything in its place; whatever is missing is said here, before any run."""
        ...

    def visit(self, model: Model, settings: Settings) -> Seen:
        """One start of the tool on one model."""
        ...

    def conditions(self) -> dict[str, Any]:
        """What changes: temperature, thermal status, frequency, now. Empty on the host."""
        ...

    def close(self) -> None: ...
