"""Weights by name or path, into a model."""

from ghostnet_tf.weights.source import (
    BUNDLED,
    DEFAULT_MODEL,
    GHOST_RESNET56,
    Weights,
    find,
    load,
    names_for,
)

__all__ = ["BUNDLED", "DEFAULT_MODEL", "GHOST_RESNET56", "Weights", "find", "load", "names_for"]
