"""The optimizer of a recipe, and the moving average of the weights that it keeps."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras
import numpy as np

from ghostnet_tf.train.recipe import Recipe

NO_DECAY = ["gamma", "beta", "bias"]


def make_optimizer(recipe: Recipe, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Warm-up, then a cosine to zero over the whole run; no decay on BatchNorm and biases."""
    warmup = round(recipe.warmup_epochs * steps_per_epoch)
    rate = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
        decay_steps=max(1, recipe.epochs * steps_per_epoch - warmup),
    )
    common = {
        "learning_rate": rate,
        "weight_decay": recipe.weight_decay,
        "use_ema": True,
        "ema_momentum": recipe.ema,
        "name": "optimizer",
    }
    if recipe.optimizer == "adamw":
        optimizer = keras.optimizers.AdamW(**common)
    else:
        optimizer = keras.optimizers.SGD(momentum=recipe.momentum, nesterov=True, **common)
    optimizer.exclude_from_weight_decay(var_names=NO_DECAY)
    # Every `fit` ends by putting the average in place of the weights; here an epoch is one `fit`.
    optimizer.finalize_variable_values = lambda var_list: None
    return optimizer


@contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Inside, the model carries the moving average of its weights; afterwards its own again."""
    averages = model.optimizer._model_variables_moving_average  # Keras has no public name for it
    own = [as_numpy(weight) for weight in model.trainable_variables]
    for weight, average in zip(model.trainable_variables, averages, strict=True):
        # A copy: JAX gives the memory of weights away when it runs.
        weight.assign(as_numpy(average))
    try:
        yield
    finally:
        for weight, value in zip(model.trainable_variables, own, strict=True):
            weight.assign(value)


def as_numpy(variable) -> np.ndarray:
    return np.array(variable.numpy())
