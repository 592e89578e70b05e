"""Encoded bytes become a photo as a person sees it; Pillow is called here alone."""

import io
import math
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageOps,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from ghostnet_tf.base.errors import UserError, reading
from ghostnet_tf.base.files import user_path
from ghostnet_tf.data import formats
from ghostnet_tf.data.formats import Format, format_of

MAX_FILE_BYTES = 100_000_000  # a photo larger than this is a mistake or an attack
MAX_ASPECT = 50  # the long side of a thinner one, resized like a photo, would fill the memory
# A JPEG can be decoded at a half, a quarter or an eighth, so phones' 200 million pixels are no
# danger. Progressive ones keep up to 6 bytes of every pixel meanwhile: 1.8 GB of these.
MAX_JPEG_PIXELS = 300_000_000
ORIENTATION, LYING = 0x0112, (5, 6, 7, 8)  # a tag of EXIF, and its values that turn by 90 degrees
GREY, PALETTE = 0, 3  # kinds of PNG: without, and by a list of colours
HEIC_NEEDS = f"{sys.executable} -m pip install pillow-heif"

# Not Image.open: it looks at no size but that of the file, where we want a JPEG's before we decide
# how small to decode it, and prints a warning of its own.
OPENERS: dict[Format, Callable[[Any], Image.Image]] = {
    formats.JPEG: JpegImagePlugin.JpegImageFile,  # the first of several pictures (MPO)
    formats.PNG: PngImagePlugin.PngImageFile,
    formats.WEBP: WebPImagePlugin.WebPImageFile,
    formats.BMP: BmpImagePlugin.BmpImageFile,
    formats.GIF: GifImagePlugin.GifImageFile,
    formats.TIFF: TiffImagePlugin.TiffImageFile,
    formats.AVIF: AvifImagePlugin.AvifImageFile,
}


def read_photo(path: str | Path, name: str = "") -> Image.Image:
    """The photo in a file, called `name` in errors; UserError where there is none."""
    return open_photo(read_file(path, name), name or str(path))


def read_file(path: str | Path, name: str = "", kind: str = "photo") -> bytes:
    """The bytes of a photo's file, or of one of another `kind` beside photos, in memory."""
    path, name = user_path(path), name or str(path)
    try:
        if not path.is_file():  # a pipe would be waited for, a dead link is none
            if not path.exists() and not path.is_symlink():
                raise UserError(f"{kind} {name!r} is not there", fix="check the path")
            raise UserError(f"{kind} {name!r} is no file")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UserError(f"{kind} {name!r} is larger than {MAX_FILE_BYTES:,} bytes")
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{kind} {name!r} cannot be read: {error.strerror}") from None


def open_photo(data: bytes, name: str) -> Image.Image:
    """Encoded bytes -> the photo as a person would see it: upright, in RGB, on white paper.

    Of several frames or pages the first. A JPEG of more pixels than Pillow's limit comes at a
    half, a quarter or an eighth of its size; other formats cannot be decoded small, and more than
    twice that limit is refused, as Pillow does.
    """
    format = format_of(data)
    if format is None:
        raise UserError(f"photo {name!r} cannot be read: its content is no {formats.NAMES} image")
    if format is formats.HEIC and not find_spec("pillow_heif"):
        raise UserError(
            f"photo {name!r} cannot be read: HEIC needs another package: {HEIC_NEEDS}",
            fix=HEIC_NEEDS,
        )
    with reading(f"photo {name!r}"):
        photo = _opener(format)(io.BytesIO(data))
        _refuse_shape(photo, format, name)
        if format is formats.JPEG:
            _decode_small(photo)
        photo.load()
        return _rgb(ImageOps.exif_transpose(photo), format, name)


def open_numbers(data: bytes, name: str) -> np.ndarray:
    """The numbers of a PNG that is no photo, such as a mask's classes: (H, W) uint8 or uint16.

    Those of a palette are the positions in it. UserError for any other image, colours included.
    """
    if format_of(data) is not formats.PNG:
        raise UserError(f"mask {name!r} cannot be read: it is no PNG", fix="save it as PNG")
    with reading(f"mask {name!r}"):
        image = PngImagePlugin.PngImageFile(io.BytesIO(data))
        _refuse_shape(image, formats.PNG, name)
        depth, kind = data[24], data[25]  # of the header, which comes first (PNG, 11.2.2)
        image.load()
    if kind not in (GREY, PALETTE):
        raise UserError(
            f"mask {name!r} has colours, and not the number of a class for each pixel",
            fix="save it as PNG in grey or with a palette, with the numbers of the classes",
        )
    numbers = np.asarray(image)
    if depth == 16:
        return numbers.astype(np.uint16)
    # Pillow stretches grey of 2 and 4 bits over 0..255.
    factor = 255 // (2**depth - 1) if kind == GREY and depth in (2, 4) else 1
    return numbers.astype(np.uint8) // factor


def upright_size(data: bytes, name: str) -> tuple[int, int]:
    """(width, height) of an encoded photo as a person sees it, without decoding it."""
    format = format_of(data)
    if format is None or format is formats.HEIC:  # whose opener turns it
        return open_photo(data, name).size
    with reading(f"photo {name!r}"):
        photo = _opener(format)(io.BytesIO(data))
        width, height = photo.size
        return (height, width) if photo.getexif().get(ORIENTATION) in LYING else (width, height)


def _opener(format: Format) -> Callable[[Any], Image.Image]:
    if format is not formats.HEIC:
        return OPENERS[format]
    # upright already; of several the primary one
    from pillow_heif import HeifImageFile  # pyright: ignore[reportMissingImports]

    return HeifImageFile


def _refuse_shape(photo: Image.Image, format: Format, name: str) -> None:
    """UserError for a picture that no memory holds, or that is no photo, before it is decoded."""
    width, height = photo.size
    limit = MAX_JPEG_PIXELS if format is formats.JPEG else 2 * (Image.MAX_IMAGE_PIXELS or math.inf)
    if width * height > limit:
        raise UserError(
            f"photo {name!r} cannot be read: {width} x {height} pixels are more than {limit:,}: "
            "it could be a decompression bomb",
            fix="save it smaller, or as JPEG",
        )
    if max(photo.size) > MAX_ASPECT * min(photo.size):
        ratio = max(photo.size) / max(min(photo.size), 1)
        raise UserError(
            f"photo {name!r} cannot be read: {width} x {height} pixels are no photo: one side is "
            f"{ratio:.1f} times the other, {MAX_ASPECT} times is allowed"
        )


def _decode_small(photo: Image.Image) -> None:
    """Let a JPEG beyond Pillow's limit be decoded at the largest scale within it."""
    width, height = photo.size
    limit = Image.MAX_IMAGE_PIXELS or math.inf
    scale = next((s for s in (1, 2, 4) if width * height / s**2 <= limit), 8)
    if scale > 1:
        photo.draft(None, (width // scale, height // scale))  # type: ignore[arg-type]


def _rgb(photo: Image.Image, format: Format, name: str) -> Image.Image:
    if photo.mode.startswith("I;16") or (photo.mode == "I" and format is formats.PNG):
        # 16-bit grey, which Pillow would cut off at 255
        return Image.fromarray((np.asarray(photo) >> 8).astype(np.uint8)).convert("RGB")
    if photo.mode in ("I", "F"):
        raise UserError(
            f"photo {name!r} cannot be read: its values are of 32 bits, and nobody says which of "
            "them is white",
            fix="save it with 8 bits a colour",
        )
    if photo.has_transparency_data:  # the colour under a transparent pixel is nobody's choice
        photo = photo.convert("RGBA")
        photo = Image.alpha_composite(Image.new("RGBA", photo.size, "white"), photo)
    return photo.convert("RGB")
