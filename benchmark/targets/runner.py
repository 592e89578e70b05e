"""The runner from outside: its command line, its exit codes, and its report, read strictly."""

import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from subprocess import CompletedProcess
from typing import Any, Literal

from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.libraries import OPERATOR_NAME
from ghostnet_tf.base.schema import Mismatch, document, short, typed

from ..events import Event, Op, class_of
from ..measurement import UNKNOWN_RUNTIME, Delegation, ModelFailed, Settings, Visit
from ..model import Model
from ..plausible import MAX_COUNT, MAX_MS, between, texts, times_of_runs

GET_KNOWN_RUNTIME = "pip install ai-edge-litert==2.3.0"
FIXES = {  # exit code of runner.c -> what a person can do; 2 would be a bug of ours
    3: "see that the file is there and may be read",
    4: GET_KNOWN_RUNTIME,
    5: GET_KNOWN_RUNTIME,
    6: "check the file with ghostnet verify, or export it again",
    7: "check the file with ghostnet verify, and that there is memory left",
    8: "leave half precision out, or choose a core that has it",
    9: "make the file again with ghostnet ghost-op, or measure its plain file",
}
MAX_REASON = 1_000  # characters; a path may be in it
OPENED = ("", "plain", "depthwise", "all")
OF_MODEL = {6, 7, 9}  # others of the run may do better


@dataclass(frozen=True, kw_only=True)
class Profiled:
    """What each operator of a file cost, run by run."""

    unit: Literal["us", "instructions"]  # of the events, too
    whole: float  # of an inference that nobody profiles, the median
    graph: tuple[Op, ...]
    runs: tuple[tuple[Event, ...], ...]
    opens: str  # as the report says


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the runner prints, field by field."""

    runner: int
    model_sha256: str
    runtime_sha256: str
    runtime_version: str | None
    operators: str  # which kernels of the Ghost operators ran; empty for a plain file
    threads: int
    fp16: bool
    load_ms: float
    init_ms: float
    warmup_ms: tuple[float, ...]
    latency_ms: tuple[float, ...]
    peak_memory_bytes: int
    clock_resolution_ns: int
    graph: tuple[Op, ...]
    profile: tuple[tuple[Event, ...], ...]  # a tuple for each profiled run
    output_sha256: str
    opens: str = ""  # which file of the network a program would open here; empty for a plain file
    resized: int = 0  # inputs whose batch the file leaves open, and which was set to 1
    subgraphs: int = 1  # of the file; `graph` is the main one

    def delegation(self) -> Delegation | None:
        # The profile does not say in which of several subgraphs an operator ran, nor how often.
        if not self.profile or self.subgraphs > 1:
            return None
        events = self.profile[-1]
        left_out = Counter(
            OPERATOR_NAME if event.is_ghost else event.name
            for event in events
            if not event.delegated
        )
        partitions = sum(e.delegated and e.index == 0 for e in events)
        total = len(self.graph)
        return Delegation(
            delegated_ops=total - left_out.total(),
            total_ops=total,
            partitions=partitions,
            left_out=dict(left_out),
        )

    def class_us(self) -> dict[str, int]:
        """Operator class -> its time in the last profiled run."""
        times: Counter[str] = Counter()
        for event in self.profile[-1] if self.profile else ():
            times[class_of(event)] += event.us
        return dict(times)

    def profiled(self) -> Profiled:
        whole = 1000 * median(self.latency_ms)
        return Profiled(
            unit="us", whole=whole, graph=self.graph, runs=self.profile, opens=self.opens
        )

    def visit(self) -> Visit:
        return Visit(
            model_sha256=self.model_sha256,
            latency_ms=self.latency_ms,
            warmup_ms=self.warmup_ms,
            load_ms=self.load_ms,
            init_ms=self.init_ms,
            peak_memory_bytes=self.peak_memory_bytes,
            output_sha256=self.output_sha256,
            delegation=self.delegation(),
            class_us=self.class_us(),
            clock_resolution_ns=self.clock_resolution_ns,
            runtime_version=self.runtime_version or UNKNOWN_RUNTIME,
            runtime_sha256=self.runtime_sha256,
            resized=self.resized,
        )


def arguments(
    library: str,
    model: str,
    settings: Settings,
    *,
    ops: str | None = None,
    audit: bool = True,
    markers: bool = False,
    profile: int = 0,
) -> list[str]:
    """The runner's command line, after its own name. `profile` runs are extra, and timed by op."""
    line = ["--library", library, "--model", model, "--threads", str(settings.threads)]
    line += ["--warmup", str(settings.warmup_runs), "--runs", str(settings.min_runs)]
    line += ["--seconds", f"{settings.min_seconds:.3f}"]
    line += ["--ops", ops] if ops else []
    line += ["--fp16"] * settings.fp16 + ["--audit"] * audit + ["--markers"] * markers
    return line + (["--profile", str(profile)] if profile else [])


def start(
    command: Sequence[str], model: Model, timeout_s: float, env: Mapping[str, str] | None = None
) -> Report:
    """Run the runner on this machine and read its report."""
    return report_of(execute(command, model, timeout_s, env), model)


def execute(
    command: Sequence[str], model: Model, timeout_s: float, env: Mapping[str, str] | None = None
) -> CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603
            list(command), capture_output=True, timeout=timeout_s, env=env
        )
    except subprocess.TimeoutExpired:
        raise ModelFailed(
            f"there was no answer for {str(model.path)!r} in {timeout_s:.0f} s",
            fix="try a lower --effort, or a machine with less to do",
        ) from None


def report_of(done: CompletedProcess[bytes], model: Model) -> Report:
    """What a finished runner printed, wherever it ran, or why it stopped."""
    if done.returncode:
        raise failure(done.returncode, done.stderr.decode(errors="replace"), model)
    return read_report(done.stdout, model)


def failure(code: int, stderr: str, model: Model) -> Exception:
    """Why the runner stopped, in its own words where it had any."""
    said = [line for line in stderr.splitlines() if line.startswith("runner: ")]
    why = (
        said[-1].removeprefix("runner: ")[:MAX_REASON]
        if said
        else f"it ended with exit code {code}"
    )
    if code in FIXES and said:
        kind = ModelFailed if code in OF_MODEL else UserError
        return kind(f"{str(model.path)!r}: {why}", fix=FIXES[code])
    if code == 2:
        return RuntimeError(f"the runner does not know its command line: {why}")
    if code < 0 or code > 128:
        why = f"signal {-code if code < 0 else code - 128} ended the runner"
    return ModelFailed(
        f"{str(model.path)!r}: {why}",
        fix="check the file with ghostnet verify, and that there is memory left",
    )


def read_report(printed: bytes, model: Model) -> Report:
    """The report on `model`; anything but a whole and sane one is an error, never a number."""
    try:
        report = typed(Report, document(printed), "report")
        _check(report)
    except Mismatch as error:
        raise CheckFailed(
            f"the runner's report on {str(model.path)!r} cannot be used: {error}",
            fix="run it again; no number was kept",
        ) from None
    if report.model_sha256 != model.sha256:
        raise CheckFailed(
            f"the runner measured another file than {str(model.path)!r}: it was replaced meanwhile",
            fix="run it again; no number was kept",
        )
    return report


def _check(report: Report) -> None:
    def need(truth: Any, what: str) -> None:
        if not truth:
            raise Mismatch(what)

    need(report.runner == 1, f"report.runner is {report.runner}, this version reads 1")
    times_of_runs(report.latency_ms)
    between("a time", (*report.warmup_ms, report.load_ms, report.init_ms), 0, MAX_MS, "ms")
    between("a peak memory", [report.peak_memory_bytes], 1, MAX_COUNT, "bytes")
    between("a clock step", [report.clock_resolution_ns], 1, MAX_COUNT, "ns")
    texts(report.runtime_version or "", report.operators)
    need(report.opens in OPENED, f"opens is {short(report.opens)!r}")
    for name in ("model_sha256", "runtime_sha256", "output_sha256"):
        value = getattr(report, name)
        need(
            len(value) == 64 and set(value) <= set("0123456789abcdef"),
            f"{name} is {short(value)!r}",
        )
    for run in report.profile:
        need(
            all(0 <= e.us <= MAX_COUNT and e.index >= 0 for e in run),
            "an odd number in the profile",
        )
        left_out = sum(not e.delegated for e in run)
        is_whole = report.subgraphs == 1  # what a loop runs is in another, and runs many times
        need(not is_whole or left_out <= len(report.graph), "more operators ran than the graph has")
