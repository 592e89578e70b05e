"""The float32 flatbuffer in every other precision, by litert-quantizer."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ghostnet_tf.base.errors import UserError, option, pick
from ghostnet_tf.base.quiet import quiet

from .equalize import equalize
from .flatbuffer import Flatbuffer
from .graph import Graph
from .kept import float_ops
from .op import OP_NAMES, Op
from .ranges import Ranges, Span, shared_at_concats
from .recipes import RECIPES, Recipe
from .scores import endings
from .steps import REPEATS, eased, strained, usable

if TYPE_CHECKING:
    from litert_quantizer import qtyping


def quantize(
    float32: bytes, recipe: str, ranges: Ranges | None = None, keep_float: Sequence[str] = ()
) -> Flatbuffer:
    """The float32 file in another precision. Equal inputs give equal bytes.

    Static recipes need `ranges`, and leave the layers `keep_float` in float32 (`kept.py`). int8
    activations equalize the network first, as the ranges say; int16 ones have precision to spare,
    and equalized kernels would cost them some. Equalizing is exact in float32, and the ranges were
    measured under it, so kept layers take part in it.
    """
    row, float32 = pick(recipe, RECIPES, "recipe"), Flatbuffer(float32)
    if row.how == "float":
        return float32
    if row.how != "static":
        return apply(row, float32, {}, ())
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
    kept = {*last, *float_ops(graph, keep_float)}
    quantized = apply(row, float32, shared_at_concats(graph, spans, kept), kept)
    for _ in range(REPEATS):
        factors = strained(quantized.graph)
        if not factors.keys() & spans.keys():
            break
        spans = eased(spans, factors)
        quantized = apply(row, float32, shared_at_concats(graph, spans, kept), kept)
    return quantized


def apply(
    row: Recipe, float32: Flatbuffer, spans: Mapping[str, Span], kept: Collection[Op]
) -> Flatbuffer:
    """Let litert-quantizer rewrite the file.

    If static, `spans` are the ranges of all activations, and the operators `kept` (of this graph,
    or of one with the same names) stay in float32.
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
        # An equalized file's graph is read for nothing else.
        for kind, scope in sorted(_places(float32.graph, kept)) if kept else ():
            rewriter.update_quantization_recipe(scope, kind, algorithm_key=algorithm.NO_QUANTIZE)
        limits: dict[str, qtyping.QSV] = {
            name: {"min": np.array([low], np.float32), "max": np.array([high], np.float32)}
            for name, (low, high) in spans.items()
        }
        result = rewriter.quantize(limits or None).quantized_model
    assert result is not None
    data = Flatbuffer(bytes(result))
    return read_inside(data) if row.how == "static" else data


def read_inside(data: Flatbuffer) -> Flatbuffer:
    """Of an output that the network itself reads, too, operators read the integers.

    litert-quantizer gives them the floats of the output, and integer operators refuse these.
    """
    outputs = [data.graph.writer(output) for output in data.graph.outputs]
    floats = [op for op in outputs if op and op.name == "DEQUANTIZE"]
    if not any(data.graph.readers(op.outputs[0]) for op in floats):
        return data
    graph = data.graph.copy()
    for op in graph.ops:
        for position, tensor in enumerate(op.inputs):
            writer = graph.writer(tensor)
            if writer is None or writer.name != "DEQUANTIZE" or tensor not in graph.outputs:
                continue
            if all(graph.quantization(output) for output in op.outputs):
                graph.rewire(op, position, writer.inputs[0])
    return Flatbuffer(graph.to_bytes())


def _places(graph: Graph, ops: Iterable[Op]) -> Iterator[tuple["qtyping.TFLOperationName", str]]:
    """(kind, pattern of all that it writes) by which litert-quantizer finds each of these.

    Without the kind, the pattern of the last operator would be the model's output, too. What it
    does not know it leaves in float32 anyway.
    """
    from litert_quantizer.utils.tfl_flatbuffer_utils import TFL_OP_CODE_TO_NAME

    known = {OP_NAMES[code]: kind for code, kind in TFL_OP_CODE_TO_NAME.items()}
    for op in ops:
        if op.name in known:
            names = ";".join(graph.names[tensor] for tensor in op.outputs)
            yield known[op.name], f"^{re.escape(names)};?$"
