"""Somebody's own Keras network, through ghostify, the trainer and the export."""

import re
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from export.network import Network
from export.pipeline import export
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.progress import silent
from ghostnet_tf.data.hold_out import hold_out
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.nets.ghost_conv import GhostConv2D
from ghostnet_tf.nets.ghostify import ghostify
from ghostnet_tf.tasks.photo_task import shrinking
from ghostnet_tf.train.data import decode
from ghostnet_tf.train.schedule import Schedule
from ghostnet_tf.train.training import Run
from ghostnet_tf.weights.checkpoint import CheckpointInfo

PREPROCESSING = replace(IMAGENET, size=32, crop=1.0)
COLOURS = {"blue": (40, 40, 200), "red": (200, 40, 40)}


def network() -> keras.Model:
    x = image = keras.Input((32, 32, 3), name="image")
    for i, filters in enumerate((8, 16, 16)):
        x = layers.Conv2D(filters, 3, 2, "same", use_bias=False, name=f"conv_{i}")(x)
        x = layers.BatchNormalization(name=f"norm_{i}")(x)
        x = layers.ReLU(name=f"relu_{i}")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(2, name="classifier")(x), name="own")


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Photos:
    """Two classes of 24 noisy photos."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name, colour in COLOURS.items():
        (folder / name).mkdir()
        for i in range(24):
            pixels = rng.normal(colour, 40, (36, 40, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{i:02}.png")
    return Photos.open(folder)


def own_network(model: Any, photos: Photos) -> Network:
    return Network(
        model=model,
        name="own",
        weights="trained",
        weights_sha256="0" * 64,
        preprocessing=PREPROCESSING,
        labels=Labels.of_folders(photos.classes),
        family="delegable",
    )


@pytest.mark.parametrize(
    ("weight", "tensor"),
    [("conv_1/kernel", "relu_1"), ("norm_2/moving_variance", "relu_2"), ("classifier/bias", "cl")],
)
def test_weights_that_are_no_numbers_are_named(weight, tensor, photos, tmp_path):
    """Or what the converter folded them into."""
    model = network()
    (variable,) = (v for v in model.variables if v.path.endswith(weight))
    values = np.array(variable)
    values[..., 1] = np.nan
    variable.assign(values)

    with pytest.raises(UserError, match=r"the weights of own hold NaN: .* numbers of '") as refused:
        export(own_network(model, photos), ("float32",), out=tmp_path / "build")
    assert re.search(rf"of '{tensor}", str(refused.value)), refused.value
    assert "diverged" in refused.value.fix and not (tmp_path / "build").exists()


def test_a_network_that_answers_no_numbers_is_refused_for_that(photos, tmp_path):
    image = keras.Input((32, 32, 3))
    roots = keras.ops.sqrt(layers.GlobalAveragePooling2D()(image)[:, :2])
    model = own_network(keras.Model(image, roots), photos)

    with pytest.raises(UserError, match=r"own itself answers \d+ of 32 inputs with NaN"):
        export(model, ("float32",), out=tmp_path / "build")
    assert not (tmp_path / "build").exists()


def test_a_ghostified_network_trains_and_becomes_files(photos, tmp_path):
    keras.utils.set_random_seed(0)
    model, _ = ghostify(network(), warm=True)
    schedule = Schedule(epochs=2, sizes=((0, 32),), batch=8, learning_rate=0.1, ema=0.5)
    train, held_out = (
        decode(photos, some, shrinking(60), silent) for some in hold_out(len(photos), 16, 0)
    )
    info = CheckpointInfo("own", photos.classes, PREPROCESSING)
    run = Run(tmp_path / "run", schedule, info, model, train, held_out)

    for _ in range(schedule.epochs):
        row = run.epoch()
    own = own_network(model, photos)
    result = export(own, ("float32", "static_wi8_ai8"), photos, out=tmp_path / "build")

    assert max(row["held_out_top1"], row["held_out_ema_top1"]) > 0.9
    assert sum(isinstance(layer, GhostConv2D) for layer in model.layers) == 2
    # Every BatchNorm moved into a module and from there into a kernel.
    assert result.files[0].record.ops == {
        "CONCATENATION": 2, "CONV_2D": 3, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 1, "MEAN": 1,
    }  # fmt: skip
    assert all(file.record.partitions == 1 for file in result.files)


def test_the_mobilenet_of_keras_goes_the_same_way(photos, tmp_path):
    keras.utils.set_random_seed(0)
    whole: Any = keras.applications.MobileNetV2(
        (32, 32, 3), alpha=0.35, weights=None, classes=2, classifier_activation=None
    )
    model, report = ghostify(whole, keep=("Conv1", "Conv_1"), warm=True)
    schedule = Schedule(epochs=2, sizes=((0, 32),), batch=8, learning_rate=0.01, ema=0.5)
    train, held_out = (
        decode(photos, some, shrinking(60), silent) for some in hold_out(len(photos), 16, 0)
    )
    info = CheckpointInfo("own", photos.classes, PREPROCESSING)

    row = Run(tmp_path / "run", schedule, info, model, train, held_out).epoch()
    own = own_network(model, photos)
    result = export(own, ("float32", "static_wi8_ai8"), photos, out=tmp_path / "build")

    modules = [layer for layer in model.layers if isinstance(layer, GhostConv2D)]
    assert len(modules) > 20 and np.isfinite(row["loss"])
    assert {"Conv1", "Conv_1"} <= {row.name for row in report.rows if row.kind != "ghost"}
    assert report.after.parameters < report.before.parameters
    assert result.files[0].record.ops["CONCATENATION"] == len(modules)
    assert all(file.record.partitions == 1 for file in result.files)
