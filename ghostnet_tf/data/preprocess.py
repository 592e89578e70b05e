"""How a photo becomes the model's input. The one definition; other languages must match it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.base.schema import Mismatch, short, typed

RESAMPLE = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CHANNELS = 3
# The least and the largest of every number. Far beyond them a photo takes gigabytes, or its values
# are infinite; all together keep the input of a network below 1e10.
Bounds = tuple[float, float]
SIDES: Bounds = (1, 8192)  # pixels
CROPS: Bounds = (1e-3, 1)
MEANS: Bounds = (-1000, 1000)
STDS: Bounds = (1e-6, 1e6)  # 1/255 leaves pixels as they are, 1/65535 makes 16 bits of them


@dataclass(frozen=True)
class Preprocessing:
    """Written into every `.tflite` we export and every checkpoint we train."""

    size: int  # pixels, after the crop
    crop: float  # centre crop, as a share of the resized short side
    resample: str  # Pillow's filter, antialiased: "bilinear" or "bicubic"
    mean: tuple[float, ...]  # RGB, of values in [0, 1]
    std: tuple[float, ...]

    def __post_init__(self):
        # Every number is bounded here and nowhere else: a record or a header may hold anything.
        pick(self.resample, RESAMPLE, "resample filter")
        _check("size", (self.size,), 1, SIDES)
        _check("crop", (self.crop,), 1, CROPS)
        _check("size / crop", (self.size / self.crop,), 1, SIDES)  # what a photo is resized to
        _check("mean", self.mean, CHANNELS, MEANS)
        _check("std", self.std, CHANNELS, STDS)
        if not isinstance(self.size, Integral):
            raise UserError(f"size {self.size} is no whole number of pixels")

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """From JSON, whatever it holds; UserError where that is no preprocessing."""
        try:
            return typed(cls, fields, "preprocessing")
        except Mismatch as wrong:
            raise UserError(str(wrong)) from None

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}

    def at(self, size: int) -> Self:
        return replace(self, size=size)

    def pixels(self, photo: Image.Image) -> np.ndarray:
        """The photo's centre, (size, size, 3) uint8 RGB: short side to size / crop, then a crop."""
        photo = photo.convert("RGB")
        short, scale = round(self.size / self.crop), min(photo.size)
        # torchvision's Resize: the short side exactly, the long side truncated.
        resized = (int(short * photo.width / scale), int(short * photo.height / scale))
        if photo.size != resized:
            photo = photo.resize(resized, RESAMPLE[self.resample])
        left, top = (round((side - self.size) / 2) for side in resized)
        return np.asarray(photo.crop((left, top, left + self.size, top + self.size)))

    def images(self, photos: Iterable[Image.Image]) -> np.ndarray:
        """Photos of any size, one at least -> the network's input, (N, size, size, 3) float32.

        IMAGENET.images([photo]).shape      # (1, 224, 224, 3)
        """
        return self.normalise(np.stack([self.pixels(photo) for photo in photos]))

    def table(self) -> np.ndarray:
        """(256, 3) float32: the input for every value of a pixel, rounded once from float64."""
        values = np.arange(256, dtype=np.float64)[:, None] / 255
        return ((values - self.mean) / self.std).astype(np.float32)

    def normalise(self, pixels: np.ndarray) -> np.ndarray:
        """(..., 3) uint8 RGB -> (..., 3) float32."""
        return self.table()[pixels, np.arange(3)]


def _check(name: str, values: Iterable[float], count: int, bounds: Bounds) -> None:
    """UserError unless these are `count` numbers within bounds; True and NaN are none."""
    said, (least, most) = tuple(values), bounds
    are_numbers = all(isinstance(v, Real) and not isinstance(v, bool) for v in said)
    if len(said) != count or not are_numbers or not all(least <= v <= most for v in said):
        what = "a number" if count == 1 else f"{count} numbers"
        shown = said[0] if len(said) == 1 else list(said[: count + 1])
        raise UserError(f"{name} must be {what} from {least:g} to {most:g}, not {short(shown)}")


IMAGENET = Preprocessing(224, 0.875, "bilinear", IMAGENET_MEAN, IMAGENET_STD)
# As the published Ghost-ResNet-56 and most others of CIFAR-10's networks have it.
CIFAR10 = Preprocessing(32, 1.0, "bilinear", (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
