"""Networks of `keras.applications`, which are not ours: each exports in float32 and in full int8.

The two cheapest in the default suite, all twelve in `make test-all`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras.src.applications.efficientnet import EfficientNet

from export.from_keras import to_float32
from export.network import Network
from export.parity import snr_db
from export.pipeline import export
from export.runtime import Runtime
from ghostnet_tf.base.record import Record
from ghostnet_tf.data.preprocess import IMAGENET
from tests.counts import ALL, examples
from tests.export.conftest import seed_weights, smooth_images

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
    assert (records["float32"].parity_db or 0) > 90
    # Measured: 19.6 (NASNetMobile), 33.6 (ConvNeXtTiny), 53.9 or more of the others.
    assert (records["static_wi8_ai8"].parity_db or 0) > 15


def small_efficientnet(**own: Any) -> keras.Model:
    """All seven stages, with residual blocks, half as wide as B0."""
    return EfficientNet(0.5, 0.4, 32, **own)


# -> (network, pixels)
WITH_RESCALING: dict[str, tuple[Callable[..., keras.Model], int]] = {
    "a small EfficientNet": (small_efficientnet, 32),
    "EfficientNetB0": (keras.applications.EfficientNetB0, 64),
    "MobileNetV3Small": (keras.applications.MobileNetV3Small, 64),
}


@pytest.mark.parametrize("name", [*WITH_RESCALING][: examples(1, 3)])
def test_swish_and_rescaling_inside_are_exact_in_float32(name):
    """On pixels from 0 to 255, with the statistics that belong to them: logits of order 1."""
    keras.utils.set_random_seed(0)
    build, side = WITH_RESCALING[name]
    plain = {"weights": None, "classifier_activation": None}
    model = build(input_shape=(side, side, 3), classes=10, **plain)
    used, fresh = (np.clip(127 + 45 * smooth_images(48, side, seed), 0, 255) for seed in (0, 1))
    seed_weights(model, used)

    outputs = np.asarray(Runtime(to_float32(model, side)).run(fresh))

    assert outputs.std() > 0.1
    assert snr_db(model.predict(fresh, verbose=0), outputs) > 100
