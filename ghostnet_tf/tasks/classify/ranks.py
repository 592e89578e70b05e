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


def cross_entropy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Logits (N, classes), (N,) true classes -> the loss of each, (N,) nat, float64."""
    scores = scores.astype(np.float64)
    scores = scores - scores.max(axis=1, keepdims=True)
    true = scores[np.arange(len(labels)), labels]
    return np.log(np.exp(scores).sum(axis=1)) - true


def confusion(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How often a photo of class i was taken for class j, (classes, classes) int."""
    classes = scores.shape[1]
    found = np.zeros((classes, classes), int)
    np.add.at(found, (labels, scores.argmax(axis=1)), 1)
    return found
