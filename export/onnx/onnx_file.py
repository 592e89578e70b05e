"""Somebody's ONNX file, read without trust: what we can take, or which node stands in the way."""

# ONNX's packages are an extra.
# pyright: reportMissingImports=false

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.sides import Size, size_of, spelled
from ghostnet_tf.base.sides import sides as both_sides

from .inlining import EXPORT_AGAIN, inlined, opset
from .inputs import values_of

MAX_BYTES = 1_000_000_000  # with the external data; protobuf itself ends at 2 GB
STANDARD = ("", "ai.onnx")  # domains of operators; others need libraries of their own
# Operators of a network that somebody has quantized; "QLinear..." are, too.
QUANTIZED = {
    "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "ConvInteger", "MatMulInteger",
    "DynamicQuantizeMatMul", "DynamicQuantizeLSTM", "MatMulIntegerToFloat", "MatMulNBits",
    "QAttention", "QGemm", "QEmbedLayerNormalization",
}  # fmt: skip
NO_PHOTO = "--channels none: samples stand where photos do (--photos FILE.npz)"
DOWNLOAD_AGAIN = "the file is damaged or no ONNX: export or download it again"


@dataclass(frozen=True)
class Signature:
    """What goes into a network, what comes out of it, and how much it has learned."""

    input: str
    size: Size  # pixels of the image: of a side, or (height, width)
    outputs: tuple[str, ...]
    parameters: int  # trainable ones
    is_channels_last: bool = False  # (1, H, W, C), as tf2onnx has it; else (1, C, H, W)
    channels: int = 3  # 1: grey

    @property
    def shapes(self) -> dict[str, list[int]]:
        """As onnx2tf wants it, (1, C, H, W)."""
        return {self.input: [1, self.channels, *both_sides(self.size)]}

    @property
    def channels_last(self) -> list[str]:
        return [self.input] if self.is_channels_last else []

    @property
    def kept(self) -> list[str]:
        return []


def read(path: Path, max_bytes: int = MAX_BYTES) -> Any:
    """The `onnx.ModelProto` of a file, complete and checked; its external data is in it."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        if path.stat().st_size > max_bytes:
            raise UserError(f"{str(path)!r} is larger than {max_bytes:,} bytes")
        data = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"there is no file {str(path)!r}", fix="check the path") from None
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    try:
        model = onnx.load_model_from_string(data)
    except DecodeError:
        model = onnx.ModelProto()
    if not model.graph.node:
        raise UserError(
            f"{str(path)!r} is no readable ONNX file: it begins with {data[:12]!r}", DOWNLOAD_AGAIN
        )
    refuse_later_opsets(model, path.name)
    model = inlined(model, path.name)
    refuse_quantized(model, path.name)
    load_external(model, path, max_bytes)
    refuse_foreign_operators(model)
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name!r} is refused: {one_line(error)}", DOWNLOAD_AGAIN) from None
    return model


def load_external(model: Any, path: Path, max_bytes: int) -> None:
    """Take in the tensors that lie in other files, if these lie beside the model."""
    from onnx.external_data_helper import load_external_data_for_tensor

    folder, total = path.parent.resolve(), 0
    for tensor in tensors(model.graph):
        if tensor.data_location != tensor.EXTERNAL:
            continue
        location = {entry.key: entry.value for entry in tensor.external_data}.get("location", "")
        file = (folder / location).resolve()  # where a link leads, too
        if not location or not file.is_relative_to(folder):
            raise UserError(
                f"{path.name!r} is refused: tensor {tensor.name!r} would be read from "
                f"{location!r}, outside the folder of the model",
                fix="put model and data into one folder, and export with a relative path",
            )
        if not file.is_file():
            raise UserError(
                f"tensor {tensor.name!r} of {path.name!r} lies in {location!r}, which is not there",
                fix="copy that file together with the .onnx",
            )
        total += file.stat().st_size
        if total > max_bytes * 4:  # a file counts once for every tensor in it, so be generous
            raise UserError(f"the data files of {path.name!r} exceed {max_bytes:,} bytes")
        try:
            load_external_data_for_tensor(tensor, str(folder))
        except Exception as error:  # an offset beyond the file, a length that is no number
            raise UserError(
                f"tensor {tensor.name!r} of {path.name!r} cannot be read from {location!r}: "
                f"{one_line(error)}",
                fix="copy both files again",
            ) from None
        tensor.data_location = tensor.DEFAULT
        del tensor.external_data[:]


def tensors(graph: Any) -> Iterator[Any]:
    """Every constant of a graph: initializers, attributes of nodes, graphs inside nodes."""
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            yield from (t for t in (attribute.t, *attribute.tensors) if t.ByteSize())
            for inner in (attribute.g, *attribute.graphs):
                if inner.ByteSize():
                    yield from tensors(inner)


def refuse_foreign_operators(model: Any) -> None:
    for node in model.graph.node:
        if node.domain not in STANDARD:
            raise UserError(
                f"node {called(node)} is an operator of {node.domain!r}, not of ONNX itself",
                fix=f"{EXPORT_AGAIN}, without operators of a vendor",
            )


def refuse_quantized(model: Any, title: str) -> None:
    """Its scales fit another runtime's kernels, and its weights are rounded already."""
    for node in model.graph.node:
        kind = str(node.op_type)  # bytes where they are no text
        if kind in QUANTIZED or kind.startswith("QLinear"):
            raise UserError(
                f"{title!r} is quantized already: node {called(node)}. Files are made from the "
                "float network",
                fix="export the float32 network, before its quantization; the recipes quantize it, "
                "calibrated on --photos DIR",
            )


def refuse_later_opsets(model: Any, title: str) -> None:
    import onnx

    if (version := opset(model)) > (known := onnx.defs.onnx_opset_version()):
        raise UserError(
            f"{title!r} is of opset {version}; the installed onnx {onnx.__version__} knows {known}",
            fix=f"{EXPORT_AGAIN}, with opset {known} or an earlier one",
        )


def signature(model: Any, size: Size | None) -> Signature:
    """The one image that the network takes. `size` is for a network that leaves it open."""
    inputs = values_of(model.graph)
    if len(inputs) != 1:
        names = ", ".join(repr(value.name) for value in inputs)
        raise UserError(
            f"the network takes {len(inputs)} inputs ({names}); one image is expected",
            fix=NO_PHOTO,
        )
    (image,) = inputs
    kind = image.type.tensor_type
    if kind.elem_type != 1:  # TensorProto.FLOAT
        raise UserError(
            f"input {image.name!r} is not float32",
            fix=f"{EXPORT_AGAIN}, in float32: the recipes make the other precisions",
        )
    sides = [d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim]
    shown = tuple(side or "?" for side in sides)
    ends = (sides[1], sides[3]) if len(sides) == 4 else ()
    channels = next((c for c in (3, 1) if c in ends), None)  # no image is 1 or 3 pixels high
    if channels is None:
        raise UserError(
            f"input {image.name!r} has shape {shown}; an image (1, 3, H, W) or (1, H, W, 3) is "
            "needed, or a grey one of 1 channel",
            fix=NO_PHOTO,
        )
    is_channels_last = sides[1] != channels
    if sides[0] not in (None, 0, 1):
        raise UserError(
            f"input {image.name!r} takes {sides[0]} images at a time",
            fix=f"{EXPORT_AGAIN}, with a batch of 1",
        )
    told = both_sides(size) if size else (None, None)
    found = sides[1:3] if is_channels_last else sides[2:]
    height, width = (side or one for side, one in zip(found, told, strict=True))
    if height is None or width is None:
        raise UserError(
            f"input {image.name!r} has shape {shown}: its height and width are open",
            fix="--size 224 or --size 96x160 (height, then width), what it was trained for",
        )
    if size and told != (height, width):
        raise UserError(
            f"input {image.name!r} is {height} x {width} pixels, not {spelled(size)}",
            fix="leave --size out, or export it again with open sides",
        )
    outputs = tuple(value.name for value in model.graph.output)
    return Signature(
        image.name, size_of(height, width), outputs, n_parameters(model), is_channels_last, channels
    )


def n_parameters(model: Any) -> int:
    """Numbers in the float32 vectors and kernels, without the statistics of a BatchNorm."""
    norms = (node for node in model.graph.node if node.op_type == "BatchNormalization")
    statistics = {name for node in norms for name in node.input[3:5]}
    return sum(
        math.prod(tensor.dims)
        for tensor in model.graph.initializer
        if tensor.data_type == 1 and tensor.dims and tensor.name not in statistics
    )


def refuse_open_shapes(model: Any) -> None:
    """Whatever is still not static once the image's shape is known depends on its content."""
    import onnx

    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=False, data_prop=True)
    values = (*inferred.graph.value_info, *inferred.graph.output)
    known = {value.name for value in values if is_static(value)}
    for node in model.graph.node:
        if any(output and output not in known for output in node.output):
            raise UserError(
                f"the shape of what node {called(node)} gives depends on the image, or is not "
                "known to ONNX",
                fix=f"{EXPORT_AGAIN}, with static shapes",
            )


def is_static(value: Any) -> bool:
    kind = value.type.tensor_type
    return kind.HasField("shape") and all(d.HasField("dim_value") for d in kind.shape.dim)


def called(node: Any) -> str:
    """A node as a person finds it: its name, or that of what it gives, and its operator."""
    return f"{node.name or (node.output[0] if node.output else '')!r} ({node.op_type})"


def one_line(error: BaseException, limit: int = 300) -> str:
    return " ".join(str(error).split())[:limit]
