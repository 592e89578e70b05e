"""The optimizer of a schedule, and the moving average of the weights that it keeps."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import keras
import numpy as np

from ghostnet_tf.train.schedule import Schedule

NO_DECAY = ["gamma", "beta", "bias"]


def make_optimizer(schedule: Schedule, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Warm-up, then a cosine to zero over the whole run; no decay on BatchNorm and biases."""
    warmup = round(schedule.warmup_epochs * steps_per_epoch)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=schedule.learning_rate,
        warmup_steps=warmup,
        decay_steps=max(1, schedule.epochs * steps_per_epoch - warmup),
    )
    common = {
        "learning_rate": rate,
        "weight_decay": schedule.weight_decay,
        "use_ema": True,
        "ema_momentum": schedule.ema,
        "name": "optimizer",
    }
    if schedule.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(**common)
    else:
        optimizer = keras.optimizers.SGD(momentum=schedule.momentum, nesterov=True, **common)
    optimizer.exclude_from_weight_decay(var_names=NO_DECAY)
    # Every `fit` ends by putting the average in place of the weights; here an epoch is one `fit`.
    optimizer.finalize_variable_values = lambda var_list: None
    return optimizer


@contextmanager
def averaged_weights(model: keras.Model, batches: Iterable[np.ndarray]) -> Iterator[None]:
    """Inside, the model carries the moving average of its weights; afterwards its own again.

    The statistics of BatchNorm belong to the weights that they were gathered under. For the average
    they are gathered anew, on `batches` of images, (N, H, W, 3) each.
    """
    own = [as_numpy(variable) for variable in model.variables]  # a dropout's seed is one as well
    averages = model.optimizer._model_variables_moving_average  # Keras has no public name for it
    for weight, average in zip(model.trainable_variables, averages, strict=True):
        # A copy: JAX gives the memory of weights away when it runs.
        weight.assign(as_numpy(average))
    try:
        gather_statistics(model, batches)
        yield
    finally:
        for variable, value in zip(model.variables, own, strict=True):
            variable.assign(value)


def gather_statistics(model: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Set the statistics of every BatchNorm to their mean over `batches`; weights stay."""
    norms = [x for x in model._flatten_layers() if isinstance(x, keras.layers.BatchNormalization)]
    momenta = [norm.momentum for norm in norms]
    try:
        for number, images in enumerate(batches):
            for norm in norms:
                norm.momentum = number / (number + 1)  # a running mean, in place of a decaying one
            model(images, training=True)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def as_numpy(variable) -> np.ndarray:
    return np.array(variable.numpy())
