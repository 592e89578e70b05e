"""One array out of an `.npz` of other people: nothing is unpickled, and no header is believed."""

import io
import math

import numpy as np

from ghostnet_tf.base import archive
from ghostnet_tf.base.errors import UserError, reading

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def array(npy: bytes, what: str, fix: str = archive.AGAIN) -> np.ndarray:
    """The array of an `.npy` file, read-only: it must hold as much as it declares.

    `what` names it in errors; `fix` is their way out. UserError for anything else, before memory is
    taken for what a header only claims.
    """
    stream = io.BytesIO(npy)
    with reading(what, fix):
        version = np.lib.format.read_magic(stream)
    if version not in HEADERS:
        raise UserError(
            f"{what} is of version {version}, for names of fields; arrays have 1 or 2", fix
        )
    with reading(what, fix):
        shape, is_fortran, dtype = HEADERS[version](stream)
    if dtype.hasobject:
        raise UserError(
            f"{what} cannot be read: it holds Python objects, which would run code", fix
        )
    declared, held = math.prod(shape) * dtype.itemsize, len(npy) - stream.tell()
    if declared != held or any(side < 0 for side in shape):
        wrong = "short" if declared > held else "long"
        raise UserError(
            f"{what} declares an array of shape {shape}, for which it is too {wrong}", fix
        )
    with reading(what, fix):  # types without a size, sides beyond what NumPy counts
        values = np.frombuffer(npy, dtype, offset=stream.tell())
        return values.reshape(shape[::-1]).T if is_fortran else values.reshape(shape)
