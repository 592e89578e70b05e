"""How a photo becomes the model's input. The one definition; other languages must match it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
from PIL import Image

from ghostnet_tf.base.errors import UserError, pick
from ghostnet_tf.base.schema import Mismatch, short, typed
from ghostnet_tf.base.sides import Size, sides, size_of

RESAMPLE = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
COLOURS = {1: "L", 3: "RGB"}  # channels of an image -> Pillow's mode; grey is its luma
FITS = ("crop", "stretch")  # its middle, undistorted; all of it
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

    size: Size  # pixels, after the crop: of a side, or (height, width) where they differ
    crop: float  # centre crop, as a share of the resized sides
    resample: str  # Pillow's filter, antialiased: "bilinear" or "bicubic"
    mean: tuple[float, ...]  # one a channel, of values in [0, 1]: red, green, blue, or grey
    std: tuple[float, ...]
    channels: int = 3  # RGB; 1: grey
    fit: str = "crop"  # how a photo of another aspect fits: one of FITS

    def __post_init__(self):
        # Every number is bounded here and nowhere else: a record or a header may hold anything.
        pick(self.resample, RESAMPLE, "resample filter")
        pick(self.fit, dict.fromkeys(FITS), "fit of a photo")
        both = tuple(self.size) if isinstance(self.size, list | tuple) else (self.size,)
        if len(both) not in (1, 2):
            raise UserError(f"size must be one number, or height and width, not {short(self.size)}")
        _check("size", both, len(both), SIDES)
        _check("crop", (self.crop,), 1, CROPS)
        for side in both:
            _check("size / crop", (side / self.crop,), 1, SIDES)  # what a photo is resized to
        if isinstance(self.channels, bool) or self.channels not in COLOURS:
            raise UserError(f"channels must be 1 (grey) or 3 (RGB), not {short(self.channels)}")
        _check("mean", self.mean, self.channels, MEANS)
        _check("std", self.std, self.channels, STDS)
        if not all(isinstance(side, Integral) for side in both):
            raise UserError(f"size {self.size} is no whole number of pixels")
        object.__setattr__(self, "size", size_of(both[0], both[-1]))  # as everybody compares it

    @property
    def sides(self) -> tuple[int, int]:
        """(height, width) in pixels, after the crop."""
        return sides(self.size)

    @property
    def height(self) -> int:
        return self.sides[0]

    @property
    def width(self) -> int:
        return self.sides[1]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels)."""
        return (*self.sides, self.channels)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Self:
        """From JSON, whatever it holds; UserError where that is no preprocessing."""
        try:
            return typed(cls, fields, "preprocessing")
        except Mismatch as wrong:
            raise UserError(str(wrong)) from None

    def to_dict(self) -> dict[str, Any]:
        fields = {**asdict(self), "mean": list(self.mean), "std": list(self.std)}
        if not isinstance(self.size, int):
            fields["size"] = list(self.size)
        if self.channels == 3:  # goes without saying: files from before grey keep their bytes
            del fields["channels"]
        if self.fit == "crop":  # as well
            del fields["fit"]
        return fields

    def at(self, size: Size) -> Self:
        return replace(self, size=size)

    def in_grey(self) -> Self:
        """The same for grey images, with the means over the colours."""
        mean, std = (round(sum(of) / len(of), 6) for of in (self.mean, self.std))
        return replace(self, channels=1, mean=(mean,), std=(std,))

    def coloured(self, photo: Image.Image) -> Image.Image:
        """In RGB or in grey, as the network takes it."""
        return photo.convert(COLOURS[self.channels])

    def in_channels(self, pixels: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 -> (H, W, channels) uint8."""
        if self.channels == 3:
            return pixels
        return np.asarray(self.coloured(Image.fromarray(pixels)))[..., None]

    def pixels(self, photo: Image.Image) -> np.ndarray:
        """The photo's centre, (height, width, channels) uint8.

        The photo, keeping its aspect, becomes as small as covers sides / crop; then it is cropped.
        Stretched, it becomes exactly sides / crop before that.
        """
        photo = self.coloured(photo)
        height, width = self.sides
        tall, wide = round(height / self.crop), round(width / self.crop)
        # As torchvision's Resize, of a square: one side exactly, the other truncated.
        if self.fit == "stretch":
            resized = (wide, tall)
        elif tall * photo.width >= wide * photo.height:
            resized = (int(tall * photo.width / photo.height), tall)
        else:
            resized = (wide, int(wide * photo.height / photo.width))
        if photo.size != resized:
            photo = photo.resize(resized, RESAMPLE[self.resample])
        left, top = round((resized[0] - width) / 2), round((resized[1] - height) / 2)
        pixels = np.asarray(photo.crop((left, top, left + width, top + height)))
        return pixels.reshape(self.image_shape)

    def images(self, photos: Iterable[Image.Image]) -> np.ndarray:
        """Photos of any size, one at least -> the network's input, (N, H, W, C) float32.

        IMAGENET.images([photo]).shape      # (1, 224, 224, 3)
        """
        return self.normalise(np.stack([self.pixels(photo) for photo in photos]))

    def table(self) -> np.ndarray:
        """(256, C) float32: the input for every value of a pixel, rounded once from float64."""
        values = np.arange(256, dtype=np.float64)[:, None] / 255
        return ((values - self.mean) / self.std).astype(np.float32)

    def normalise(self, pixels: np.ndarray) -> np.ndarray:
        """(..., channels) uint8 -> (..., channels) float32."""
        return self.table()[pixels, np.arange(self.channels)]


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
