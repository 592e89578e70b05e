"""Tensors into a model: by name, every one exactly once."""

import keras
import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.weights.translate import ANOTHER_NETWORK, ANOTHER_WIDTH, DIVERGED

HEAD = ("head/", "classifier/")  # of a GhostNet


def weights_of(model: keras.Model) -> dict[str, keras.Variable]:
    """Every weight of a model by its path; no metrics, no random seeds."""
    return {v.path: v for v in model.weights}


def copy(model: keras.Model, tensors: dict[str, np.ndarray], new_head: bool = False) -> None:
    """Fill `model` from `tensors`, named by variable path, using every tensor exactly once.

    With `new_head` the classifier keeps its fresh values, whatever the checkpoint has for it. A
    GhostNet without its top takes a whole checkpoint: the head's tensors are left aside.
    Raises UserError with the tensor named; the model is then unchanged.
    """
    wanted = weights_of(model)
    if "last/conv/kernel" in wanted and "classifier/kernel" not in wanted:  # without its top
        tensors = {path: value for path, value in tensors.items() if not path.startswith(HEAD)}
    elif new_head:
        head = _classifier(model)
        wanted = {path: v for path, v in wanted.items() if not path.startswith(head)}
        tensors = {path: value for path, value in tensors.items() if not path.startswith(head)}
    if missing := sorted(wanted.keys() - tensors.keys()):
        raise UserError(
            f"it lacks {len(missing)} tensors, the first is {missing[0]!r}", fix=ANOTHER_NETWORK
        )
    if extra := sorted(tensors.keys() - wanted.keys()):
        raise UserError(
            f"{len(extra)} tensors have no place in the model, the first is {extra[0]!r}",
            fix=ANOTHER_NETWORK,
        )
    for path, variable in wanted.items():
        value, shape = tensors[path], tuple(variable.shape)
        if value.shape != shape:
            raise UserError(
                f"{path!r} has shape {value.shape}, the model needs {shape}",
                fix=ANOTHER_WIDTH,
            )
        if value.dtype.kind != "f":
            raise UserError(
                f"{path!r} holds {value.dtype} numbers", fix="save the weights as float32"
            )
        if not np.isfinite(value).all():
            raise UserError(
                f"{path!r} holds values that are not finite numbers",
                fix=DIVERGED,
            )
    for path, variable in wanted.items():
        variable.assign(tensors[path])


def summed(model: keras.Model, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`tensors` with each kernel (k, k, 3, n) that has to be (k, k, 1, n) summed over the colours.

    A grey photo, shown in colour, gave that before: but for the normalisation, whose mean and
    spread are those of the three colours together.
    """
    shapes = {path: tuple(v.shape) for path, v in weights_of(model).items()}
    return {
        path: value.sum(axis=2, keepdims=True)
        if value.ndim == 4
        and value.shape[2] == 3
        and shapes.get(path) == (*value.shape[:2], 1, value.shape[3])
        else value
        for path, value in tensors.items()
    }


def _classifier(model: keras.Model) -> str:
    """The path prefix of the last layer that has weights."""
    return [layer for layer in model.layers if layer.weights][-1].name + "/"
