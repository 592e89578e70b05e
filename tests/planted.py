"""Bugs that were really made while porting GhostNet, to show that the tests would see them.

Each is a context in which the model computes the wrong thing; after it the model is well again.
"""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import keras
import numpy as np
from keras import layers

from ghostnet_tf.nets.layers import ConvNorm, GhostBottleneck, GhostModule, SqueezeExcite

Bug = Callable[[keras.Model], contextlib.AbstractContextManager[Any]]


def parts(model: keras.Model, kind: type) -> list[Any]:
    return [layer for layer in model._flatten_layers() if isinstance(layer, kind)]


@contextlib.contextmanager
def changed(layers_: list[Any], **attributes: Any) -> Iterator[None]:
    """Attributes swapped past Keras, which would count a swapped layer as new state."""
    with contextlib.ExitStack() as stack:
        for layer in layers_:
            stack.enter_context(patch.dict(vars(layer), attributes))
        yield


def batch_norm_epsilon(model: keras.Model):
    return changed(parts(model, layers.BatchNormalization), epsilon=1e-3)


def sigmoid_gate(model: keras.Model):
    expands = [se.expand for se in parts(model, SqueezeExcite)]
    return changed(expands, activation=keras.activations.sigmoid)


def keras_same_padding(model: keras.Model):
    strided = [layer for layer in parts(model, ConvNorm) if layer.pad is not None]
    convs = [layer.conv for layer in strided]
    stack = contextlib.ExitStack()
    stack.enter_context(changed(strided, pad=None))
    stack.enter_context(changed(convs, padding="same"))
    return stack


def relu_after_ghost2(model: keras.Model):
    seconds = [block.ghost2 for block in parts(model, GhostBottleneck)]
    halves = [half for ghost in seconds for half in (ghost.primary, *ghost.cheap)]
    return changed(halves, activation=keras.activations.relu)


def swapped_concat(model: keras.Model):
    return changed(
        parts(model, GhostModule), concat=lambda halves: keras.ops.concatenate(halves[::-1], -1)
    )


def bgr(model: keras.Model):
    stem = model.get_layer("stem")
    return changed([stem], pad=lambda x, pad=stem.pad: pad(x[..., ::-1]))


@contextlib.contextmanager
def swapped_class_columns(model: keras.Model) -> Iterator[None]:
    classifier = model.get_layer("classifier")
    healthy = classifier.get_weights()
    order = np.arange(healthy[1].size)
    order[:2] = 1, 0
    classifier.set_weights([weights[..., order] for weights in healthy])
    try:
        yield
    finally:
        classifier.set_weights(healthy)


BUGS: dict[str, Bug] = {
    "BatchNorm eps 1e-3": batch_norm_epsilon,
    "sigmoid, not hard sigmoid": sigmoid_gate,
    "BGR": bgr,
    "Keras 'same' at stride 2": keras_same_padding,
    "ReLU after ghost 2": relu_after_ghost2,
    "concat swapped": swapped_concat,
    "class columns swapped": swapped_class_columns,
}
