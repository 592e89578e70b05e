"""One operator of a `.tflite`: what it is called, what it reads and writes, what it is told."""

import copy
from collections.abc import Sequence
from typing import Any, Self

from ai_edge_litert import schema_py_generated as schema

from ghostnet_tf.base.libraries import OPERATOR_NAME

OP_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if name[0] != "_"}
ACTIVATIONS = {
    code: name for name, code in vars(schema.ActivationFunctionType).items() if name[0] != "_"
}
# Operators that read an image, a kernel and a bias.
WEIGHTED = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
# What those operators are told whose options are asked for.
OPTIONS = {
    "ADD": schema.AddOptionsT,
    "CONCATENATION": schema.ConcatenationOptionsT,
    "CONV_2D": schema.Conv2DOptionsT,
    "DEPTHWISE_CONV_2D": schema.DepthwiseConv2DOptionsT,
    "FULLY_CONNECTED": schema.FullyConnectedOptionsT,
    "MEAN": schema.ReducerOptionsT,
    "AVERAGE_POOL_2D": schema.Pool2DOptionsT,
    "MAX_POOL_2D": schema.Pool2DOptionsT,
    "SOFTMAX": schema.SoftmaxOptionsT,
    "LEAKY_RELU": schema.LeakyReluOptionsT,
    "RESIZE_BILINEAR": schema.ResizeBilinearOptionsT,
}


class Op:
    """One operator. What it reads and writes is changed through its `Graph`, which keeps account
    of it; hence tuples."""

    def __init__(self, model: Any, record: Any):
        code = model.operatorCodes[record.opcodeIndex]
        builtin = OP_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
        self.is_custom = builtin == "CUSTOM"
        self.name: str = code.customCode.decode() if self.is_custom else builtin
        self.record = record
        self.inputs: tuple[int, ...] = tuple(map(int, record.inputs))  # -1: left out
        self.outputs: tuple[int, ...] = tuple(map(int, record.outputs))

    def connect(self, inputs: Sequence[int], outputs: Sequence[int]) -> None:
        """For `Graph` alone: other tensors, here and in what will be written."""
        self.inputs, self.outputs = tuple(inputs), tuple(outputs)
        self.record.inputs, self.record.outputs = list(inputs), list(outputs)

    def copy(self) -> Self:
        """The same operator for a copy of its graph."""
        new = copy.copy(self)
        new.record = copy.copy(self.record)
        new.record.builtinOptions = copy.copy(self.record.builtinOptions)
        return new

    @property
    def options(self) -> Any:
        """What it is told. Where a file says nothing, or what another operator would be told, it is
        the defaults of the format: so the runtime takes it."""
        told, kind = self.record.builtinOptions, OPTIONS.get(self.name)
        return told if kind is None or isinstance(told, kind) else kind()

    @property
    def scratch(self) -> list[int]:
        """Tensors that it keeps for itself."""
        found = self.record.intermediates
        return [] if found is None else list(map(int, found))

    @property
    def is_ghost(self) -> bool:
        return self.is_custom and self.name.startswith(f"{OPERATOR_NAME}.")

    @property
    def activation(self) -> str:
        """The activation fused into this operator: NONE, RELU, RELU6, ..."""
        return ACTIVATIONS[getattr(self.options, "fusedActivationFunction", 0)]
