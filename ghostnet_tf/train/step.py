"""One step of training, as a function of a batch."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

# Images (N, H, W, 3), targets (N, classes), how much each photo counts (N,) or None
# -> the loss in nat, and the share that was right.
Step = Callable[[np.ndarray, np.ndarray, np.ndarray | None], tuple[float, float]]


def training_step(model: keras.Model, loss: keras.losses.Loss) -> Step:
    """Of a compiled model.

    In TensorFlow a graph of its own: Keras' one is larger by what keeps the metrics of an epoch,
    and takes longer to trace.
    """
    if keras.backend.backend() != "tensorflow":

        def by_keras(images, targets, weights):
            said = model.train_on_batch(images, targets, weights, return_dict=True)
            return float(said["loss"]), float(said["accuracy"])

        return by_keras
    import tensorflow as tf

    @tf.function(autograph=False)
    def step(images, targets, weights):
        trained = model.trainable_variables
        with tf.GradientTape() as tape:
            logits = model(images, training=True)  # (N, classes)
            nat: Any = loss(targets, logits, sample_weight=weights)
        model.optimizer.apply(tape.gradient(nat, trained), trained)
        right = tf.equal(tf.argmax(logits, axis=1), tf.argmax(targets, axis=1))
        return nat, tf.reduce_mean(tf.cast(right, tf.float32))

    run: Any = step

    def by_tensorflow(images, targets, weights):
        given = None if weights is None else tf.constant(weights)
        nat, right = run(tf.constant(images), tf.constant(targets), given)
        return float(nat), float(right)

    return by_tensorflow
