"""Learning to say which of several classes something is of, whatever that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ghostnet_tf.tasks.classify.mistakes import Report
from ghostnet_tf.tasks.classify.ranks import accuracy, cross_entropy
from ghostnet_tf.tasks.task import Chosen, Examples, Settings

if TYPE_CHECKING:
    import keras

MOST_WEIGHT = 10.0  # of a rare class: one photo of a thousand must not decide a step alone
CURVES = {  # of the picture: what its axis says, and the columns of the history with their names
    "cross-entropy, nat": {
        "loss": "training, augmented",
        "held_out_loss": "held out",
        "held_out_ema_loss": "held out, averaged weights",
    },
    "top-1": {
        "accuracy": "training, augmented",
        "held_out_top1": "held out",
        "held_out_ema_top1": "held out, averaged weights",
    },
}


@dataclass(frozen=True, kw_only=True)
class OneClass:
    """The part of `task.Learning` that asks for no more than classes."""

    kinds: ClassVar[str] = "photos"  # that are of them
    classes: tuple[str, ...]
    schedule: Settings
    weight_of: np.ndarray | None  # of each class, (classes,) float32; None: all the same

    chosen = Chosen("top1", "more", "as many as")
    watched = ("accuracy", "top-1")
    curves = CURVES

    @property
    def loss(self) -> "keras.losses.Loss":
        import keras

        return keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=self.schedule.label_smoothing
        )

    def right(self, targets, outputs):
        """(N, classes) both -> 1 where the largest are the same, (N,)."""
        import keras

        return keras.metrics.categorical_accuracy(targets, outputs)

    def mixed(
        self, inputs: np.ndarray, labels: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """(N, ...), (N,) int -> the batch and its targets (N, classes), float32, each mixed with
        another where the schedule says so."""
        targets = np.eye(len(self.classes), dtype=np.float32)[labels]
        if self.schedule.mixup:  # arXiv 1710.09412, with the batch reversed as the partner
            share = np.float32(rng.beta(self.schedule.mixup, self.schedule.mixup))
            inputs = share * inputs + (1 - share) * inputs[::-1]
            targets = share * targets + (1 - share) * targets[::-1]
        return inputs, targets

    def weights(self, targets: np.ndarray) -> np.ndarray | None:
        return None if self.weight_of is None else targets @ self.weight_of

    def scores(self, outputs: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """Top-1, top-5 and loss."""
        loss = float(cross_entropy(outputs, labels).mean())
        return accuracy(outputs, labels) | {"loss": loss}

    def epoch(self, row: Mapping[str, Any], held_out: int) -> str:
        plain, averaged = (
            f"{round(row[f'{k}_top1'] * held_out)} of {held_out}{{}} (loss {row[f'{k}_loss']:.3f})"
            for k in ("held_out", "held_out_ema")
        )
        return (
            f"{row['accuracy']:.1%} of the training {self.kinds}"
            f"  {plain.format(f' held-out {self.kinds}')}, averaged weights {averaged.format('')}"
        )

    def best(self, score: float, loss: float | None, held_out: int) -> str:
        told = "" if loss is None else f", loss {loss:.3f}"
        return (
            f"right for {round(score * held_out)} of {held_out} held-out {self.kinds} "
            f"({score:.1%}{told})"
        )

    def report(self, outputs: np.ndarray, held_out: Examples) -> Report:
        return Report.of(outputs, held_out.labels, held_out.names, self.classes, self.kinds)


def weights_asked(schedule: Settings, labels: np.ndarray, classes: int) -> np.ndarray | None:
    """How much one of each class counts, where the schedule asks for that."""
    return class_weights(labels, classes) if schedule.class_weights else None


def class_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """How much one of each class counts, (classes,) float32: the rarer, the more."""
    counts = np.bincount(labels, minlength=classes)
    balanced = len(labels) / (len(counts) * counts.clip(1))
    return balanced.clip(max=MOST_WEIGHT).astype(np.float32)
