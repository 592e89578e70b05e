"""How a photo becomes the model's input. The one definition; other languages must match it."""

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError, pick

RESAMPLE = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocessing:
    """Written into every `.tflite` we export and every checkpoint we train."""

    size: int  # pixels, after the crop
    crop: float  # centre crop, as a share of the resized short side
    resample: str  # Pillow's filter, antialiased: "bilinear" or "bicubic"
    mean: tuple[float, ...]  # RGB, of values in [0, 1]
    std: tuple[float, ...]

    def __post_init__(self):
        pick(self.resample, RESAMPLE, "resample filter")
        if self.size < 1 or not 0 < self.crop <= 1:
            raise UserError(f"size {self.size} and crop {self.crop} make no image")
        if len(self.mean) != 3 or len(self.std) != 3 or not all(map(math.isfinite, self.mean)):
            raise UserError(f"mean {self.mean} and std {self.std} must have three numbers each")
        if not all(0 < std < math.inf for std in self.std):
            raise UserError(f"std {self.std} must be above 0")

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        return cls(**{**fields, "mean": tuple(fields["mean"]), "std": tuple(fields["std"])})

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


IMAGENET = Preprocessing(224, 0.875, "bilinear", IMAGENET_MEAN, IMAGENET_STD)
# As the published Ghost-ResNet-56 and most others of CIFAR-10's networks have it.
CIFAR10 = Preprocessing(32, 1.0, "bilinear", (0.4914, 0.4822, 0.4465), (0.2023, 0.1994, 0.2010))
