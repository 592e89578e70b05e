"""GhostNet a second time, in numpy and float64, from the authors' description alone.

Nothing here uses Keras or `ghostnet_tf`: a misunderstanding would have to be made twice.
"""

from collections.abc import Mapping

import keras
import numpy as np

Weights = Mapping[str, np.ndarray]


def weights_of(layer: keras.layers.Layer) -> Weights:
    """Path inside the layer -> float64 values."""
    return {
        variable.path.removeprefix(f"{layer.name}/"): np.asarray(variable.value, np.float64)
        for variable in layer.weights
    }


def inside(weights: Weights, name: str) -> Weights:
    return {p.removeprefix(f"{name}/"): w for p, w in weights.items() if p.startswith(f"{name}/")}


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0.0)


def pads(pixels: int, kernel: int, stride: int, pad_mode: str) -> tuple[int, int]:
    """Zeros before and after: PyTorch's padding=(k - 1) // 2, or what TensorFlow calls SAME."""
    if pad_mode == "symmetric":
        return (kernel - 1) // 2, (kernel - 1) // 2
    total = max((-(-pixels // stride) - 1) * stride + kernel - pixels, 0)
    return total // 2, total - total // 2


def conv_norm(
    weights: Weights, x: np.ndarray, stride: int = 1, pad_mode: str = "symmetric"
) -> np.ndarray:
    """Convolution and BatchNorm. A kernel that ends in 1 is depthwise here."""
    kernel = weights["conv/kernel"]
    depthwise = kernel.shape[2:] == (x.shape[-1], 1)
    k = kernel.shape[0]
    x = np.pad(x, ((0, 0), *(pads(side, k, stride, pad_mode) for side in x.shape[1:3]), (0, 0)))
    rows, columns = ((side - k) // stride + 1 for side in x.shape[1:3])
    y = np.zeros(())
    for i, j in np.ndindex(k, k):
        seen = x[:, i : i + stride * rows : stride, j : j + stride * columns : stride]
        y = y + (seen * kernel[i, j, :, 0] if depthwise else seen @ kernel[i, j])
    mean, variance = weights["norm/moving_mean"], weights["norm/moving_variance"]
    return (y - mean) / np.sqrt(variance + 1e-5) * weights["norm/gamma"] + weights["norm/beta"]


def ghost_module(
    weights: Weights,
    x: np.ndarray,
    filters: int,
    stride: int = 1,
    activation=relu,
    pad_mode: str = "symmetric",
) -> np.ndarray:
    primary = activation(conv_norm(inside(weights, "primary"), x, stride, pad_mode))
    halves, i = [primary], 1
    while cheap := inside(weights, f"cheap_{i}"):
        halves.append(activation(conv_norm(cheap, primary)))
        i += 1
    return np.concatenate(halves, -1)[..., :filters]


def squeeze_excite(weights: Weights, x: np.ndarray) -> np.ndarray:
    mean = x.mean((1, 2), keepdims=True)
    squeezed = relu(mean @ weights["reduce/kernel"][0, 0] + weights["reduce/bias"])
    gate = squeezed @ weights["expand/kernel"][0, 0] + weights["expand/bias"]
    return x * np.clip(gate + 3, 0, 6) / 6


def bottleneck(
    weights: Weights,
    x: np.ndarray,
    hidden: int,
    out: int,
    stride: int,
    pad_mode: str = "symmetric",
) -> np.ndarray:
    y = ghost_module(inside(weights, "ghost1"), x, hidden)
    if stride > 1:
        y = conv_norm(inside(weights, "dw"), y, stride, pad_mode)
    if gate := inside(weights, "se"):
        y = squeeze_excite(gate, y)
    y = ghost_module(inside(weights, "ghost2"), y, out, activation=lambda z: z)
    if shortcut := inside(weights, "shortcut_dw"):
        x = conv_norm(shortcut, x, stride, pad_mode)
        x = conv_norm(inside(weights, "shortcut_1x1"), x)
    return x + y


def ghostnet(weights: Weights, x: np.ndarray, rows, pad_mode: str = "symmetric") -> np.ndarray:
    """Logits. `rows` have hidden, out and stride, one for each block."""
    x = relu(conv_norm(inside(weights, "stem"), x, 2, pad_mode))
    for i, row in enumerate(rows):
        block = inside(weights, f"block_{i:02d}")
        x = bottleneck(block, x, row.hidden, row.out, row.stride, pad_mode)
    x = relu(conv_norm(inside(weights, "last"), x)).mean((1, 2))
    x = relu(x @ weights["head/kernel"][0, 0] + weights["head/bias"])
    return x @ weights["classifier/kernel"] + weights["classifier/bias"]
