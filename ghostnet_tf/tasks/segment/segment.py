"""Telling what every pixel is of, as the house asks it of a task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ghostnet_tf.base.sides import Size
from ghostnet_tf.base.terminal import shown
from ghostnet_tf.data.mask_augment import MaskViews
from ghostnet_tf.data.masks_picture import picture
from ghostnet_tf.nets import zoo
from ghostnet_tf.tasks.on_backbone import BackboneLearning, BackboneTask
from ghostnet_tf.tasks.segment.masked import Masked
from ghostnet_tf.tasks.segment.mean_iou import confusion, mean_iou
from ghostnet_tf.tasks.segment.pixels import answers, fitted
from ghostnet_tf.tasks.segment.segmentation_report import Report
from ghostnet_tf.tasks.task import Chosen, Examples, Settings
from ghostnet_tf.weights import DEFAULT_MODEL
from ghostnet_tf.weights.checkpoint import CheckpointInfo

if TYPE_CHECKING:
    import keras

MOST_WEIGHT = 10.0  # of a rare class
AT_ONCE = 8  # photos, of which the loss is computed together
CURVES = {
    "cross-entropy, nat": {
        "loss": "training, augmented",
        "held_out_loss": "held out",
        "held_out_ema_loss": "held out, averaged weights",
    },
    "mIoU, share of pixels": {
        "pixels": "pixels that are right, training",
        "held_out_pixels": "pixels that are right, held out",
        "held_out_miou": "mIoU, held out",
        "held_out_ema_miou": "mIoU, averaged weights",
    },
}


@dataclass(frozen=True)
class Outlining(BackboneLearning):
    """A network that learns which of so many classes each pixel is of: see `task.Learning`."""

    weight_of: np.ndarray  # of each class, (classes,) float32

    chosen = Chosen("miou", "a higher mIoU", "as high an mIoU as")
    watched = ("pixels", "pixels")
    curves = CURVES

    @property
    def loss(self) -> "keras.losses.Loss":
        from ghostnet_tf.tasks.segment.mask_loss import MaskLoss

        return MaskLoss(self.weight_of)

    def right(self, targets, outputs):
        from ghostnet_tf.tasks.segment.mask_loss import share_right

        return share_right(targets, outputs)

    def views(self, size: Size) -> MaskViews:
        return MaskViews(size=size, **self.variation())

    def batch(
        self,
        pixels: Sequence[np.ndarray],
        labels: np.ndarray,
        size: Size | None,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray]:
        """(images (N, H, W, C) float32, classes (N, H, W) float32, 255 where there is none)."""
        views, seen = self.views(size or self.preprocessing.size), []
        for photo, packed in zip(pixels, labels, strict=True):
            seen.append(views(photo, fitted(packed.unpacked(), photo.shape[:2]), rng))
        images = self.preprocessing.normalise(np.stack([photo for photo, _ in seen]))
        return images, np.stack([mask for _, mask in seen]).astype(np.float32)

    def counts(self, outputs: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Of each photo what is answered for what, at its own size, (n, classes, classes).

        `labels`: (n,) of `Packed`, as everywhere here.
        """
        return np.stack(
            [
                confusion(
                    fitted(answers(logits, self.preprocessing.sides), packed.shape),
                    packed.unpacked(),
                    len(self.classes),
                )
                for logits, packed in zip(outputs, labels, strict=True)
            ]
        )

    def scores(self, outputs: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        """mIoU, share of the pixels that are right, and loss."""
        found = mean_iou(self.counts(outputs, labels).sum(axis=0), self.classes)

        def masks(some: slice) -> np.ndarray:
            sides = self.preprocessing.sides
            own = [fitted(packed.unpacked(), sides) for packed in labels[some]]
            return np.stack(own).astype(np.float32)

        return {
            "miou": found["miou"] or 0.0,
            "pixels": found["pixel_accuracy"] or 0.0,
            "loss": self.mean_loss(outputs, masks, AT_ONCE),
        }

    def epoch(self, row: Mapping[str, Any], held_out: int) -> str:
        plain, averaged = (
            f"mIoU {row[f'{k}_miou']:.3f} (loss {row[f'{k}_loss']:.3f})"
            for k in ("held_out", "held_out_ema")
        )
        return (
            f"{row['pixels']:.1%} of the training pixels  {held_out} held-out photos {plain}, "
            f"averaged weights {averaged}"
        )

    def best(self, score: float, loss: float | None, held_out: int) -> str:
        told = "" if loss is None else f", loss {loss:.3f}"
        return f"mIoU {score:.3f}{told} on {held_out} held-out photos"

    def report(self, outputs: np.ndarray, held_out: Examples) -> Report:
        counts = self.counts(outputs, held_out.labels)
        return Report.of(counts, self.classes, held_out.names)


class Segment(BackboneTask):
    """See `task.Task`."""

    name = "segment"
    model, schedule = f"{DEFAULT_MODEL}{zoo.SEGMENTER}", "segment"
    behind, answerer = zoo.SEGMENTER, "a segmenter"
    lacking = "says nothing of single pixels"
    new = ("lraspp",)
    truth = ("a pixel of a class", "masks of them")

    def open(
        self, place: str | Path, schedule: Settings, class_file: str | Path | None = None
    ) -> Masked:
        return Masked.open(place, class_file)

    def is_labelled(self, labels: np.ndarray, classes: tuple[str, ...]) -> bool:
        return bool(pixels_of(labels, len(classes)).any())

    def learning(
        self, info: CheckpointInfo, schedule: Settings, labels: np.ndarray, source: Any = None
    ) -> Outlining:
        weight_of = np.ones(len(info.classes), np.float32)
        if schedule.class_weights:
            weight_of = class_weights(pixels_of(labels, len(info.classes)))
        return Outlining(info.classes, info.sight, schedule, weight_of)

    def preview(self, photos: Masked) -> dict[str, bytes]:
        """Twelve photos with their masks."""
        return {"masks.png": picture(photos.parts[0])}

    def outlook(
        self, classes: tuple[str, ...], train: np.ndarray, held_out: np.ndarray, schedule: Settings
    ) -> list[str]:
        """What share of the pixels is of each class, on both sides."""
        both = [pixels_of(side, len(classes)) for side in (train, held_out)]
        width = max(len(shown(name)) for name in classes)
        shares = [n / max(1, n.sum()) for n in both]
        lines = [
            f"  {shown(name):{width}} {share:7.2%} {held:7.2%}"
            for name, share, held in zip(classes, *shares, strict=True)
        ]
        lacking = [shown(name) for name, n in zip(classes, both[0], strict=True) if not n]
        if lacking:
            lines.append(f"note: no pixel to train on is of {', '.join(lacking)}")
        return [f"{len(classes)} classes, share of the pixels to train on and held out:", *lines]


def pixels_of(labels: np.ndarray, classes: int) -> np.ndarray:
    """How many pixels are of each class, (classes,) int64."""
    return sum((packed.counts for packed in labels), np.zeros(classes, np.int64))


def class_weights(pixels: np.ndarray) -> np.ndarray:
    """How much a pixel of each class counts, (classes,) float32; 1 in the mean over all pixels.

    By the root of how rare it is: with all of it, as photos of rare classes are weighted, the
    edges of large things are given to the small ones before them. Of two classes the rarer counts
    ten times as much at most.
    """
    shares = pixels / max(1, pixels.sum())
    weight_of = np.sqrt(shares.max() / shares.clip(1e-9)).clip(max=MOST_WEIGHT)
    return (weight_of / (weight_of * shares).sum()).astype(np.float32)


TASK = Segment()
