"""Networks of `keras.applications`, which are not ours: each exports in float32 and in full int8.

The two cheapest in the default suite, all twelve in `make test-all`.
"""

from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import seed_weights
from counts import ALL

from export.network import Network
from export.pipeline import export
from ghostnet_tf.base.record import Record
from ghostnet_tf.data.generated import generated_images
from ghostnet_tf.data.preprocess import IMAGENET

SIZES = {  # network -> pixels, about the least that it takes
    "MobileNet": 32, "MobileNetV2": 32, "MobileNetV3Small": 32, "MobileNetV3Large": 32,
    "EfficientNetB0": 32, "EfficientNetV2B0": 32, "ResNet50": 32, "DenseNet121": 32,
    "NASNetMobile": 32, "ConvNeXtTiny": 32, "InceptionV3": 75, "Xception": 71,
}  # fmt: skip
CHEAPEST = ("MobileNet", "MobileNetV2")
NAMES = [name for name in SIZES if ALL or name in CHEAPEST]


def files_of(model: keras.Model, name: str, out: Path) -> dict[str, Record]:
    network = Network(
        model=model,
        name=name,
        weights="seeded",
        weights_sha256="",
        preprocessing=IMAGENET.at(SIZES[name]),
    )
    files = export(network, ["float32", "static_wi8_ai8"], out=out).files
    return {file.record.recipe: file.record for file in files}


@pytest.mark.parametrize("name", NAMES)
def test_fresh_weights_export(name, tmp_path):
    """A thousand classes, all alike: nothing but constants that are not exactly constant."""
    keras.utils.set_random_seed(0)
    build, side = getattr(keras.applications, name), SIZES[name]
    records = files_of(build(weights=None, input_shape=(side, side, 3)), name, tmp_path)

    assert {record.scores for record in records.values()} == {"softmax"}
    assert records["float32"].parity_db > 90
    assert records["static_wi8_ai8"].parity_db > 20


@pytest.mark.parametrize("name", NAMES)
def test_weights_that_behave_like_trained_ones_keep_their_decibels(name, tmp_path):
    keras.utils.set_random_seed(0)
    build, side = getattr(keras.applications, name), SIZES[name]
    shape, plain = (side, side, 3), {"weights": None, "classifier_activation": None}
    model = build(input_shape=shape, classes=10, **plain)
    seed_weights(model, generated_images(32, (side, side), seed=2))

    records = files_of(model, name, tmp_path)

    assert {record.scores for record in records.values()} == {"logits"}
    assert records["float32"].parity_db > 100
    assert np.isfinite(records["static_wi8_ai8"].parity_db)
