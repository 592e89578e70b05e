"""A `.tflite` running in LiteRT, and what the runtime made of its graph."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from ghostnet_tf.base.errors import UserError, reason
from ghostnet_tf.base.quiet import quiet
from ghostnet_tf.data.samples import UNKNOWN_NUMBERS, Sample

from .flatbuffer import Flatbuffer
from .ghostop.interpreter import GhostInterpreter, graph_with_operators
from .graph import DAMAGED_FIX, Graph

# What CONV_2D takes for a kernel where its map is in float32 (LiteRT 2.3.0, every type tried). It
# asks no other one: it reads its bytes as if they were float32. DEPTHWISE_CONV_2D and
# FULLY_CONNECTED refuse such files in words.
KERNELS_OF_FLOATS = ("FLOAT32", "INT8", "UINT8", "INT4")
OUT_OF_BOUNDS = "index out of bounds"  # what its lookups say of the numbers they are given
NO_TYPE = "Invalid data-type for array"  # what LiteRT's Python says of a tensor in bfloat16
# How TensorFlow Lite says that an operator is TensorFlow's, and that nobody knows it.
FOREIGN_OPERATOR = re.compile(r"Node number \d+ \((Flex\w+)\)|unresolved custom op: ([^\s.]+)")


@dataclass(frozen=True)
class Delegation:
    """How much of a graph XNNPACK took."""

    partitions: int
    n_ops: int
    left_out: tuple[str, ...]  # "OP layer" of every operator that stayed outside

    @property
    def n_delegated(self) -> int:
        return self.n_ops - len(self.left_out)


class Runtime:
    """One `.tflite`, loaded from bytes: what the runtime refuses is an error.

    Bytes can also be such that the runtime ends the process: `trial.survives` asks that of files
    that we did not make.
    """

    def __init__(self, data: bytes, threads: int = 1, keep_all: bool = False):
        """`keep_all` runs without XNNPACK and keeps every tensor's values for `tensor`."""
        self._data = data
        with _asked(), quiet():
            self.interpreter = interpreter(data, threads, keep_all)
            self.interpreter.allocate_tensors()
            self.inputs: list[dict[str, Any]] = self.interpreter.get_input_details()
            self.outputs: list[dict[str, Any]] = self.interpreter.get_output_details()

    @property
    def input(self) -> dict[str, Any]:
        """The one input; UserError where there are others."""
        if len(self.inputs) != 1:
            raise UserError(f"the model has {len(self.inputs)} inputs; one image is expected")
        return self.inputs[0]

    @property
    def input_shape(self) -> tuple[int, ...]:
        return tuple(int(side) for side in self.input["shape"])

    def run(self, images: Iterable[np.ndarray | Sample]) -> np.ndarray | list[np.ndarray]:
        """Images or samples -> (N, classes) float32, or a list of them for several outputs.

        Integer inputs and outputs are quantized and dequantized here by the file's own parameters.
        """
        results: list[list[np.ndarray]] = [[] for _ in self.outputs]
        for image in images:
            self.invoke(image)
            for values, detail in zip(results, self.outputs, strict=True):
                values.append(dequantized(self.tensor(detail["index"]), detail)[0])
        stacked = [np.stack(values) for values in results]
        return stacked[0] if len(stacked) == 1 else stacked

    def invoke(self, image: np.ndarray | Sample) -> None:
        """Run one image, (H, W, C) float32, or one sample: an array for each input."""
        self._refuse_misread()
        given = (image,) if isinstance(image, np.ndarray) else image
        if len(given) != len(self.inputs):
            raise UserError(f"{len(given)} arrays for a model of {len(self.inputs)} inputs")
        for values, detail in zip(given, self.inputs, strict=True):
            batch, shape = values[None], tuple(map(int, detail["shape"]))
            if batch.shape != shape:
                raise UserError(f"an image of shape {batch.shape} for an input of {shape}")
            with _asked():
                self.interpreter.set_tensor(detail["index"], quantized(batch, detail))
        with _asked():
            self.interpreter.invoke()

    def rehearse(self) -> list[np.ndarray]:
        """Run once on zeros, whatever its inputs are; every output as it is, undequantized."""
        self._refuse_misread()
        with _asked(), quiet():
            for one in self.inputs:  # a damaged shape is refused here, too
                self.interpreter.set_tensor(one["index"], np.zeros(one["shape"], one["dtype"]))
            self.interpreter.invoke()
        return [self.tensor(output["index"]) for output in self.outputs]

    @cached_property
    def _misread(self) -> str:
        return misread(Flatbuffer(self._data).graph) if _has_other_types(self._data) else ""

    def _refuse_misread(self) -> None:
        if self._misread:
            raise UserError(
                f"the runtime computes something else than the file says: {self._misread}",
                fix=f"convert it with kernels in {', '.join(KERNELS_OF_FLOATS)}, or in float16 or "
                "bfloat16 behind a CAST to float32",
            )

    def tensor(self, index: int) -> np.ndarray:
        """The values of an output after `invoke`; with `keep_all`, of any tensor."""
        with _asked():
            return self.interpreter.get_tensor(index)

    def delegation(self) -> Delegation:
        """Partitions and the operators outside them; LiteRT lists a partition as an op DELEGATE."""
        if isinstance(self.interpreter, GhostInterpreter):
            partitions, outside = self.interpreter.delegation()
            return Delegation(partitions, len(self.interpreter.graph.ops), tuple(outside))
        with _asked():
            nodes = _nodes(self.interpreter)
        names = Flatbuffer(self._data).graph.names
        partitions = [node for node in nodes if node["op_name"] == "DELEGATE"]
        ops = [node for node in nodes if node["op_name"] != "DELEGATE"]
        producer = {int(out): op for op in ops for out in op["outputs"]}
        taken: set[int] = set()
        for partition in partitions:  # everything between a partition's outputs and its inputs
            seen, ahead = set(map(int, partition["inputs"])), list(map(int, partition["outputs"]))
            while ahead:
                if (tensor := ahead.pop()) not in seen and tensor in producer:
                    taken.add(producer[tensor]["index"])
                    ahead += [int(i) for i in producer[tensor]["inputs"]]
                seen.add(tensor)
        left = (op for op in ops if op["index"] not in taken)
        left_out = tuple(
            " ".join([op["op_name"], *(names[int(tensor)] for tensor in op["outputs"][:1])])
            for op in left
        )
        return Delegation(len(partitions), len(ops), left_out)


def misread(graph: Graph) -> str:
    """The first operator whose numbers the runtime takes for others; empty if there is none."""
    for op in graph.ops:
        if op.name == "CONV_2D" and graph.dtype(op.inputs[0]) == "FLOAT32":
            kind = graph.dtype(op.inputs[1])
            if kind not in KERNELS_OF_FLOATS:
                return f"{graph.names[op.outputs[0]]!r} is a CONV_2D with its kernel in {kind}"
    return ""


def _has_other_types(data: bytes) -> bool:
    """Whether a tensor is of a type that is hardly ever seen: reading the graph takes a while."""
    graph: Any = schema.Model.GetRootAs(data, 0).Subgraphs(0)
    kinds = {graph.Tensors(i).Type() for i in range(graph.TensorsLength())}
    usual = {getattr(schema.TensorType, kind) for kind in ("INT32", *KERNELS_OF_FLOATS)}
    return not kinds <= usual


def _nodes(interpreter: Interpreter) -> list[dict[str, Any]]:
    """As `Interpreter._get_ops_details` has them, but for types: NumPy has none for bfloat16."""
    within: Any = interpreter._interpreter
    return [
        {
            "index": i,
            "op_name": within.NodeName(i),
            "inputs": within.NodeInputs(i),
            "outputs": within.NodeOutputs(i),
        }
        for i in range(within.NumNodes())
    ]


@contextmanager
def _asked() -> Iterator[None]:
    """Whatever the runtime raises is the one error of a model that it does not run.

    TensorFlow Lite answers damage with several kinds of exception.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        if foreign := FOREIGN_OPERATOR.search(str(error)):
            name = foreign[1] or foreign[2]
            raise UserError(
                f"the model has the operator {name!r}, which is not one of the runtime's own",
                fix="convert it again with built-in operators alone, without SELECT_TF_OPS",
            ) from error
        if NO_TYPE in str(error):
            raise UserError(
                "its image or its answer is in a type that Python has no numbers for, such as "
                "bfloat16",
                fix="convert it with float32 in and out",
            ) from error
        if OUT_OF_BOUNDS in str(error):
            raise UserError(
                f"the model looks up what it does not have: {reason(error)}", fix=UNKNOWN_NUMBERS
            ) from error
        raise UserError(
            f"the runtime refused the model: {reason(error)}", fix=DAMAGED_FIX
        ) from error


def interpreter(data: bytes, threads: int, keep_all: bool) -> Interpreter | GhostInterpreter:
    """LiteRT's own, or the one that has the Ghost operators, as the file needs."""
    if graph := graph_with_operators(data):
        return GhostInterpreter(data, graph, threads)
    plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    return Interpreter(
        model_content=data,
        num_threads=threads,
        experimental_preserve_all_tensors=keep_all,
        experimental_op_resolver_type=plain if keep_all else OpResolverType.AUTO,
    )


def quantized(values: np.ndarray, detail: dict) -> np.ndarray:
    """float32 -> the tensor's own type."""
    scale, zero_point = detail["quantization"]
    if not scale:  # a float, or integers that count something
        return values.astype(detail["dtype"])
    limits = np.iinfo(detail["dtype"])
    return np.clip(np.rint(values / scale) + zero_point, limits.min, limits.max).astype(
        detail["dtype"]
    )


def dequantized(values: np.ndarray, detail: dict) -> np.ndarray:
    """The tensor's own type -> float32."""
    if values.dtype.kind not in "fiub":
        raise UserError(f"the output {detail['name']!r} holds no numbers, but {values.dtype}")
    scale, zero_point = detail["quantization"]
    if not scale:
        return values.astype(np.float32, copy=False)
    return (values.astype(np.float32) - zero_point) * np.float32(scale)
