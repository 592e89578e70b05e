"""What a tool said that prints no single runs: one average for each round."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from .latency import Rounds, middle
from .measurement import Summary

STEP_MS = 0.001  # `benchmark_model` counts whole microseconds


class Averages(Rounds):
    """Of one model; medians where the tool printed one in every round, otherwise means."""

    def __init__(self, rounds: Sequence[Summary]):
        self.rounds = rounds

    @property
    def are_medians(self) -> bool:
        return all(one.median_ms is not None for one in self.rounds)

    @cached_property
    def per_round(self) -> np.ndarray:
        """(rounds,) ms"""
        medians = [one.median_ms for one in self.rounds]
        means = [one.average_ms for one in self.rounds]
        return np.array(medians if self.are_medians else means, float)

    @cached_property
    def typical_ms(self) -> float:
        """The middle one of the rounds."""
        return middle(self.per_round)

    @property
    def n_runs(self) -> int:
        return sum(one.runs for one in self.rounds)

    @property
    def seconds(self) -> float:
        return sum(one.runs * one.average_ms for one in self.rounds) / 1e3

    @property
    def blur(self) -> float:
        return STEP_MS / self.typical_ms / 2
