"""What a network costs: parameters and multiply-adds, counted from its layers."""

import math
from collections.abc import Iterator
from typing import Any

import keras
from keras import layers

from ghostnet_tf.nets.branches import BranchedConvNorm

# In each of these every number of the kernel is used once per output position.
MULTIPLY_ADDS = (
    layers.Conv1D,
    layers.Conv2D,
    layers.Conv3D,
    layers.DepthwiseConv1D,
    layers.DepthwiseConv2D,
    layers.Dense,
)


def leaves(layer: keras.layers.Layer) -> Iterator[keras.layers.Layer]:
    """The layers inside a layer or model that have no layers of their own."""
    for inner in layer._flatten_layers(include_self=True):
        if not any(inner._flatten_layers(include_self=False)):
            yield inner


def macs(layer: keras.layers.Layer) -> int:
    """Multiply-adds of convolutions and dense layers for one image, at the size it was built for.

    BatchNorm, pooling and elementwise layers are not counted, as in the papers; a layer that is
    used in several places counts once, unless it says where (`input_shapes`). ValueError where the
    image size is open.

        macs(GhostNet(1.0, input_shape=(224, 224, 3)))      # 141150512
    """
    return sum(_leaf_macs(leaf) for leaf in leaves(layer))


def depthwise_macs(layer: keras.layers.Layer) -> int:
    """The share of `macs` that depthwise convolutions have."""
    return sum(
        _leaf_macs(leaf) for leaf in leaves(layer) if isinstance(leaf, layers.DepthwiseConv2D)
    )


def parameters(layer: keras.layers.Layer) -> tuple[int, int]:
    """(trainable ones, all of them with the BatchNorm statistics)."""
    trainable, total = (
        sum(math.prod(variable.shape) for variable in variables)
        for variables in (layer.trainable_variables, layer.weights)
    )
    return trainable, total


def learned(layer: keras.layers.Layer) -> int:
    """Parameters that training learns, also where they are frozen: no BatchNorm statistics."""
    found = {
        id(variable): math.prod(variable.shape)
        for inner in layer._flatten_layers(include_self=True)
        for variable in inner._trainable_variables  # as they were made, whatever is frozen now
    }
    return sum(found.values())


def deployed(layer: keras.layers.Layer) -> tuple[int, int]:
    """(trainable ones, `learned`) after folding: of branches one kernel and one bias are left."""
    trainable, all_learned = parameters(layer)[0], learned(layer)
    for inner in layer._flatten_layers(include_self=True):
        if isinstance(inner, BranchedConvNorm):
            trainable -= inner.folded_away * inner.trainable
            all_learned -= inner.folded_away
    return trainable, all_learned


def _leaf_macs(leaf: keras.layers.Layer) -> int:
    if not isinstance(leaf, MULTIPLY_ADDS):
        if any(len(weight.shape) > 1 for weight in leaf.weights):
            raise ValueError(
                f"cannot count the multiply-adds of {leaf.name}, {type(leaf).__name__}"
            )
        return 0
    built: Any = leaf.get_build_config()
    shapes = getattr(leaf, "input_shapes", [built["input_shape"]])
    outputs = [leaf.compute_output_shape(shape)[1:-1] for shape in shapes]
    if any(None in positions for positions in outputs):
        raise ValueError(
            f"the image size of {leaf.name} is open: build the network with a fixed input_shape"
        )
    kernel = leaf.weights[0]
    return sum(map(math.prod, outputs)) * math.prod(kernel.shape)
