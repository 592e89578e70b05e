"""What the house asks of a task. One folder a task answers it; nobody else asks which one it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.base.record import CLASSIFY, KEYWORDS
from ghostnet_tf.base.sides import Size
from ghostnet_tf.data.class_colours import Colour

if TYPE_CHECKING:
    import keras

    from ghostnet_tf.data.skipped import Skips
    from ghostnet_tf.nets.pretrained import Pretrained
    from ghostnet_tf.weights.checkpoint import CheckpointInfo

# Name -> where its `TASK` is. Each is imported when it is asked for.
TASKS = {
    CLASSIFY: "ghostnet_tf.tasks.classify.classify",
    "detect": "ghostnet_tf.tasks.detect.detect",
    "segment": "ghostnet_tf.tasks.segment.segment",
    KEYWORDS: "ghostnet_tf.tasks.keywords.keyword_task",
}

Curves = Mapping[str, Mapping[str, str]]  # what an axis says -> columns of the log, their names


class Settings(Protocol):
    """What tasks read of a schedule."""

    @property
    def seed(self) -> int: ...
    @property
    def sizes(self) -> tuple[tuple[int, Size], ...]: ...
    @property
    def final_size(self) -> Size | None: ...  # None: the network's own
    @property
    def crop_scale(self) -> tuple[float, float]: ...
    @property
    def flip(self) -> bool: ...
    @property
    def randaugment(self) -> tuple[int, int] | None: ...
    @property
    def mixup(self) -> float: ...
    @property
    def mosaic(self) -> float: ...
    @property
    def choose(self) -> str | None: ...  # a column; None: the task's own choice
    @property
    def label_smoothing(self) -> float: ...
    @property
    def class_weights(self) -> bool: ...
    @property
    def dropout(self) -> float: ...
    @property
    def branches(self) -> str | None: ...
    @property
    def freeze(self) -> bool: ...
    @property
    def hold_out(self) -> str: ...
    @property
    def learning_rate(self) -> float: ...
    @property
    def epochs(self) -> int: ...
    @property
    def rate(self) -> int | None: ...
    @property
    def seconds(self) -> float | None: ...
    @property
    def shift(self) -> float: ...
    @property
    def gain(self) -> tuple[float, float]: ...
    @property
    def noise(self) -> float: ...
    @property
    def spec_augment(self) -> tuple[int, int]: ...
    @property
    def unknown(self) -> tuple[str, ...]: ...
    @property
    def silence(self) -> float: ...
    @property
    def speaker(self) -> str | None: ...


class Source(Protocol):
    """Photos, or whatever a task learns from, by position; those that are bad are skipped."""

    @property
    def names(self) -> list[str]: ...
    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def colours(self) -> tuple[Colour, ...] | None: ...  # of the classes, where somebody chose them
    @property
    def label_of(self) -> np.ndarray | None: ...  # (n,): what is true of each, once it was read
    @property
    def skipped(self) -> "Skips": ...

    def __len__(self) -> int: ...

    def read(self, index: int) -> Any: ...  # a photo, a sound; or UserError, which names it

    def digest(self, index: int) -> str: ...  # SHA-256 of its file

    def skip(self, index: int, why: str) -> None: ...


class Examples(Protocol):
    """What was read, by position."""

    @property
    def pixels(self) -> Sequence[np.ndarray]: ...  # as `Task.keeping` makes them
    @property
    def labels(self) -> np.ndarray: ...  # (n,): what is true of each: its class, its boxes
    @property
    def names(self) -> list[str]: ...  # in their source

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Chosen:
    """By which score epochs are compared, and in which words."""

    column: str  # of `Learning.scores`; the larger the better, of equals the smaller loss
    more: str  # "more", of which a better epoch has "than any other"
    equal: str  # "as many as", of one that is as good


class Report(Protocol):
    """The best weights on what was held out."""

    @property
    def is_useful(self) -> bool: ...  # whether an export is worth it

    @property
    def picture(self) -> str: ...  # the name of that file

    @property
    def worthless(self) -> str: ...  # of one that is not useful: what was as good, a clause

    def to_dict(self) -> dict[str, Any]: ...  # as JSON has it

    def files(self, folder: Path) -> dict[Path, bytes]: ...  # to be written together

    def lines(self, folder: Path) -> list[str]: ...  # of the summary; `folder` has all of it


class Learning(Protocol):
    """What a run asks of its task while it trains and scores."""

    @property
    def loss(self) -> "keras.losses.Loss": ...  # targets, outputs -> nat

    @property
    def chosen(self) -> Chosen: ...

    @property
    def watched(self) -> tuple[str, str]: ...  # column of the log, and what it is called

    @property
    def curves(self) -> Curves: ...

    def right(self, targets: Any, outputs: Any) -> Any:
        """Tensors -> what is watched beside the loss, of each of the batch, (N,)."""
        ...

    def batch(
        self,
        pixels: Sequence[np.ndarray],
        labels: np.ndarray,
        size: Size | None,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Augmented: (inputs (N, ...) float32, targets (N, ...) float32).

        `size` of images; None: as of the finished network.
        """
        ...

    def weights(self, targets: np.ndarray) -> np.ndarray | None:
        """How much each of a batch counts, (N,) float32; None: all the same."""
        ...

    def seen(self, pixels: Sequence[np.ndarray]) -> np.ndarray:
        """As in use: (N, ...) float32."""
        ...

    def scores(self, outputs: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """Of outputs (n, ...) against what is true: `chosen.column`, "loss", and others."""
        ...

    def epoch(self, row: Mapping[str, Any], held_out: int) -> str:
        """A row of the log in words, of so many held-out examples."""
        ...

    def best(self, score: float, loss: float | None, held_out: int) -> str:
        """What the best epoch reached, in words."""
        ...

    def report(self, outputs: np.ndarray, held_out: Examples) -> Report: ...


class Task(Protocol):
    """One task: what the training command asks of it before there is a run, and after."""

    @property
    def name(self) -> str: ...  # in a record and on a command line

    @property
    def model(self) -> str: ...  # of the zoo, where a person names none

    @property
    def schedule(self) -> str: ...  # by its name, where a person gives none

    @property
    def kinds(self) -> str: ...  # of what it learns from, in a sentence: "photos"

    def open(
        self, place: str | Path, schedule: Settings, class_file: str | Path | None = None
    ) -> Source:
        """What to train on; UserError where it is not fit for this task.

        `class_file` says what its classes are called, where a task has use for that.
        """
        ...

    def settings(self, source: Any) -> dict[str, Any]:
        """Settings that the data decide, where a schedule leaves them open."""
        ...

    def keeping(self, info: "CheckpointInfo", schedule: Settings) -> Callable[[Any], np.ndarray]:
        """What was read -> what is kept of it in memory, for `Learning.batch` and `seen`."""
        ...

    def network(
        self,
        model: str,
        weights: str | None,
        classes: tuple[str, ...],
        schedule: Settings,
        channels: int | None = None,
    ) -> "tuple[Pretrained, str]":
        """The network to train, and what it has of `weights`, their name or file."""
        ...

    def freeze(self, model: "keras.Model") -> None:
        """Let only what answers train, the head; every BatchNorm of the rest is as in use."""
        ...

    def split(
        self, photos: Any, read: Examples, count: int, schedule: Settings, is_asked: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        """(training, held-out) positions of what was read; `is_asked`: a person gave `count`."""
        ...

    def outlook(
        self, classes: tuple[str, ...], train: np.ndarray, held_out: np.ndarray, schedule: Settings
    ) -> list[str]:
        """What the run begins with, a line each: classes with their counts, what is wanting."""
        ...

    def preview(self, photos: Any) -> dict[str, bytes]:
        """Pictures of what was read, by the name of their file, to be looked at before training."""
        ...

    def learning(
        self, info: "CheckpointInfo", schedule: Settings, labels: np.ndarray, source: Any = None
    ) -> Learning: ...  # `labels` of what is trained on, which was read from `source`

    def remedy(
        self,
        report: Any,
        history: list[dict[str, Any]],
        schedule: Settings,
        model: str,
        is_from_weights: bool,
        out: Path,
    ) -> tuple[str, list[str]]:
        """Of a report that is not useful: what is wrong, and options that the command lacks."""
        ...


def refuse_class_file(class_file: str | Path | None, named: str) -> None:
    """UserError where one was given and classes are `named` otherwise."""
    if class_file is not None:
        raise UserError(
            f"no file has to say what the classes are: {named}", fix="leave the labels out"
        )


def task(name: str) -> Task:
    """The task of this name; UserError where there is none."""
    return import_module(pick(name, TASKS, "task")).TASK
