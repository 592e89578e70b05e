"""How much is measured, and in which order."""

from dataclasses import dataclass

import numpy as np

from benchmark.measurement import Settings


@dataclass(frozen=True)
class Effort:
    """A tier of care. One round visits every model once."""

    name: str
    rounds: int
    runs: int  # at least, in each visit
    seconds: float  # at least, in each visit
    warmup_runs: int
    cooldown_s: int  # how long a phone may rest before a visit, until it is cool

    def settings(self, threads: int = 1, fp16: bool = False, tool: str = "runner") -> Settings:
        return Settings(threads, self.warmup_runs, self.runs, self.seconds, fp16, tool)


# fmt: off
EFFORTS = {
    effort.name: effort
    for effort in (
        #                   rounds  runs  seconds  warm-up  cool-down
        Effort("quick",          6,   20,    0.15,       3,         0),
        Effort("standard",      10,   50,    0.5,        5,        60),
        # 1030 runs and 60 s per model: what MLPerf Mobile asks of a number (1024 and 60 s)
        Effort("strict",        10,  103,    6.0,       10,       300),
    )
}
# fmt: on
MIN_RUNS, MIN_SECONDS = 1024, 60.0  # per model, of a number that may be quoted


def orders(models: int, rounds: int, seed: int = 0) -> list[list[int]]:
    """Which model is visited when, in each round.

    Every second round is the one before it backwards (A B, B A): a phone that slows down evenly
    then takes as much from each model. Which comes first in a pair of rounds is drawn.
    """
    rng = np.random.default_rng(seed)
    order: list[list[int]] = []
    for i in range(rounds):
        order.append(order[-1][::-1] if i % 2 else rng.permutation(models).tolist())
    return order
