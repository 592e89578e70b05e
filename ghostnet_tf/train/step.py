"""One step of training, as a function of a batch."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

WATCHED = "watched"  # the metric of a model that is compiled: the mean of what `right` says
# Images (N, H, W, 3), targets (N, ...), how much each photo counts (N,) or None
# -> the loss in nat, and the share that was right.
Step = Callable[[np.ndarray, np.ndarray, np.ndarray | None], tuple[float, float]]


def training_step(model: keras.Model, loss: keras.losses.Loss, right: Callable) -> Step:
    """Of a compiled model; `right`: targets, outputs -> what is watched of each photo, (N,).

    In TensorFlow a graph of its own: Keras' one is larger by what keeps the metrics of an epoch,
    and takes longer to trace.
    """
    if keras.backend.backend() != "tensorflow":

        def by_keras(images, targets, weights):
            said = model.train_on_batch(images, targets, weights, return_dict=True)
            return float(said["loss"]), float(said[WATCHED])

        return by_keras
    import tensorflow as tf

    @tf.function(autograph=False)
    def step(images, targets, weights):
        trained = model.trainable_variables
        with tf.GradientTape() as tape:
            outputs = model(images, training=True)  # (N, ...)
            nat: Any = loss(targets, outputs, sample_weight=weights)
        model.optimizer.apply(tape.gradient(nat, trained), trained)
        return nat, tf.reduce_mean(tf.cast(right(targets, outputs), tf.float32))

    run: Any = step

    def by_tensorflow(images, targets, weights):
        given = None if weights is None else tf.constant(weights)
        nat, share = run(tf.constant(images), tf.constant(targets), given)
        return float(nat), float(share)

    return by_tensorflow
