"""How small_*.tflite were made: python tests/benchmark/files/make_small.py

A network of every operator that the benchmark meets, HARD_SWISH among them, which XNNPACK leaves
alone in int8. The files are kept because exact counts need exact bytes.
"""

import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from calibrated import measure

from export.from_keras import to_float32
from export.quantize import quantize
from ghostnet_tf.nets.layers import GhostBottleneck

HERE = Path(__file__).resolve().parent
SIZE = 32


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(16, 3, 2, padding="same", activation="relu", name="stem")(image)
    x = GhostBottleneck(32, 16, name="block_00")(x)
    x = GhostBottleneck(48, 24, 5, 2, se_ratio=0.25, name="block_01")(x)
    x = layers.Conv2D(32, 1, name="last")(x)
    x = layers.Activation("hard_silu", name="swish")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, layers.Dense(10, name="classifier")(x))


def main() -> None:
    images = np.random.default_rng(0).normal(size=(16, SIZE, SIZE, 3)).astype(np.float32)
    float32 = to_float32(network(), SIZE)
    ranges = measure(float32, images, "mse")
    for recipe in ("float32", "static_wi8_ai8"):
        data = quantize(float32, recipe, ranges)
        (HERE / f"small_{recipe}.tflite").write_bytes(data)


if __name__ == "__main__":
    main()
