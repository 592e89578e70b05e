"""A keyword spotter learns words: every epoch hears the recordings anew, the best one is kept."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.progress import Stages
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.sound_augment import SoundAugment, Spoken

WARM_UP = 2  # epochs, in which the learning rate rises from zero


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """How a network learns words. AdamW, a cosine after a warm-up."""

    epochs: int = 40
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    augment: SoundAugment = field(default_factory=SoundAugment)
    seed: int = 0

    def rate(self, steps: int) -> Any:
        """Of every step, of so many an epoch."""
        warm = min(WARM_UP, self.epochs) * steps
        return keras.optimizers.schedules.CosineDecay(
            0.0, max(1, self.epochs * steps - warm), warmup_target=self.learning_rate,
            warmup_steps=warm,
        )  # fmt: skip


def learn_words(
    model: keras.Model,
    train: Spoken,
    held_out: Spoken,
    hearing: Hearing,
    how: Lessons | None = None,
    noises: Sequence[np.ndarray] = (),
) -> list[dict[str, float]]:
    """Train `model`, (N, hearing.length) -> logits; it ends with the weights of the best epoch.

    That is the one with most of `held_out` right, of equals the one with the smaller loss.
    `noises`: recordings of noise at the rate of `hearing`; without any it is made up. Returns a row
    an epoch: loss, accuracy, held_out_loss, held_out_accuracy. The same seed gives the same rows.
    """
    how = how or Lessons()
    if train.classes != held_out.classes or model.output_shape[-1] != len(train.classes):
        raise UserError(
            f"a network of {model.output_shape[-1]} classes, recordings of {len(train.classes)} "
            f"to train on and of {len(held_out.classes)} held out",
            fix="give all three the same classes",
        )
    if not len(train) or not len(held_out):
        raise UserError("nothing to train on, or nothing held out", fix="give recordings for both")
    batch = min(how.batch, len(train))
    steps = len(train) // batch
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.AdamW(how.rate(steps), weight_decay=how.weight_decay),
        loss,
        metrics=["accuracy"],
    )
    history: list[dict[str, float]] = []
    best: tuple[tuple[float, float], list[np.ndarray]] | None = None
    stages = Stages()
    for epoch in range(how.epochs):
        with stages.stage(f"epoch {epoch + 1}/{how.epochs}", steps) as advance:
            model.reset_metrics()
            said: dict[str, float] = {}
            rng = np.random.default_rng((how.seed, epoch))
            order = rng.permutation(len(train))
            for step in range(steps):
                chosen = order[step * batch : (step + 1) * batch]
                heard = [how.augment(train.samples[i], hearing.rate, rng, noises) for i in chosen]
                said = model.train_on_batch(np.stack(heard), train.labels[chosen], return_dict=True)
                advance(1)
        row = {
            "loss": float(said["loss"]),
            "accuracy": float(said["accuracy"]),
            **scored(model, held_out),
        }
        if not math.isfinite(row["loss"]):
            raise UserError(
                f"the loss of epoch {epoch + 1} is {row['loss']}: the run has diverged",
                fix=f"learning_rate={how.learning_rate / 10:g}",
            )
        history.append(row)
        rank = (row["held_out_accuracy"], -row["held_out_loss"])
        if best is None or rank >= best[0]:
            best = rank, model.get_weights()
        note(
            f"epoch {epoch + 1:3d}  loss {row['loss']:.3f}  {row['accuracy']:.1%}  held out "
            f"{round(row['held_out_accuracy'] * len(held_out))} of {len(held_out)}"
            f" (loss {row['held_out_loss']:.3f})"
        )
    if best is not None:
        model.set_weights(best[1])
    return history


def scored(model: keras.Model, spoken: Spoken) -> dict[str, float]:
    """Loss in nat and the share that is right, of recordings as they are heard in use."""
    quietly: Any = 0
    logits = np.asarray(model.predict(spoken.samples, batch_size=100, verbose=quietly), np.float64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    loss = np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(spoken)), spoken.labels]
    right = logits.argmax(axis=1) == spoken.labels
    return {"held_out_loss": float(loss.mean()), "held_out_accuracy": float(right.mean())}
