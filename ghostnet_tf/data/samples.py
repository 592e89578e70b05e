"""Inputs of a network that takes no photo: an .npz with one array for each of them, a row a sample.

np.savez("samples.npz", photo=photos, age=ages)     # (200, 64, 64, 3) and (200, 1)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ghostnet_tf.base import archive
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import read_member, user_path
from ghostnet_tf.base.record import Tensor
from ghostnet_tf.data import npy
from ghostnet_tf.data.formats import suffix
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.skipped import Skips

SUFFIX = ".npz"
MAX_BYTES = 1_000_000_000  # of all arrays of a file together
HOW = 'np.savez("samples.npz", name=array, ...), an array for each input, a row a sample'
Sample = tuple[np.ndarray, ...]  # one row of every array, in the order of the inputs
# What a network is run on: photos, normalised, (N, H, W, C) float32; or samples.
Images = np.ndarray | Sequence[np.ndarray | Sample]


@dataclass(frozen=True)
class Samples:
    """Arrays by name, (n, ...) each: finite numbers, of as many rows each."""

    title: str  # of the file, for errors
    arrays: Mapping[str, np.ndarray]

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """The file's arrays; UserError that names the file, and the array that is at fault."""
        where, what = user_path(path), f"the archive {str(path)!r}"
        if not where.is_file():
            raise UserError(f"there is no file {str(path)!r}", fix="check the path")
        with archive.opened(where, what, fix=HOW) as zipped:
            sizes = {one.filename: one.file_size for one in zipped.infolist()}
            if (total := sum(sizes.values())) > MAX_BYTES:
                raise UserError(
                    f"{what} unpacks to {total:,} bytes; {MAX_BYTES:,} are read",
                    fix="save fewer samples: some hundred are enough",
                )
            arrays = {}
            for name in sizes:
                data = read_member(zipped, name, MAX_BYTES)
                name = name.removesuffix(".npy")
                arrays[name] = npy.array(data, f"the array {name!r} of {str(path)!r}", HOW)
        return cls.of(arrays, str(path))

    @classmethod
    def of(cls, arrays: Mapping[str, Any], title: str = "the samples") -> Self:
        """From arrays in memory."""
        found = {str(name): np.asarray(values) for name, values in arrays.items()}
        if not found:
            raise UserError(f"{title!r} holds no arrays", fix=HOW)
        for name, values in found.items():
            said = f"the array {name!r} of {title!r}"
            if values.dtype.kind not in "fiub":
                raise UserError(f"{said} holds no numbers, but {values.dtype}", fix=HOW)
            if not values.ndim or not len(values):
                raise UserError(f"{said} has the shape {values.shape}: no sample", fix=HOW)
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                bad = int(np.argwhere(~np.isfinite(values))[0][0])
                raise UserError(f"{said} has NaN or infinity in sample {bad}", fix="leave it out")
        rows = {name: len(values) for name, values in found.items()}
        if len({*rows.values()}) > 1:
            raise UserError(
                f"the arrays of {title!r} are of different lengths: "
                f"{', '.join(f'{name!r} {n}' for name, n in rows.items())}",
                fix="the first axis is that of the samples; give every array the same ones",
            )
        return cls(title, found)

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def fitted(self, inputs: Sequence[Tensor]) -> list[Sample]:
        """Every sample as a network with these inputs, (1, ...) each, takes it.

        A network with one input takes the only array of a file, whatever its name.
        """
        named = self.arrays
        if len(named) == len(inputs) == 1:
            named = {inputs[0].name: next(iter(named.values()))}
        wanted = ", ".join(f"{i.name!r} {i.shape[1:]} {i.dtype}" for i in inputs)
        fix = f"the network takes {wanted}, each with the axis of the samples before it"
        if unknown := sorted({*named} - {i.name for i in inputs}):
            raise UserError(
                f"{self.title!r} has an array {unknown[0]!r}, and the network no such input", fix
            )
        columns = []
        for one in inputs:
            if one.name not in named:
                raise UserError(f"{self.title!r} has no array {one.name!r}", fix)
            columns.append(_converted(named[one.name], one, self.title, fix))
        return list(zip(*columns, strict=True))


def _converted(values: np.ndarray, one: Tensor, title: str, fix: str) -> np.ndarray:
    said = f"the array {one.name!r} of {title!r}"
    if values.shape[1:] != one.shape[1:]:
        raise UserError(f"{said} has samples of the shape {values.shape[1:]}", fix)
    to = np.dtype(one.dtype)
    if to.kind != "f" and values.dtype.kind not in ("b" if to.kind == "b" else "iub"):
        raise UserError(f"{said} is of {values.dtype}", fix)
    if to.kind in "iu" and values.dtype.kind != "b":
        limits, low, high = np.iinfo(to), values.min(), values.max()
        if int(low) < limits.min or int(high) > limits.max:
            raise UserError(f"{said} reaches from {low} to {high}, beyond {to}", fix)
    if to.kind == "f" and np.abs(values.astype(np.float64)).max() > np.finfo(to).max:
        raise UserError(f"{said} has values beyond {to}", fix)
    return values.astype(to)


def photos_or_samples(place: str | Path, skipped: Skips | None = None) -> Photos | Samples:
    """A folder or zip of photos, or an .npz of whatever else a network takes."""
    return Samples.open(place) if suffix(str(place)) == SUFFIX else Photos.open(place, skipped)
