"""What no target can have seen: numbers of which nothing can be computed are refused as a whole."""

from collections.abc import Iterable, Mapping
from typing import Any

from ghostnet_tf.base.schema import Mismatch, short, typed

from .measurement import Counts, Seen, Summary, Visit

MAX_MS = 1e9  # eleven days; sums and squares of these stay far within a float
MAX_COUNT = 2**53  # of bytes, runs, instructions: what a float still tells apart
MAX_TEXT = 200  # characters of a version, a hash, a state


class Implausible(Mismatch):
    """The types are right, and the numbers are not."""


def plausible_round(
    visits: Iterable[Seen], before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """The same of a round, with the phone's state on both sides of it."""
    for seen in visits:
        plausible(seen)
    for state in (before, after):
        for name, value in state.items():
            if value is not None:
                between(short(name), [typed(int | float, value, short(name))], -MAX_MS, MAX_MS, "")


def plausible(seen: Seen) -> None:
    """Implausible for a visit that cannot have been, whoever says so."""
    if isinstance(seen, Visit):
        times_of_runs(seen.latency_ms)
        between("a time", (*seen.warmup_ms, seen.load_ms, seen.init_ms), 0, MAX_MS, "ms")
        between("a peak memory", [seen.peak_memory_bytes], 0, MAX_COUNT, "bytes")
        between("a clock step", [seen.clock_resolution_ns], 1, MAX_COUNT, "ns")
        between("a time of operators", seen.class_us.values(), 0, MAX_COUNT, "us")
        texts(seen.runtime_version, seen.output_sha256, seen.runtime_sha256)
    elif isinstance(seen, Summary):
        between("a number of runs", [seen.runs], 1, MAX_COUNT, "")
        times = [seen.average_ms, seen.min_ms, seen.max_ms, seen.median_ms, seen.init_ms]
        between("a time", (ms for ms in (*times, seen.std_ms) if ms is not None), 0, MAX_MS, "ms")
        if not 0 < seen.min_ms <= seen.average_ms <= seen.max_ms:
            raise Implausible("its numbers contradict one another")
        texts(seen.runtime_sha256)
    else:
        between("a count", _counts(seen), 0, MAX_COUNT, "")
    if not isinstance(seen, Counts) and (part := seen.delegation):
        counts = (part.delegated_ops, part.total_ops, part.partitions or 0)
        between("a count", (*counts, *part.left_out.values()), 0, MAX_COUNT, "of operators")


def _counts(seen: Counts) -> Iterable[int]:
    yield from (seen.instructions, seen.loaded_bytes, seen.stored_bytes)
    yield from (seen.l1_misses, seen.l2_misses, *seen.classes.values())


def times_of_runs(latency_ms: tuple[float, ...]) -> None:
    if not latency_ms:
        raise Implausible("it has no latencies")
    between("a time", latency_ms, 0, MAX_MS, "ms")
    if max(latency_ms) == 0:
        raise Implausible("all latencies are 0")


def between(what: str, numbers: Iterable[Any], least: float, most: float, unit: str) -> None:
    for number in numbers:
        if not least <= number <= most:
            raise Implausible(f"{what} of {short(repr(number))} {unit}".rstrip())


def texts(*given: str) -> None:
    for text in given:
        if len(text) > MAX_TEXT:
            raise Implausible(f"{short(text)!r} has {len(text):,} characters")


def whole(text: str, most: int) -> int | None:
    """A whole number as a phone or a program wrote it; None for what is none, or is beyond `most`.

    `int` alone raises for 5,000 digits, and what is computed from 400 is beyond every float.
    """
    text = text.strip()
    is_one = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_one and int(text) <= most else None
