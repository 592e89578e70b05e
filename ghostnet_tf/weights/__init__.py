"""Weights by name or path, into a model."""

from ghostnet_tf.weights.source import BUNDLED, GHOST_RESNET56, Weights, find, load

__all__ = ["BUNDLED", "GHOST_RESNET56", "Weights", "find", "load"]
