"""The arrays of a Keras file (`.weights.h5`, `.keras`); none of its layers or code is used."""

import io
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import read_member, scratch

ARRAYS_OF_KERAS = "model.weights.h5"  # inside of a `.keras` archive
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
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return read_member(archive, ARRAYS_OF_KERAS, max_bytes)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise UserError(f"{str(path)!r} is no Keras archive", fix="download it again?") from None


def _arrays(hdf5: bytes, path: Path, max_bytes: int) -> list[tuple[str, np.ndarray]]:
    """(name, array) of every layer's array."""
    try:
        with h5py.File(io.BytesIO(hdf5), "r") as file:
            links: list[tuple[str, object]] = []
            file.visititems_links(lambda name, link: links.append((name, link)))
            datasets = _datasets_in_this_file(file, links, path)
            # as declared: an array that was never written takes no room in the file
            if sum(dataset.nbytes for _, dataset in datasets) > max_bytes:
                raise UserError(f"the arrays of {str(path)!r} exceed {max_bytes:,} bytes")
            return [(name, np.asarray(dataset[()])) for name, dataset in datasets]
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"{str(path)!r} is no readable Keras file: {reason}", fix="download it again?"
        ) from None


def _datasets_in_this_file(file: h5py.File, links, path: Path) -> list[tuple[str, h5py.Dataset]]:
    """Every layer's dataset; one that would be read from another place is refused."""
    found = []
    for name, link in links:
        if not isinstance(link, h5py.HardLink):
            raise UserError(f"{str(path)!r} is refused: {name!r} is a link to another place")
        item = file[name]
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise UserError(f"{str(path)!r} is refused: {name!r} lies in another file")
            if not name.startswith(NO_WEIGHTS) and "seed_generator" not in name:
                found.append((name, item))
    return found
