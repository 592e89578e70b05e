"""A Keras model of another precision as the float32 model that it stands for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from ghostnet_tf.base.errors import UserError

FLOAT32 = "float32"
OTHERS = ("float16", "bfloat16", "float64")


def other_precision(model: keras.Model) -> str | None:
    """The policy of the first layer that computes or keeps its weights in another precision.

    "mixed_float16", "mixed_bfloat16", "bfloat16", ...; None where all are float32.
    """
    for layer in model._flatten_layers():
        policy = layer.dtype_policy
        if {policy.compute_dtype, policy.variable_dtype} & {*OTHERS}:
            return policy.name
    return None


def in_float32(model: keras.Model) -> keras.Model:
    """A copy of `model` in which every layer computes in float32, with the same weights.

    float16 and bfloat16 weights are float32 numbers, too. UserError for a model that Keras cannot
    build once more from its own description.
    """
    classes = {type(layer).__name__: type(layer) for layer in model._flatten_layers()}
    try:
        with _as_keras_begins():
            said = _retold(keras.saving.serialize_keras_object(model))
            # The model is the caller's own: what it runs, it has run already.
            copy = keras.saving.deserialize_keras_object(
                said, custom_objects=classes, safe_mode=False
            )
            copy.set_weights([_float32(value) for value in model.get_weights()])
    except (TypeError, ValueError, NotImplementedError) as error:
        raise UserError(
            f"the model {model.name!r} computes in {other_precision(model)}, and Keras cannot "
            f"build it once more in float32: {error}",
            fix="build it with keras.config.set_dtype_policy('float32') and load its weights",
        ) from error
    return copy


@contextmanager
def _as_keras_begins() -> Iterator[None]:
    """Layers inside of layers are built with the policy of the process."""
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    keras.config.set_floatx(FLOAT32)
    keras.config.set_dtype_policy(FLOAT32)
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def _retold(config: Any) -> Any:
    """The description of a model, every precision in it float32."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return FLOAT32
        return {key: _retold_item(key, value) for key, value in config.items()}
    return [_retold(value) for value in config] if isinstance(config, list | tuple) else config


def _retold_item(key: str, value: Any) -> Any:
    if key in ("dtype", "dtype_policy") and isinstance(value, str):
        return FLOAT32 if value.removeprefix("mixed_") in OTHERS else value
    return _retold(value)


def _float32(value: np.ndarray) -> np.ndarray:
    return value.astype(FLOAT32) if str(value.dtype) in OTHERS else value
