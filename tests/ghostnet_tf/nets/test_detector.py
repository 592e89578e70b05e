"""Detectors as networks: where they read their backbone, what they cost, what they give."""

import keras
import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets import counts, detector, taps
from ghostnet_tf.nets.describe import main
from ghostnet_tf.nets.pretrained import pretrained
from ghostnet_tf.nets.zoo import parse_model


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return parse_model("ghostnet_050_det").build(classes=3, size=(64, 96))


def tapped(name: str) -> list[tuple[int, ...]]:
    entry = parse_model(name)
    maps = taps.taps(entry.build(classes=2, size=320), entry)
    return [tuple(one.shape[1:]) for one in maps]


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("ghostnet_100", (40, 112, 160)),  # timm's features_only has 40, 80, 160
        ("mobilenetv3_large_100", (40, 112, 160)),
        ("mobilenetv3_small_100", (24, 48, 96)),
        ("mobilenetv2_100", (32, 96, 320)),
        ("repghostnet_050", (20, 56, 80)),
    ],
)
def test_a_backbone_is_read_before_each_stride(name, channels):
    sides = ((40, 40), (20, 20), (10, 10))

    assert tapped(name) == [(*s, c) for s, c in zip(sides, channels, strict=True)]


def test_a_network_without_such_maps_is_no_backbone():
    with pytest.raises(UserError, match="has no maps at strides 8, 16 and 32"):
        parse_model("ghost_resnet56_det").build(classes=2, size=64)


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        ("ghostnet_110", 164_355_184),  # published, with RetinaNet in table 8: 164 M
        ("mobilenetv3_large_100", 214_080_960),  # published, with its head: 219 M
        ("mobilenetv2_100", 299_494_272),  # published, with its classes: 300 M
    ],
)
def test_the_papers_backbones_cost_what_it_says(name, macs):
    assert taps.headless_macs(parse_model(name)) == macs


def test_the_paper_s_size_of_a_backbone_is_printed(capsys):
    assert main(["ghostnet_050_det", "--size", "64"]) in (None, 0)

    said = capsys.readouterr().out
    assert "neck" in said and "heads" in said
    assert "ghostnet_050 without its head and classes" in said and "40.43 M" in said


def test_a_ghostnet_detector_is_of_the_size_of_nanodet():
    """NanoDet-Plus-m, on a ShuffleNetV2 1.0: 1.17 M parameters, 0.9 G at 320 px."""
    made = parse_model("ghostnet_050_det").build(classes=80, size=320)

    assert counts.parameters(made)[0] == 1_015_924
    assert counts.macs(made) == 261_522_880


def test_every_level_has_cells_of_its_own_in_the_order_of_the_rows(model):
    raw = model(np.zeros((2, 64, 96, 3), np.float32))

    logits, bins, cells = (np.asarray(part) for part in detector.split(raw, 3))
    n = 8 * 12 + 4 * 6 + 2 * 3 + 1 * 2
    assert logits.shape == (2, n, 3) and bins.shape == (2, n, 4, 8) and cells.shape == (2, n, 4)
    assert np.allclose(
        cells[0, :2], [[4 / 96, 4 / 64, 8 / 96, 8 / 64], [12 / 96, 4 / 64, 8 / 96, 8 / 64]]
    )
    assert np.allclose(cells[1, 12], [4 / 96, 12 / 64, 8 / 96, 8 / 64])  # the second row
    assert np.allclose(cells[0, 96], [8 / 96, 8 / 64, 16 / 96, 16 / 64])
    assert np.allclose(cells[0, -1], [96 / 96, 32 / 64, 64 / 96, 64 / 64])  # reaches beyond


def tiled(cells: np.ndarray, sides=(128, 192), strides=(8, 16, 32, 64)) -> bool:
    """Whether the cells of every level lie beside one another and cover the image."""
    found, start = [], 0
    for stride in strides:
        h, w = (side // stride for side in sides)
        rows = cells[start : start + h * w].reshape(h, w, 4)
        start += h * w
        y, x = np.meshgrid((np.arange(h) + 0.5) / h, (np.arange(w) + 0.5) / w, indexing="ij")
        where = np.stack([x, y, np.full((h, w), 1 / w), np.full((h, w), 1 / h)], axis=-1)
        found.append(rows.shape == where.shape and np.allclose(rows, where, atol=1e-6))
    return all(found) and start == len(cells)


@pytest.mark.parametrize("level", range(4))
def test_a_planted_bug_of_a_levels_stride_is_caught(level, monkeypatch):
    sides = [(128 // stride, 192 // stride) for stride in detector.STRIDES]
    maps = [np.zeros((1, *side, 3), np.float32) for side in sides]
    assert tiled(np.asarray(detector._cells(maps)))

    wrong = [2 * s if i == level else s for i, s in enumerate(detector.STRIDES)]
    monkeypatch.setattr(detector, "STRIDES", tuple(wrong))

    assert not tiled(np.asarray(detector._cells(maps)))


def test_a_distance_is_what_its_bins_expect_in_strides():
    certain = np.full((1, 1, 4, 8), -50.0, np.float32)
    for edge, steps in enumerate((1, 2, 3, 7)):
        certain[0, 0, edge, steps] = 50.0
    cell = np.array([[[0.5, 0.4, 0.05, 0.1]]], np.float32)

    x1, y1, x2, y2 = np.asarray(detector.corners(certain, cell))[0, 0]

    assert np.allclose((x1, y1, x2, y2), (0.45, 0.2, 0.65, 1.1))


def test_a_file_gives_the_boxes_of_the_raw_values_cut_at_the_edges(model):
    images = np.random.default_rng(0).normal(size=(2, 64, 96, 3)).astype(np.float32)
    logits, bins, cells = detector.split(model(images), 3)

    found = detector.deployed(model)(images)

    assert list(found) == ["boxes", "scores"]
    whole = np.asarray(detector.corners(bins, cells))
    assert np.abs(whole - whole.clip(0, 1)).max() > 0.1  # there is something to cut
    assert np.allclose(found["boxes"], whole.clip(0, 1), atol=1e-6)
    assert np.allclose(found["scores"], np.asarray(keras.ops.sigmoid(logits)), atol=1e-6)


@pytest.mark.parametrize("size", [300, (320, 330), (72, 96)])
def test_a_side_that_is_no_multiple_of_32_is_refused(size):
    with pytest.raises(UserError, match=r"cannot take \S+ pixels") as refused:
        pretrained("ghostnet_050_det", "seeded", classes=2, size=size)

    assert refused.value.fix.typed == "--size PX with multiples of 32"


def test_a_detector_is_no_backbone():
    with pytest.raises(UserError, match="there is no model 'ghostnet_050_det_det'"):
        parse_model("ghostnet_050_det_det")
