"""A published CIFAR-10 checkpoint of Ghost-ResNet-56, by its PyTorch names, under ours."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ghostnet_tf.base import archive
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import read_member
from ghostnet_tf.data import npy
from ghostnet_tf.weights.limits import check_names

MAX_BYTES = 50_000_000  # of all tensors; the published file has 3.6 MB
AS_PUBLISHED: dict[str, Any] = {"ghost_stem": True, "drop_in": True}  # how that network was built
PLACES = (  # in a checkpoint's name -> in the path of a variable
    (r"^linear\.", "classifier/"),
    (r"^conv1\.", "stem/"),
    (r"^bn1\.", "stem_norm/"),
    (r"^layer(\d)\.(\d)\.conv(\d)\.", r"stage_\1_block_\2/conv\3/"),
    (r"^layer(\d)\.(\d)\.bn(\d)\.", r"stage_\1_block_\2/conv\3_norm/"),
    (r"primary_conv\.", "primary/"),
    (r"cheap_operation\.", "cheap_1/"),
    (r"/0\.", "/conv/"),
    (r"/1\.", "/norm/"),
    (r"norm/weight$", "norm/gamma"),
    (r"norm/bias$", "norm/beta"),
    (r"running_mean$", "moving_mean"),
    (r"running_var$", "moving_variance"),
    (r"weight$", "kernel"),
)


def tensors(path: Path, data: bytes) -> dict[str, np.ndarray]:
    """The arrays by the path of the variable that they are for; `path` holds `data`."""
    return {place(name): laid_out(name, values) for name, values in read(path, data).items()}


def read(path: Path, data: bytes) -> dict[str, np.ndarray]:
    """The arrays of an `.npz`; one that would need a pickle is refused."""
    what = f"the .npz file {str(path)!r}"
    with archive.opened(data, what) as npz:
        check_names(npz.namelist())
        if sum(info.file_size for info in npz.infolist()) > MAX_BYTES:
            raise UserError(f"the arrays of {str(path)!r} exceed {MAX_BYTES:,} bytes")
        return {
            name.removesuffix(".npy"): npy.array(
                read_member(npz, name, MAX_BYTES), f"{what}: {name}"
            )
            for name in npz.namelist()
        }


def place(name: str) -> str:
    """`layer1.0.bn1.weight` -> `stage_1_block_0/conv1_norm/gamma`."""
    for theirs, ours in PLACES:
        name = re.sub(theirs, ours, name)
    return name


def laid_out(name: str, values: np.ndarray) -> np.ndarray:
    """PyTorch's order of axes -> Keras'."""
    if values.ndim == 2:
        return values.T  # (O, I) -> (I, O)
    if values.ndim == 4:  # (O, I, kH, kW) -> (kH, kW, I, O), depthwise (C, 1, ...) -> (..., C, 1)
        return values.transpose((2, 3, 0, 1) if "cheap_operation" in name else (2, 3, 1, 0))
    return values
