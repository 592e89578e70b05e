"""Every reason not to quote a number, each with what to do about it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.intervals import LEVEL
from benchmark.latency import Latency
from benchmark.measurement import Delegation
from benchmark.plan import MIN_RUNS, MIN_SECONDS

MIN_DRIFT = 0.025  # twice the noise of a visit of 50 runs, half of what must be seen
MAX_CHANCE = 0.02  # of rounds in this order without any drift
MAX_FIRST_RUN = 1.25
MAX_SPIKES = 0.04
MAX_CLOCK_STEP = 0.01
MAX_SPREAD = 0.05
MAX_WARMING_C = 5.0
GHOST_OPS = "ghostnet.op"

# What a person can switch on -> how. Whatever is on already is not proposed again.
REMEDIES = {
    "strict": "use --effort strict",
    "one_core": "pin one core with --core",
    "fixed_performance": "a phone with Android 11 or later can hold its frequency: see its facts",
    "cooldown": "use --effort strict, which lets the phone cool between visits",
    "quiet": "close what else runs, and measure again with another --out",
    "cool": "put it on something cool and off the charger, and measure again",
    "more_rounds": "measure again with --resume until ten rounds are there",
}


@dataclass(frozen=True)
class Doubt:
    about: str  # a word per reason: "drift", "two speeds", ...
    text: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.text}: {self.remedy}"


def remedy(wanted: Collection[str], on: Collection[str]) -> str:
    """The first that is not on already; the last of `wanted` is one that can be done again."""
    *switches, last = wanted
    return REMEDIES[next((name for name in switches if name not in on), last)]


def doubts(latency: Latency, on: Collection[str] = ()) -> list[Doubt]:
    """About one model's runs; `on` names the remedies that were on while it was measured."""
    found = []
    for about, check, wanted in CHECKS:
        found += [Doubt(about, text, remedy(wanted, on)) for text in check(latency)]
    return found


def _effort(latency: Latency) -> Iterator[str]:
    if len(latency.samples) < MIN_RUNS or latency.seconds < MIN_SECONDS:
        # without this model's own numbers, so that one line serves a whole table
        yield f"a number to quote needs {MIN_RUNS} runs and {MIN_SECONDS:.0f} s; this has fewer"


def _drift(latency: Latency) -> Iterator[str]:
    trend = latency.trend
    if abs(trend.change) > MIN_DRIFT and trend.p < MAX_CHANCE:
        way = "slowed down" if trend.change > 0 else "became faster"
        yield f"it {way} by {abs(trend.change):.0%} from the first round to the last"


def _drift_within(latency: Latency) -> Iterator[str]:
    within = latency.trend_within
    if abs(within.mean) > MIN_DRIFT and not within.is_zero_inside:
        way = "slows down" if within.mean > 0 else "becomes faster"
        yield f"it {way} by {abs(within.mean):.0%} during each visit"


def _two_speeds(latency: Latency) -> Iterator[str]:
    if (two := latency.two_speeds) is not None:
        yield (
            f"the runs have two speeds, {1 - two.slow_share:.0%} near {two.fast_ms:.2f} ms and "
            f"{two.slow_share:.0%} near {two.slow_ms:.2f} ms: another core or frequency"
        )


def _first_run(latency: Latency) -> Iterator[str]:
    if latency.first_run > MAX_FIRST_RUN:
        yield (
            f"the first run of a visit takes {latency.first_run:.1f} times the median: "
            f"the warm-up was too short"
        )


def _spikes(latency: Latency) -> Iterator[str]:
    if latency.spike_share > MAX_SPIKES:
        yield f"{latency.spike_share:.0%} of the runs were disturbed by something else"


def _clock(latency: Latency) -> Iterator[str]:
    step = latency.clock_step_ms
    if step > MAX_CLOCK_STEP * latency.median_ms:
        yield (
            f"the clock moves in steps of {step:.3g} ms, {step / latency.median_ms:.0%} "
            f"of the median"
        )


def _spread(latency: Latency) -> Iterator[str]:
    around = latency.interval_ms
    if around.low == 0:
        yield f"{len(latency.visits)} rounds are too few to know how far the number may be off"
    elif max(around.high / around.mean, around.mean / around.low) > 1 + MAX_SPREAD:
        yield (
            f"the rounds disagree: {around.low:.2f} to {around.high:.2f} ms "
            f"is the {LEVEL:.0%} interval"
        )


# fmt: off
CHECKS: list[tuple[str, Callable[[Latency], Iterator[str]], tuple[str, ...]]] = [
    ("effort",       _effort,       ("strict", "more_rounds")),
    ("drift",        _drift,        ("cooldown", "fixed_performance", "cool")),
    ("drift inside", _drift_within, ("cooldown", "fixed_performance", "cool")),
    ("two speeds",   _two_speeds,   ("one_core", "fixed_performance", "quiet")),
    ("first run",    _first_run,    ("strict", "quiet")),
    ("spikes",       _spikes,       ("one_core", "quiet")),
    ("clock",        _clock,        ("quiet",)),
    ("spread",       _spread,       ("strict", "more_rounds")),
]
# fmt: on


def left_out(delegation: Delegation | None) -> list[Doubt]:
    """Operators that no fast kernel took: the number says more of them than of the network."""
    ours = delegation.left_out.get(GHOST_OPS, 0) if delegation else 0  # fast, and not XNNPACK's
    if delegation is None or delegation.delegated_ops + ours == delegation.total_ops:
        return []
    ops = ", ".join(f"{n} {op}" for op, n in sorted(delegation.left_out.items()))
    return [
        Doubt(
            "delegation",
            f"XNNPACK took {delegation.delegated_ops} of {delegation.total_ops} operators, in "
            f"{delegation.partitions} pieces" + (f"; it left {ops}" if ops else ""),
            "compare the model's _delegable form, or another recipe",
        )
    ]


def hot(conditions: Sequence[Mapping[str, Any]], on: Collection[str] = ()) -> list[Doubt]:
    """What the phone's own sensors say against its numbers; in the order of time."""
    wanted = ("cooldown", "cool")
    found = []
    if status := max((c.get("thermal_status") or 0 for c in conditions), default=0):
        text = f"the phone held itself back for heat (thermal status {status} of 6)"
        found.append(Doubt("heat", text, remedy(wanted, on)))
    warm = [c["temperature_c"] for c in conditions if c.get("temperature_c") is not None]
    if warm and max(warm) - warm[0] > MAX_WARMING_C:
        text = f"the battery warmed from {warm[0]:.1f} to {max(warm):.1f} °C"
        found.append(Doubt("heat", text, remedy(wanted, on)))
    return found
