"""The moving average of the weights that an optimizer keeps, and its own BatchNorm statistics."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


@contextmanager
def averaged_weights(
    model: keras.Model, batches: Iterable[np.ndarray], forward: Callable[[Any], Any] | None = None
) -> Iterator[None]:
    """Inside, the model carries the moving average of its weights; afterwards its own again.

    The statistics of BatchNorm belong to the weights that they were gathered under. For the average
    they are gathered anew, on `batches` of images, (N, H, W, 3) each. `forward`: of
    `training_forward`, for a caller who comes again.
    """
    own = [as_numpy(variable) for variable in model.variables]  # a dropout's seed is one as well
    averages = model.optimizer._model_variables_moving_average  # Keras has no public name for it
    for weight, average in zip(model.trainable_variables, averages, strict=True):
        # A copy: JAX gives the memory of weights away when it runs.
        weight.assign(as_numpy(average))
    try:
        gather_statistics(model, batches, forward or training_forward(model))
        yield
    finally:
        for variable, value in zip(model.variables, own, strict=True):
            variable.assign(value)


def training_forward(model: keras.Model) -> Callable[[Any], Any]:
    """`model` as it is called in training, (N, H, W, 3) -> logits; of `gather_statistics` alone.

    In TensorFlow it is a graph, which takes a fifth of the time. The momenta of BatchNorm are
    constants in it.
    """

    def forward(images):
        return model(images, training=True)

    if keras.backend.backend() != "tensorflow":
        return forward
    import tensorflow as tf

    return tf.function(forward, autograph=False)


def gather_statistics(
    model: keras.Model, batches: Iterable[np.ndarray], forward: Callable[[Any], Any]
) -> None:
    """Set the statistics of every BatchNorm to their mean over `batches`; weights stay.

    A frozen BatchNorm keeps its own.
    """
    norms = [
        x
        for x in model._flatten_layers()
        if isinstance(x, keras.layers.BatchNormalization) and x.trainable
    ]
    statistics: list[Any] = [v for norm in norms for v in (norm.moving_mean, norm.moving_variance)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    sums, count = [np.zeros(v.shape) for v in statistics], 0
    try:
        for norm in norms:
            norm.momentum = 0.0  # after a batch, its statistics are those of this batch
        for images in batches:
            forward(images)
            for total, variable in zip(sums, statistics, strict=True):
                total += as_numpy(variable)
            count += 1
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
    for total, variable in zip(sums, statistics, strict=True):
        if count:
            variable.assign(total / count)


def as_numpy(variable) -> np.ndarray:
    return np.array(variable.numpy())
