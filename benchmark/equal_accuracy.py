"""What a network costs beside others of the same accuracy: the paper's own question."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from .intervals import difference, exp, interval, span

LEVEL = 0.95
# Standard error of a top-1 near 75 % on ImageNet's 50,000 validation photos, in points. Two
# networks err on many of the same photos, so their difference is about as uncertain as one alone.
PUBLISHED_ERROR = 0.2


@dataclass(frozen=True)
class Point:
    """A network as a buyer sees it."""

    name: str
    top1: float  # %
    cost: tuple[float, ...]  # one per round, or a single exact count


@dataclass(frozen=True, kw_only=True)
class Equal:
    """The cost of a network over that of a baseline with the same accuracy; 0.9 is 10 % cheaper."""

    name: str
    top1: float  # %
    baseline: str
    points_more: float  # accuracy above the baseline's; 0 where that could be interpolated
    ratio: float
    low: float
    high: float

    @property
    def is_interpolated(self) -> bool:
        return self.points_more == 0

    @property
    def winner(self) -> str | None:
        """Only where nothing has to be weighed against accuracy."""
        if self.low <= 1 <= self.high:
            return None
        if self.ratio < 1:
            return self.name if self.points_more >= 0 else None
        return self.baseline if self.points_more <= 0 else None

    @property
    def span(self) -> str:
        return span(self.low, self.high)

    def sentence(self, cost: str) -> str:
        span = self.span
        change = difference(self.ratio, cost)
        if self.is_interpolated:
            where = f"at its top-1 of {self.top1:.1f} % {self.name}"
            if self.winner is None:
                return f"{where} and {self.baseline} cannot be told apart in {cost} ({span})"
            return f"{where} needs {change} than {self.baseline} ({span})"
        way = "above" if self.points_more > 0 else "below"
        return (
            f"{self.name} ({self.top1:.1f} %) is {way} every baseline here: it has "
            f"{abs(self.points_more):.1f} points {'more' if self.points_more > 0 else 'less'} than "
            f"{self.baseline} and needs {change} ({span})"
        )


def at_equal_accuracy(
    point: Point, baselines: Sequence[Point], family: str, error: float = PUBLISHED_ERROR
) -> Equal:
    """`point` against the straight line between the baselines on both sides of its accuracy.

    That line is never extended beyond its ends: there the nearest one is named instead. The
    interval holds the spread of the rounds and the sampling error of the accuracies, in points.
    """
    below = max((b for b in baselines if b.top1 <= point.top1), key=_top1, default=None)
    above = min((b for b in baselines if b.top1 >= point.top1), key=_top1, default=None)
    if below is None or above is None:
        nearest = below or above
        if nearest is None:
            raise ValueError("no baselines")
        return _ratio(point, nearest.name, nearest.cost, 0.0, point.top1 - nearest.top1)
    share = (point.top1 - below.top1) / (above.top1 - below.top1) if above is not below else 0.0
    rounds = min(len(below.cost), len(above.cost))
    low, high = np.array(below.cost[:rounds]), np.array(above.cost[:rounds])
    line = low + share * (high - low)  # (rounds,)
    slope = float(np.mean((high - low) / line)) / ((above.top1 - below.top1) or 1)
    return _ratio(point, f"{family} of the same accuracy", tuple(line), slope * error, 0.0)


def _ratio(
    point: Point, baseline: str, cost: tuple[float, ...], log_error: float, points_more: float
) -> Equal:
    rounds = min(len(point.cost), len(cost))
    logs = np.log(np.array(point.cost[:rounds]) / np.array(cost[:rounds]))
    middle = float(logs.mean())
    # A single cost is a count, and exact.
    of_log = interval(logs, LEVEL) if rounds > 1 else None
    by_accuracy = NormalDist().inv_cdf((1 + LEVEL) / 2) * abs(log_error)
    down = math.hypot(middle - of_log.low if of_log else 0.0, by_accuracy)
    up = math.hypot(of_log.high - middle if of_log else 0.0, by_accuracy)
    return Equal(
        name=point.name,
        top1=point.top1,
        baseline=baseline,
        points_more=points_more,
        ratio=exp(middle),
        low=exp(middle - down),
        high=exp(middle + up),
    )


def _top1(point: Point) -> float:
    return point.top1
