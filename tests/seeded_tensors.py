"""Tensors and images that any machine can make again from a name: no random generator's version,
no torch and no Keras has a say in them."""

import hashlib
import math
import re

import numpy as np

Shape = tuple[int, ...]


def uniform(name: str, shape: Shape, low: float, high: float) -> np.ndarray:
    """float32 in [low, high), from the raw 64-bit stream of PCG64, which numpy promises to keep."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    raw = np.random.PCG64(seed).random_raw(math.prod(shape)) >> np.uint64(40)
    return (low + (high - low) * raw.reshape(shape) / 2**24).astype(np.float32)


def tensor(name: str, shape: Shape, fan_in: int | None = None) -> np.ndarray:
    """What a tensor of that name may hold in a trained network: kernels of variance 1 / fan_in,
    and BatchNorm statistics of their own. `fan_in` of a kernel defaults to PyTorch's."""
    if len(shape) > 1:
        bound = math.sqrt(3 / (fan_in or math.prod(shape[1:])))
        return uniform(name, shape, -bound, bound)
    if re.search(r"var(iance)?(/EMA)?$", name):
        return uniform(name, shape, 0.5, 1.5)
    if re.search(r"_rpr_.*\.weight$|fusion_bn\.\d\.weight$", name):
        return uniform(name, shape, 0.1, 0.4)  # one of several that are added: or gates would step
    if re.search(r"(norm|bn\w*|\.\d)\.weight$|gamma$", name):
        return uniform(name, shape, 0.5, 1.5)
    return uniform(name, shape, -0.5, 0.5)  # biases, betas and means


def images(n: int, size: int) -> np.ndarray:
    """(n, size, size, 3) RGB, as normalised photos are: colours in blocks, and some noise."""
    blocks = uniform("blocks", (n, 8, 8, 3), -2, 2).repeat(size // 8, 1).repeat(size // 8, 2)
    return blocks + uniform("noise", (n, size, size, 3), -0.5, 0.5)
