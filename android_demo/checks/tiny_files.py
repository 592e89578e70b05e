"""Networks of a few kilobytes for the checks, whose answers mean nothing; TensorFlow makes them.

python android_demo/checks/tiny_files.py RECORD        writes files/ anew; RECORD: any classifier's
"""

import sys
from dataclasses import replace
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import keras
import numpy as np
from keras import layers
from tests.web_demo.tiny_detector import save_detector

from export.from_keras import to_float32
from export.tensors import tensors_of
from ghostnet_tf.base.record import KEYWORDS, Record, SoundFields, read_record, save

FILES = Path(__file__).parent / "files"
WORDS = ("up", "down", "silence")
SOUND = SoundFields(
    rate=8000, length=1000, frame=200, hop=100, bands=10, low=20, high=4000, coefficients=0
)


def save_listener(folder: Path, like: Record) -> Path:
    """`like`: the record of another file, for all that nobody looks at here."""
    samples = keras.Input((SOUND["length"],), name="samples")
    layer = layers.Dense(len(WORDS), name="logits")
    network = keras.Model(samples, layer(samples), name="tiny_listener")
    weights = np.random.default_rng(6).normal(0, 0.1, (SOUND["length"], len(WORDS)))
    layer.set_weights([weights, np.zeros(len(WORDS))])
    file = to_float32(network, None)
    record = replace(
        like,
        model="tiny_listener",
        weights="drawn",
        task=KEYWORDS,
        preprocessing=None,
        sound=SOUND,
        labels=WORDS,
        label_ids=WORDS,
        scores="logits",
        inputs=tensors_of(file.graph, file.graph.inputs),
        outputs=tensors_of(file.graph, file.graph.outputs),
        accuracy=None,
    )
    return save(folder, record, file)[0]


if __name__ == "__main__":
    like = read_record(sys.argv[1])
    save_detector(FILES, like)
    save_listener(FILES, like)
