"""The formats of photos that every command reads, said once. Standard library only."""

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Format:
    """A format of photos. Bytes decide; a name says whether a file is a photo at all."""

    name: str  # as people call it
    suffixes: tuple[str, ...]
    package: str = ""  # that reads it, where Pillow alone does not


JPEG = Format("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo"))
PNG = Format("PNG", (".png", ".apng"))
WEBP = Format("WebP", (".webp",))
BMP = Format("BMP", (".bmp",))
GIF = Format("GIF", (".gif",))
TIFF = Format("TIFF", (".tif", ".tiff"))
AVIF = Format("AVIF", (".avif",))
HEIC = Format("HEIC", (".heic", ".heif", ".hif"), package="pillow-heif")

FORMATS = (JPEG, PNG, WEBP, BMP, GIF, TIFF, AVIF, HEIC)
SUFFIXES = frozenset(suffix for format in FORMATS for suffix in format.suffixes)

# Photos to a person and nothing to us. They are named, for a folder of them looks full.
RAW = "a camera's raw file: export it as JPEG"
UNREADABLE = {
    **dict.fromkeys((".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".srw", ".pef"), RAW),
    **dict.fromkeys((".raf", ".orf", ".rw2", ".x3f", ".3fr", ".iiq"), RAW),
    **dict.fromkeys((".jp2", ".j2k", ".jpx"), "JPEG 2000: save it as PNG or JPEG"),
    **dict.fromkeys((".ppm", ".pgm", ".pbm", ".pnm"), "a portable pixmap: save it as PNG"),
    ".jxl": "JPEG XL: save it as PNG or JPEG",
    ".psd": "Photoshop's own: save it as PNG or JPEG",
    ".tga": "Targa: save it as PNG",
    ".svg": "a drawing of lines, not of pixels: save it as PNG",
}

# Four letters after `ftyp` and the size of that box: ISO/IEC 23000-22 (HEIC, AVIF).
AVIF_BRANDS = {b"avif", b"avis"}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"} | {
    b"mif1",
    b"msf1",
}


def listed(names: Sequence[str]) -> str:
    """A, B, C -> "A, B or C"."""
    return f"{', '.join(names[:-1])} or {names[-1]}"


NAMES = listed([format.name for format in FORMATS])  # for an error, and for `--help`


def suffix(name: str) -> str:
    """The end of a file's name that says what it is, in small letters."""
    return posixpath.splitext(name)[1].lower()


def stem(name: str) -> str:
    """The name of a file without its folders and its end, by which photo and annotation belong."""
    return posixpath.splitext(posixpath.basename(name))[0]


def format_of(data: bytes) -> Format | None:
    """What the first bytes say, whatever the file is called."""
    starts = {
        b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG, b"BM": BMP,
        b"GIF87a": GIF, b"GIF89a": GIF, b"II*\0": TIFF, b"MM\0*": TIFF,
    }  # fmt: skip
    for start, format in starts.items():
        if data.startswith(start):
            return format
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    if data[4:8] != b"ftyp":
        return None
    box = data[8 : min(int.from_bytes(data[:4], "big"), 1024)]
    brands = {box[i : i + 4] for i in (0, *range(8, len(box), 4))}  # between them a version
    if brands & AVIF_BRANDS:
        return AVIF
    return HEIC if brands & HEIC_BRANDS else None
