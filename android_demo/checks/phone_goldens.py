"""Python's logits for the models in the app, which the tests on a phone compare with theirs.

python android_demo/checks/phone_goldens.py        after `make android-assets`
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from android_demo.checks import goldens
from export.classifier import open_classifier
from ghostnet_tf.base.record import CLASSIFY, read_record

DEMO = Path(__file__).resolve().parents[1] / "app" / "src"
MODELS = DEMO / "main" / "assets" / "models"
OUT = DEMO / "androidTest" / "assets" / "goldens"
SIZE = (333, 257)  # as in LogitsTest.kt


def write(models: Path, out: Path) -> None:
    """`photo.rgb`, and `<model>.logits` of each plain file, float32 in little-endian order."""
    out.mkdir(parents=True, exist_ok=True)
    photo = Image.fromarray(goldens.photo(*SIZE))
    (out / "photo.rgb").write_bytes(photo.tobytes())
    for model in sorted(models.glob("*.tflite")):
        if "_ghostop" in model.name or read_record(model).task != CLASSIFY:
            continue  # the plain file once more, or no logits of a photo
        classifier = open_classifier(model)
        prepare = classifier.preprocessing
        image = prepare.normalise(prepare.pixels(photo))
        logits = np.asarray(classifier.predict(image[None]))[0]
        (out / f"{model.name}.logits").write_bytes(logits.astype("<f4").tobytes())


if __name__ == "__main__":
    write(MODELS, OUT)
