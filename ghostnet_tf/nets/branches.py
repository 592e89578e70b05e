"""Convolutions that train as several beside each other and infer as one."""

import math
from typing import Any

from keras import ops

from ghostnet_tf.nets.conv_norm import BATCH_NORM, ConvNorm, Norm, PadMode, Shape, register
from ghostnet_tf.nets.spec import Branches


def conv_norm(
    filters: int | None,
    kernel_size: int = 1,
    strides: int = 1,
    activation: str | None = None,
    pad_mode: PadMode = "symmetric",
    *,
    branches: Branches | None = None,
    deployed: bool = False,
    name: str,
) -> ConvNorm:
    """A `ConvNorm`; with branches while it trains, or with the bias that is left of them."""
    args: Any = (filters, kernel_size, strides, activation, pad_mode)
    if branches in (None, Branches()):
        return ConvNorm(*args, name=name)
    if deployed:
        return ConvNorm(*args, deployed=True, name=name)
    return BranchedConvNorm(*args, branches=branches, name=name)


@register
class BranchedConvNorm(ConvNorm):
    """The sum of convolutions of the same maps, each with its BatchNorm; then the activation.

    (N, H, W, C) -> what `ConvNorm` gives. All are linear: in inference they are one convolution,
    with the sum of their kernels and a bias, so an exported graph has one and costs what it costs
    without branches. RepVGG, arXiv 2101.03697, section 3.3; for Ghost modules arXiv 2211.06088 and
    2404.11202. An identity needs as many channels in as out and no stride; elsewhere there is none.
    """

    def __init__(self, filters, kernel_size, strides, activation, pad_mode, *, branches, **kwargs):
        super().__init__(filters, kernel_size, strides, activation, pad_mode, **kwargs)
        if branches.scale and strides > 1 and pad_mode == "same" and kernel_size > 1:
            # Where a window begins depends on the image, so no place in the kernel is right.
            raise ValueError(
                "a 1x1 branch at a stride cannot be folded with pad_mode='same': "
                "use pad_mode='symmetric'"
            )
        self.branches, self.strides = branches, strides
        self.more = [
            ConvNorm(filters, kernel_size, strides, None, pad_mode, name=f"more_{i}")
            for i in range(1, branches.more + 1)
        ]
        self.scale = ConvNorm(filters, 1, strides, name="scale") if branches.scale else None
        self.skip: Any = None

    @property
    def convolutions(self) -> list[ConvNorm]:
        """Those beside its own."""
        return [*self.more, *([self.scale] if self.scale else [])]

    def build(self, input_shape: Shape):
        super().build(input_shape)
        for branch in self.convolutions:
            branch.build(input_shape)
        filters = self.compute_output_shape(input_shape)[-1]
        if self.branches.skip and self.strides == 1 and input_shape[-1] == filters:
            self.skip = Norm(**BATCH_NORM, name="skip")
            self.skip.build(input_shape)

    def call(self, x, training=None):
        if not training:
            return self._as_one(x)
        own: Any = self
        y = own.norm(own.conv(x if own.pad is None else own.pad(x)), training=True)
        for branch in self.convolutions:
            y = y + branch(x, training=True)  # (N, h, w, filters)
        if self.skip is not None:
            y = y + self.skip(x, training=True)
        return y if self.activation is None else self.activation(y)

    @property
    def folded_away(self) -> int:
        """Parameters that inference does not have: all but one kernel and one bias."""
        own: Any = self
        branches: list[Any] = self.convolutions
        norms = [own.norm, *(branch.norm for branch in branches), *filter(None, [own.skip])]
        beside = sum(math.prod(branch.conv.kernel.shape) for branch in branches)
        channels = own.norm.beta.shape[0]
        return beside + 2 * channels * len(norms) - channels

    def folded(self) -> tuple[Any, Any]:
        """(kernel, bias) of the one convolution that all branches are together."""
        kernel, bias = folded(self)
        for branch in self.convolutions:
            beside, offset = folded(branch)
            kernel, bias = kernel + _centred(beside, kernel.shape), bias + offset
        if self.skip is not None:
            factor, offset = _affine(self.skip)
            same = ops.reshape(factor, (1, 1, -1, 1)) if self.is_depthwise else ops.diag(factor)
            same = ops.reshape(same, (1, 1, *kernel.shape[2:]))
            kernel, bias = kernel + _centred(same, kernel.shape), bias + offset
        return kernel, bias

    def _as_one(self, x: Any) -> Any:
        kernel, bias = self.folded()
        x = x if self.pad is None else self.pad(x)
        convolve = ops.depthwise_conv if self.is_depthwise else ops.conv
        y: Any = convolve(x, kernel, self.strides, padding=self.conv.padding)
        return y + bias if self.activation is None else self.activation(y + bias)


def folded(conv: ConvNorm) -> tuple[Any, Any]:
    """(kernel, bias) of a convolution and its BatchNorm."""
    factor, bias = _affine(conv.norm)
    shape = (-1, 1) if conv.is_depthwise else (-1,)  # (h, w, C, 1) or (h, w, C, filters)
    own: Any = conv.conv
    return own.kernel * ops.reshape(factor, shape), bias


def _affine(norm: Any) -> tuple[Any, Any]:
    """(factor, offset) of every channel that a BatchNorm is in inference."""
    factor = norm.gamma / ops.sqrt(norm.moving_variance + norm.epsilon)
    return factor, norm.beta - norm.moving_mean * factor


def _centred(kernel: Any, shape: tuple[int, ...]) -> Any:
    """A kernel in the middle of a larger one, where its 1x1 stands under the window's own pixel."""
    missing = [large - small for large, small in zip(shape, kernel.shape, strict=True)]
    if not any(missing):
        return kernel
    return ops.pad(kernel, [(m // 2, m - m // 2) for m in missing])
