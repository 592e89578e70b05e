"""What tasks have in common whose networks stand on a classifier's and whose photos are split."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.data.hold_out import hold_out
from ghostnet_tf.data.labels import naming
from ghostnet_tf.data.names import same
from ghostnet_tf.data.preprocess import Preprocessing
from ghostnet_tf.nets import zoo
from ghostnet_tf.nets.pretrained import Pretrained, find, pretrained
from ghostnet_tf.tasks.photo_task import PhotoTask
from ghostnet_tf.tasks.task import Examples, Settings
from ghostnet_tf.weights import Weights, names_for

if TYPE_CHECKING:
    import keras

COLOUR = 0.2  # how much brightness, contrast and saturation are varied where photos are cropped


@dataclass(frozen=True)
class BackboneLearning(ABC):
    """Part of `task.Learning`: photos are varied together with what lies on them."""

    classes: tuple[str, ...]
    preprocessing: Preprocessing
    schedule: Settings

    @property
    @abstractmethod
    def loss(self) -> "keras.losses.Loss": ...

    def variation(self) -> dict[str, Any]:
        """Of `Views` and `MaskViews`: a schedule that neither crops nor flips changes nothing."""
        smallest = self.schedule.crop_scale[0] ** 0.5  # of a side; crop_scale is of the area
        is_varied = smallest < 1
        return {
            "flip": 0.5 if self.schedule.flip else 0.0,
            "colour": COLOUR if is_varied else 0.0,
            "scale": (smallest, 1 / smallest),
            "stretch": 0.1 if is_varied else 0.0,
        }

    def weights(self, targets: np.ndarray) -> None:
        """Nothing: whatever counts more, the loss knows."""
        return None

    def seen(self, pixels: Sequence[np.ndarray]) -> np.ndarray:
        return self.preprocessing.images(map(Image.fromarray, pixels))

    def mean_loss(
        self, outputs: np.ndarray, targets: Callable[[slice], np.ndarray], at_once: int
    ) -> float:
        """Over all photos; `targets` makes those of some of them."""
        loss, sums = self.loss, 0.0
        for start in range(0, len(outputs), at_once):
            some = slice(start, start + at_once)
            nat: Any = loss(targets(some), outputs[some])
            sums += float(nat) * len(outputs[some])
        return sums / len(outputs)


class BackboneTask(PhotoTask, ABC):
    """Part of `task.Task`."""

    name: str
    behind: str  # what a name of the zoo ends in whose network is of this task
    answerer: str  # what such a network is: "a detector"
    lacking: str  # of a network of another task: "finds nothing on photos"
    new: tuple[str, ...]  # layers of its networks that no classifier has
    truth: tuple[str, str]  # what photos lack of which none has any: "a box", "boxes"

    @abstractmethod
    def is_labelled(self, labels: np.ndarray, classes: tuple[str, ...]) -> bool:
        """Whether any of these photos has something to learn from."""

    def network(
        self,
        model: str,
        weights: str | None,
        classes: tuple[str, ...],
        schedule: Settings,
        channels: int | None = None,
    ) -> tuple[Pretrained, str]:
        """From weights of its own kind all that fits, from a classifier's its backbone."""
        entry = zoo.parse_model(model)
        if entry.task != self.name:
            raise UserError(
                f"{model} {self.lacking}",
                fix=option("model", f"{entry.backbone or model}{self.behind}"),
            )
        for _, size in schedule.sizes:
            entry.refuse_size(size)
        if channels not in (None, 3):
            raise UserError(f"{self.answerer} sees photos in colour", fix="leave the channels out")
        return begun(entry, weights, classes, schedule, self.new)

    def freeze(self, model: "keras.Model") -> None:
        for layer in model.layers:
            layer.trainable = layer.name in self.new

    def split(
        self, photos: Any, read: Examples, count: int, schedule: Settings, is_asked: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """As whoever gave the photos has split them, or at random."""
        if photos.n_train is not None and not is_asked:
            first = {*photos.names[: photos.n_train]}
            is_first = np.array([name in first for name in read.names])
            train, held_out = np.flatnonzero(is_first), np.flatnonzero(~is_first)
        else:
            train, held_out = hold_out(len(read), min(count, len(read) - 1), schedule.seed)
        one, many = self.truth
        for side, positions in (("train on", train), ("hold out", held_out)):
            if not self.is_labelled(read.labels[positions], photos.classes):
                raise UserError(
                    f"of the photos to {side} none has {one}", fix=f"add photos with {many}"
                )
        return train, held_out

    def remedy(
        self,
        report: Any,
        history: list[dict[str, Any]],
        schedule: Settings,
        model: str,
        is_from_weights: bool,
        out: Path,
    ) -> tuple[str, list[str]]:
        if not is_from_weights:
            again = str(out.with_name(f"{out.name}_2"))
            return "it began from nothing", ["--weights", "tinyimagenet", "--out", again]
        return "it has not trained for long", ["--epochs", str(3 * schedule.epochs)]


def begun(
    entry: zoo.Entry,
    weights: str | None,
    classes: tuple[str, ...],
    schedule: Settings,
    new: tuple[str, ...],
) -> tuple[Pretrained, str]:
    """(the network, what it has of `weights`): from its own kind all that fits, else its backbone.

    `new`: its layers that no classifier has. UserError where the backbone lacks anything.
    """
    # A name of weights is one of its own, or else of its backbone's.
    start = find(weights, entry.name if weights in names_for(entry.name) else entry.backbone)
    how: dict[str, Any] = {"size": schedule.final_size, "classes": len(classes)}
    info = start.info if isinstance(start, Weights) else None
    is_own = info is not None and info.model == entry.name
    if is_own and info and tuple(map(same, info.classes)) == classes:
        made = pretrained(entry.name, start, labels=naming(classes), **how)
        return made, "all of it, for the same classes"
    made = pretrained(entry.name, None, labels=naming(classes), **how)
    if start is None:
        return made, ""
    donor = pretrained(entry.name if is_own else entry.backbone, start)
    given = {variable.path: variable for variable in donor.model.weights}
    for variable in made.model.weights:
        of = given.get(variable.path)
        if of is not None and tuple(of.shape) == tuple(variable.shape):
            variable.assign(of)
        elif variable.path.split("/")[0] not in new:
            raise UserError(
                f"the weights have no fitting {variable.path!r} for the backbone of {entry.name}",
                fix=f"give weights of {entry.backbone} or of {entry.name}",
            )
    return replace(made, path=donor.path), "its backbone"
