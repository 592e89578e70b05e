"""Spotting keywords, as the house asks it of a task: recordings by word, cross-entropy, top-1."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.record import KEYWORDS
from ghostnet_tf.base.terminal import note
from ghostnet_tf.data.hold_out import hold_out
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.names import same
from ghostnet_tf.data.recordings import FIRST_TO_LEARN
from ghostnet_tf.data.sound import Sound
from ghostnet_tf.nets import zoo
from ghostnet_tf.nets.pretrained import Pretrained, find, pretrained
from ghostnet_tf.tasks.classify import advice, class_counts
from ghostnet_tf.tasks.classify.one_class import weights_asked
from ghostnet_tf.tasks.keywords.spotting import Spotting
from ghostnet_tf.tasks.keywords.words import Words
from ghostnet_tf.tasks.task import Examples, Settings, refuse_class_file
from ghostnet_tf.weights import Weights
from ghostnet_tf.weights.checkpoint import CheckpointInfo

if TYPE_CHECKING:
    import keras


class KeywordTask:
    """See `task.Task`."""

    name = KEYWORDS
    model, schedule, kinds = "ghost_kws_100", "keywords", "sounds"
    remedy = staticmethod(advice.remedy)

    def open(
        self, place: str | Path, schedule: Settings, class_file: str | Path | None = None
    ) -> Words:
        refuse_class_file(class_file, "each is a folder, and called as that is")
        return Words.open(place, schedule)

    def settings(self, source: Words) -> dict[str, Any]:
        return {"rate": source.rate, "seconds": source.seconds}

    def keeping(self, info: CheckpointInfo, schedule: Settings) -> Callable[[Sound], np.ndarray]:
        """As the network hears it, (length,) float32."""
        return info.hearing.heard

    def network(
        self,
        model: str,
        weights: str | None,
        classes: tuple[str, ...],
        schedule: Settings,
        channels: int | None = None,
    ) -> tuple[Pretrained, str]:
        """It hears as its weights do; without any, as the schedule has it."""
        entry = zoo.parse_model(model)
        if entry.task != self.name:
            raise UserError(f"{model} hears nothing", fix=option("model", self.model))
        if schedule.sizes:
            raise UserError("sounds have no size in pixels", fix=f"leave {option('size')} out")
        start = find(weights, model)
        info = start.info if isinstance(start, Weights) else None
        own = entry.hearing
        usual = own.at(schedule.rate or own.rate, schedule.seconds or own.seconds)
        hearing = info.hearing if info else usual
        new_head = info is not None and tuple(map(same, info.classes)) != classes
        made = pretrained(
            model,
            start,
            classes=len(classes),
            labels=Labels.of_folders(classes),
            new_head=new_head,
            channels=channels,
            hearing=hearing,
        )
        masks: Any = made.model.get_layer("spec_augment")
        masks.frames, masks.columns = schedule.spec_augment
        note(f"{model} hears {hearing.seconds:g} s at {hearing.rate:,} samples a second")
        return made, "a new classifier" if new_head else "its classifier, for the same classes"

    def freeze(self, model: "keras.Model") -> None:
        """Only the classifier, the last layer with weights, trains."""
        *backbone, _ = [layer for layer in model.layers if layer.weights]
        for layer in backbone:
            layer.trainable = False

    def split(
        self, photos: Words, read: Examples, count: int, schedule: Settings, is_asked: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """What is there to be tested on is on neither side."""
        is_free = np.array([name not in photos.tested for name in read.names], bool)
        free = np.flatnonzero(is_free)
        labels = read.labels[free]
        class_counts.refuse_lost(photos.classes, labels, self.kinds)
        if n := len(read.names) - len(free):
            also = f", and all of {schedule.speaker}," if schedule.speaker else ""
            note(
                f"{n} sounds are kept for a test, neither trained on nor held out: those numbered "
                f"0 to {FIRST_TO_LEARN - 1}{also} as their names say"
            )
        if schedule.hold_out == "by_class":
            of = labels, count, schedule.seed, is_asked, self.kinds
            train, held_out = class_counts.held_out_by_class(*of)
        else:
            train, held_out = hold_out(len(free), count, schedule.seed)
            class_counts.refuse_lost(photos.classes, labels[train], self.kinds)
        return free[train], free[held_out]

    def outlook(
        self, classes: tuple[str, ...], train: np.ndarray, held_out: np.ndarray, schedule: Settings
    ) -> list[str]:
        return class_counts.outlook(classes, train, held_out, schedule, self.kinds)

    def preview(self, photos: Words) -> dict[str, bytes]:
        """Nothing: sounds are heard, not looked at."""
        return {}

    def learning(
        self,
        info: CheckpointInfo,
        schedule: Settings,
        labels: np.ndarray,
        source: Words | None = None,
    ) -> Spotting:
        return Spotting(
            classes=info.classes,
            schedule=schedule,
            weight_of=weights_asked(schedule, labels, len(info.classes)),
            hearing=info.hearing,
            noises=source.noises(info.hearing.rate) if source else (),
        )


TASK = KeywordTask()
