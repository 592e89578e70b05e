"""The bytes of a `.tflite` file as a graph one can walk and change, and back to bytes."""

import copy
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.libraries import OPERATOR_NAME

IDENTIFIER = b"TFL3"  # bytes 4-7 of every .tflite file
OP_NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if name[0] != "_"}
TYPE_NAMES = {code: name for name, code in vars(schema.TensorType).items() if name[0] != "_"}
ACTIVATIONS = {
    code: name for name, code in vars(schema.ActivationFunctionType).items() if name[0] != "_"
}
# Operators that read an image, a kernel and a bias.
WEIGHTED = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
DAMAGED_FIX = "the file is damaged or is no .tflite: export or download it again"


class Op:
    """One operator: its name, the tensors it reads and writes, and its options."""

    def __init__(self, model: Any, record: Any):
        code = model.operatorCodes[record.opcodeIndex]
        builtin = OP_NAMES[max(code.builtinCode, code.deprecatedBuiltinCode)]
        self.is_custom = builtin == "CUSTOM"
        self.name: str = code.customCode.decode() if self.is_custom else builtin
        self.inputs: list[int] = [int(i) for i in record.inputs]  # -1: left out
        self.outputs: list[int] = [int(i) for i in record.outputs]
        self.options: Any = record.builtinOptions
        self.record = record

    @property
    def is_ghost(self) -> bool:
        return self.is_custom and self.name.startswith(f"{OPERATOR_NAME}.")

    @property
    def activation(self) -> str:
        """The activation fused into this operator: NONE, RELU, RELU6, ..."""
        return ACTIVATIONS[getattr(self.options, "fusedActivationFunction", 0)]


class AlignedBuffer(schema.BufferT):
    """Data at a multiple of 16 bytes, as schema.fbs asks for; the generated writer forgets it.

    It also writes `bytes` one at a time, for seconds, and as `bytes` arrive ai-edge-quantizer's
    weights, which lie behind the flatbuffer.
    """

    def Pack(self, builder: Any) -> int:
        if self.data is None:
            return super().Pack(builder)
        content = bytes(self.data)
        builder.StartVector(1, len(content), 16)
        builder.head -= len(content)
        builder.Bytes[builder.head : builder.head + len(content)] = content
        place = builder.EndVector()
        schema.BufferStart(builder)
        schema.BufferAddData(builder, place)
        return schema.BufferEnd(builder)


class Graph:
    """A `.tflite` file with one subgraph. Tensors go by their index, as in the file."""

    def __init__(self, data: bytes):
        if data[4:8] != IDENTIFIER:
            raise UserError(f"this is no .tflite: it begins with {data[:8]!r}", fix=DAMAGED_FIX)
        try:
            self.model: Any = flatbuffer_utils.read_model_from_bytearray(data)
            (self.subgraph,) = self.model.subgraphs
            self.ops = [Op(self.model, record) for record in self.subgraph.operators]
            self.names: list[str] = [t.name.decode() for t in self.subgraph.tensors]
        except Exception as error:  # this reader checks nothing: whatever it trips over is damage
            raise UserError(f"this .tflite cannot be read ({error})", fix=DAMAGED_FIX) from error

    def to_bytes(self) -> bytes:
        for name, tensor in zip(self.names, self.subgraph.tensors, strict=True):
            tensor.name = name.encode()
        for buffer in self.model.buffers:
            buffer.__class__ = AlignedBuffer
        return bytes(flatbuffer_utils.convert_object_to_bytearray(self.model))

    @property
    def inputs(self) -> list[int]:
        return [int(i) for i in self.subgraph.inputs]

    @property
    def outputs(self) -> list[int]:
        return [int(i) for i in self.subgraph.outputs]

    def activations(self) -> list[int]:
        """The float32 tensors that change with the image, in the order they are written."""
        written = [*self.inputs, *(tensor for op in self.ops for tensor in op.outputs)]
        return [tensor for tensor in written if self.dtype(tensor) == "FLOAT32"]

    def counts(self) -> Counter[str]:
        """How often each operator occurs; Ghost operators all together."""
        return Counter(OPERATOR_NAME if op.is_ghost else op.name for op in self.ops)

    def shape(self, tensor: int) -> tuple[int, ...]:
        shape = self.subgraph.tensors[tensor].shape
        return () if shape is None else tuple(int(side) for side in shape)

    def is_dynamic(self, tensor: int) -> bool:
        signature = self.subgraph.tensors[tensor].shapeSignature
        return signature is not None and any(side < 0 for side in signature)

    def dtype(self, tensor: int) -> str:
        """FLOAT32, INT8, ..."""
        return TYPE_NAMES[self.subgraph.tensors[tensor].type]

    def quantization(self, tensor: int) -> tuple[np.ndarray, np.ndarray] | None:
        """(scales, zero points): of one element each, or of one a channel; None for a float."""
        parameters = self.subgraph.tensors[tensor].quantization
        if parameters is None or parameters.scale is None or not len(parameters.scale):
            return None
        scale = np.array(parameters.scale, np.float32)
        points = parameters.zeroPoint
        given = points is not None and len(points)
        return scale, np.array(points, np.int64) if given else np.zeros(len(scale), np.int64)

    def constant(self, tensor: int) -> np.ndarray | None:
        """The values the file holds for this tensor, read-only; None for an activation."""
        data = self.model.buffers[self.subgraph.tensors[tensor].buffer].data
        if tensor < 0 or data is None:
            return None
        return np.frombuffer(data, self.dtype(tensor).lower()).reshape(self.shape(tensor))

    def set_constant(self, op: Op, position: int, values: np.ndarray) -> None:
        """Give `op` new float32 values as its input `position`; other readers keep the old ones."""
        index = op.inputs[position]
        tensor = self.subgraph.tensors[index]
        n_readers = sum(other.inputs.count(index) for other in self.ops)
        n_tensors = sum(other.buffer == tensor.buffer for other in self.subgraph.tensors)
        if n_readers > 1 or n_tensors > 1:
            tensor = copy.copy(tensor)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(schema.BufferT())
            op.inputs[position] = op.record.inputs[position] = len(self.names)
            self.subgraph.tensors.append(tensor)
            self.names.append(f"{self.names[op.outputs[0]]}/input_{position}")
        self.model.buffers[tensor.buffer].data = np.frombuffer(
            values.astype(np.float32).tobytes(), np.uint8
        )

    def add_tensor(
        self,
        like: int,
        name: str,
        shape: Sequence[int],
        values: np.ndarray | None = None,
        channels: np.ndarray | None = None,
    ) -> int:
        """A tensor of the type and quantization of another; with `values` it is a constant.

        `channels`: which of the other's scales it has, where each channel has one.
        """
        tensor = copy.copy(self.subgraph.tensors[like])
        tensor.shape, tensor.shapeSignature, tensor.buffer = list(shape), None, 0
        if values is not None:
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(schema.BufferT())
            self.model.buffers[-1].data = np.frombuffer(values.tobytes(), np.uint8)
        found = self.quantization(like)
        if channels is not None and found is not None and len(found[0]) > 1:
            tensor.quantization = copy.copy(tensor.quantization)
            scales, points = (parameter[channels] for parameter in found)
            tensor.quantization.scale, tensor.quantization.zeroPoint = scales, points
        self.subgraph.tensors.append(tensor)
        self.names.append(name)
        return len(self.names) - 1

    def insert(
        self, kind: "Op | str", inputs: Sequence[int], output: int, before: Op, **options: Any
    ) -> Op:
        """A new operator like another one, with some of its `options` changed; or a plain ADD."""
        record: Any = schema.OperatorT() if isinstance(kind, str) else copy.copy(kind.record)
        if isinstance(kind, str):
            record.opcodeIndex = self._opcode(kind)
            record.builtinOptionsType = getattr(schema.BuiltinOptions, f"{kind.title()}Options")
            record.builtinOptions = getattr(schema, f"{kind.title()}OptionsT")()
        else:
            record.builtinOptions = copy.copy(record.builtinOptions)
        for name, value in options.items():
            setattr(record.builtinOptions, name, value)
        record.inputs, record.outputs = list(inputs), [output]
        place = self.ops.index(before)
        self.subgraph.operators.insert(place, record)
        self.ops.insert(place, Op(self.model, record))
        return self.ops[place]

    def _opcode(self, name: str) -> int:
        """The number of a built-in operator in this file."""
        builtin = getattr(schema.BuiltinOperator, name)
        for i, code in enumerate(self.model.operatorCodes):
            if max(code.builtinCode, code.deprecatedBuiltinCode) == builtin:
                return i
        code: Any = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.version = 1
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1

    def remove(self, op: Op) -> None:
        """Take out an operator whose output nothing reads any more."""
        self.ops.remove(op)
        self.subgraph.operators.remove(op.record)

    def bypass(self, op: Op, source: int) -> None:
        """Take `op` out: whatever read its output reads `source` instead."""
        (gone,) = op.outputs
        for reader in self.ops:
            for position, tensor in enumerate(reader.inputs):
                if tensor == gone:
                    reader.inputs[position] = reader.record.inputs[position] = source
        self.remove(op)

    def fuse(
        self, ops: list[Op], name: str, options: bytes, inputs: list[int], output: int
    ) -> None:
        """One custom operator in place of `ops`, where the last of them stood."""
        code: Any = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        code.customCode, code.version = name.encode(), 1
        record: Any = schema.OperatorT()
        record.opcodeIndex = len(self.model.operatorCodes)
        record.inputs, record.outputs = list(inputs), [output]
        record.customOptions = np.frombuffer(options, np.uint8)
        self.model.operatorCodes.append(code)
        place = self.ops.index(ops[-1])
        self.ops[place] = Op(self.model, record)
        self.subgraph.operators[place] = record
        for op in ops[:-1]:
            self.remove(op)

    def drop_unused(self) -> None:
        """Take out the tensors that no operator reads or writes, and the data only they held.

        Buffers keep their numbers, which metadata refers to; an unused one becomes empty.
        """
        ends = [end for s in self.model.signatureDefs or [] for end in (*s.inputs, *s.outputs)]
        used = {*self.inputs, *self.outputs, *(int(end.tensorIndex) for end in ends)}
        for op in self.ops:
            used |= {*op.inputs, *op.outputs, *map(int, self._scratch(op))}
        kept = sorted(used - {-1})
        new = {old: i for i, old in enumerate(kept)} | {-1: -1}
        before = {tensor.buffer for tensor in self.subgraph.tensors}
        self.subgraph.tensors = [self.subgraph.tensors[old] for old in kept]
        self.names = [self.names[old] for old in kept]
        self.subgraph.inputs = [new[tensor] for tensor in self.inputs]
        self.subgraph.outputs = [new[tensor] for tensor in self.outputs]
        for end in ends:
            end.tensorIndex = new[int(end.tensorIndex)]
        for op in self.ops:
            op.record.inputs = op.inputs = [new[tensor] for tensor in op.inputs]
            op.record.outputs = op.outputs = [new[tensor] for tensor in op.outputs]
            op.record.intermediates = [new[int(tensor)] for tensor in self._scratch(op)]
        after = {tensor.buffer for tensor in self.subgraph.tensors}
        for buffer in before - after - {m.buffer for m in self.model.metadata or []}:
            self.model.buffers[buffer].data = None

    @staticmethod
    def _scratch(op: Op) -> list[int]:
        found = op.record.intermediates
        return [] if found is None else list(found)
