"""Finding things and saying where they are, as the house asks it of a task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ghostnet_tf.base.errors import UserError, option, pick
from ghostnet_tf.base.sides import Size
from ghostnet_tf.data.box_augment import Views
from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.boxes_picture import picture
from ghostnet_tf.nets import zoo
from ghostnet_tf.tasks.detect.annotated import Annotated
from ghostnet_tf.tasks.detect.average_precision import average_precision
from ghostnet_tf.tasks.detect.detection_report import Report
from ghostnet_tf.tasks.detect.nms import Found, keep
from ghostnet_tf.tasks.on_backbone import BackboneLearning, BackboneTask
from ghostnet_tf.tasks.task import Chosen, Examples, Settings, refuse_class_file
from ghostnet_tf.weights import DEFAULT_MODEL
from ghostnet_tf.weights.checkpoint import CheckpointInfo

if TYPE_CHECKING:
    import keras

    from ghostnet_tf.tasks.detect.heads import Head

NO_BOX = -1.0  # the class of a target that only fills up
AT_ONCE = 16  # photos, of which the loss is computed together
# Scores by which a person may let epochs be compared (the setting `choose`).
CHOICES = {
    "ap": Chosen("ap", "a higher AP", "as high an AP as"),
    "ap50": Chosen("ap50", "a higher AP50", "as high an AP50 as"),
}
CURVES = {
    "loss": {
        "loss": "training, augmented",
        "held_out_loss": "held out",
        "held_out_ema_loss": "held out, averaged weights",
    },
    "AP50, AP": {
        "held_out_ap50": "AP50, held out",
        "held_out_ema_ap50": "AP50, averaged weights",
        "held_out_ap": "AP, held out",
        "held_out_ema_ap": "AP, averaged weights",
    },
}


@dataclass(frozen=True)
class Finding(BackboneLearning):
    """A network that learns where things of so many classes are: see `task.Learning`."""

    most: int  # boxes of a photo, or of four in one picture
    model: str = f"{DEFAULT_MODEL}{zoo.DETECTOR}"  # of the zoo

    watched = ("iou", "IoU")
    curves = CURVES

    @property
    def chosen(self) -> Chosen:
        return pick(self.schedule.choose or "ap", CHOICES, "score to choose by")

    @property
    def loss(self) -> "keras.losses.Loss":
        return self.head.loss(len(self.classes))

    @property
    def head(self) -> "Head":
        from ghostnet_tf.tasks.detect.heads import head_of

        return head_of(self.model)

    def right(self, targets, outputs):
        from ghostnet_tf.tasks.detect.loss import surest_overlap

        head = self.head
        return surest_overlap(targets, outputs, len(self.classes), head.split, head.corners)

    def views(self, size: Size) -> Views:
        return Views(size=size, **self.variation())

    def batch(
        self,
        pixels: Sequence[np.ndarray],
        labels: np.ndarray,
        size: Size | None,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(images (N, H, W, C) float32, targets (N, most, 5) float32)."""
        views, seen = self.views(size or self.preprocessing.size), []
        for photo, boxes in zip(pixels, labels, strict=True):
            # Not drawn where there are none: the same numbers then mean what they meant before.
            if self.schedule.mosaic and rng.random() < self.schedule.mosaic:
                others = rng.integers(len(pixels), size=3)
                four = [(photo, boxes), *((pixels[i], labels[i]) for i in others)]
                seen.append(views.of_four(four, rng))
            else:
                seen.append(views(photo, boxes, rng))
        images = self.preprocessing.normalise(np.stack([photo for photo, _ in seen]))
        return images, targets([boxes for _, boxes in seen], self.most)

    def found(self, outputs: np.ndarray) -> list[Found]:
        """Raw values (n, cells, ...) -> what is kept of each photo."""
        of = self.head.boxes_and_scores
        return [keep(*of(raw, len(self.classes))) for raw in outputs]

    def precision(self, outputs: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
        """COCO's AP, in pixels as the network sees them."""
        height, width = self.preprocessing.sides
        sizes = [(width, height)] * len(labels)
        return average_precision(self.found(outputs), list(labels), self.classes, sizes)

    def scores(self, outputs: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """AP, AP50 and loss."""
        precision = self.precision(outputs, labels)
        most = max([self.most, *(len(boxes) for boxes in labels)])
        loss = self.mean_loss(outputs, lambda some: targets(list(labels[some]), most), AT_ONCE)
        return {
            "ap": precision["ap"] or 0.0,
            "ap50": precision["ap50"] or 0.0,
            "loss": loss,
        }

    def epoch(self, row: Mapping[str, Any], held_out: int) -> str:
        plain, averaged = (
            f"AP50 {row[f'{k}_ap50']:.3f}, AP {row[f'{k}_ap']:.3f} (loss {row[f'{k}_loss']:.3f})"
            for k in ("held_out", "held_out_ema")
        )
        return (
            f"IoU {row['iou']:.3f} of the training photos  {held_out} held-out photos {plain}, "
            f"averaged weights {averaged}"
        )

    def best(self, score: float, loss: float | None, held_out: int) -> str:
        told = "" if loss is None else f", loss {loss:.3f}"
        return f"{self.chosen.column.upper()} {score:.3f}{told} on {held_out} held-out photos"

    def report(self, outputs: np.ndarray, held_out: Examples) -> Report:
        return Report.of(
            self.precision(outputs, held_out.labels), self.found(outputs), held_out, self.classes
        )


def targets(boxes: Sequence[Boxes], most: int) -> np.ndarray:
    """(N, most, 5) float32: class x1 y1 x2 y2, and class -1 where there are fewer."""
    made = np.zeros((len(boxes), max(most, 1), 5), np.float32)
    made[..., 0] = NO_BOX
    for row, one in zip(made, boxes, strict=True):
        row[: len(one), 0], row[: len(one), 1:] = one.classes, one.corners
    return made


class Detect(BackboneTask):
    """See `task.Task`."""

    name = "detect"
    model, schedule = f"{DEFAULT_MODEL}{zoo.DETECTOR}", "detect"
    behind, answerer = zoo.DETECTOR, "a detector"
    lacking = "finds nothing on photos"
    new = ("neck", "heads")
    truth = ("a box", "boxes")

    def open(
        self, place: str | Path, schedule: Settings, class_file: str | Path | None = None
    ) -> Annotated:
        refuse_class_file(class_file, "the annotations name them, or a classes.txt beside them")
        return Annotated.open(place)

    def is_labelled(self, labels: np.ndarray, classes: tuple[str, ...]) -> bool:
        return any(len(boxes) for boxes in labels)

    def learning(
        self, info: CheckpointInfo, schedule: Settings, labels: np.ndarray, source: Any = None
    ) -> Finding:
        if schedule.class_weights:
            raise UserError(
                "boxes of all classes count alike, so there are no class weights",
                fix=f"leave {option('class_weights', True)} out",
            )
        most = max((len(boxes) for boxes in labels), default=0)
        most *= 4 if schedule.mosaic else 1
        return Finding(info.classes, info.sight, schedule, most, info.model)

    def preview(self, photos: Annotated) -> dict[str, bytes]:
        """Twelve photos with their boxes."""
        return {"boxes.png": picture(photos.parts[0])}

    def outlook(
        self, classes: tuple[str, ...], train: np.ndarray, held_out: np.ndarray, schedule: Settings
    ) -> list[str]:
        """How many boxes of each class are on both sides."""
        both = [
            np.bincount(
                np.concatenate([np.empty(0, np.int64), *(boxes.classes for boxes in side)]),
                minlength=len(classes),
            )
            for side in (train, held_out)
        ]
        width = max(map(len, classes))
        rows = zip(classes, *both, strict=True)
        return [
            f"{len(classes)} classes, boxes to train on and held out:",
            *(f"  {name:{width}} {n:6} {held:5}" for name, n, held in rows),
        ]


TASK = Detect()
