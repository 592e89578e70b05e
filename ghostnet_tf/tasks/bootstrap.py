"""How far chance goes between two networks that are scored on the same photos: a paired bootstrap.

Photos are drawn anew, as many as there are and each as often as it comes, and both are scored on
the same draw; of a thousand draws the middle 95 % of the differences are the interval (Efron 1979).
"""

import numpy as np

DRAWS, SEED = 1000, 0
MIDDLE = (2.5, 97.5)  # percentiles


def draws(photos: int) -> np.ndarray:
    """(DRAWS, photos) int: how often each photo comes; every time the same."""
    rng = np.random.default_rng(SEED)
    return rng.multinomial(photos, np.full(photos, 1 / photos), DRAWS)


def interval(differences: np.ndarray) -> tuple[float, float]:
    """Of the differences of all draws; those that are no number are left out."""
    known = differences[~np.isnan(differences)]
    low, high = np.percentile(known, MIDDLE) if len(known) else (np.nan, np.nan)
    return float(low), float(high)
