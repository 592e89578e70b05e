"""Random weights that behave like trained ones: to measure cost and fidelity, never accuracy."""

import math
import zlib
from typing import Any

import keras
import numpy as np
from keras import layers

from ghostnet_tf.data.generated import generated_images, generated_sounds
from ghostnet_tf.nets.counts import leaves
from ghostnet_tf.nets.resnet import ResidualBlock

OPEN_SIZE = (96, 96)  # pixels of the generated images where a network takes any size
BRANCH = 0.25  # of a residual branch's gammas
SOUNDS = 64  # generated per calibration of a network that hears
PIXELS = 2**18  # generated per calibration: statistics of the smallest maps need many images


def seed(model: keras.Model, seed: int = 0) -> keras.Model:
    """Fill `model` with weights that depend only on `seed` and its variables' names; return it.

    Kernels keep the variance (He et al.), gammas lie around 1, betas and biases around 0, and the
    BatchNorm statistics are those of generated images: activations are of order 1 at any depth.
    A fresh Keras model has logits of 1e-4 and statistics of 0 and 1; wrong paddings hide in those.
    """
    for leaf in leaves(model):
        for variable in leaf.weights:
            rng = np.random.default_rng([seed, zlib.crc32(variable.path.encode())])
            variable.assign(_value(leaf, variable, rng))
    _quieten_branches(model)
    _calibrate(model, seed)
    return model


def _value(leaf: layers.Layer, variable, rng: np.random.Generator) -> np.ndarray:
    shape = tuple(variable.shape)
    match variable.path.rsplit("/", 1)[-1]:
        case "kernel":
            own_channel_only = isinstance(leaf, layers.DepthwiseConv2D)
            fan_in = math.prod(shape[:2] if own_channel_only else shape[:-1])
            return rng.normal(0, math.sqrt(2 / fan_in), shape)
        case "gamma":
            return rng.uniform(0.5, 1.5, shape)
        case "beta":
            return rng.normal(0, 0.3, shape)
        case "bias":
            return rng.normal(0, 0.1, shape)
        case "moving_mean" | "moving_variance":
            return np.ones(shape)  # until _calibrate
        case _:
            raise ValueError(f"no rule for a seeded value of {variable.path}")


def _quieten_branches(model: keras.Model) -> None:
    """Small gammas where a residual block adds its branch; Goyal et al. (2017) begin with zeros.

    At full strength sixteen blocks of a Ghost-ResNet-50 turn the last bit of an input into an error
    of 84 dB at the output; so, into one of 115, as a trained network does.
    """
    for block in (x for x in model._flatten_layers() if isinstance(x, ResidualBlock)):
        for norm in block.main[-1]._flatten_layers():
            if isinstance(norm, layers.BatchNormalization):
                gamma: Any = norm.gamma  # Keras' annotation allows for none
                gamma.assign(BRANCH * gamma)


def _generated(shape: tuple[Any, ...], seed: int) -> np.ndarray:
    """Images for an input (H, W, C), sounds for one (length,)."""
    if len(shape) == 1:
        return generated_sounds(SOUNDS, shape[0], seed)
    height, width = (side or default for side, default in zip(shape[:2], OPEN_SIZE, strict=True))
    n = min(64, max(8, PIXELS // (height * width)))
    return generated_images(n, (height, width), seed, shape[-1])


def _calibrate(model: keras.Model, seed: int) -> None:
    """Give every BatchNorm the statistics of generated images, or sounds, all in one pass."""
    norms = [leaf for leaf in leaves(model) if isinstance(leaf, layers.BatchNormalization)]
    given = _generated(tuple(model.inputs[0].shape[1:]), seed)
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # the new statistics, nothing of the old ones
    model(given, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        variance = np.asarray(norm.moving_variance.value)
        # A channel that stayed dark here would explode on the first image that lights it.
        norm.moving_variance.assign(0.99 * variance + 0.01 * variance.mean())
