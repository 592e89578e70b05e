"""Naming photos, as the house asks it of a task: class folders, cross-entropy, top-1."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.sides import Size
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.augment import random_view
from ghostnet_tf.data.hold_out import hold_out, hold_out_by_class
from ghostnet_tf.data.labels import naming
from ghostnet_tf.data.names import same
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.nets.pretrained import Pretrained, find, pretrained
from ghostnet_tf.tasks.classify import advice, class_counts
from ghostnet_tf.tasks.classify.mistakes import Report
from ghostnet_tf.tasks.classify.ranks import accuracy, cross_entropy
from ghostnet_tf.tasks.task import CLASSIFY, Chosen, Examples, Settings, refuse_class_file
from ghostnet_tf.weights import DEFAULT_MODEL, Weights
from ghostnet_tf.weights.checkpoint import CheckpointInfo

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


@dataclass(frozen=True)
class Naming:
    """A network that learns to tell so many classes apart: see `task.Learning`."""

    classes: tuple[str, ...]
    preprocessing: Preprocessing
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

    def batch(
        self, pixels: Sequence[np.ndarray], labels: np.ndarray, size: Size, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """(images (N, H, W, C) float32, targets (N, classes) float32)."""
        schedule = self.schedule
        how = (size, schedule.crop_scale, schedule.flip, schedule.randaugment)
        views = [random_view(photo, *how, rng) for photo in pixels]
        views = [self.preprocessing.in_channels(view) for view in views]
        images = self.preprocessing.normalise(np.stack(views))
        targets = np.eye(len(self.classes), dtype=np.float32)[labels]
        if schedule.mixup:  # arXiv 1710.09412, with the batch reversed as the partner
            share = np.float32(rng.beta(schedule.mixup, schedule.mixup))
            images = share * images + (1 - share) * images[::-1]
            targets = share * targets + (1 - share) * targets[::-1]
        return images, targets

    def weights(self, targets: np.ndarray) -> np.ndarray | None:
        return None if self.weight_of is None else targets @ self.weight_of

    def seen(self, pixels: Sequence[np.ndarray]) -> np.ndarray:
        return self.preprocessing.images(map(Image.fromarray, pixels))

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
            f"{row['accuracy']:.1%} of the training photos"
            f"  {plain.format(' held-out photos')}, averaged weights {averaged.format('')}"
        )

    def best(self, score: float, loss: float | None, held_out: int) -> str:
        told = "" if loss is None else f", loss {loss:.3f}"
        return (
            f"right for {round(score * held_out)} of {held_out} held-out photos ({score:.1%}{told})"
        )

    def report(self, outputs: np.ndarray, held_out: Examples) -> Report:
        return Report.of(outputs, held_out.labels, held_out.names, self.classes)


class Classify:
    """See `task.Task`."""

    name = CLASSIFY
    model, schedule = DEFAULT_MODEL, "finetune"
    outlook = staticmethod(class_counts.outlook)
    remedy = staticmethod(advice.remedy)

    def open(self, place: str | Path, class_file: str | Path | None = None) -> Photos:
        refuse_class_file(class_file, "each is a folder, and called as that is")
        photos = Photos.open(place)
        class_counts.refuse_too_few_classes(photos)
        return photos

    def network(
        self,
        model: str,
        weights: str | None,
        classes: tuple[str, ...],
        schedule: Settings,
        channels: int | None = None,
    ) -> tuple[Pretrained, str]:
        start, new_head = find(weights, model), False
        if isinstance(start, Weights):
            new_head = start.info is None or (tuple(map(same, start.info.classes)) != classes)
        branches = {"branches": schedule.branches} if schedule.branches else {}
        made = pretrained(
            model,
            start,
            size=schedule.final_size,
            classes=len(classes),
            labels=naming(classes),
            new_head=new_head,
            dropout=schedule.dropout,
            channels=channels,
            **branches,
        )
        return made, "a new classifier" if new_head else "its classifier, for the same classes"

    def freeze(self, model: "keras.Model") -> None:
        """Only the classifier, the last layer with weights, trains."""
        *backbone, _ = [layer for layer in model.layers if layer.weights]
        for layer in backbone:
            layer.trainable = False

    def preview(self, photos: Photos) -> dict[str, bytes]:
        """Nothing: a folder is looked at as it is."""
        return {}

    def learning(self, info: CheckpointInfo, schedule: Settings, labels: np.ndarray) -> Naming:
        weight_of = class_weights(labels, len(info.classes)) if schedule.class_weights else None
        return Naming(info.classes, info.preprocessing, schedule, weight_of)

    def split(
        self, photos: Photos, read: Examples, count: int, schedule: Settings, is_asked: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        classes, seed = photos.classes, schedule.seed
        lost = set(range(len(classes))) - set(read.labels.tolist())
        if lost:
            raise UserError(
                f"class {classes[min(lost)]!r} has no photo to train on: none of them can be read",
                fix="add photos of it, or remove its folder",
            )
        if schedule.hold_out == "by_class":
            if len(read) <= count:
                raise UserError(
                    f"{count} photos cannot be held out of the {len(read)} that can be read",
                    fix=f"{option('held-out', 'N')} with a smaller N",
                )
            train, held_out = hold_out_by_class(read.labels, count, seed)
            if len(held_out) > count and is_asked:
                note(
                    f"{len(held_out)} photos are held out, not {count}: one of every class at least"
                )
            return train, held_out
        # By their place among all photos, broken ones included: as older runs did it.
        place = {name: i for i, name in enumerate(photos.names)}
        places = np.array([place[name] for name in read.names])
        train, held_out = (
            np.flatnonzero(np.isin(places, side)) for side in hold_out(len(photos), count, seed)
        )
        if not len(held_out):
            raise UserError(
                f"none of the {count} held-out photos can be read",
                fix=f"{option('held-out', 'N')} with a larger N",
            )
        if untaught := set(range(len(classes))) - set(read.labels[train].tolist()):
            raise UserError(
                f"class {classes[min(untaught)]!r} has no photo to train on: all are held out "
                "or cannot be read",
                fix="add photos of it, or remove its folder",
            )
        return train, held_out


def class_weights(labels: np.ndarray, classes: int) -> np.ndarray:
    """How much a photo of each class counts, (classes,) float32: the rarer, the more."""
    counts = np.bincount(labels, minlength=classes)
    balanced = len(labels) / (len(counts) * counts.clip(1))
    return balanced.clip(max=MOST_WEIGHT).astype(np.float32)


TASK = Classify()
