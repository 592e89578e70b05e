"""Weights and ranges that lose less in int8: the float32 network teaches its own int8 file.

The teacher sees the same images, so no labels are needed. A gradient passes rounding as if it were
not there (arXiv 1308.3432), and the limits of a scale learn from what they clip (as in 1712.05877,
fake quantization). What is trained is the graph that will be quantized, with its BatchNorm folded.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.interrupt import may_stop
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.train.prefetch import prefetched

from ..calibrate import mean_snr_db
from ..equalize import equalize
from ..flatbuffer import Flatbuffer
from ..parity import as_list
from ..quantize import quantize
from ..ranges import Ranges
from ..runtime import Runtime
from ..trial import survives
from .batches import Batches
from .simulation import Simulation

RECIPE = "static_wi8_ai8"
LEARNING_RATE = 1e-4  # of a channel's largest weight, a step; a cosine to zero follows
WARMUP = 0.05  # share of the steps

Batch = Sequence[np.ndarray]  # (N, ...) float32 for each input of the network


@dataclass(frozen=True)
class Learned:
    """A float32 file and ranges for its int8 file, and how well that agrees with the original."""

    float32: Flatbuffer
    ranges: Ranges
    photos: int  # or samples, that it was trained on
    db_before: float  # of the int8 file, the mean over what the batches hold back
    db_after: float

    @property
    def is_better(self) -> bool:
        return self.db_after > self.db_before


def finetune(
    float32: bytes,
    ranges: Ranges,
    batches: Batches,
    steps: int,
    *,
    keep_float: Sequence[str] = (),
    is_logits: bool = True,
    advance: Advance = silent,
) -> Learned:
    """Train for so many steps: for the values of the outputs, of logits also for what they say."""
    base = Flatbuffer(equalize(float32, ranges.exponents))
    ranges = replace(ranges, exponents={})
    before = quantize(base, RECIPE, ranges, keep_float)
    simulation = Simulation(base, before)
    step = training_step(simulation, steps, is_logits)
    loss = 0.0
    for batch in prefetched(batches.__getitem__, steps):
        may_stop()
        loss = step(batch)
        advance(said=f"loss {loss:.4f}")
    judged = batches.judged()
    reference = as_list(Runtime(Flatbuffer(float32)).run(judged))

    def agreement(file: Flatbuffer) -> float:
        return mean_snr_db(reference, Runtime(file).run(judged))

    nothing = Learned(base, ranges, len(batches), agreement(before), -math.inf)
    if not math.isfinite(loss):
        return nothing
    spans = {**ranges.spans, **simulation.spans()}
    learned, ranges = simulation.float32(), replace(ranges, method="learned", spans=spans)
    after = quantize(learned, RECIPE, ranges, keep_float)
    try:
        survives(after, RECIPE)  # nobody has run such weights yet
    except UserError:
        return nothing
    return Learned(learned, ranges, len(batches), nothing.db_before, agreement(after))


def training_step(simulation: Simulation, steps: int, is_logits: bool) -> Callable[[Batch], float]:
    """One step of Adam; gives the loss before it."""
    variables = simulation.variables
    warmup = max(1, round(WARMUP * steps))
    rate: Any = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warmup), warmup_target=LEARNING_RATE, warmup_steps=warmup
    )
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(variables)

    @tf.function(autograph=False)
    def step(inputs):
        taught = simulation.original(inputs)
        with tf.GradientTape() as tape:
            pairs = list(zip(taught, simulation.rounded(inputs), strict=True))
            # Probabilities alone would let all logits drift alike, and decibels count that.
            losses = [of_values(a, b) for a, b in pairs]
            losses += [of_shares(a, b) for a, b in pairs] if is_logits else []
            loss: Any = tf.add_n(losses)
        trained: Any = [variable.value for variable in variables]
        # Some have none: a side of a span that nothing reaches.
        gradients = tape.gradient(loss, trained, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        optimizer.apply(gradients, variables)
        return loss

    return lambda inputs: float(step([tf.constant(one) for one in inputs]))


def of_shares(taught: Any, given: Any) -> Any:
    """Cross-entropy beyond the teacher's own entropy, nat."""
    shares, logs = tf.nn.softmax(taught), tf.nn.log_softmax(taught)
    return tf.reduce_mean(tf.reduce_sum(shares * (logs - tf.nn.log_softmax(given)), -1))


def of_values(taught: Any, given: Any) -> Any:
    """Error power over signal power."""
    power = tf.reduce_mean(tf.square(taught))
    return tf.math.divide_no_nan(tf.reduce_mean(tf.square(taught - given)), power)
