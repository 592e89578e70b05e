"""How often a network is right."""

import numpy as np


def ranks_of(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(N, classes), (N,) true classes -> how many classes come before the true one, (N,) int.

    Equal scores, which int8 files have, come in the order of the classes.
    """
    true = scores[np.arange(len(labels)), labels][:, None]  # (N, 1)
    # Not `scores > true`: a network that answers NaN would then be right every time.
    not_behind = ~(scores < true)
    itself_or_later_tie = (scores == true) & (np.arange(scores.shape[1]) >= labels[:, None])
    return (not_behind & ~itself_or_later_tie).sum(axis=1)


def accuracy(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Top-1 and top-5, as shares."""
    ranks = ranks_of(scores, labels)
    return {"top1": float((ranks < 1).mean()), "top5": float((ranks < 5).mean())}
