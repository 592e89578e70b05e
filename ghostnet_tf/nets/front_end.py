"""From samples to features inside of the network: what `Hearing.features` computes, as a graph.

Every step is a built-in TFLite operator that XNNPACK takes: a frame is a convolution's kernel, the
window lies in its weights, and so do the sines of the Fourier transform. None of them is learned.
"""

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from ghostnet_tf.data.hearing import FLOOR, Hearing
from ghostnet_tf.nets.conv_norm import Shape, register


@register
class FrontEnd(layers.Layer):
    """(N, length) samples of -1 to 1 -> (N, 1, frames, columns), as `Hearing` has it.

    Its arguments are those of `Hearing`. Of another number of samples it gives as many frames as
    begin and end in them.
    """

    def __init__(
        self,
        rate: int,
        length: int,
        frame: int,
        hop: int,
        bands: int,
        low: int,
        high: int,
        coefficients: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.hearing = Hearing(
            rate=rate, length=length, frame=frame, hop=hop, bands=bands, low=low, high=high,
            coefficients=coefficients,
        )  # fmt: skip
        filters = self.hearing.filters()
        used = np.flatnonzero(filters.any(axis=1))  # frequencies that some band takes
        # Whole turns are taken off while they are whole numbers, or float64 would lose digits.
        turns = np.arange(frame)[:, None] * used % self.hearing.points / self.hearing.points
        # Pieces of which frame and hop are whole numbers are the channels, so that a kernel is as
        # many of them as make a frame, and a stride as many as make a hop.
        shape = (1, frame // self.hearing.piece, self.hearing.piece, len(used))
        window = self.hearing.window()[:, None]
        self.waves = [
            (window * wave(2 * np.pi * turns)).astype(np.float32).reshape(shape)
            for wave in (np.cos, np.sin)
        ]
        self.filters = filters[used].astype(np.float32)[None, None]
        self.cosines = self.hearing.cosines().astype(np.float32)[None, None]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        how, samples = self.hearing, input_shape[1]
        assert samples is not None
        return (input_shape[0], 1, 1 + (samples - how.frame) // how.hop, how.columns)

    def call(self, samples):
        how = self.hearing
        pieces = ops.reshape(samples, (-1, 1, samples.shape[1] // how.piece, how.piece))
        strides: Any = (1, how.hop // how.piece)
        cos, sin = self.waves
        real: Any = ops.conv(pieces, cos, strides=strides, padding="valid")
        imaginary: Any = ops.conv(pieces, sin, strides=strides, padding="valid")
        power: Any = real * real + imaginary * imaginary  # (N, 1, frames, frequencies)
        energy: Any = ops.conv(power, self.filters)  # (N, 1, frames, bands)
        found = ops.log(energy + FLOOR)
        return ops.conv(found, self.cosines) if how.coefficients else found


@register
class SpecAugment(layers.Layer):
    """While it trains, some frames and some columns of each are silenced; in use, nothing.

    (N, frames, columns, 1) -> the same. arXiv 1904.08779, section 2, without its warping. Features
    have a mean of zero here, which takes their place. `frames`, `columns`: the most of each.
    """

    def __init__(self, frames: int, columns: int, seed: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.frames, self.columns, self.seed = frames, columns, seed
        self.dice = keras.random.SeedGenerator(seed)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def call(self, x, training=None):
        if not training:
            return x
        n = ops.shape(x)[0]  # type: ignore[reportOptionalSubscript]
        for axis, most in ((1, self.frames), (2, self.columns)):
            x = x * self._kept(n, axis, x.shape[axis], most)
        return x

    def _kept(self, n: Any, axis: int, length: int, most: int) -> Any:
        """1 where something is left and 0 where it is not, of the shape of `x` but for ones."""
        width: Any = keras.random.uniform((n, 1), 0, most + 1, seed=self.dice)
        start: Any = keras.random.uniform((n, 1), 0, 1, seed=self.dice)
        width = ops.floor(width)
        start = ops.floor(start * (length - width + 1))
        at: Any = ops.reshape(ops.arange(length, dtype="float32"), (1, length))
        lost = ops.logical_and(at >= start, at < start + width)
        shape = (-1, length, 1, 1) if axis == 1 else (-1, 1, length, 1)
        silent: Any = ops.cast(lost, "float32")
        return ops.reshape(1.0 - silent, shape)
