"""Photos in a folder or a zip, read by position; class sub-folders label them."""

import io
import os
import zipfile
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol, Self

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import read_member, user_path

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
# Only these: Pillow looks at the bytes, not the name, and would hand PostScript to Ghostscript.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
MAX_FILE_BYTES = 100_000_000  # a photo larger than this is a mistake or an attack
MAX_ASPECT = 50  # the long side of a thinner one, resized like a photo, would fill the memory


class Photos:
    """Every photo by its position, in the order of the names. Nothing is unpacked to disk."""

    def __init__(self, source: "_Source"):
        self.source = source
        self.names = sorted(name for name in source.files if _suffix(name) in SUFFIXES)
        if not self.names:
            raise UserError(
                f"{source.title!r} holds no photos",
                fix=f"give a folder or zip with {', '.join(sorted(SUFFIXES))} files",
            )

    @classmethod
    def open(cls, path: str | Path) -> Self:
        path = user_path(path)
        if path.is_dir():
            return cls(_Folder(path))
        if path.is_file():
            return cls(_Zip(path))
        raise UserError(f"there is no folder or zip {str(path)!r}", fix="check the path")

    def __len__(self) -> int:
        return len(self.names)

    def subset(self, positions: np.ndarray) -> Self:
        """The photos at these positions, in their order."""
        some = object.__new__(type(self))
        some.source, some.names = self.source, [self.names[i] for i in positions]
        return some

    def evenly(self, n: int) -> np.ndarray:
        """The positions of `n` photos at even distances, or of all if there are fewer; (n,) int.

        The names are sorted by class, so every class has its share.
        """
        n = min(n, len(self))
        return np.arange(n) * len(self) // n

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the class folders, sorted; none where the photos lie side by side."""
        return tuple(sorted({folder.name for folder in self._class_folders} - {""}))

    @cached_property
    def label_of(self) -> np.ndarray | None:
        """The position of each photo's class in `classes`, (n,) int."""
        if not self.classes:
            return None
        position = {name: i for i, name in enumerate(self.classes)}
        return np.array([position[PurePosixPath(name).parent.name] for name in self.names])

    def read(self, index: int) -> Image.Image:
        """The photo, upright and in RGB; one that cannot be read is named in the error."""
        name = self.names[index]
        return open_photo(self.source.read(name), name)

    @cached_property
    def _class_folders(self) -> set[PurePosixPath]:
        """Checked when labels are first asked for: photos without need of them may lie anywhere."""
        title, parents = self.source.title, [PurePosixPath(name).parent for name in self.names]
        depths = Counter(len(parent.parts) for parent in parents)
        if len(depths) > 1:
            (usual, _), (_, others) = depths.most_common()[0], depths.most_common()[-1]
            stray = next(
                n for n, p in zip(self.names, parents, strict=True) if len(p.parts) != usual
            )
            raise UserError(
                f"{others} photos of {title!r} lie outside the class folders, such as {stray!r}",
                fix="put every photo directly into the folder of its class, or all into one",
            )
        (depth,) = depths
        folders = set(parents)
        first: dict[str, PurePosixPath] = {}
        for folder in sorted(folders):
            if first.setdefault(folder.name, folder) != folder:
                both = f"in {str(first[folder.name])!r} and in {str(folder)!r}"
                raise UserError(
                    f"class {folder.name!r} of {title!r} stands twice: {both}",
                    fix="give the folder that directly holds the class folders",
                )
        would_be = {PurePosixPath(name) for name in self.source.folders}
        if empty := sorted(f for f in would_be - folders if len(f.parts) == depth):
            raise UserError(
                f"class folder {str(empty[0])!r} of {title!r} holds no photos",
                fix="remove it, or put its photos in",
            )
        return folders


def open_photo(data: bytes, name: str) -> Image.Image:
    """Encoded bytes -> the photo as a person would see it: upright, in RGB, on white paper."""
    try:
        photo = Image.open(io.BytesIO(data), formats=FORMATS)
        if max(photo.size) > MAX_ASPECT * min(photo.size):
            ratio = max(photo.size) / min(photo.size)
            raise ValueError(
                f"{photo.width} x {photo.height} pixels are no photo: one side is "
                f"{ratio:.1f} times the other, {MAX_ASPECT} times is allowed"
            )
        photo.load()
        return _rgb(ImageOps.exif_transpose(photo))
    except UnidentifiedImageError:  # which would name our stream, not the photo
        raise UserError(
            f"photo {name!r} cannot be read: its content is no {_listed(FORMATS)} image"
        ) from None
    except Exception as error:  # damaged bytes make Pillow's readers raise almost anything
        raise UserError(f"photo {name!r} cannot be read: {error}") from None


def _listed(names: Sequence[str]) -> str:
    """A, B, C -> "A, B or C"."""
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _rgb(photo: Image.Image) -> Image.Image:
    if photo.mode.startswith("I"):  # 16-bit grey, which Pillow would cut off at 255
        return Image.fromarray((np.asarray(photo) >> 8).astype(np.uint8)).convert("RGB")
    if photo.has_transparency_data:  # the colour under a transparent pixel is nobody's choice
        photo = photo.convert("RGBA")
        photo = Image.alpha_composite(Image.new("RGBA", photo.size, "white"), photo)
    return photo.convert("RGB")


class _Source(Protocol):
    title: str
    files: list[str]  # relative, with forward slashes; nothing hidden
    folders: list[str]

    def read(self, name: str) -> bytes: ...


class _Folder:
    def __init__(self, root: Path):
        self.root, self.title = root, str(root)
        self.files: list[str] = []
        self.folders: list[str] = []
        for folder, subfolders, files in os.walk(root, onerror=_raise):
            here = PurePosixPath(Path(folder).relative_to(root).as_posix())
            subfolders[:] = [name for name in subfolders if not name.startswith(".")]
            self.folders += [str(here / name) for name in subfolders]
            self.files += [str(here / name) for name in files if not name.startswith(".")]

    def read(self, name: str) -> bytes:
        path = self.root / name
        if not path.is_file():  # a pipe would be waited for, a dead link is none
            raise UserError(f"photo {name!r} is no file")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UserError(f"photo {name!r} is larger than {MAX_FILE_BYTES:,} bytes")
        try:
            return path.read_bytes()
        except OSError as error:
            raise UserError(f"photo {name!r} cannot be read: {error.strerror}") from None


class _Zip:
    def __init__(self, path: Path):
        self.title = str(path)
        try:
            self.archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            raise UserError(
                f"{self.title!r} is neither a folder nor a zip archive", fix="download it again?"
            ) from None
        names = [name for name in self.archive.namelist() if _is_visible(name)]
        for name in names:
            if name.startswith("/") or ".." in PurePosixPath(name).parts:
                raise UserError(f"{self.title!r} names a file outside of itself: {name!r}")
        self.files = [name for name in names if not name.endswith("/")]
        parents = {str(parent) for name in names for parent in PurePosixPath(name).parents}
        self.folders = sorted(parents | {n.rstrip("/") for n in names if n.endswith("/")})

    def read(self, name: str) -> bytes:
        return read_member(self.archive, name, MAX_FILE_BYTES)


def _is_visible(name: str) -> bool:
    hidden = (p.startswith(".") and p != ".." for p in PurePosixPath(name).parts)
    return not name.startswith("__MACOSX/") and not any(hidden)


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _raise(error: OSError) -> None:
    raise UserError(f"folder {error.filename!r} cannot be read: {error.strerror}") from None
