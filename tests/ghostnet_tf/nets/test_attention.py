import keras
import numpy as np
import pytest

from ghostnet_tf.nets.attention import DFCAttention, halved, nearest
from tests.ghostnet_tf import reference

# side -> the row of half as many that PyTorch's "nearest" reads for each: floor(i h / side)
PYTORCH = {2: [0, 0], 3: [0, 0, 0], 4: [0, 0, 1, 1], 5: [0, 0, 0, 1, 1], 7: [0, 0, 0, 1, 1, 2, 2],
           9: [0, 0, 0, 1, 1, 2, 2, 3, 3]}  # fmt: skip


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("height", PYTORCH)
@pytest.mark.parametrize("width", [4, 7])
def test_every_pixel_gets_the_value_that_pytorch_reads(height, width):
    x = image(2, height // 2, width // 2, 3)

    y = np.asarray(nearest(x, height, width))

    np.testing.assert_array_equal(y, x[:, PYTORCH[height]][:, :, PYTORCH[width]])


@pytest.mark.parametrize(("height", "width"), [(6, 8), (7, 5), (2, 3)])
def test_halving_means_the_whole_pairs_of_pixels(height, width):
    x = image(2, height, width, 3)
    whole = x[:, : height // 2 * 2, : width // 2 * 2]

    means = whole.reshape(2, height // 2, 2, width // 2, 2, 3).mean((2, 4))
    np.testing.assert_allclose(np.asarray(halved(x)), means, rtol=1e-5, atol=1e-6)


def gate(weights: reference.Weights, x: np.ndarray) -> np.ndarray:
    """DFC attention in numpy, by the paper's figure 4."""
    n, h, w, c = (side // 2 if i in (1, 2) else side for i, side in enumerate(x.shape))
    x64 = x[:, : 2 * h, : 2 * w].astype(np.float64)
    y = x64.reshape(n, h, 2, w, 2, c).mean((2, 4))
    y = reference.conv_norm(reference.inside(weights, "point"), y)
    for name, axis in (("row", 2), ("column", 1)):
        part = reference.inside(weights, name)
        kernel = part["conv/kernel"].reshape(5, -1)
        padded = np.pad(y, [(0, 0), *((2, 2) if i == axis else (0, 0) for i in (1, 2)), (0, 0)])
        seen = [np.roll(padded, -i, axis).take(range(y.shape[axis]), axis) for i in range(5)]
        y = np.sum([s * k for s, k in zip(seen, kernel, strict=True)], 0)
        one = {**part, "conv/kernel": np.eye(y.shape[-1])[None, None]}
        y = reference.conv_norm(one, y)
    y = 1 / (1 + np.exp(-y))
    return y[:, PYTORCH[x.shape[1]]][:, :, PYTORCH[x.shape[2]]]


@pytest.mark.parametrize(("height", "width"), [(4, 7), (5, 9)])
def test_attention_agrees_with_numpy_at_fixed_and_open_sizes(height, width):
    x = image(2, height, width, 4)
    layer = DFCAttention(6, name="attention")
    layer(x)
    open_ = keras.Sequential([keras.Input((None, None, 4)), layer])
    for v in layer.weights:
        v.assign(np.random.default_rng(len(v.path)).uniform(0.5, 1.5, v.shape))

    expected = gate(reference.weights_of(layer), x)

    assert ((expected > 0) & (expected < 1)).all() and expected.std() > 0.001
    np.testing.assert_allclose(np.asarray(layer(x)), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(np.asarray(open_(x)), expected, rtol=1e-4, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == expected.shape
