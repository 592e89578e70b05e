"""The arrays of a Keras file (`.weights.h5`, `.keras`); none of its layers or code is used."""

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from ghostnet_tf.base import archive
from ghostnet_tf.base.errors import UserError, reading
from ghostnet_tf.base.files import read_member, scratch
from ghostnet_tf.weights.bfloat16 import widened
from ghostnet_tf.weights.limits import check_names

ARRAYS_OF_KERAS = "model.weights.h5"  # inside of a `.keras` archive
MAX_LINKS = 20_000  # groups and arrays: a network has a group or two for every array
MAX_DEPTH = 50  # of groups in each other: as deep as layers are in layers, twice over
MAX_PACKED = 100  # bytes of arrays for a byte of the file: weights are hardly ever packed
NO_WEIGHTS = ("optimizer/", "_layer_checkpoint")  # nor are the seeds of dropout


def read(path: Path, data: bytes, model: keras.Model, max_bytes: int) -> dict[str, np.ndarray]:
    """The arrays by the path of the variable of `model` that they are for; `path` holds `data`.

    An array for which the model has no place keeps the name that it has in the file.
    """
    path_of = _path_of_arrays(model)
    hdf5 = _hdf5(path, data, max_bytes)
    return {path_of.get(name, name): array for name, array in _arrays(hdf5, path, max_bytes)}


def _path_of_arrays(model: keras.Model) -> dict[str, str]:
    """Name of an array in a Keras file -> path of its variable.

    Keras names the arrays by the places of the layers and keeps that map to itself; it is read from
    a file of a clone in which every weight is filled with its own number.
    """
    clone = keras.models.clone_model(model)
    for number, variable in enumerate(clone.weights):
        variable.assign(np.full(variable.shape, number))
    with scratch() as folder:
        template = folder / "clone.weights.h5"
        clone.save_weights(template)
        numbered = _arrays(template.read_bytes(), template, template.stat().st_size)
    return {name: clone.weights[round(float(array.flat[0]))].path for name, array in numbered}


def _hdf5(path: Path, data: bytes, max_bytes: int) -> bytes:
    if path.suffix != ".keras":
        return data
    with archive.opened(data, f"the Keras file {str(path)!r}") as opened:
        return read_member(opened, ARRAYS_OF_KERAS, max_bytes)


def _arrays(hdf5: bytes, path: Path, max_bytes: int) -> list[tuple[str, np.ndarray]]:
    """(name, array) of every layer's array."""
    with _reading(path):
        file = h5py.File(io.BytesIO(hdf5), "r")
    with file:
        datasets = list(_datasets(file, path))
        check_names([name for name, _ in datasets])
        # as declared: an array that was never written takes no room in the file
        with _reading(path):
            declared = sum(dataset.nbytes for _, dataset in datasets)
        most = min(max_bytes, MAX_PACKED * len(hdf5))
        if declared > most:
            raise UserError(f"the arrays of {str(path)!r} exceed {most:,} bytes")
        return [(name, _numbers(dataset, name, path)) for name, dataset in datasets]


def _numbers(dataset: h5py.Dataset, name: str, path: Path) -> np.ndarray:
    with _reading(path):
        is_bfloat16 = dataset.attrs.get("dtype") == "bfloat16"  # Keras writes its bits, and this
        dtype, values = dataset.dtype, np.asarray(dataset[()])
    if is_bfloat16 and dtype.itemsize == 2 and dtype.kind == "V":
        return widened(values.view("<u2"))
    return values


def _datasets(file: h5py.File, path: Path) -> Iterator[tuple[str, h5py.Dataset]]:
    """Every layer's dataset; one that would be read from another place is refused.

    Group by group, with a limit on all links together, so a group inside of itself ends as well.
    """
    groups: list[tuple[str, Any]] = [("", file)]
    n_links = 0
    while groups:
        prefix, group = groups.pop()
        with _reading(path):
            n_links += len(group)
        if n_links > MAX_LINKS or prefix.count("/") > MAX_DEPTH:
            raise UserError(
                f"{str(path)!r} is refused: it holds more than {MAX_LINKS:,} groups and arrays, or "
                f"they are nested deeper than {MAX_DEPTH} levels"
            )
        with _reading(path):
            links = [(name, group.get(name, getlink=True)) for name in group]
        for key, link in links:
            name = prefix + key
            if not isinstance(link, h5py.HardLink):
                raise UserError(f"{str(path)!r} is refused: {name!r} is a link to another place")
            with _reading(path):
                item = group[key]
                is_elsewhere = isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)
            if is_elsewhere:
                raise UserError(f"{str(path)!r} is refused: {name!r} lies in another file")
            if isinstance(item, h5py.Group):
                groups.append((f"{name}/", item))
            elif isinstance(item, h5py.Dataset) and _is_weight(name):
                yield name, item


def _is_weight(name: str) -> bool:
    return not name.startswith(NO_WEIGHTS) and "seed_generator" not in name


def _reading(path: Path) -> AbstractContextManager[None]:
    return reading(f"the Keras file {str(path)!r}", archive.AGAIN)
