"""The float32 flatbuffer in every other precision, by litert-quantizer."""

import re
from collections.abc import Mapping

import numpy as np

from ghostnet_tf.base.errors import UserError, option, pick
from ghostnet_tf.base.quiet import quiet

from .equalize import equalize
from .flatbuffer import Flatbuffer
from .ranges import Ranges, Span, shared_at_concats
from .recipes import RECIPES, Recipe
from .scores import endings
from .steps import REPEATS, eased, strained, usable


def quantize(float32: bytes, recipe: str, ranges: Ranges | None = None) -> Flatbuffer:
    """The float32 file in another precision. Equal inputs give equal bytes.

    Static recipes need `ranges`. int8 activations equalize the network first, as the ranges say;
    int16 ones have precision to spare, and equalized kernels would cost them some.
    """
    row, float32 = pick(recipe, RECIPES, "recipe"), Flatbuffer(float32)
    if row.how == "float":
        return float32
    if row.how != "static":
        return apply(row, float32, {}, {})
    if ranges is None:
        raise UserError(
            f"{recipe} needs activation ranges, and these weights carry none",
            fix=f"give calibration photos with {option('photos', 'DIR')}",
        )
    spans = ranges.spans if row.activation_bits == 8 else ranges.extremes
    graph = float32.graph
    needed = {graph.names[tensor] for tensor in graph.activations()}
    if needed != spans.keys():
        raise UserError(
            "these ranges belong to another network: only one of the two has the tensor "
            f"{min(needed ^ spans.keys())!r}",
            fix=f"calibrate this network with {option('photos', 'DIR')}",
        )
    if row.activation_bits == 8:
        float32 = equalize(float32, ranges.exponents)
    spans = {name: usable(span, row.activation_bits) for name, span in spans.items()}
    # int8 probabilities have steps of 1/256, and those of a thousand classes become 0.
    last = [] if row.is_integer_io else endings(graph)
    kept = {graph.names[op.outputs[0]]: op.name for op in last}
    quantized = apply(row, float32, shared_at_concats(graph, spans), kept)
    for _ in range(REPEATS):
        factors = strained(quantized.graph)
        if not factors.keys() & spans.keys():
            break
        spans = eased(spans, factors)
        quantized = apply(row, float32, shared_at_concats(graph, spans), kept)
    return quantized


def apply(
    row: Recipe, float32: Flatbuffer, spans: Mapping[str, Span], kept: Mapping[str, str]
) -> Flatbuffer:
    """Let litert-quantizer rewrite the file.

    If static, `spans` are the ranges of all activations, and `kept` (tensor -> the operator that
    writes it) stays in float32.
    """
    from litert_quantizer import qtyping, quantizer

    op, algorithm = qtyping.TFLOperationName, quantizer.AlgorithmName
    everything = op.ALL_SUPPORTED
    with quiet():
        rewriter = quantizer.Quantizer(bytearray(float32))
        if row.how == "cast":
            rewriter.add_weight_only_config(
                ".*", everything, row.weight_bits, algorithm_key=algorithm.FLOAT_CASTING
            )
        elif row.how == "weight_only":
            rewriter.add_weight_only_config(".*", everything, row.weight_bits)
        elif row.how == "dynamic":
            rewriter.add_dynamic_config(".*", everything, row.weight_bits)
            # XNNPACK has no dynamic depthwise convolution: with them GhostNet 1.0 falls into 37
            # partitions, takes 2.5 times as long on x86 and loses 2 dB (docs/results/quantizer.md).
            rewriter.add_weight_only_config(".*", op.DEPTHWISE_CONV_2D, row.weight_bits)
        else:
            rewriter.add_static_config(".*", everything, row.activation_bits, row.weight_bits)
        if row.how == "static" and not row.is_integer_io:
            for side in (op.INPUT, op.OUTPUT):
                rewriter.update_quantization_recipe(".*", side, algorithm_key=algorithm.NO_QUANTIZE)
        for name, kind in kept.items():
            rewriter.update_quantization_recipe(
                f"^{re.escape(name)};?$", op[kind], algorithm_key=algorithm.NO_QUANTIZE
            )
        limits: dict[str, qtyping.QSV] = {
            name: {"min": np.array([low], np.float32), "max": np.array([high], np.float32)}
            for name, (low, high) in spans.items()
        }
        result = rewriter.quantize(limits or None).quantized_model
    assert result is not None
    return Flatbuffer(bytes(result))
