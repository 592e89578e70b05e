"""RetinaNet and pyramids on the zoo's backbones: their size as published, and their anchors."""

import keras
import numpy as np
import pytest

from ghostnet_tf.nets import counts, fpn, retinanet, taps, zoo
from ghostnet_tf.nets.detector import deployed
from ghostnet_tf.nets.zoo import parse_model
from ghostnet_tf.tasks.detect.raw import anchored
from tests.drawn_shapes import BLOCKS, ZOO_ROW

RESNET50 = 25_557_032, 4_089_184_256  # parameters and multiply-adds at 224 px: test_resnet.py
OF_CLASSES = 2048 * 1000  # in both; and 1000 biases


def test_it_is_as_large_as_published():
    """mmdetection, RetinaNet on ResNet-50, 80 classes: 37.74 M that learn, 239.32 G at 1280x800."""
    shapes = [(1, 800 // s, 1280 // s, c) for s, c in ((8, 512), (16, 1024), (32, 2048))]
    neck = fpn.FPN(3, more="convolutions", name="neck")
    neck.build(shapes)
    heads = retinanet.SharedHeads(80, name="heads")
    heads.build(neck.compute_output_shape(shapes))
    n, macs = (
        sum(count(layer) for layer in (neck, heads))
        for count in (lambda layer: counts.parameters(layer)[0], counts.macs)
    )

    frozen = 225_344  # it leaves the first convolution and the first stage as they are
    assert n + RESNET50[0] - OF_CLASSES - 1000 - frozen == 37_743_348
    backbone = (RESNET50[1] - OF_CLASSES) * (25 * 40) / (7 * 7)
    assert 0.995 < (backbone + macs) / 239.32e9 < 1  # it counts BatchNorm and ReLU as well


@pytest.fixture(scope="module")
def model() -> keras.Model:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(zoo.KINDS, "tinyback", ZOO_ROW)
        patch.setitem(taps.BLOCKS, "tinyback", BLOCKS)
        patch.setattr(retinanet, "CHANNELS", 16)
        return parse_model("tinyback_100_retinanet").build(classes=3, size=(64, 96))


def test_nine_anchors_stand_on_every_cell(model):
    raw = np.asarray(model(np.zeros((1, 64, 96, 3), np.float32)))

    logits, offsets, found = (np.asarray(part) for part in retinanet.split(raw, 3))
    n = 9 * (8 * 12 + 4 * 6 + 2 * 3 + 1 * 2 + 1 * 1)
    assert logits.shape == (1, n, 3) and offsets.shape == (1, n, 4)
    pixels = found[0] * [96, 64, 96, 64]
    assert np.allclose(pixels[:9, :2], [4, 4]) and np.allclose(pixels[9, :2], [12, 4])
    assert np.allclose(pixels[9 * 12, :2], [4, 12])  # the second row
    sides = pixels[:9, 2:]
    assert np.allclose(sides[:, 1] / sides[:, 0], [0.5, 1, 2] * 3)
    assert np.allclose(np.sqrt(sides.prod(axis=1)), np.repeat([32, 40.3175, 50.7968], 3))
    assert np.allclose(pixels[-9:, :2], [64, 64]) and np.allclose(pixels[-8, 2:], 512)


def test_a_file_gives_the_boxes_of_the_raw_values_cut_at_the_edges(model):
    images = np.random.default_rng(0).normal(size=(2, 64, 96, 3)).astype(np.float32)

    found = deployed(model)(images)

    for raw, boxes, scores in zip(
        np.asarray(model(images)), *(np.asarray(found[k]) for k in ("boxes", "scores")), strict=True
    ):
        corners, shares = anchored(raw, 3)
        assert np.allclose(boxes, corners, atol=1e-6) and np.allclose(scores, shares, atol=1e-6)
        assert corners.min() == 0 and corners.max() == 1


def test_levels_share_their_heads_and_each_use_is_counted(model):
    heads = model.get_layer("heads")
    positions = 8 * 12 + 4 * 6 + 2 * 3 + 1 * 2 + 1 * 1

    assert counts.macs(heads) == positions * 9 * 16 * (8 * 16 + 9 * 3 + 9 * 4)
    assert len(heads.weights) == 2 * 2 * 5  # kernels and biases of two times five convolutions


def test_a_pyramid_gives_the_maps_of_five_strides():
    made = parse_model("mobilenetv3_small_100_fpn").build(size=(64, 96))

    shapes = {name: tuple(x.shape[1:]) for name, x in made.output.items()}
    sides = {"p2": (16, 24), "p3": (8, 12), "p4": (4, 6), "p5": (2, 3), "p6": (1, 2)}
    assert shapes == {name: (*side, 256) for name, side in sides.items()}
    p5, p6 = (np.asarray(made(np.ones((1, 64, 96, 3), np.float32))[k]) for k in ("p5", "p6"))
    assert np.array_equal(p6, p5[:, ::2, ::2]) and np.ptp(p5) > 0


@pytest.mark.parametrize(
    ("name", "channels"),
    [("ghostnet_100", 24), ("mobilenetv3_large_100", 24), ("mobilenetv2_100", 24)],
)
def test_a_pyramid_begins_at_stride_4(name, channels):
    entry = parse_model(name)

    assert tuple(taps.finest(entry.build(classes=2, size=64), entry).shape[1:]) == (
        16, 16, channels,
    )  # fmt: skip
