"""Which of two models is cheaper, or that it cannot be told."""

from dataclasses import dataclass

import numpy as np

from .intervals import Interval, difference, exp, interval, span
from .latency import Rounds


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What `name` costs, in shares of what `reference` costs: 0.9 is 10 % cheaper."""

    name: str
    reference: str
    ratio: float
    low: float
    high: float
    cost: str  # "time" or "instructions"
    recipe: str | None = None  # where both have the same

    @property
    def winner(self) -> str | None:
        if self.low <= 1 <= self.high:
            return None
        return self.name if self.ratio < 1 else self.reference

    @property
    def sentence(self) -> str:
        """One that a reader may quote."""
        if self.low == self.high == 1:
            return f"{self.name} and {self.reference} need exactly the same {self.cost}"
        if self.winner is None:
            return (
                f"{self.name} and {self.reference} cannot be told apart in {self.cost} "
                f"({self.span})"
            )
        change = difference(self.ratio, self.cost)
        return f"{self.name} needs {change} than {self.reference} ({self.span})"

    @property
    def span(self) -> str:
        return span(self.low, self.high)


def compare(name: str, a: Rounds, reference: str, b: Rounds) -> Verdict:
    """Of two models that were visited in the same rounds."""
    of_log = log_ratio(a.per_round, b.per_round).wider(by=a.blur + b.blur)
    return _verdict(name, reference, (exp(of_log.mean), exp(of_log.low), exp(of_log.high)), "time")


def compare_counts(name: str, a: int, reference: str, b: int) -> Verdict:
    """Counts are exact: the same on every machine, however busy."""
    return _verdict(name, reference, (a / b, a / b, a / b), "instructions")


def log_ratio(a: np.ndarray, b: np.ndarray) -> Interval:
    """Of (rounds,) costs; what slows a whole round slows both, and drops out."""
    rounds = min(len(a), len(b))
    return interval(np.log(a[:rounds] / b[:rounds]))


def _verdict(name: str, reference: str, ratio: tuple[float, float, float], cost: str) -> Verdict:
    middle, low, high = ratio
    return Verdict(name=name, reference=reference, ratio=middle, low=low, high=high, cost=cost)
