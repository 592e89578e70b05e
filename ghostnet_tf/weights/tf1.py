"""A checkpoint of TensorFlow 1: PREFIX.index and PREFIX.data-00000-of-00001."""

import math
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from ghostnet_tf.base.errors import UserError, reading
from ghostnet_tf.weights.bfloat16 import widened
from ghostnet_tf.weights.limits import check_names

PARTS = re.compile(r"\.(index|data-\d{5}-of-\d{5}|meta)$")
DATA = ".data-00000-of-00001"
BFLOAT16 = "bfloat16"
NUMBERS = {BFLOAT16, "float16", "float32", "float64", "int32", "int64"}
MAX_INDEX_BYTES = 4_000_000  # a GhostNet's has 30 kB
AGAIN = "download both files again?"


def prefix_of(path: Path) -> Path | None:
    """What TensorFlow calls the checkpoint, given that or one of its files; None for others."""
    prefix = path.with_name(PARTS.sub("", path.name))
    is_one = prefix.name != path.name or path.with_name(f"{path.name}.index").is_file()
    return prefix if is_one else None


def files_of(prefix: Path) -> tuple[Path, Path]:
    """(index, data); both exist."""
    files = (prefix.with_name(prefix.name + ".index"), prefix.with_name(prefix.name + DATA))
    for file in files:
        if not file.is_file():
            raise UserError(
                f"{str(file)!r}, half of a TensorFlow checkpoint, is not there",
                fix=f"put {files[0].name} and {files[1].name} into one folder",
            )
    return files


def read(prefix: Path, max_bytes: int) -> dict[str, np.ndarray]:
    """The variables by name; nothing of the graph."""
    import tensorflow as tf

    index, data = files_of(prefix)
    if index.stat().st_size > MAX_INDEX_BYTES:
        raise UserError(f"its index is larger than {MAX_INDEX_BYTES:,} bytes", fix=AGAIN)
    with _reading():
        reader = tf.train.load_checkpoint(str(prefix))
        shapes, dtypes = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    check_names(dtypes)
    declared = 0
    for name, dtype in dtypes.items():
        if dtype.name not in NUMBERS:
            raise UserError(f"{name!r} holds {dtype.name}, not numbers")
        declared += math.prod(shapes[name]) * dtype.size
    # TensorFlow would make room for whatever the index says
    if declared > min(max_bytes, data.stat().st_size):
        raise UserError(
            f"its index declares {declared:,} bytes; {data.name!r} has {data.stat().st_size:,}",
            fix=AGAIN,
        )
    return {name: _array(reader, name, dtypes[name].name) for name in sorted(shapes)}


def _array(reader: Any, name: str, dtype: str) -> np.ndarray:
    with _reading():
        values = np.asarray(reader.get_tensor(name))
    return widened(values.view(np.uint16)) if dtype == BFLOAT16 else values


def _reading() -> AbstractContextManager[None]:
    return reading("the TensorFlow checkpoint", AGAIN)
