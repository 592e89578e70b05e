"""What the layers of a Keras model give, as tensors of the float32 file that it becomes."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.sides import Size

from .from_keras import to_float32
from .graph import Graph
from .parity import snr_db
from .runtime import Runtime

if TYPE_CHECKING:
    import keras

SAME_DB = 40.0  # measured: what is the same value agrees to 80 dB and more, other values to 20


class KerasLayers:
    """A Keras model beside its float32 flatbuffer: the values of a layer by its tensor's number.

    A tensor is that of a layer if it has its name, or a name in it (`act/mul`), and its values for
    a generated image. Layers that the converter took into others have none.
    """

    def __init__(self, model: "keras.Model", size: Size):
        others = {layer.compute_dtype for layer in model._flatten_layers()} - {"float32", None}
        if others:
            raise UserError(
                f"the model {model.name!r} computes in {', '.join(sorted(others))}",
                fix="compare with its float32 file: export writes one",
            )
        self.float32 = to_float32(model, size)
        self._outputs = traced(model)
        self._factors = self._found(_example(self.float32.graph))

    def values(self, image: np.ndarray) -> Mapping[int, np.ndarray]:
        """Tensor of the float32 file -> what the model's layer gives for (H, W, C) float32."""
        given = self._outputs(image[None])
        found = {tensor: given[name] * factor for tensor, (name, factor) in self._factors.items()}
        return {self.float32.graph.inputs[0]: image[None], **found}

    def _found(self, image: np.ndarray) -> dict[int, tuple[str, np.float32]]:
        """Tensor -> (its layer, by what the tensor is larger: `absorb` leaves factors out)."""
        graph, given = self.float32.graph, self._outputs(image[None])
        runtime = Runtime(self.float32, keep_all=True)
        runtime.invoke(image)
        found = {}
        for tensor in graph.activations():
            name = graph.names[tensor]
            for layer in (name, name.rpartition("/")[0]):
                theirs, ours = given.get(layer), runtime.tensor(tensor)
                if theirs is None or theirs.shape != ours.shape or not (power := _dot(theirs)):
                    continue
                factor = _dot(theirs, ours) / power
                if snr_db(theirs * factor, ours) >= SAME_DB:
                    found[tensor] = layer, np.float32(1 if abs(factor - 1) < 1e-3 else factor)
                    break
        return found


def _dot(a: np.ndarray, b: np.ndarray | None = None) -> float:
    return float(np.vdot(a.astype(np.float64), (a if b is None else b).astype(np.float64)))


def _example(graph: Graph) -> np.ndarray:
    """(H, W, C) float32: no photo, and no two channels alike."""
    _, height, width, channels = graph.shape(graph.inputs[0])
    from ghostnet_tf.data.generated import generated_images

    return generated_images(1, (height, width), 0, channels)[0]


def traced(model: "keras.Model") -> Any:
    """(1, H, W, C) -> layer's path -> its output, of every layer that is called just once."""
    import tensorflow as tf

    @tf.function
    def run(image: Any) -> dict[str, Any]:
        with watched(model) as calls:
            model(image, training=False)
        return {path: given[0] for path, given in calls.items() if len(given) == 1}

    return lambda image: {path: value.numpy() for path, value in run(image).items()}


@contextlib.contextmanager
def watched(model: "keras.Model") -> Iterator[dict[str, list[Any]]]:
    """What every layer inside gives while the model is called, by its path in the model."""
    import tensorflow as tf

    calls: dict[str, list[Any]] = {}
    path: list[str] = []

    def watching(layer: Any, call: Any) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            path.append(layer.name)
            try:
                given = call(*args, **kwargs)
            finally:
                name = "/".join(path)
                path.pop()
            if tf.is_tensor(given):
                calls.setdefault(name, []).append(given)
            return given

        return called

    with contextlib.ExitStack() as stack:
        for layer in model._flatten_layers(include_self=False):
            # Past Keras, which would take what it is given for new state of the layer.
            stack.enter_context(patch.dict(vars(layer), call=watching(layer, layer.call)))
        yield calls
