"""Naming photos, as the house asks it of a task: class folders, cross-entropy, top-1."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.sides import Size
from ghostnet_tf.data.augment import random_view
from ghostnet_tf.data.hold_out import hold_out
from ghostnet_tf.data.labels import naming
from ghostnet_tf.data.names import same
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.places import place as at
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.nets import zoo
from ghostnet_tf.nets.pretrained import Pretrained, find, pretrained
from ghostnet_tf.tasks.classify import advice, class_counts
from ghostnet_tf.tasks.classify.one_class import OneClass, weights_asked
from ghostnet_tf.tasks.classify.other_task import refuse_other_task
from ghostnet_tf.tasks.photo_task import PhotoTask
from ghostnet_tf.tasks.task import CLASSIFY, TASKS, Examples, Settings, refuse_class_file
from ghostnet_tf.weights import DEFAULT_MODEL, Weights
from ghostnet_tf.weights.checkpoint import CheckpointInfo

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True)
class Naming(OneClass):
    """A network that learns what is on photos: see `task.Learning`."""

    preprocessing: Preprocessing

    def batch(
        self,
        pixels: Sequence[np.ndarray],
        labels: np.ndarray,
        size: Size | None,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(images (N, H, W, C) float32, targets (N, classes) float32)."""
        schedule, size = self.schedule, size or self.preprocessing.size
        how = (size, schedule.crop_scale, schedule.flip, schedule.randaugment)
        views = [random_view(photo, *how, rng) for photo in pixels]
        views = [self.preprocessing.in_channels(view) for view in views]
        return self.mixed(self.preprocessing.normalise(np.stack(views)), labels, rng)

    def seen(self, pixels: Sequence[np.ndarray]) -> np.ndarray:
        return self.preprocessing.images(map(Image.fromarray, pixels))


class Classify(PhotoTask):
    """See `task.Task`."""

    name = CLASSIFY
    model, schedule = DEFAULT_MODEL, "finetune"
    outlook = staticmethod(class_counts.outlook)
    remedy = staticmethod(advice.remedy)

    def open(
        self, place: str | Path, schedule: Settings, class_file: str | Path | None = None
    ) -> Photos:
        refuse_class_file(class_file, "each is a folder, and called as that is")
        source = at(place)
        refuse_other_task(source)
        photos = Photos(source)
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
        entry = zoo.parse_model(model)
        if entry.task != self.name:
            raise UserError(
                f"{model} names no photos: it is a network for another task",
                fix=option("task", entry.task)
                if entry.task in TASKS
                else option("model", entry.backbone),
            )
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

    def learning(
        self, info: CheckpointInfo, schedule: Settings, labels: np.ndarray, source: Any = None
    ) -> Naming:
        return Naming(
            classes=info.classes,
            schedule=schedule,
            weight_of=weights_asked(schedule, labels, len(info.classes)),
            preprocessing=info.sight,
        )

    def split(
        self, photos: Photos, read: Examples, count: int, schedule: Settings, is_asked: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        classes, seed = photos.classes, schedule.seed
        class_counts.refuse_lost(classes, read.labels, self.kinds)
        if schedule.hold_out == "by_class":
            return class_counts.held_out_by_class(read.labels, count, seed, is_asked, self.kinds)
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


TASK = Classify()
