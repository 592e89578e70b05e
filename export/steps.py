"""Which scales of a quantized file the runtime takes, and what they must at least be.

An int8 operator multiplies by the ratio of its scales. XNNPACK refuses a whole file for one ratio
too large in a convolution and leaves out an ADD or MUL beyond its limits; what is left out goes to
kernels that end the process at an ADD of 2^19 or more. Networks with random weights have such
ratios, and whatever is nearly constant. A wider span costs what could not be told apart anyway.
"""

from collections.abc import Mapping

import numpy as np

from ghostnet_tf.base.errors import CheckFailed, UserError

from .flatbuffer import Flatbuffer
from .graph import Graph
from .op import WEIGHTED
from .ranges import Ranges, Span
from .trial import survives

# Measured on LiteRT 2.3.0, x86: 2^8 is refused and 2^7.99 is taken; 2^-10 of an ADD and 2^-16 of a
# MUL are taken, and 2^-10.1 and 2^-16.1 are not. A convolution has no limit below.
MOST = 2.0**7.9
LEAST_OF_ADD = 2.0**-9.9
LEAST_OF_MUL = 2.0**-15.9
# RELU6 asks how many steps 6 is, in an int32: 2^-28 is taken, 2^-28.5 is refused. (Scales may be as
# small as normal floats, 2^-126, elsewhere; those of biases are products of two.)
SMALLEST = 2.0**-28
LEVELS = {8: 255, 16: 65535}  # steps of an activation's span, by its bits
REPEATS = 5  # tensors that share one scale (RESHAPE, CONCATENATION) pass a change on one by one


def usable(span: Span, bits: int = 8) -> Span:
    """A span with 0 in it whose step is one that the runtime takes; (0, 1) for what is always 0."""
    low, high = min(span[0], 0.0), max(span[1], 0.0)
    if high == low:
        return 0.0, 1.0
    return stretched((low, high), max(1.0, LEVELS[bits] * SMALLEST / (high - low)))


def stretched(span: Span, factor: float) -> Span:
    return span[0] * factor, span[1] * factor


def strained(quantized: Graph) -> dict[str, float]:
    """Tensor -> by what factor its scale is too small for the operators around it."""
    scales = {
        tensor: float(found[0][0])
        for tensor in quantized.written()
        if (found := quantized.quantization(tensor)) is not None
    }
    least = dict(scales)

    def raise_to(tensor: int, scale: float) -> bool:
        is_more = scale > least.get(tensor, np.inf) * (1 + 1e-6)
        if is_more:
            least[tensor] = scale
        return is_more

    def scale_of(tensor: int) -> float:
        found = quantized.quantization(tensor)
        return least.get(tensor, 0.0 if found is None else float(found[0].max()))

    is_settled = False
    while not is_settled:
        is_settled = True
        for op in quantized.ops:
            out = op.outputs[0]
            if out not in least or len(op.inputs) < 2:
                continue
            one, two = op.inputs[:2]
            a, b = scale_of(one), scale_of(two)
            wanted: list[tuple[int, float]] = []
            if op.name in WEIGHTED:
                wanted = [(out, a * b / MOST)]
            elif op.name in ("ADD", "SUB"):
                low = least[out] * LEAST_OF_ADD
                wanted = [(out, max(a, b) / MOST), (one, low), (two, low)]
            elif op.name == "MUL" and a and b:
                finer, other = (one, b) if a < b else (two, a)
                wanted = [(out, a * b / MOST), (finer, least[out] * LEAST_OF_MUL / other)]
            if any([raise_to(tensor, scale) for tensor, scale in wanted]):
                is_settled = False
    return {
        measured_as(quantized, tensor): least[tensor] / scale
        for tensor, scale in scales.items()
        if least[tensor] > scale
    }


def measured_as(quantized: Graph, tensor: int) -> str:
    """The tensor's name in the float32 file, which an image and a kept layer have before their
    QUANTIZE."""
    op = quantized.writer(tensor)
    is_made = op is not None and op.name == "QUANTIZE"
    if op is not None and is_made and quantized.dtype(op.inputs[0]) == "FLOAT32":
        return quantized.names[op.inputs[0]]
    return quantized.names[tensor]


def eased(spans: Mapping[str, Span], factors: Mapping[str, float]) -> dict[str, Span]:
    """The spans, those that are strained stretched around 0."""
    return {name: stretched(span, factors.get(name, 1.0)) for name, span in spans.items()}


def hardly_changing(ranges: Ranges) -> list[str]:
    """Empty, or which tensors are nearly the same for every photo and at every place."""
    flat = [
        f"{name!r} ({low:.4g} to {high:.4g})"
        for name, (low, high) in ranges.extremes.items()
        if high - low < max(LEVELS[8] * SMALLEST, 1e-3 * max(abs(low), abs(high)))
    ]
    if not flat:
        return []
    more = f" and {len(flat) - 3} more" if len(flat) > 3 else ""
    return [
        f"{len(flat)} of its {len(ranges.extremes)} tensors are nearly constant, which integers "
        f"cannot follow: {', '.join(flat[:3])}{more}"
    ]


def refuse_deadly(quantized: Flatbuffer, recipe: str, ranges: Ranges) -> None:
    """CheckFailed where the runtime refuses our file or would be ended by it: it is tried aside."""
    try:
        survives(quantized, recipe)
    except UserError as error:
        why = "; ".join([str(error), *hardly_changing(ranges)])
        raise CheckFailed(
            f"this network cannot be run in {recipe}: {why}",
            fix="are its weights trained? float16 and weight_only_wi8_afp32 need no ranges",
        ) from error
