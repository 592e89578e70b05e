"""Weights by name or path, into a model."""

from ghostnet_tf.weights.source import BUNDLED, Weights, find, load

__all__ = ["BUNDLED", "Weights", "find", "load"]
