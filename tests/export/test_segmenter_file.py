"""A segmenter as a file: logits of every pixel, or at stride 8, in one partition, not square."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from colours import colour_model, colour_record
from PIL import Image

from export.calibrate import choose
from export.contract import facts
from export.detection import open_any
from export.flatbuffer import Flatbuffer
from export.from_keras import outputs_of, to_float32
from export.metadata import attach_metadata, read_metadata
from export.outlines import Outlining, outlined, outlining, score_lines, shares_of
from export.quantize import quantize
from export.runtime import Runtime
from export.scores import endings, scores_of
from export.segmentation import Segmenter
from export.segmenter_graph import stride_of
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import Masks, save
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.masked_photos import MaskedPhotos
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.skipped import Skips
from ghostnet_tf.nets import taps, zoo
from ghostnet_tf.nets.segmenter import deployed
from ghostnet_tf.tasks.segment.pixels import widened
from tests.drawn_masks import CLASSES, COLOURS, masked
from tests.drawn_shapes import BLOCKS, ZOO_ROW

SIZE = (40, 60)
LABELS = Labels.of_folders(CLASSES)


@pytest.fixture(scope="module")
def models():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
        patch.setitem(taps.BLOCKS, "tinyback", BLOCKS)
        model = zoo.parse_model("tinyback_100_seg").build(classes=3, size=SIZE)
    return {stride: deployed(model, stride) for stride in (1, 8)}


@pytest.fixture(scope="module")
def files(models) -> dict[int, Flatbuffer]:
    return {stride: to_float32(model, SIZE) for stride, model in models.items()}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(8, *SIZE, 3)).astype(np.float32)


def test_it_is_one_partition_and_gives_what_keras_gives(models, files, images):
    for stride, shape in ((1, (8, 40, 60, 3)), (8, (8, 5, 8, 3))):
        says = facts(files[stride])
        assert says.delegation.partitions == 1 and not says.delegation.left_out
        assert not says.ops["TRANSPOSE"] and not says.dynamic
        assert says.ops["RESIZE_BILINEAR"] == (2 if stride == 1 else 1)
        (logits,) = outputs_of(models[stride], images)
        assert logits.shape == shape
        np.testing.assert_allclose(Runtime(files[stride]).run(images), logits, rtol=1e-5, atol=1e-3)


def test_enlarged_outside_it_is_the_file_of_full_size(files, images):
    small, whole = (Runtime(files[stride]).run(images) for stride in (8, 1))

    # 5 x 8 of 40 x 60: one side is not a whole number of eights
    for one, other in zip(small, whole, strict=True):
        np.testing.assert_allclose(widened(np.asarray(one), SIZE), other, rtol=1e-5, atol=1e-3)


def test_int8_is_one_partition_too_and_keeps_its_name(files, images):
    ranges, _ = choose(files[1], images)
    made = quantize(files[1], "static_wi8_ai8", ranges)

    assert facts(made).delegation.partitions == 1
    assert stride_of(made.graph) == 1 and scores_of(made.graph) == "logits"
    assert not endings(made.graph)


def test_a_stride_is_seen_by_name_and_shape(files):
    assert stride_of(files[1].graph) == 1 and stride_of(files[8].graph) == 8
    assert stride_of(Flatbuffer(colour_model()).graph) is None


def record_of(stride: int):
    return dataclasses.replace(
        colour_record(),
        task="segment",
        masks=Masks(stride=stride, ignored=255, colours=COLOURS),
        labels=CLASSES,
        label_ids=CLASSES,
        preprocessing={
            "size": [*SIZE], "crop": 1.0, "resample": "bilinear", "fit": "stretch",
            "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def segmenters(files, tmp_path_factory) -> dict[int, Segmenter]:
    opened = {}
    for stride, file in files.items():
        record = record_of(stride)
        folder = tmp_path_factory.mktemp("file")
        path, _ = save(folder, record, attach_metadata(file, record))
        opened[stride] = open_any(path)
        says = read_metadata(path.read_bytes())
        assert says is not None and says.labels == CLASSES
        assert says.preprocessing == record.preprocessing
    return opened


def test_a_photo_is_answered_at_its_own_size_whatever_the_stride(segmenters):
    rng = np.random.default_rng(1)
    photo = Image.fromarray(rng.integers(0, 256, (90, 70, 3), dtype=np.uint8))

    one, eight = (segmenters[stride].classes_on(photo) for stride in (1, 8))

    assert one.shape == (90, 70) and (one != eight).mean() < 0.01
    assert segmenters[1].colours == COLOURS
    rows = shares_of(one, segmenters[1])
    assert sum(row["share"] for row in rows) == pytest.approx(1, abs=1e-3)
    assert [row["share"] for row in rows] == sorted((r["share"] for r in rows), reverse=True)


class Perfect:
    """In place of a file: it knows every mask, or one class too far."""

    title, labels, colours = "perfect.tflite", LABELS, COLOURS

    def __init__(self, photos: MaskedPhotos, off: int = 0):
        pairs = (photos.readable(i) for i in range(len(photos)))
        self.known = {p.tobytes(): m for p, m in pairs}  # type: ignore
        self.off = off

    def classes_on(self, photo):
        mask = self.known[photo.tobytes()]
        return np.where(mask == 255, 0, (mask + self.off) % len(CLASSES)).astype(np.uint8)


def test_files_are_scored_side_by_side_with_an_interval(tmp_path):
    photos = MaskedPhotos.open(masked(tmp_path, 4), Skips(), "val")
    both = [Perfect(photos), Perfect(photos, off=1), Perfect(photos)]

    found = outlining(both, photos)  # type: ignore

    assert [found.scores(k)["miou"] for k in range(3)] == [1, 0, 1]
    assert found.difference(1) == {"miou": -1, "low": -1, "high": -1}
    assert found.difference(2) == {"miou": 0, "low": 0, "high": 0}
    lines = score_lines(["a", "b", "c"], found)
    assert lines[0] == "4 photos" and lines[1].startswith("a: mIoU 1.000, 100.0% of the pixels")
    assert "-100.00 points (-100.00 to -100.00) against the first" in lines[2]
    assert any(line.split()[:4] == ["disc", "1.000", "0.000", "1.000"] for line in lines)


def test_an_interval_is_wide_where_photos_disagree():
    """Of ten photos one file loses all of two, the other of two others: who is better is open."""
    counts = np.zeros((2, 10, 2, 2), np.int64)
    counts[..., 0, 0], counts[..., 1, 1] = 50, 50
    for file, lost in ((0, [0, 1]), (1, [2, 3])):
        counts[file, lost] = [[0, 50], [50, 0]]

    found = Outlining(("a", "b"), counts).difference(1)

    assert found["miou"] == 0 and found["low"] < -0.2 and found["high"] > 0.2


def test_other_classes_than_the_masks_are_refused(tmp_path):
    photos = MaskedPhotos.open(masked(tmp_path, 1), Skips(), "val")
    other = SimpleNamespace(title="x", labels=Labels.of_folders(("ground", "square", "disc")))

    with pytest.raises(UserError, match=r"x: class 1 is 'square', and in the masks .* 'disc'"):
        outlining([other], photos)  # type: ignore


def test_masks_among_photos_are_no_photos(segmenters, tmp_path):
    from ghostnet_tf.data.masked_photos import without_masks

    place = masked(tmp_path, 2)

    answers = [*outlined(segmenters[1], [str(place / "val")], Skips())]

    assert len(answers) == 2 and all("/images/" in one.photo for one in answers)
    assert len(without_masks(Photos.open(place))) == 4
