"""An interval for the mean of few rounds: a bootstrap over rounds, widened as Student would."""

import math
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.99  # a 95 % interval would call equal models different in one comparison of twenty
MIN_ROUNDS = 4  # the means of fewer values, drawn again, hardly ever leave the values' own range
RESAMPLES = 4000
MAX_LOG = 700  # a float holds up to exp(709)


@dataclass(frozen=True)
class Interval:
    """A mean and where the true one may be; infinite where there are too few rounds to say."""

    mean: float
    low: float
    high: float

    @property
    def is_zero_inside(self) -> bool:
        return self.low <= 0 <= self.high

    def wider(self, by: float) -> "Interval":
        return Interval(self.mean, self.low - by, self.high + by)


def exp(log: float) -> float:
    """e to the power of `log`; infinite where that is beyond what a float holds."""
    return math.exp(log) if log < MAX_LOG else math.inf


def span(low: float, high: float) -> str:
    """How far a ratio may be from 1, in words: -3.1% to +0.4%."""
    if low == high:
        return "counted exactly"
    if math.isinf(high):
        return "too few rounds for an interval"
    return f"{low - 1:+.1%} to {high - 1:+.1%}"


def difference(ratio: float, cost: str) -> str:
    """How far a ratio is from 1, in words: 3.1% less time, 12.0% more instructions."""
    less = "less" if cost == "time" else "fewer"
    return f"{abs(ratio - 1):.1%} {less if ratio < 1 else 'more'} {cost}"


def interval(values: ArrayLike, level: float = LEVEL) -> Interval:
    """Of the mean of `values`, one per round.

    A round is the block of the bootstrap: runs inside a round depend on one another, rounds hardly
    do. With few rounds the plain bootstrap is too narrow, because it divides by n where a spread
    takes n - 1, and has the normal distribution's tails (Hesterberg 2015, section 4.6).
    """
    rounds = np.asarray(values, float)  # (rounds,)
    mean = float(rounds.mean())
    if (n := len(rounds)) < MIN_ROUNDS:
        return Interval(mean, -math.inf, math.inf)
    means = _draws(n) @ rounds  # (RESAMPLES,)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    normal = NormalDist().inv_cdf((1 + level) / 2)
    wider = math.sqrt(n / (n - 1)) * student(level, n - 1) / normal
    return Interval(mean, mean + (low - mean) * wider, mean + (high - mean) * wider)


@cache
def _draws(n: int) -> np.ndarray:
    """(RESAMPLES, n): how often each round is drawn, over n. Seeded: the same verdict each time."""
    return np.random.default_rng(n).multinomial(n, [1 / n] * n, RESAMPLES) / n


@cache
def student(level: float, freedom: int) -> float:
    """The t that a Student variable exceeds, in size, in 1 - level of all cases."""
    from scipy.special import stdtrit  # scipy.stats answers the same, and takes seconds to import

    return float(stdtrit(freedom, (1 + level) / 2))
