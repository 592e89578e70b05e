"""How much is measured, and in which order."""

import numpy as np

from ghostnet_tf.base.effort import Effort

from .measurement import Settings


def settings_of(
    effort: Effort, threads: int = 1, fp16: bool = False, tool: str = "runner"
) -> Settings:
    """What each visit is told."""
    return Settings(
        threads=threads,
        warmup_runs=effort.warmup_runs,
        min_runs=effort.runs,
        min_seconds=effort.seconds,
        fp16=fp16,
        tool=tool,
    )


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
