"""The optimizer of a schedule: one small graph for all weights, which TensorFlow traces quickly."""

import math
from itertools import pairwise
from typing import Any

import keras
from keras import ops

from ghostnet_tf.train.schedule import Schedule

NO_DECAY = ["gamma", "beta", "bias"]


def make_optimizer(schedule: Schedule, steps_per_epoch: int) -> keras.optimizers.Optimizer:
    """Warm-up, then a cosine to zero over the run or its leg; no decay on BatchNorm and biases."""
    common: dict[str, Any] = {
        "learning_rate": Rate(schedule, steps_per_epoch),
        "weight_decay": schedule.weight_decay,
        "use_ema": True,
        "ema_momentum": schedule.ema,
        "name": "optimizer",
    }
    if schedule.optimizer == "adamw":
        optimizer = _AdamW(**common)
    else:
        optimizer = _SGD(momentum=schedule.momentum, nesterov=True, **common)
    optimizer.ema_grows = schedule.ema_grows
    optimizer.exclude_from_weight_decay(var_names=NO_DECAY)
    # Keras' `fit` would end by putting the average in place of the weights.
    optimizer.finalize_variable_values = lambda var_list: None
    return optimizer


class Rate(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of every step, from 0, as a table: a look-up is one node of the graph."""

    def __init__(self, schedule: Schedule, steps_per_epoch: int):
        self.table = [0.0] * (schedule.epochs * steps_per_epoch + 1)  # the last: after the run
        bounds = [0, *schedule.legs, schedule.epochs]
        for first, after in pairwise(bounds):
            start, steps = first * steps_per_epoch, (after - first) * steps_per_epoch
            warmup = min(round(schedule.warmup_epochs * steps_per_epoch), steps)
            for step in range(steps + 1):  # the last one belongs to the next leg, if there is one
                if step < warmup:
                    share = step / warmup
                else:
                    share = (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup))) / 2
                self.table[start + step] = schedule.learning_rate * share

    def __call__(self, step):
        last = len(self.table) - 1
        return ops.take(ops.convert_to_tensor(self.table, "float32"), ops.minimum(step, last))


class _OneGraph(keras.optimizers.Optimizer):
    """Asks for the learning rate once a step, and averages with few operators a weight.

    Keras' own asks twice for every weight, each time with a conditional of two more graphs: half of
    the graph of a small network, and so half of the time before the first step.
    """

    ema_grows = False

    def _backend_apply_gradients(self, grads, trainable_variables):
        rate: Any = ops.cast(self.learning_rate, "float32")
        undecayed = 1 - rate * (self.weight_decay or 0.0)
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            if self.weight_decay and self._use_weight_decay(variable):
                _assign(variable, variable.value * undecayed)
            self.update_step(gradient, variable, rate)
        steps: Any = ops.cast(self.iterations, "float32")  # before this one
        # At the first step the average is the weights themselves.
        kept: Any = ops.cast(steps > 0, "float32") * self.ema_momentum
        if self.ema_grows:
            kept = ops.minimum(steps / (steps + 9.0), self.ema_momentum)
        new = 1 - kept
        for variable, average in zip(
            self._trainable_variables, self._model_variables_moving_average, strict=True
        ):
            _assign(average, kept * average.value + new * variable.value)


def _assign(variable: keras.Variable, value: Any) -> None:
    """Without the operators that TensorFlow reads it again with."""
    if keras.backend.backend() == "tensorflow":
        variable.value.assign(value, read_value=False)
    else:
        variable.assign(value)


class _SGD(_OneGraph, keras.optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        if keras.backend.backend() != "tensorflow":
            return super().update_step(gradient, variable, learning_rate)
        import tensorflow as tf

        moment = self.momentums[self._get_variable_index(variable)]
        return tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.value.handle, accum=moment.value.handle, lr=learning_rate, grad=gradient,
            momentum=self.momentum, use_nesterov=self.nesterov,
        )  # fmt: skip


class _AdamW(_OneGraph, keras.optimizers.AdamW):
    pass
