"""All runs of one model, in order, and what they say: the numbers of a row in the table."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from .intervals import Interval, exp, interval

SPIKE = 1.5  # times the visit's median; a run beyond it was disturbed
MIN_LEVEL_SHARE = 0.1  # of all runs, before they count as a second speed and not as spikes
MIN_LEVEL_GAP = 0.08  # memory layout alone moves a visit by up to 4 %
# Ashman's D of the best split in two: 2.7 for one bell, 3.5 for a linear drift.
MIN_LEVEL_DISTANCE = 4.5


@dataclass(frozen=True)
class Trend:
    """A change from the first round to the last, and how often chance alone orders rounds so."""

    change: float  # 0.05: slower by 5 %
    p: float


@dataclass(frozen=True)
class TwoSpeeds:
    fast_ms: float
    slow_ms: float
    slow_share: float


class Rounds(ABC):
    """The time of one model, round after round: all that a comparison of two models needs."""

    @property
    @abstractmethod
    def per_round(self) -> np.ndarray:
        """(rounds,) ms: a typical run of each."""

    @property
    @abstractmethod
    def typical_ms(self) -> float:
        """The number of a table."""

    @property
    @abstractmethod
    def n_runs(self) -> int: ...

    @property
    @abstractmethod
    def seconds(self) -> float:
        """That all runs took together."""

    @property
    @abstractmethod
    def blur(self) -> float:
        """How far the clock alone may move the logarithm of a time."""

    @cached_property
    def interval_ms(self) -> Interval:
        """Of the rounds, as a geometric mean, so that it divides like a ratio does."""
        of_log = interval(np.log(self.per_round))
        return Interval(exp(of_log.mean), exp(of_log.low), exp(of_log.high))

    @cached_property
    def trend(self) -> Trend:
        """Theil and Sen's slope over the rounds, with Mann and Kendall's exact test."""
        log = np.log(self.per_round)
        i, j = np.triu_indices(len(log), 1)
        if not len(i):
            return Trend(0.0, 1.0)
        steps = (log[j] - log[i]) / (j - i)
        change = math.expm1(middle(steps) * len(log))
        return Trend(change, _chance_of_order(len(log), int(np.sign(steps).sum())))


class Latency(Rounds):
    """The runs of one model, (runs,) ms for each visit, in order. One visit is one round."""

    def __init__(self, visits: Sequence[Sequence[float]], clock_resolution_ns: int = 1):
        # A coarse clock may say 0, which has no logarithm; half its step is as good a guess.
        least = clock_resolution_ns / 2e6
        self.visits = [np.maximum(np.asarray(visit, float), least) for visit in visits]
        self.clock_resolution_ns = clock_resolution_ns

    @cached_property
    def samples(self) -> np.ndarray:
        return np.concatenate(self.visits)  # (all runs,) ms

    @property
    def n_runs(self) -> int:
        return len(self.samples)

    @property
    def seconds(self) -> float:
        return float(self.samples.sum()) / 1e3

    @cached_property
    def typical_ms(self) -> float:
        """The median of all runs."""
        return middle(self.samples)

    @cached_property
    def p90_ms(self) -> float:
        return float(np.quantile(self.samples, 0.9))

    @cached_property
    def per_round(self) -> np.ndarray:
        """(rounds,) ms: the median of each visit."""
        return np.array([middle(visit) for visit in self.visits])

    @property
    def blur(self) -> float:
        return self.clock_step_ms / self.typical_ms / 2

    @cached_property
    def trend_within(self) -> Interval:
        """Log of the last third of a visit over its first third: a phone that cools in between."""
        thirds = [np.array_split(visit, 3) for visit in self.visits if len(visit) >= 9]
        if not thirds:
            return Interval(0.0, -math.inf, math.inf)
        return interval([math.log(middle(last) / middle(first)) for first, _, last in thirds])

    @cached_property
    def two_speeds(self) -> TwoSpeeds | None:
        """The two levels that the runs lie on, where there are two: cores or frequencies."""
        log = np.sort(np.log(self.samples))
        n = len(log)
        slow = np.arange(1, n)[::-1]  # how many runs are above each cut
        share = slow / n
        inside = np.flatnonzero((share >= MIN_LEVEL_SHARE) & (share <= 1 - MIN_LEVEL_SHARE))
        if not len(inside):
            return None
        total = np.cumsum(log)
        gap = (total[-1] - total[:-1]) / slow - total[:-1] / (n - slow)
        # the cut with the largest variance between its sides (Otsu 1979)
        cut = int(inside[np.argmax((share * (1 - share) * gap**2)[inside])]) + 1
        below, above = log[:cut], log[cut:]
        levels = middle(below), middle(above)
        distance = levels[1] - levels[0]
        # by quartiles, for a spike would pass for a wide level
        width = math.hypot(*(_spread(side) for side in (below, above)))
        if distance < MIN_LEVEL_GAP or math.sqrt(2) * distance < MIN_LEVEL_DISTANCE * width:
            return None
        return TwoSpeeds(math.exp(levels[0]), math.exp(levels[1]), slow_share=1 - cut / n)

    @cached_property
    def spike_share(self) -> float:
        pairs = zip(self.visits, self.per_round, strict=True)
        # a slow first run is a doubt of its own
        return float(np.concatenate([visit[1:] > SPIKE * m for visit, m in pairs]).mean())

    @cached_property
    def first_run(self) -> float:
        """The first run of a visit over the visit's median: the middle one of all visits."""
        pairs = zip(self.visits, self.per_round, strict=True)
        return middle(np.array([visit[0] / m for visit, m in pairs]))

    @cached_property
    def clock_step_ms(self) -> float:
        """The step in which the clock really moves, which may be coarser than what it claims."""
        claimed = self.clock_resolution_ns / 1e6
        steps = np.diff(np.sort(self.samples))
        if len(steps) < 9:
            return claimed
        if not steps.any():  # a clock that is fine enough never repeats itself for long
            return self.typical_ms
        return max(claimed, float(steps[steps > 0].min()))


def middle(values: np.ndarray) -> float:
    """The median; NumPy's own takes ten times as long on so few values."""
    ordered = np.sort(values)
    return float(ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def _spread(ordered: np.ndarray) -> float:
    """The standard deviation of a bell with the same quartiles."""
    return float(ordered[3 * len(ordered) // 4] - ordered[len(ordered) // 4]) / 1.349


@cache
def _chance_of_order(n: int, score: int) -> float:
    """How often n values in random order have a Kendall score at least so far from 0.

    scipy.stats.kendalltau has this as its exact test and refuses it where two values are equal,
    which those of a coarse clock often are. The app, which has no SciPy, counts in the same way.
    """
    orders = np.ones(1)  # orders[k]: of all orders, those with k pairs the wrong way round
    for m in range(2, n + 1):
        orders = np.convolve(orders, np.ones(m) / m)
    scores = n * (n - 1) // 2 - 2 * np.arange(len(orders))
    return float(orders[abs(scores) >= abs(score)].sum())
