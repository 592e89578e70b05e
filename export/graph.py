"""The bytes of a `.tflite` file as a graph one can ask and change, and back to bytes."""

import copy
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils

from ghostnet_tf.base.errors import UserError, reason
from ghostnet_tf.base.libraries import OPERATOR_NAME

from .op import Op
from .packing import packed
from .wiring import Wiring

IDENTIFIER = b"TFL3"  # bytes 4-7 of every .tflite file
TYPE_NAMES = {code: name for name, code in vars(schema.TensorType).items() if name[0] != "_"}
DAMAGED_FIX = "the file is damaged or is no .tflite: export or download it again"
# What NumPy reads as it lies there.
NUMBERS = {
    name: name.lower()
    for name in (
        "FLOAT16", "FLOAT32", "FLOAT64", "INT8", "UINT8", "INT16", "UINT16", "INT32", "UINT32",
        "INT64", "UINT64", "BOOL", "COMPLEX64", "COMPLEX128",
    )
}  # fmt: skip
WIDENED: Mapping[str, Callable[[Any, int], np.ndarray]] = {
    "INT4": lambda data, n: _narrow(data, 4, n),
    "INT2": lambda data, n: _narrow(data, 2, n),
    "BFLOAT16": lambda data, n: (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4"),
}


class Graph:
    """The main subgraph of a `.tflite` file. Tensors go by their index, as in the file.

    Other subgraphs, the bodies of loops and what sets variables, stay as they are. Whatever is
    asked of a graph that could be read is there: indices are checked once, when it is read.
    """

    is_shared = False  # several look at it, and it stays as it is

    def __init__(self, data: bytes):
        if data[4:8] != IDENTIFIER:
            raise UserError(f"this is no .tflite: it begins with {data[:8]!r}", fix=DAMAGED_FIX)
        try:
            self.model: Any = flatbuffer_utils.read_model_from_bytearray(data)
            self.subgraph = self.model.subgraphs[0]
            for name in ("inputs", "outputs", "tensors", "operators"):
                if getattr(self.subgraph, name) is None:  # an empty vector may be left out
                    setattr(self.subgraph, name, [])
            self._ops = tuple(Op(self.model, record) for record in self.subgraph.operators)
            self.names: list[str] = [_name(t, i) for i, t in enumerate(self.subgraph.tensors)]
            self._refuse_bad_indices()
        except Exception as error:  # this reader checks nothing: whatever it trips over is damage
            raise UserError(
                f"this .tflite cannot be read ({reason(error)})", fix=DAMAGED_FIX
            ) from error
        self._wiring: Wiring | None = None  # of the operators as they are; None: not asked yet

    def copy(self) -> "Graph":
        """The same graph to change; the values of the constants are not copied."""
        new = copy.copy(self)
        new.is_shared, new._wiring = False, None
        new.model, new.subgraph = copy.copy(self.model), copy.copy(self.subgraph)
        new.model.subgraphs = [new.subgraph, *self.model.subgraphs[1:]]
        for name in ("buffers", "operatorCodes"):
            setattr(new.model, name, [*map(copy.copy, getattr(self.model, name))])
        for name in ("metadata", "signatureDefs"):
            setattr(new.model, name, copy.deepcopy(getattr(self.model, name)))
        new.subgraph.tensors = [*map(copy.copy, self.subgraph.tensors)]
        new.names = list(self.names)
        new._set_ops([op.copy() for op in self.ops])
        return new

    def to_bytes(self) -> bytes:
        for name, tensor in zip(self.names, self.subgraph.tensors, strict=True):
            tensor.name = name.encode()
        return packed(self.model)

    # ------------------------------------------------------------------ looking

    @property
    def ops(self) -> tuple[Op, ...]:
        """In the order of execution."""
        return self._ops

    @property
    def inputs(self) -> list[int]:
        return [int(i) for i in self.subgraph.inputs]

    @property
    def outputs(self) -> list[int]:
        return [int(i) for i in self.subgraph.outputs]

    def called(self, tensor: int) -> str:
        """An input or output by its name in the signature, which quantizing keeps."""
        ends = [end for s in self._signatures() for end in (*s.inputs, *s.outputs)]
        named = [end.name for end in ends if end.tensorIndex == tensor and end.name]
        return named[0].decode(errors="replace") if named else self.names[tensor]

    def writer(self, tensor: int) -> Op | None:
        """None for an image, a constant, and what no operator writes."""
        return self._wired().writers.get(tensor)

    def readers(self, tensor: int) -> tuple[Op, ...]:
        """In the order of execution, each once, however often it reads the tensor."""
        return self._wired().readers.get(tensor, ())

    def sole_reader(self, tensor: int) -> Op | None:
        """What alone reads a tensor, which nobody would miss without it.

        None where none or several read it, and for an output of the model.
        """
        readers = self.readers(tensor)
        return readers[0] if len(readers) == 1 and tensor not in self.outputs else None

    def place(self, op: Op) -> int:
        """When `op` runs: its number in `ops`."""
        return self._wired().places[op]

    def written(self) -> list[int]:
        """The tensors that change with the image, in the order they are written."""
        return [*self.inputs, *(tensor for op in self.ops for tensor in op.outputs)]

    def activations(self) -> list[int]:
        """Those of them in float32."""
        return [tensor for tensor in self.written() if self.dtype(tensor) == "FLOAT32"]

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
        """The values the file holds for this tensor, read-only; None for an activation.

        What NumPy has no type for is widened: INT4 and INT2 to int8, BFLOAT16 to float32. None,
        too, for texts and other types that are no numbers, and for sparse ones. UserError where
        the bytes do not fill the shape.
        """
        if not self.is_constant(tensor) or self.subgraph.tensors[tensor].sparsity is not None:
            return None
        data, kind, shape = self._content(tensor), self.dtype(tensor), self.shape(tensor)
        if kind not in NUMBERS and kind not in WIDENED:
            return None
        try:
            if kind in WIDENED:
                return WIDENED[kind](data, math.prod(shape)).reshape(shape)
            return np.frombuffer(data, NUMBERS[kind]).reshape(shape)
        except ValueError as error:
            raise UserError(
                f"the constant {self.names[tensor]!r} does not fill its shape {shape}",
                fix=DAMAGED_FIX,
            ) from error

    def is_constant(self, tensor: int) -> bool:
        """Whether the file holds its values, in whatever type."""
        return tensor >= 0 and self._content(tensor) is not None

    def _content(self, tensor: int) -> Any:
        return self.model.buffers[self.subgraph.tensors[tensor].buffer].data

    def metadata(self, name: bytes) -> bytes | None:
        """What the file says of itself under this name."""
        found = [entry for entry in self.model.metadata or [] if entry.name == name]
        content = self.model.buffers[found[0].buffer].data if found else None
        return None if content is None else bytes(content)

    # ------------------------------------------------------------------ changing

    def rewire(self, op: Op, position: int, tensor: int) -> None:
        """Let `op` read another tensor as its input `position`."""
        inputs = list(op.inputs)
        inputs[position] = tensor
        self._changing()
        op.connect(inputs, op.outputs)

    def set_constant(self, op: Op, position: int, values: np.ndarray) -> None:
        """Give `op` new float32 values as its input `position`; other readers keep the old ones."""
        self._changing()
        index = op.inputs[position]
        tensor = self.subgraph.tensors[index]
        n_readers = sum(other.inputs.count(index) for other in self.readers(index))
        n_tensors = sum(other.buffer == tensor.buffer for other in self.subgraph.tensors)
        if n_readers > 1 or n_tensors > 1:
            name = f"{self.names[op.outputs[0]]}/input_{position}"
            new = self.add_tensor(index, name, self.shape(index), values.astype(np.float32))
            self.rewire(op, position, new)
        else:
            data = np.frombuffer(values.astype(np.float32).tobytes(), np.uint8)
            self.model.buffers[tensor.buffer].data = data

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
        self._changing()
        tensor = copy.copy(self.subgraph.tensors[like])
        tensor.shape, tensor.shapeSignature, tensor.buffer = list(shape), None, 0
        if values is not None:
            tensor.buffer = self._add_buffer(values.tobytes())
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
        """A new operator like another one, with some of its `options` changed; or a plain ADD or
        MUL."""
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
        new, place = Op(self.model, record), self.place(before)
        self._set_ops([*self.ops[:place], new, *self.ops[place:]])
        return new

    def append(
        self, name: str, inputs: Sequence[int], outputs: Sequence[int], options: Any = None
    ) -> None:
        """A built-in operator behind all others; `options` is what schema.fbs has for it."""
        record = self._record(self._opcode(name), inputs, outputs)
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            record.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            record.builtinOptions = options
        self._set_ops([*self.ops, Op(self.model, record)])

    def append_custom(
        self, name: str, inputs: Sequence[int], outputs: Sequence[int], options: bytes
    ) -> None:
        """A custom operator behind all others."""
        code = self._add_opcode(schema.BuiltinOperator.CUSTOM, name.encode())
        record = self._record(code, inputs, outputs)
        record.customOptions = np.frombuffer(options, np.uint8)
        self._set_ops([*self.ops, Op(self.model, record)])

    def remove(self, op: Op) -> None:
        """Take out an operator whose output nothing reads any more."""
        self._set_ops([other for other in self.ops if other is not op])

    def bypass(self, op: Op, source: int) -> None:
        """Take `op` out: whatever read its output reads `source` instead."""
        (gone,) = op.outputs
        for reader in self.readers(gone):
            for position, tensor in enumerate(reader.inputs):
                if tensor == gone:
                    self.rewire(reader, position, source)
        self.remove(op)

    def fuse(
        self, ops: list[Op], name: str, options: bytes, inputs: list[int], output: int
    ) -> None:
        """One custom operator in place of `ops`, where the last of them stood."""
        code = self._add_opcode(schema.BuiltinOperator.CUSTOM, name.encode())
        record = self._record(code, inputs, [output])
        record.customOptions = np.frombuffer(options, np.uint8)
        fused, gone = Op(self.model, record), set(ops[:-1])
        kept = (op for op in self.ops if op not in gone)
        self._set_ops([fused if op is ops[-1] else op for op in kept])

    def order_inputs(self, tensors: Sequence[int]) -> None:
        """The model's own inputs, in another order."""
        self._changing()
        self.subgraph.inputs = [*tensors]

    def add_outputs(self, tensors: Sequence[int]) -> None:
        """More outputs, behind the model's own."""
        self._changing()
        self.subgraph.outputs = [*self.outputs, *tensors]
        for signature in self._signatures():
            for tensor in tensors:
                end: Any = copy.copy(signature.outputs[0])
                # A name of its own: a tensor's may be an output's, whatever lies between them.
                end.name, end.tensorIndex = f"probe_{tensor}".encode(), tensor
                signature.outputs.append(end)

    def replace_input(self, old: int, new: int) -> None:
        """Another tensor in place of an input of the model, under its name in the signature."""
        self._changing()
        self.subgraph.inputs = [new if tensor == old else tensor for tensor in self.inputs]
        for end in (end for signature in self._signatures() for end in signature.inputs):
            if end.tensorIndex == old:
                end.tensorIndex = new

    def replace_outputs(self, named: Mapping[str, int]) -> None:
        """Others in place of the model's own outputs, with their names in its signature."""
        self._changing()
        self.subgraph.outputs = [*named.values()]
        for signature in self._signatures():
            ends = []
            for name, tensor in named.items():
                end: Any = copy.copy(signature.outputs[0])
                end.name, end.tensorIndex = name.encode(), tensor
                ends.append(end)
            signature.outputs = ends

    def set_metadata(self, name: bytes, content: bytes) -> None:
        """Let the file say this of itself, in place of what it said under that name."""
        self._changing()
        entry: Any = schema.MetadataT()
        entry.name, entry.buffer = name, self._add_buffer(content)
        others = [other for other in self.model.metadata or [] if other.name != name]
        self.model.metadata = [*others, entry]

    def drop_unused(self) -> None:
        """Take out the tensors that no operator reads or writes, and the data only they held.

        Buffers keep their numbers, which metadata refers to; an unused one becomes empty.
        """
        self._changing()
        ends = [end for s in self._signatures() for end in (*s.inputs, *s.outputs)]
        used = {*self.inputs, *self.outputs, *(int(end.tensorIndex) for end in ends)}
        for op in self.ops:
            used |= {*op.inputs, *op.outputs, *op.scratch}
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
            op.record.intermediates = [new[tensor] for tensor in op.scratch]
            op.connect([new[t] for t in op.inputs], [new[t] for t in op.outputs])
        after = {tensor.buffer for graph in self.model.subgraphs for tensor in graph.tensors or []}
        for buffer in before - after - {m.buffer for m in self.model.metadata or []}:
            self.model.buffers[buffer].data = None

    # ------------------------------------------------------------------ the records underneath

    def _signatures(self) -> list[Any]:
        """Those of this subgraph."""
        return [s for s in self.model.signatureDefs or [] if s.subgraphIndex == 0]

    def _refuse_bad_indices(self) -> None:
        """LookupError where something points beyond the end of what it points into."""
        tensors, buffers = self.subgraph.tensors, self.model.buffers
        # -1 stands for an input that an operator leaves out, and for nothing else.
        read = [i for op in self._ops for i in op.inputs if i != -1]
        made = [i for op in self._ops for i in (*op.outputs, *op.scratch)]
        ends = [e.tensorIndex for s in self._signatures() for e in (*s.inputs, *s.outputs)]
        for i in (*self.inputs, *self.outputs, *read, *made, *ends):
            if not 0 <= i < len(tensors):
                raise LookupError(f"there is no tensor {i}")
        for i in [t.buffer for t in tensors] + [m.buffer for m in self.model.metadata or []]:
            if not 0 <= i < len(buffers):
                raise LookupError(f"there is no buffer {i}")
        for tensor in tensors:
            if tensor.type not in TYPE_NAMES:
                raise LookupError(f"there is no type {tensor.type}")

    def _wired(self) -> Wiring:
        if self._wiring is None:
            self._wiring = Wiring.of(self.ops)
        return self._wiring

    def _changing(self) -> None:
        """Every change begins here: others may be looking, and what was known may be so no more."""
        assert not self.is_shared, "this graph is looked at by others: change a copy of it"
        self._wiring = None

    def _set_ops(self, ops: Sequence[Op]) -> None:
        self._changing()
        self._ops = tuple(ops)
        self.subgraph.operators = [op.record for op in ops]

    def _record(self, code: int, inputs: Sequence[int], outputs: Sequence[int]) -> Any:
        """An operator as the file has it."""
        record: Any = schema.OperatorT()
        record.opcodeIndex = code
        record.inputs, record.outputs = list(inputs), list(outputs)
        return record

    def _opcode(self, name: str) -> int:
        """The number of a built-in operator in this file."""
        builtin = getattr(schema.BuiltinOperator, name)
        for i, code in enumerate(self.model.operatorCodes):
            if max(code.builtinCode, code.deprecatedBuiltinCode) == builtin:
                return i
        return self._add_opcode(builtin)

    def _add_opcode(self, builtin: int, custom: bytes | None = None) -> int:
        self._changing()
        code: Any = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = builtin
        code.customCode, code.version = custom, 1
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1

    def _add_buffer(self, content: bytes) -> int:
        self.model.buffers.append(schema.BufferT())
        self.model.buffers[-1].data = np.frombuffer(content, np.uint8)  # type: ignore[assignment]
        return len(self.model.buffers) - 1


def _narrow(data: Any, bits: int, n: int) -> np.ndarray:
    """(n,) int8 from signed integers of 4 or 2 bits, the first of each byte in its lowest ones."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    fields = (np.frombuffer(data, np.uint8)[:, None] >> shifts) & (2**bits - 1)
    values = fields.reshape(-1).astype(np.int8)
    if not 0 <= len(values) - n < 8 // bits:  # the last byte may have room left
        raise ValueError(f"{len(values)} values for {n}")
    return np.where(values >= 2 ** (bits - 1), values - 2**bits, values).astype(np.int8)[:n]


def _name(tensor: Any, index: int) -> str:
    """What a tensor is called; a file need not say."""
    if tensor.name is None:
        return f"tensor_{index}"
    return tensor.name.decode(errors="backslashreplace")
