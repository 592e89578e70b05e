"""The published Ghost-ResNet-56 of CIFAR-10, as its authors built it."""

from pathlib import Path

from ghostnet_tf.data.preprocess import CIFAR10
from ghostnet_tf.nets.image_model import ImageModel
from ghostnet_tf.nets.resnet import GhostResNet56
from ghostnet_tf.weights.ghost_resnet56 import AS_PUBLISHED


def trained(checkpoint: Path) -> ImageModel:
    """(N, 32, 32, 3) -> logits (N, 10); every tensor of the checkpoint is used once."""
    shape = (CIFAR10.size, CIFAR10.size, 3)
    return GhostResNet56(input_shape=shape, weights=str(checkpoint), **AS_PUBLISHED)
