"""Inputs of a network that takes no photo: an .npz with one array for each of them, a row a sample.

np.savez("samples.npz", photo=photos, age=ages)     # (200, 64, 64, 3) and (200, 1)

An array `true_class`, which is no input, says what each sample is: the number of its class, or the
class's label. Accuracy is measured on such samples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ghostnet_tf.base import archive
from ghostnet_tf.base.errors import UserError, reading
from ghostnet_tf.base.files import read_member, sha256, user_path
from ghostnet_tf.base.record import Tensor
from ghostnet_tf.data import npy
from ghostnet_tf.data.names import same

SUFFIX = ".npz"
MAX_BYTES = 1_000_000_000  # of all arrays of a file together
HOW = 'np.savez("samples.npz", name=array, ...), an array for each input, a row a sample'
TRUE_CLASS = "true_class"  # the array that is no input
HOW_LABELLED = (
    f'np.savez("samples.npz", {TRUE_CLASS}=classes, name=array, ...): of each sample the number of '
    "its class, from 0 in the order of the outputs, or its label"
)
# Of a sample that a network stumbles over: it looks a number up that it does not have.
UNKNOWN_NUMBERS = "integers stand for something, as for words: give those that the network knows"
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
            if name == TRUE_CLASS and values.dtype.kind == "U":
                pass  # labels
            elif values.dtype.kind not in "fiub":
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

        A network with one input takes the only array of a file, whatever its name. The true
        classes are no input, unless the network has one of that name.
        """
        is_input = any(one.name == TRUE_CLASS for one in inputs)
        named = {n: a for n, a in self.arrays.items() if is_input or n != TRUE_CLASS}
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

    def digests(self) -> dict[str, str]:
        """Name -> SHA-256 of its inputs, of each sample, whatever class it is of."""
        inputs = [values for name, values in sorted(self.arrays.items()) if name != TRUE_CLASS]
        return {
            f"{self.title}[{i}]": sha256(b"".join(values[i].tobytes() for values in inputs))
            for i in range(len(self))
        }

    def true_classes(self, n_classes: int, ids: Sequence[str]) -> np.ndarray:
        """The output that stands for each sample's class, (n,) int; `ids`: labels, or none."""
        if TRUE_CLASS not in self.arrays:
            raise UserError(
                f"{self.title!r} has no array {TRUE_CLASS!r}: what its samples are, nobody says",
                HOW_LABELLED,
            )
        values, said = self.arrays[TRUE_CLASS], f"the array {TRUE_CLASS!r} of {self.title!r}"
        if values.shape not in ((len(self),), (len(self), 1)):
            raise UserError(
                f"{said} has the shape {values.shape}, and one class a sample is needed",
                f"({len(self)},); of one-hot rows np.argmax(rows, axis=1)",
            )
        values = values.reshape(-1)
        if values.dtype.kind == "U":
            return _by_label(values, ids, said)
        if values.dtype.kind == "f":
            raise UserError(f"{said} is of {values.dtype}", "whole numbers: .astype(int)")
        if (low := int(values.min())) < 0 or (high := int(values.max())) >= n_classes:
            wrong = low if low < 0 else high
            raise UserError(
                f"{said} has a class {wrong}, and the network has {n_classes} classes",
                f"number them from 0 to {n_classes - 1}, in the order of the outputs",
            )
        return values.astype(np.int64)


def _by_label(values: np.ndarray, ids: Sequence[str], said: str) -> np.ndarray:
    """(n,) text -> the number of each."""
    if not ids:
        raise UserError(
            f"{said} holds labels, and the network has none",
            "give the numbers of the outputs, or export it again with labels",
        )
    number = {same(one): i for i, one in enumerate(ids)}
    with reading(said, HOW_LABELLED):  # bytes may be no letters
        names = [same(name) for name in values.tolist()]
    if unknown := [name for name in names if name not in number]:
        raise UserError(
            f"{said} has a label {unknown[0]!r} that the network does not know",
            f"give its labels, such as {ids[0]!r}, or numbers of outputs",
        )
    return np.array([number[name] for name in names])


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
