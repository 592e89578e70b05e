"""A phone that needs no time: latencies with a fixed noise, and one fault at will."""

from dataclasses import dataclass

import numpy as np

from benchmark.latency import Latency
from benchmark.plan import orders
from ghostnet_tf.base.effort import EFFORTS, Effort

SIGMA, CORRELATION = 0.02, 0.5  # of the log of a run's time; between a run and the next
SPIKES, SPIKE = 0.01, 3.0  # share of the runs, and how much longer they take


@dataclass(frozen=True)
class SimulatedPhone:
    drift: float = 0.0  # slower by this share at the end of the run, linearly
    hops: bool = False  # to a core with 0.6 of the speed, for 60 runs at a time or so
    slow_first_run: float = 1.0
    clock_step_ms: float = 0.0

    def measure(
        self, seed: int, true_ms: tuple[float, ...] = (10.0,), effort: Effort = EFFORTS["standard"]
    ) -> list[Latency]:
        """Every model's runs, visited in the order of the real plan."""
        rng = np.random.default_rng(seed)
        shape = (effort.rounds, len(true_ms), effort.runs)  # visits in the order of time
        order = np.array(orders(len(true_ms), effort.rounds, seed))
        slowdown = 1 + self.drift * np.linspace(0, 1, np.prod(shape)).reshape(shape)
        ms = np.array(true_ms)[order][..., None] * slowdown * np.exp(noise(rng, shape))
        ms *= np.where(rng.random(shape) < SPIKES, SPIKE, 1)
        if self.hops:
            is_slow = np.cumsum(rng.random(np.prod(shape)) < 1 / 60).reshape(shape) % 2
            ms /= np.where(is_slow, 0.6, 1)
        ms[..., 0] *= self.slow_first_run
        if self.clock_step_ms:
            ms = np.maximum(np.round(ms / self.clock_step_ms), 1) * self.clock_step_ms
        by_model = np.take_along_axis(ms, np.argsort(order)[..., None], axis=1)
        return [Latency(list(by_model[:, m])) for m in range(len(true_ms))]


def noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Normal, SIGMA wide, each run correlated with the one before; (..., runs)."""
    steps = rng.normal(0, SIGMA, shape)
    steps[..., 1:] *= (1 - CORRELATION**2) ** 0.5
    for i in range(1, shape[-1]):
        steps[..., i] += CORRELATION * steps[..., i - 1]
    return steps
