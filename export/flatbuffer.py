"""The bytes of a `.tflite` file as a graph one can walk and change, and back to bytes."""

import copy
from collections import Counter
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from ghostnet_tf.errors import UserError

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
        """How often each operator occurs."""
        return Counter(op.name for op in self.ops)

    def shape(self, tensor: int) -> tuple[int, ...]:
        shape = self.subgraph.tensors[tensor].shape
        return () if shape is None else tuple(int(side) for side in shape)

    def is_dynamic(self, tensor: int) -> bool:
        signature = self.subgraph.tensors[tensor].shapeSignature
        return signature is not None and any(side < 0 for side in signature)

    def dtype(self, tensor: int) -> str:
        """FLOAT32, INT8, ..."""
        return TYPE_NAMES[self.subgraph.tensors[tensor].type]

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

    def bypass(self, op: Op, source: int) -> None:
        """Take `op` out: whatever read its output reads `source` instead."""
        (gone,) = op.outputs
        for reader in self.ops:
            for position, tensor in enumerate(reader.inputs):
                if tensor == gone:
                    reader.inputs[position] = reader.record.inputs[position] = source
        self.ops.remove(op)
        self.subgraph.operators.remove(op.record)
