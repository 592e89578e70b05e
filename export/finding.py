"""What a detector's file finds on photos, printed and drawn, and how much of the truth that is."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.progress import Advance, silent
from ghostnet_tf.base.terminal import shown
from ghostnet_tf.data.boxed_photos import BoxedPhotos
from ghostnet_tf.data.boxes import Boxes
from ghostnet_tf.data.boxes_picture import drawn
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.skipped import Skips, refuse_too_many
from ghostnet_tf.tasks.detect.average_precision import judged, summary
from ghostnet_tf.tasks.detect.nms import Found
from ghostnet_tf.tasks.detect.paired import differences, matches

from .detection import SURE, Detector, rows_of


@dataclass(frozen=True)
class Finds:
    """One photo, and the boxes that were found on it, the surest first."""

    photo: str
    boxes: list[dict[str, Any]]  # label, name, score, box: x1 y1 x2 y2 in pixels
    image: Image.Image
    found: Found

    def picture(self, labels: Labels) -> bytes:
        """A PNG of the photo with its boxes."""
        data, boxes = io.BytesIO(), Boxes(self.found.corners, self.found.classes)
        scores = self.found.scores.tolist()
        drawn(self.image, boxes, labels.names, scores).save(data, "PNG")
        return data.getvalue()


def finds(detector: Detector, paths: Sequence[str], skipped: Skips) -> Iterator[Finds]:
    """For each photo of `paths`, as `Items.given` finds them."""
    for name, photo in Photos.given(paths, skipped):
        found = detector.find(photo, SURE)
        yield Finds(name, rows_of(found, detector.labels, photo.size), photo, found)


def said(found: Finds) -> list[str]:
    """A photo and its boxes, a line each."""
    rows = [
        f"  {row['score']:6.1%}  {shown(row['name'])}  at "
        f"{', '.join(f'{value:.0f}' for value in row['box'])}"
        for row in found.boxes
    ]
    return [found.photo, *(rows or ["  nothing"])]


def picture_path(folder: Path, photo: str, taken: set[Path], of: str = "boxes") -> Path:
    """Where the picture of a photo goes: a name of its own for each."""
    stem, n = user_path(photo).stem, 1
    while (path := folder / f"{stem}{'' if n == 1 else f'_{n}'}_{of}.png") in taken:
        n += 1
    taken.add(path)
    return path


def precision(
    detectors: Sequence[Detector], photos: BoxedPhotos, advance: Advance = silent
) -> list[dict[str, Any]]:
    """COCO's AP of each detector on the same photos, as `average_precision` gives it.

    Of those after the first also "difference": see `paired.differences`; of the first it is None.
    """
    asked = [photos.ordered_as(one.labels.ids, one.title) for one in detectors]
    found: list[list[Found]] = [[] for _ in detectors]
    truth: list[list[Boxes]] = [[] for _ in detectors]
    sizes, bad = [], 0
    for i in range(len(photos)):
        photo = photos.readable(i)
        if photo is None:
            bad += 1
            refuse_too_many(bad, len(photos), "they are named above")
        else:
            sizes.append(photo.size)
            for k, one in enumerate(detectors):
                found[k].append(one.find(photo))
                truth[k].append(asked[k].boxes(i))
        advance(1)
    judges = [judged(found[k], truth[k], len(one.labels), sizes) for k, one in enumerate(detectors)]
    rows = [
        summary(judges[k], truth[k], one.labels.ids) | {"difference": None}
        for k, one in enumerate(detectors)
    ]
    if len(detectors) > 1:
        first, *others = [matches(judge, len(sizes)) for judge in judges]
        for row, these in zip(rows[1:], others, strict=True):
            row["difference"] = {k: asdict(v) for k, v in differences(these, first).items()}
    return rows


def score_lines(files: Sequence[str], rows: Sequence[dict[str, Any]], photos: int) -> list[str]:
    """AP of each file, and of each class."""
    lines = [f"{photos} photos"]
    for file, row in zip(files, rows, strict=True):
        lines.append(f"{file}: AP50 {_share(row['ap50'])}, AP {_share(row['ap'])}")
        if row["difference"]:
            lines.append(f"  to the first: {_apart(row['difference'])}")
        width = max(len(shown(name)) for name in row["per_class"])
        lines += [
            f"  {shown(name):{width}}  AP50 {_share(one['ap50'])}  AP {_share(one['ap'])}  "
            f"of {one['boxes']} boxes"
            for name, one in row["per_class"].items()
        ]
    return lines


def _apart(difference: dict[str, dict[str, float]]) -> str:
    """Both differences in points, with their 95 % intervals."""
    said = []
    for key, name in (("ap50", "AP50"), ("ap", "AP")):
        by, low, high = (100 * difference[key][side] for side in ("difference", "low", "high"))
        verdict = "" if low > 0 or high < 0 else ": cannot be told apart"
        said.append(f"{name} {by:+.1f} points (95 % interval {low:+.1f} to {high:+.1f}{verdict})")
    return ", ".join(said)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
