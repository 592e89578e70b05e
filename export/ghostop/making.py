"""A Ghost-operator file and its record, written beside the plain file that it is made from."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ghostnet_tf.base.errors import UserError, option
from ghostnet_tf.base.files import sha256, user_path, write_together
from ghostnet_tf.base.record import (
    ALL_KINDS,
    Operators,
    Record,
    finished,
    ghostop_path,
    load,
    record_path,
    tool_versions,
)
from ghostnet_tf.data.given import Given
from ghostnet_tf.data.samples import Images, Samples

from .options import VERSION

if TYPE_CHECKING:
    from ghostnet_tf.data.preprocess import Preprocessing

    from .ghostop_file import GhostopFile

IMAGES = 16  # on which both files must give the same outputs


@dataclass(frozen=True, kw_only=True)
class Made:
    """A Ghost-operator file that was written."""

    path: Path
    record: Record | None  # None where the plain file has none
    file: "GhostopFile"
    images_from: str


def write_ghostop(
    plain: str | Path,
    photos: Given | None = None,
    out: Path | None = None,
    kinds: str = ALL_KINDS,
) -> Made:
    """The plain file with Ghost operators, proven equal, with the record of that file carried on.

    It stands beside the plain file; with `out` a copy of that one goes there, too. CheckFailed
    where the two are not the same function, UserError where no operator fits.
    """
    from ..tensors import origin_of
    from ..trusted import trusted
    from . import ghostop_file

    plain = user_path(plain)
    data, record = trusted(plain)
    images = proof_images(data, record, photos, plain.name)
    file = ghostop_file.make(data, plain.name, images, record is not None, kinds)
    images_from = origin_of(images, photos)
    path = ghostop_path(plain if out is None else out / plain.name, kinds)
    files: dict[Path, bytes] = {path: file.data}
    if record is not None:
        operators = Operators(
            plain=plain.name,
            plain_sha256=sha256(data),
            count=len(file.found.sites),
            version=VERSION,
            images=file.images,
            images_from=images_from,
            snr_db=file.snr_db,
            kinds=kinds,
        )
        record = described(record, operators, file.data)
        files[record_path(path)] = record.to_json().encode()
    write_together(files | beside(plain, path.parent))
    return Made(path=path, record=record, file=file, images_from=images_from)


def is_current(plain: Path, kinds: str = ALL_KINDS) -> bool:
    """Whether the Ghost-operator file beside `plain` is of these bytes and of our operators."""
    try:
        operators = load(ghostop_path(plain, kinds))[1].operators
        made_of = operators and (operators.plain_sha256, operators.version)
        return made_of == (load(plain)[1].sha256, VERSION)
    except UserError:
        return False


def beside(plain: Path, folder: Path) -> dict[Path, bytes]:
    """The plain file and its record, where they must be copied to stand in `folder`."""
    if (folder / plain.name).absolute() == plain.absolute():
        return {}
    sources = (plain, record_path(plain))
    return {folder / source.name: source.read_bytes() for source in sources if source.exists()}


def proof_images(data: bytes, record: Record | None, given: Given | None, title: str) -> Images:
    """(N, H, W, C) float32: photos evenly from all, or images out of a random generator.

    For a file with other inputs than one image sounds or samples, given or generated.
    """
    from ..flatbuffer import Flatbuffer
    from ..listening import as_samples, window_of
    from ..tensors import samples_for

    graph = Flatbuffer(data).graph
    photos = as_samples(given, window_of(record), repr(title), IMAGES)
    shapes = [graph.shape(tensor) for tensor in graph.inputs]
    is_image = len(shapes) == 1 and len(shapes[0]) == 4
    if isinstance(photos, Samples) or (photos is None and not is_image):
        return samples_for(graph, photos, IMAGES, seed=2)
    if not is_image:
        raise UserError(
            f"it takes inputs of the shapes {shapes}, and photos are (1, H, W, 3)",
            fix=f"leave {option('photos')} out, or give samples: {option('photos', 'FILE.npz')}",
        )
    _, height, width, channels = shapes[0]
    if photos is None:
        return generated(height, width, channels)
    from ghostnet_tf.data.preprocess import COLOURS

    if channels not in COLOURS:
        raise UserError(
            f"its image has {channels} channels, and photos have 3, or 1 in grey",
            fix="leave out --photos, and it is proven on generated images",
        )
    how = preprocessing_of(data, record, (height, width, channels))
    return how.images(photo for _, photo in photos.each(photos.evenly(IMAGES)))


def generated(height: int, width: int, channels: int) -> np.ndarray:
    """(IMAGES, height, width, channels) float32: of as many channels as are asked for."""
    from ghostnet_tf.data.generated import generated_images

    if not channels:
        raise UserError("its image has no channels")
    return generated_images(IMAGES, (height, width), seed=2, channels=channels)


def preprocessing_of(
    data: bytes, record: Record | None, shape: tuple[int, int, int]
) -> "Preprocessing":
    """What the file says of itself, or ImageNet's: equality asks for likely images only.

    `shape` of its image: (height, width, channels).
    """
    from ghostnet_tf.data.preprocess import IMAGENET, Preprocessing

    from ..metadata import read_metadata

    says = record or read_metadata(data)
    if says and says.preprocessing:
        return Preprocessing.from_dict({**says.preprocessing})
    how = IMAGENET.at(shape[:2])
    return how if shape[2] == 3 else how.in_grey()


def described(plain: Record, operators: Operators | None, data: bytes) -> Record:
    """The record of an equal file. What was measured on the plain file stays the plain file's."""
    from ..contract import facts

    says = facts(data)
    return finished(
        replace(
            plain,
            ops=dict(sorted(says.ops.items())),
            partitions=says.delegation.partitions,
            delegated_ops=says.delegation.n_delegated,
            total_ops=says.delegation.n_ops,
            parity_db=None,
            parity_equal=None,
            parity_on=None,
            top1_agreement=None,
            accuracy=None,
            average_precision=None,
            operators=operators,
            versions=tool_versions(),
        ),
        data,
    )
