"""Name photos: python export/predict.py FILE.tflite PHOTO... [--top 5] [--json]

Every photo is read before the first one is named: if one cannot be read, all such are listed, the
exit code is 2, and nothing is printed to stdout.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import user_path
from ghostnet_tf.data.photos import open_photo

if TYPE_CHECKING:
    from .classifier import Classifier


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Name photos with a .tflite file.")
    parser.add_argument("file", metavar="FILE.tflite")
    parser.add_argument("photos", metavar="PHOTO", nargs="+")
    parser.add_argument("--top", type=int, default=5, metavar="N", help="classes per photo")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    args = parser.parse_args(argv)
    if args.top < 1:
        parser.error(f"--top is {args.top}; it must be 1 or more")

    from .classifier import open_classifier

    classifier = open_classifier(args.file)
    images = read_images(args.photos, classifier)
    photos = [
        {"photo": photo, "top": best(scores, classifier, args.top)}
        for photo, scores in zip(args.photos, np.asarray(classifier.predict(images)), strict=True)
    ]
    if args.json:
        print(json.dumps({"file": args.file, "photos": photos}, indent=1))
    else:
        for photo in photos:
            print(photo["photo"])
            for answer in photo["top"]:
                print(f"  {answer['probability']:6.1%}  {answer['name']}")
    return 0


def read_images(paths: list[str], classifier: "Classifier") -> np.ndarray:
    """The model's input, (N, size, size, 3) float32; or one error that lists the unreadable."""
    pixels, unreadable = [], []
    for path in paths:
        try:
            photo = open_photo(user_path(path).read_bytes(), path)
            pixels.append(classifier.preprocessing.pixels(photo))
        except (OSError, UserError) as error:
            unreadable.append(f"{path!r} ({getattr(error, 'strerror', None) or error})")
    if unreadable:
        raise UserError(
            f"cannot read {', '.join(unreadable)}",
            fix="give JPEG, PNG, WebP or BMP photos; nothing was predicted",
        )
    return classifier.preprocessing.normalise(np.stack(pixels))


def best(scores: np.ndarray, classifier: "Classifier", top: int) -> list[dict[str, Any]]:
    """The first `top` classes by score, (classes,), with their probabilities."""
    shares = scores if classifier.gives_probabilities else softmax(scores)
    return [
        {
            "id": classifier.labels.ids[i],
            "name": classifier.labels.names[i],
            "probability": round(float(shares[i]), 6),
        }
        for i in np.argsort(-scores, kind="stable")[:top]
    ]


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


if __name__ == "__main__":
    run(main)
