"""How TensorFlow prepares a graph while it trains."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def started_quickly() -> Iterator[None]:
    """Inside, TensorFlow runs graphs as they were traced, and does not rewrite them first.

    Rewriting a training step of GhostNet takes longer than tracing it and makes no step shorter.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    import tensorflow as tf

    option = "disable_meta_optimizer"
    before = tf.config.optimizer.get_experimental_options().get(option, False)
    tf.config.optimizer.set_experimental_options({option: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({option: before})
