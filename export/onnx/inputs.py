"""The inputs of an ONNX network that takes no photo, and how they lie in the file made of it."""

# ONNX's packages are an extra.
# pyright: reportMissingImports=false

from dataclasses import dataclass
from typing import Any

from ghostnet_tf.base.errors import UserError

from .inlining import EXPORT_AGAIN

TYPES = {1: "float32", 6: "int32", 7: "int64", 9: "bool"}  # TensorProto's -> NumPy's
WINDOWS = {  # operators over a map, whose channels are the second axis in ONNX and the last here
    "Conv", "ConvTranspose", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool",
    "BatchNormalization", "InstanceNormalization", "LpPool",
}  # fmt: skip
ELEMENTWISE = {"Identity", "Cast", "Sub", "Mul", "Add", "Div"}  # what normalises an input


@dataclass(frozen=True)
class Input:
    """One of them, (1, ...)."""

    name: str
    shape: tuple[int, ...]  # as ONNX has it
    dtype: str
    is_map: bool = False  # (1, C, ...) in ONNX, (1, ..., C) in the file
    is_channels_last: bool = False  # (1, H, W, C) in both, as tf2onnx has it

    @property
    def order(self) -> tuple[int, ...]:
        """Its axes in ONNX in the order of the file."""
        axes = tuple(range(len(self.shape)))
        return (0, *axes[2:], 1) if self.is_map else axes


@dataclass(frozen=True)
class Inputs:
    """What goes into such a network, what comes out of it, and how much it has learned."""

    inputs: tuple[Input, ...]
    outputs: tuple[str, ...]
    parameters: int

    @property
    def shapes(self) -> dict[str, list[int]]:
        """As onnx2tf wants them, maps as (1, C, H, W)."""
        found = {one.name: [*one.shape] for one in self.inputs}
        for name in self.channels_last:
            _, height, width, channels = found[name]
            found[name] = [1, channels, height, width]
        return found

    @property
    def channels_last(self) -> list[str]:
        return [one.name for one in self.inputs if one.is_channels_last]

    @property
    def kept(self) -> list[str]:
        """Those that onnx2tf must not turn round."""
        return [one.name for one in self.inputs if not (one.is_map or one.is_channels_last)]

    @classmethod
    def from_dict(cls, says: dict[str, Any]) -> "Inputs":
        inputs = (Input(**{**one, "shape": tuple(one["shape"])}) for one in says["inputs"])
        return cls(tuple(inputs), tuple(says["outputs"]), says["parameters"])


def values_of(graph: Any) -> list[Any]:
    """What has to be given to a graph: old files list its constants among the inputs."""
    constants = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in constants]


def inputs_of(model: Any, parameters: int) -> Inputs:
    """Every input of the network; UserError for one that no file can have."""
    found = tuple(_input(model.graph, value) for value in values_of(model.graph))
    return Inputs(found, tuple(value.name for value in model.graph.output), parameters)


def _input(graph: Any, value: Any) -> Input:
    from onnx import TensorProto

    kind = value.type.tensor_type
    if kind.elem_type not in TYPES:
        has = value.type.WhichOneof("value") == "tensor_type" and kind.elem_type
        what = TensorProto.DataType.Name(kind.elem_type).lower() if has else "no tensor"
        raise UserError(
            f"input {value.name!r} is of {what}",
            fix=f"{EXPORT_AGAIN}, with inputs of {', '.join(TYPES.values())}",
        )
    sides = [d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim]
    shown = tuple(side or "?" for side in sides)
    if not sides or sides[0] not in (None, 0, 1):
        raise UserError(
            f"input {value.name!r} has shape {shown}; its first axis has to be that of the samples",
            fix=f"{EXPORT_AGAIN}, with a batch of 1 as the first axis of every input",
        )
    if len(sides) < 2 or not all(sides[1:]):
        raise UserError(
            f"input {value.name!r} has shape {shown}; every side but the first has to be a number",
            fix=f"{EXPORT_AGAIN}, with static shapes",
        )
    readers = _readers(graph, value.name)
    turned = [node for node in readers if _is_to_channels_first(node)]
    is_turned = len(sides) == 4 and turned == readers != []
    is_map = len(sides) == 4 or any(node.op_type in WINDOWS for node in readers)
    shape = (1, *(int(side) for side in sides[1:] if side))
    last = {"is_map": is_map and not is_turned, "is_channels_last": is_turned}
    return Input(value.name, shape, TYPES[kind.elem_type], **last)


def _readers(graph: Any, name: str) -> list[Any]:
    """The nodes that read a value, behind those that change its numbers alone."""
    behind, found = [name], []
    for value in behind:  # grows while it is read
        for node in graph.node:
            if value not in node.input:
                continue
            if node.op_type in ELEMENTWISE:
                behind += [output for output in node.output if output not in behind]
            else:
                found.append(node)
    return found


def _is_to_channels_first(node: Any) -> bool:
    orders = [list(a.ints) for a in node.attribute if a.name == "perm"]
    return node.op_type == "Transpose" and orders == [[0, 3, 1, 2]]
