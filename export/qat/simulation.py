"""A float32 graph as a function that can be trained, with the rounding of its int8 file."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from ghostnet_tf.base.errors import UserError, option

from ..flatbuffer import Flatbuffer
from ..graph import Graph
from ..op import WEIGHTED, Op
from ..parity import as_list, snr_db
from ..ranges import Span
from ..runtime import Runtime
from ..steps import measured_as
from .formulas import FUSED, OPERATORS, computed

CHANNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}  # axis of a kernel's scales
GIVEN_SCALE = {"LOGISTIC", "TANH", "SOFTMAX"}  # the format says what scale these write
# These compute; what else writes an int8 tensor only moves values, and both sides have one scale.
ARITHMETIC = {*WEIGHTED, "ADD", "SUB", "MUL", "MEAN", *GIVEN_SCALE, "HARD_SWISH", "LEAKY_RELU"}
SPAN_RATE = 10.0  # how much faster limits learn than weights
TINY = 1e-6  # instead of 0, the step of what is all zeros
LEAST_DB = 90.0  # of the function against the file in float32


@dataclass(frozen=True)
class Limits:
    """The span of one int8 scale, which several tensors may share; each side is a factor of it."""

    low: float
    high: float
    factors: keras.Variable  # (2,), logarithms / SPAN_RATE
    is_given: bool  # and stays so

    def now(self) -> tuple[Any, Any]:
        low, high = tf.unstack(tf.exp(SPAN_RATE * self.factors.value))
        return self.low * low, self.high * high

    def step(self) -> Any:
        """Between two of its 256 values."""
        low, high = self.now()
        return (high - low) / 255

    def span(self) -> Span:
        low, high = self.now()
        return float(low), float(high)


@dataclass(frozen=True)
class Weight:
    """What is trained: `start` + `unit` times what has been learned, from 0.

    A unit is as large as the weights of its channel, so that one learning rate is right for all.
    """

    start: np.ndarray
    unit: np.ndarray  # of one element, or of one a channel
    learned: keras.Variable

    @classmethod
    def of(cls, start: np.ndarray, unit: np.ndarray) -> Self:
        return cls(start, np.maximum(unit, TINY), keras.Variable(np.zeros_like(start)))

    def now(self) -> Any:
        return self.start + self.unit * self.learned.value


@dataclass(frozen=True)
class Layer:
    """Kernel and bias of a convolution as its int8 file has them."""

    kernel: Weight
    bias: Weight | None
    within: tuple[int, ...]  # the axes of a channel of the kernel
    is_int8: bool  # or float32, in a layer that is kept
    reads: Limits | None

    def rounded(self) -> tuple[Any, Any]:
        """The kernel in 255 steps a channel; the bias in those of the sums that it is added to."""
        kernel, bias = self.kernel.now(), self.bias.now() if self.bias else None
        if not self.is_int8:
            return kernel, bias
        step = tf.reduce_max(tf.abs(kernel), self.within, keepdims=True) / 127
        if bias is not None and self.reads is not None:
            bias = in_steps(bias, tf.reshape(step, (-1,)) * self.reads.step())
        return in_steps(kernel, step), bias


def in_steps(values: Any, step: Any) -> Any:
    """The nearest multiples of `step`; a gradient goes through as if nothing were rounded."""
    rounded = tf.round(tf.math.divide_no_nan(values, step)) * step
    return values + tf.stop_gradient(rounded - values)


class Simulation:
    """What a float32 file computes, and what the int8 file of it does with the same weights.

    The second one is trained: every kernel and bias, and the limits of every scale.
    """

    def __init__(self, float32: Flatbuffer, quantized: Flatbuffer):
        self.graph, self.quantized = float32.graph, quantized.graph
        refuse_unknown(self.graph)
        self.limits = limits_of(self.graph, self.quantized)
        self.layers = layers_of(self.graph, self.quantized, self.limits)
        self.rounded_constants = constants_of(self.graph, self.quantized)
        self._refuse_another_function(float32)

    @property
    def variables(self) -> list[keras.Variable]:
        """All that is trained, each once."""
        weights = [w for layer in self.layers.values() for w in (layer.kernel, layer.bias) if w]
        limits = [one for one in self.limits.values() if not one.is_given]
        both = [*(w.learned for w in weights), *(one.factors for one in limits)]
        return list({id(variable): variable for variable in both}.values())

    def original(self, inputs: Sequence[Any]) -> list[Any]:
        """The float32 file: (N, ...) for each input -> (N, ...) for each output."""
        return self._run(inputs, {}, {}, lambda tensor, values: values)

    def rounded(self, inputs: Sequence[Any]) -> list[Any]:
        """The same by the int8 file of what has been learned."""
        layers = {op: layer.rounded() for op, layer in self.layers.items()}
        return self._run(inputs, layers, self.rounded_constants, self._in_steps)

    def float32(self) -> Flatbuffer:
        """The float32 file of what has been learned."""
        learned = self.graph.copy()
        for op, new in zip(self.graph.ops, learned.ops, strict=True):
            if layer := self.layers.get(op):
                learned.set_constant(new, 1, layer.kernel.now().numpy())
                if layer.bias:
                    learned.set_constant(new, 2, layer.bias.now().numpy())
        return Flatbuffer(learned.to_bytes())

    def spans(self) -> dict[str, Span]:
        """Of every tensor that int8 has, by its name."""
        return {self.graph.names[tensor]: one.span() for tensor, one in self.limits.items()}

    def _in_steps(self, tensor: int, values: Any) -> Any:
        limits = self.limits.get(tensor)
        if limits is None:  # kept in float32
            return values
        return tf.quantization.fake_quant_with_min_max_vars(values, *limits.now())

    def _run(
        self,
        inputs: Sequence[Any],
        layers: Mapping[Op, tuple[Any, Any]],
        constants: Mapping[int, Any],
        seen: Callable[[int, Any], Any],
    ) -> list[Any]:
        """Whatever is in neither `layers` nor `constants` is as the float32 file has it."""
        graph = self.graph
        known: dict[int, Any] = {t: seen(t, x) for t, x in zip(graph.inputs, inputs, strict=True)}

        def value(tensor: int) -> Any:
            if tensor == -1:
                return None
            if tensor in known:
                return known[tensor]
            return constants[tensor] if tensor in constants else graph.constant(tensor)

        for op in graph.ops:
            (out,) = op.outputs
            values = [value(op.inputs[0]), *layers[op]] if op in layers else map(value, op.inputs)
            known[out] = seen(out, computed(op, [*values]))
        return [known[tensor] for tensor in graph.outputs]

    def _refuse_another_function(self, float32: Flatbuffer) -> None:
        """UserError where the runtime computes something else than TensorFlow here."""
        rng = np.random.default_rng(0)
        sample = [rng.standard_normal(self.graph.shape(t)).astype("f") for t in self.graph.inputs]
        ours = self.original(sample)
        theirs = as_list(Runtime(float32).run([tuple(one[0] for one in sample)]))
        db = min(snr_db(b, np.array(a)) for a, b in zip(ours, theirs, strict=True))
        if db < LEAST_DB:
            raise UserError(
                f"this network cannot be fine-tuned: what is trained agrees with its file to "
                f"{db:.0f} dB only, and {LEAST_DB:.0f} are asked",
                fix=f"leave {option('qat', True)} out",
            )


def refuse_unknown(graph: Graph) -> None:
    """UserError where an operator stands in the graph that `formulas.py` has not."""
    for op in graph.ops:
        if op.name not in OPERATORS or op.activation not in FUSED or len(op.outputs) != 1:
            where = graph.names[op.outputs[0]] if op.outputs else "without an output"
            raise UserError(
                f"this network cannot be fine-tuned: nothing here trains through its "
                f"{op.name} {where!r}",
                fix=f"leave {option('qat', True)} out",
            )


def limits_of(graph: Graph, quantized: Graph) -> dict[int, Limits]:
    """Tensor -> the limits that it has in the int8 file; those of one scale have one object."""
    scales = {}
    for tensor in quantized.written():
        if quantized.dtype(tensor) == "INT8":
            (scale,), (point,) = quantized.quantization(tensor) or ((1.0,), (0,))
            scales[measured_as(quantized, tensor)] = float(scale), int(point)
    scale_of = {t: scales[graph.names[t]] for t in graph.written() if graph.names[t] in scales}
    first = {tensor: tensor for tensor in scale_of}  # of those that share a scale

    def root(tensor: int) -> int:
        while first[tensor] != tensor:
            tensor = first[tensor]
        return tensor

    for op in graph.ops:
        sides = [tensor for tensor in (*op.inputs, *op.outputs) if tensor in scale_of]
        if op.name in ARITHMETIC or len({scale_of[side] for side in sides}) > 1:
            continue
        for side in sides:
            first[root(side)] = root(sides[0])
    written = [op.outputs[0] for op in graph.ops if op.name in GIVEN_SCALE]
    given = {root(tensor) for tensor in written if tensor in first}
    made: dict[int, Limits] = {}
    for tensor in scale_of:
        if (one := root(tensor)) not in made:
            scale, point = scale_of[one]
            low, high = (-128 - point) * scale, (127 - point) * scale
            factors = keras.Variable(np.zeros(2, np.float32))
            made[one] = Limits(low, high, factors, one in given)
    return {tensor: made[root(tensor)] for tensor in scale_of}


def layers_of(graph: Graph, quantized: Graph, limits: Mapping[int, Limits]) -> dict[Op, Layer]:
    """Every operator with a kernel of its own -> what is trained of it."""
    weights: dict[int, Weight] = {}  # of a constant; layers may share one
    found = {}
    for op in graph.ops:
        if op.name not in WEIGHTED or (kernel := graph.constant(op.inputs[1])) is None:
            continue
        image, at, *others = op.inputs
        within = tuple(axis for axis in range(kernel.ndim) if axis != CHANNELS[op.name])
        weight = Weight.of(kernel, np.abs(kernel).max(within, keepdims=True))
        weight, bias = weights.setdefault(at, weight), None
        for tensor in others:
            if tensor != -1 and (values := graph.constant(tensor)) is not None:
                span = limits.get(op.outputs[0])
                unit = max(span.high - span.low if span else 0.0, np.abs(values).max())
                bias = Weight.of(values, np.array(unit, np.float32))
                bias = weights.setdefault(tensor, bias)
        same = same_in(quantized, graph, op)
        is_int8 = same is not None and quantized.dtype(same.inputs[1]) == "INT8"
        found[op] = Layer(weight, bias, within, is_int8, limits.get(image))
    return found


def constants_of(graph: Graph, quantized: Graph) -> dict[int, np.ndarray]:
    """Tensor -> the values that the int8 file has for a constant which is not trained."""
    found = {}
    for op in graph.ops:
        same = same_in(quantized, graph, op)
        if op.name in WEIGHTED or same is None:
            continue
        for mine, theirs in zip(op.inputs, same.inputs, strict=True):
            told = quantized.quantization(theirs)
            if (values := quantized.constant(theirs)) is not None and told is not None:
                scale, point = told
                found[mine] = ((values.astype(np.float32) - point) * scale).astype(np.float32)
    return found


def same_in(quantized: Graph, graph: Graph, op: Op) -> Op | None:
    """The operator that does in the int8 file what `op` does: tensors keep their names."""
    name = graph.names[op.outputs[0]]
    made = (other for other in quantized.ops if quantized.names[other.outputs[0]] == name)
    return next((other for other in made if other.name == op.name), None)
