"""Draws docs/power.svg: what each effort can see, on simulated phones.

python docs/power.py [--seeds N]
"""

import argparse
import sys
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.figure import Figure

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from benchmark.doubts import doubts
from benchmark.verdict import compare
from ghostnet_tf.base.effort import EFFORTS
from tests.fakes.simulated_phone import SimulatedPhone

TIERS = ("quick", "standard")  # strict draws as standard does, and better
DIFFERENCES = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 5, 7])  # %
DRIFTS = np.array([0, 1, 2, 3, 4, 5, 7, 10])  # %


def told_apart(effort: str, percent: float, seeds: int) -> float:
    """How often the faster of two models is named, in %."""
    phone, true_ms = SimulatedPhone(), (10.0, 10.0 * (1 + percent / 100))
    pairs = (phone.measure(seed, true_ms, EFFORTS[effort]) for seed in range(seeds))
    named = (compare("fast", a, "slow", b).winner for a, b in pairs)
    # where both are equal, every winner is a mistake
    return 100 * sum(w == "fast" or (percent == 0 and w is not None) for w in named) / seeds


def noticed(effort: str, percent: float, seeds: int) -> float:
    """How often a slowdown is doubted, in %."""
    phone = SimulatedPhone(drift=percent / 100)
    runs = (phone.measure(seed, effort=EFFORTS[effort])[0] for seed in range(seeds))
    return 100 * sum(any(d.about == "drift" for d in doubts(run)) for run in runs) / seeds


def main() -> None:
    parser = argparse.ArgumentParser(description="Draws docs/power.svg.")
    parser.add_argument("--seeds", type=int, default=400)
    seeds = parser.parse_args().seeds
    style = {"svg.hashsalt": "power", "axes.spines.top": False, "axes.spines.right": False}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(9, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        for axes, measure, xs, what in (
            (left, told_apart, DIFFERENCES, "true difference of two models, %"),
            (right, noticed, DRIFTS, "slowdown during the run, %"),
        ):
            for tier in TIERS:
                shares = [measure(tier, x, seeds) for x in xs]
                print(what, tier, dict(zip(xs.tolist(), shares, strict=True)))
                axes.plot(xs, shares, marker="o", label=tier)
            axes.set_xlabel(what)
            axes.grid(alpha=0.3)
        left.set_ylabel(f"noticed, % of {seeds} phones")
        left.legend(frameon=False)
        figure.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None})


if __name__ == "__main__":
    main()
