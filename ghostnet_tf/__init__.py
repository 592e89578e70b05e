"""GhostNet for Keras 3: layers, networks, weights and training. Paper: arXiv 1911.11907."""

__version__ = "0.1.0"
