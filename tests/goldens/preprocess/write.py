"""What `data/preprocess.py` makes of generated photos, for the same code in other languages.

python tests/goldens/preprocess/write.py DIR

`cases.json` is a list; each case names its preprocessing, the photo's `width` and `height`, where
it is resized to and the crop begins, and three files beside it, all little-endian and without a
header: `photo` (height, width, 3) uint8 RGB, `pixels` (H, W, C) uint8, `input` (H, W, C)
float32.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
from PIL import Image

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[3])

from ghostnet_tf.data.preprocess import IMAGENET, Preprocessing
from ghostnet_tf.nets.zoo import MOBILENET

BICUBIC = Preprocessing(96, 0.9, "bicubic", IMAGENET.mean, IMAGENET.std)

HALF = Preprocessing(33, 0.5, "bicubic", (0.5,) * 3, (0.25,) * 3)
STRETCHED = replace(IMAGENET.at(96), crop=1.0, fit="stretch")

# fmt: off
CASES: dict[str, tuple[Preprocessing, tuple[int, int]]] = {  # name -> how, (width, height)
    "landscape":          (IMAGENET.at(96),   (640, 427)),
    "portrait":           (IMAGENET.at(96),   (333, 500)),
    "square":             (IMAGENET.at(96),   (257, 257)),
    "enlarged":           (IMAGENET.at(96),   (64, 64)),
    "enlarged oddly":     (IMAGENET.at(97),   (31, 47)),
    "three pixels":       (IMAGENET.at(96),   (3, 1)),
    "one pixel":          (IMAGENET.at(96),   (1, 1)),
    "untouched":          (IMAGENET.at(96),   (110, 110)),
    "only the height":    (IMAGENET.at(96),   (110, 111)),
    "thin":               (IMAGENET.at(32),   (7, 301)),
    "much smaller":       (IMAGENET.at(32),   (1001, 753)),
    "at 224":             (MOBILENET,         (400, 301)),
    "bicubic":            (BICUBIC,           (301, 225)),
    "bicubic, enlarged":  (BICUBIC,           (41, 59)),
    "oblong":             (IMAGENET.at((64, 112)), (640, 427)),
    "oblong, upright":    (IMAGENET.at((97, 64)),  (333, 300)),
    "oblong of a thin":   (BICUBIC.at((31, 80)),   (41, 301)),
    "grey":               (IMAGENET.at(96).in_grey(), (333, 257)),
    "grey, oblong":       (BICUBIC.at((40, 65)).in_grey(), (64, 59)),
    "tall":               (IMAGENET.at(32),   (100, 301)),
    "stretched":          (STRETCHED,         (640, 427)),
    "stretched, upright": (STRETCHED.at((31, 80)), (41, 301)),
    "stretched, cropped": (replace(HALF, fit="stretch"), (200, 99)),
    "crop of half":       (HALF,              (200, 99)),
}
# fmt: on


def photo(width: int, height: int) -> Image.Image:
    """Noise over a gradient with hard edges to black and white: every weight and clip matters."""
    rng = np.random.default_rng(width * 10_000 + height)
    y, x = np.mgrid[:height, :width]
    waves = np.stack([x * 5 + y, y * 7 - x, (x // 9 + y // 5) * 64], -1) % 256
    edges = np.where((x // 11 + y // 13) % 3 == 0, 255, 0)[..., None]
    pick = rng.integers(0, 3, (height, width, 1))
    noise = rng.integers(0, 256, (height, width, 3))
    return Image.fromarray(np.choose(pick, [noise, waves, edges]).astype(np.uint8))


def resized_and_cropped(preprocessing: Preprocessing, image: Image.Image):
    """The pixels, with the sizes that Pillow was asked for on the way."""
    asked: dict[str, list[int]] = {"resized": list(image.size)}
    resize, crop = Image.Image.resize, Image.Image.crop

    def spied_resize(self, size, *rest):
        asked["resized"] = list(size)
        return resize(self, size, *rest)

    def spied_crop(self, box):
        asked["crop"] = list(box[:2])
        return crop(self, box)

    with (
        patch.object(Image.Image, "resize", spied_resize),
        patch.object(Image.Image, "crop", spied_crop),
    ):
        pixels = preprocessing.pixels(image)
    return pixels, asked


def write(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    cases = []
    for name, (preprocessing, (width, height)) in CASES.items():
        image = photo(width, height)
        pixels, asked = resized_and_cropped(preprocessing, image)
        case = {
            "name": name,
            "preprocessing": preprocessing.to_dict(),
            "width": width,
            "height": height,
            **asked,
        }
        stem = name.replace(",", "").replace(" ", "_")
        for kind, values in {
            "photo": np.asarray(image),
            "pixels": pixels,
            "input": preprocessing.normalise(pixels).astype("<f4"),
        }.items():
            case[kind] = f"{stem}.{kind}"
            (directory / case[kind]).write_bytes(values.tobytes())
        cases.append(case)
    (directory / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
