"""What a `.keras` file that a network of ours wrote says of itself, without loading anything."""

from pathlib import Path
from typing import Any

import h5py

from ghostnet_tf.base import archive, schema
from ghostnet_tf.base.errors import UserError, reading
from ghostnet_tf.base.files import read_member
from ghostnet_tf.base.schema import Mismatch

CONFIG = "config.json"  # inside of the archive
CONFIG_OF_HDF5 = "model_config"  # its attribute, as Keras wrote whole models before
MAX_LAYERS = 50_000  # with initializers and the like; the largest of keras.applications has 9,000


def read(path: Path) -> dict[str, Any]:
    """The description of its layers, of a `.keras` file or of an `.h5` that holds one.

    UserError where there is none, or none that makes sense.
    """
    what = f"the Keras file {str(path)!r}"
    if h5py.is_hdf5(path):
        with reading(what, archive.AGAIN), h5py.File(path, "r") as file:
            said = file.attrs[CONFIG_OF_HDF5]
            data = said if isinstance(said, bytes) else str(said).encode()
    else:
        with archive.opened(path, what) as opened:
            data = read_member(opened, CONFIG, schema.MAX_BYTES)
    try:
        return schema.typed(dict, schema.document(data), CONFIG)
    except Mismatch as wrong:
        raise UserError(f"{what} cannot be read; of its {CONFIG}: {wrong}", archive.AGAIN) from None


def refuse_too_large(path: Path) -> None:
    """UserError for more layers than Keras could build in minutes, before it begins."""
    n_layers, inside = 0, [read(path)]
    while inside:
        one = inside.pop()
        if isinstance(one, dict):
            n_layers += "class_name" in one and "config" in one
            inside += one.values()
        elif isinstance(one, list):
            inside += one
    if n_layers > MAX_LAYERS:
        raise UserError(
            f"the Keras file {str(path)!r} describes {n_layers:,} layers and what belongs to them, "
            f"more than {MAX_LAYERS:,}"
        )


def read_header(path: Path) -> dict[str, Any]:
    """Network, classes and preprocessing as `CheckpointInfo` has them; empty for other networks.

    An archive that cannot be read says nothing here: whoever loads its arrays says why.
    """
    try:
        info = _inside(_inside(read(path), "config"), "ghostnet_info")
    except UserError:
        return {}
    if not info.get("labels"):  # of a backbone, or nobody has named them
        return {}
    return {
        "model": info.get("name"),
        "classes": _inside(info, "labels").get("ids"),
        "preprocessing": info.get("preprocessing"),
    }


def _inside(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}
