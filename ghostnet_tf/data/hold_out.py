"""Which photos are kept out of training, to choose the best epoch on."""

import numpy as np

from ghostnet_tf.base.errors import UserError, option

FIX = f"{option('held-out', 'N')}, about one photo in twenty; or more photos"
# One photo in five of a small set: one in twenty of a hundred tells one epoch from another by luck.
SMALL_SHARE, ENOUGH, SHARE = 1 / 5, 100, 1 / 20


def default_count(photos: int) -> int:
    """How many of so many photos are held out where nobody says: a larger share of a small set."""
    return max(1, int(photos * SHARE), min(int(photos * SMALL_SHARE), ENOUGH))


def hold_out(count: int, held_out: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(training, held-out) positions of `count` photos, each sorted; the same for the same seed."""
    if not 0 < held_out < count:
        raise UserError(f"{held_out} photos cannot be held out of {count}", fix=FIX)
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[held_out:]), np.sort(order[:held_out])


def hold_out_by_class(
    labels: np.ndarray, held_out: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(training, held-out) positions of photos with these labels, (n,) int, each sorted.

    Of every class its share, and one photo at least on both sides; so there are more than
    `held_out` where there are more classes. A class of one photo is trained on only.
    """
    if not 0 < held_out < len(labels):
        raise UserError(f"{held_out} photos cannot be held out of {len(labels)}", fix=FIX)
    rng = np.random.default_rng(seed)
    classes, sizes = np.unique(labels, return_counts=True)
    chosen = []
    for label, quota in zip(classes, _quotas(sizes, held_out), strict=True):
        of_class = np.flatnonzero(labels == label)
        chosen.append(rng.permutation(of_class)[:quota])
    held = np.sort(np.concatenate(chosen))
    if not len(held):
        raise UserError(
            "no class has two photos, one to train on and one to hold out", fix="add photos"
        )
    return np.setdiff1d(np.arange(len(labels)), held), held


def _quotas(sizes: np.ndarray, held_out: int) -> np.ndarray:
    """How many photos of each class are held out, (classes,) int, of classes of these sizes.

    By largest remainder, within one and all but one.
    """
    least, most = np.minimum(sizes - 1, 1), sizes - 1
    exact = held_out * sizes / sizes.sum()
    quotas = np.floor(exact).astype(int).clip(least, most)
    while quotas.sum() < held_out and (open_ := quotas < most).any():
        quotas[np.argmax(np.where(open_, exact - quotas, -np.inf))] += 1
    while quotas.sum() > held_out and (open_ := quotas > least).any():
        quotas[np.argmin(np.where(open_, exact - quotas, np.inf))] -= 1
    return quotas
