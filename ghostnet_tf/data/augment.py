"""Random views of a photo: crop, flip, RandAugment. Every choice comes from one Generator."""

import math

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from ghostnet_tf.base.sides import Size, sides

GREY = (124, 116, 104)  # the mean of ImageNet: what a rotated corner is filled with


def random_view(
    pixels: np.ndarray,
    size: Size,
    crop_scale: tuple[float, float],
    flip: bool,
    randaugment: tuple[int, int] | None,
    rng: np.random.Generator,
) -> np.ndarray:
    """(H, W, 3) uint8 -> (height, width, 3) uint8 of that size."""
    height, width = pixels.shape[:2]
    tall, wide = sides(size)
    left, top, w, h = random_crop(width, height, crop_scale, rng, wide / tall)
    photo = Image.fromarray(pixels).resize(
        (wide, tall), Image.Resampling.BILINEAR, box=(left, top, left + w, top + h)
    )
    if flip and rng.random() < 0.5:
        photo = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if randaugment is not None:
        n, strength = randaugment
        for name in rng.choice(sorted(OPERATIONS), n):
            photo = OPERATIONS[name](photo, strength / 10, rng.choice([-1.0, 1.0]))
    return np.asarray(photo)


def random_crop(
    width: int,
    height: int,
    scale: tuple[float, float],
    rng: np.random.Generator,
    aspect: float = 1.0,
) -> tuple[int, int, int, int]:
    """(left, top, width, height) of an Inception crop: a share of the area.

    Its width by its height is 3/4 to 4/3 of `aspect`, which is that of the view.
    """
    for _ in range(10):
        area = width * height * rng.uniform(*scale)
        ratio = aspect * math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return int(rng.integers(width - w + 1)), int(rng.integers(height - h + 1)), w, h
    w, h = min(width, max(1, round(height * aspect))), min(height, max(1, round(width / aspect)))
    return (width - w) // 2, (height - h) // 2, w, h


def _affine(matrix):
    def apply(photo, strength, sign):
        a, b, c, d, e, f = matrix(photo, strength * sign)
        return photo.transform(
            photo.size, Image.Transform.AFFINE, (a, b, c, d, e, f),
            Image.Resampling.BILINEAR, fillcolor=GREY,
        )  # fmt: skip

    return apply


def _enhance(kind):
    return lambda photo, strength, sign: kind(photo).enhance(1 + 0.9 * strength * sign)


# RandAugment (arXiv 1909.13719), its operations and their full strengths.
OPERATIONS = {
    "autocontrast": lambda photo, strength, sign: ImageOps.autocontrast(photo),
    "equalize": lambda photo, strength, sign: ImageOps.equalize(photo),
    "posterize": lambda photo, strength, sign: ImageOps.posterize(photo, 8 - round(4 * strength)),
    "solarize": lambda photo, strength, sign: ImageOps.solarize(photo, 256 - round(255 * strength)),
    "rotate": lambda photo, strength, sign: photo.rotate(
        30 * strength * sign, Image.Resampling.BILINEAR, fillcolor=GREY
    ),
    "color": _enhance(ImageEnhance.Color),
    "contrast": _enhance(ImageEnhance.Contrast),
    "brightness": _enhance(ImageEnhance.Brightness),
    "sharpness": _enhance(ImageEnhance.Sharpness),
    "shear_x": _affine(lambda photo, s: (1, 0.3 * s, 0, 0, 1, 0)),
    "shear_y": _affine(lambda photo, s: (1, 0, 0, 0.3 * s, 1, 0)),
    "translate_x": _affine(lambda photo, s: (1, 0, 0.45 * s * photo.width, 0, 1, 0)),
    "translate_y": _affine(lambda photo, s: (1, 0, 0, 0, 1, 0.45 * s * photo.height)),
}
