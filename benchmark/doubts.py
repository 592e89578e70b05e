"""Every reason not to quote a number, each with what to do about it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ghostnet_tf.base.effort import MIN_RUNS, MIN_SECONDS
from ghostnet_tf.base.libraries import OPERATOR_NAME

from .averages import Averages
from .intervals import LEVEL
from .latency import Latency, Rounds
from .measurement import Delegation

MIN_DRIFT = 0.025  # twice the noise of a visit of 50 runs, half of what must be seen
MAX_CHANCE = 0.02  # of rounds in this order without any drift
MAX_FIRST_RUN = 1.25
MAX_SPIKES = 0.04
MAX_CLOCK_STEP = 0.01
MAX_SPREAD = 0.05
MAX_WARMING_C = 5.0

# What a person can do -> how. Whatever is on already, or cannot be, is not proposed.
REMEDIES = {
    "strict": "use --effort strict",
    "one_thread": "use --threads 1, which stays on one core",
    "one_core": "pin one core with --core",
    "fixed_performance": "take a phone that can hold its frequency (Android 11 or later, if its "
    "maker allows it)",
    "cooldown": "use --effort strict, which lets the phone cool between visits",
    "quiet": "close what else runs, and measure again with another --out",
    "cool": "put it on something cool and off the charger, and measure again",
    "runner": "leave out --tool",
}
OF_PHONES = frozenset({"cooldown", "fixed_performance", "cool"})


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


def doubts(latency: Latency | Averages, on: Collection[str] = ()) -> list[Doubt]:
    """About one model's runs; `on` names the remedies that were on while it was measured."""
    checks = [(about, check(latency), wanted) for about, check, wanted in OF_ROUNDS]
    if isinstance(latency, Latency):
        checks += [(about, check(latency), wanted) for about, check, wanted in OF_RUNS]
    else:
        checks.append(("averages", _averages(latency), ("runner",)))
    return [
        Doubt(about, text, remedy(wanted, on)) for about, said, wanted in checks for text in said
    ]


def _effort(latency: Rounds) -> Iterator[str]:
    if latency.n_runs < MIN_RUNS or latency.seconds < MIN_SECONDS:
        # without this model's own numbers, so that one line serves a whole table
        yield f"a number to quote needs {MIN_RUNS} runs and {MIN_SECONDS:.0f} s; this has fewer"


def _drift(latency: Rounds) -> Iterator[str]:
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
    if step > MAX_CLOCK_STEP * latency.typical_ms:
        yield (
            f"the clock moves in steps of {step:.3g} ms, {step / latency.typical_ms:.0%} "
            f"of the median"
        )


def _spread(latency: Rounds) -> Iterator[str]:
    around = latency.interval_ms
    if around.low == 0:
        yield f"{len(latency.per_round)} rounds are too few to know how far the number may be off"
    elif max(around.high / around.mean, around.mean / around.low) > 1 + MAX_SPREAD:
        yield (
            f"the rounds disagree: {around.low:.2f} to {around.high:.2f} ms "
            f"is the {LEVEL:.0%} interval"
        )


def _averages(averages: Averages) -> Iterator[str]:
    kind = "medians" if averages.are_medians else "means, which every disturbed run moves"
    yield (
        f"benchmark_model prints no single runs: these are {kind}; two speeds, spikes, a slow "
        "first run and a wrong output would go unseen"
    )


Check = tuple[str, Callable[[Any], Iterator[str]], tuple[str, ...]]
# fmt: off
OF_ROUNDS: list[Check] = [
    ("effort",       _effort,       ("strict", "quiet")),
    ("drift",        _drift,        ("cooldown", "fixed_performance", "cool", "quiet")),
    ("spread",       _spread,       ("strict", "quiet")),
]
OF_RUNS: list[Check] = [
    ("drift inside", _drift_within, ("cooldown", "fixed_performance", "cool", "quiet")),
    ("two speeds",   _two_speeds,   ("one_thread", "one_core", "fixed_performance", "quiet")),
    ("first run",    _first_run,    ("strict", "quiet")),
    ("spikes",       _spikes,       ("one_thread", "one_core", "quiet")),
    ("clock",        _clock,        ("quiet",)),
]
# fmt: on


def left_out(delegation: Delegation | None) -> list[Doubt]:
    """Operators that no fast kernel took: the number says more of them than of the network."""
    ours = delegation.left_out.get(OPERATOR_NAME, 0) if delegation else 0  # fast, and not XNNPACK's
    if delegation is None or delegation.delegated_ops + ours == delegation.total_ops:
        return []
    ops = ", ".join(f"{n} {op}" for op, n in sorted(delegation.left_out.items()))
    return [
        Doubt(
            "delegation",
            f"XNNPACK took {delegation.delegated_ops} of {delegation.total_ops} operators"
            + (f", in {delegation.partitions} pieces" if delegation.partitions else "")
            + (f"; it left {ops}" if ops else ""),
            "compare the model's _delegable form, or another recipe",
        )
    ]


def hot(conditions: Sequence[Mapping[str, Any]], on: Collection[str] = ()) -> list[Doubt]:
    """What the phone's own sensors say against its numbers; in the order of time."""
    wanted = ("cooldown", "cool")
    found = []
    told = [c.get("thermal_status") for c in conditions if c]  # this machine has no such sensors
    if told and all(status is None for status in told):
        text = "the phone does not tell whether it is too hot"
        found.append(Doubt("heat", text, "see that it does not feel warm, and compare the rounds"))
    if status := max((c.get("thermal_status") or 0 for c in conditions), default=0):
        text = f"the phone held itself back for heat (thermal status {status} of 6)"
        found.append(Doubt("heat", text, remedy(wanted, on)))
    warm = [c["temperature_c"] for c in conditions if c.get("temperature_c") is not None]
    if warm and max(warm) - warm[0] > MAX_WARMING_C:
        text = f"the battery warmed from {warm[0]:.1f} to {max(warm):.1f} °C"
        found.append(Doubt("heat", text, remedy(wanted, on)))
    return found
