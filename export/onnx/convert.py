"""An ONNX network becomes the float32 flatbuffer that every recipe starts from."""

# ONNX's packages are an extra.
# pyright: reportMissingImports=false

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import scratch
from ghostnet_tf.base.rooms import PACKAGE, module
from ghostnet_tf.base.sides import Size, sides, size_of, spelled
from ghostnet_tf.data.generated import generated_images

from ..absorb import absorb
from ..flatbuffer import Flatbuffer
from ..from_keras import INPUT
from ..graph import Graph
from ..network import Converted
from ..op import WEIGHTED
from ..parity import as_list, likeness
from ..runtime import Runtime
from . import onnx_file, worker

TOOLS = ("onnx", "onnxsim", "onnx2tf", "onnxruntime")
PROBES = 4  # images that tell how an output is laid out
ROLES = ("input", "kernel", "bias")  # of what a weighted operator reads
Answers = Callable[[np.ndarray], list[np.ndarray]]  # (N, H, W, C) -> one array per output


@dataclass(frozen=True)
class Work:
    """What the worker made of a file."""

    float32: bytes
    original: bytes  # the ONNX model, with all of its data
    says: onnx_file.Signature


def from_onnx(
    path: Path, is_bgr: bool, size: Size | None = None, channels: int = 3
) -> tuple[Converted, Size]:
    """The network of an ONNX file and the size of its image.

    Whatever order of colours it was trained with, the flatbuffer and the original take RGB, or the
    one channel of a grey image.
    """
    work = worked(path, size)
    if work.says.channels != channels:
        raise UserError(
            f"input {work.says.input!r} of {path.name!r} has {work.says.channels} channel"
            f"{'s' * (work.says.channels != 1)}, not {channels}",
            fix="--channels grey" if work.says.channels == 1 else "--channels rgb, or bgr",
        )
    graph = Graph(work.float32)
    describe(graph, work.says)
    if is_bgr:
        turn_round(graph, path.name)
    absorb(graph)
    float32 = Flatbuffer(graph.to_bytes())
    answers = runner(work.original, work.says, is_bgr)
    orders = output_orders(float32, answers, work.says)

    def run(images: Any) -> np.ndarray | list[np.ndarray]:
        pairs = zip(answers(images), orders, strict=True)
        outputs = [values.transpose(order) for values, order in pairs]
        return outputs[0] if len(outputs) == 1 else outputs

    parameters = work.says.parameters
    converted = Converted(
        float32=float32,
        original="ONNX",
        run=run,
        parameters=parameters,
        tools=TOOLS,
    )
    return converted, work.says.size


def worked(path: Path, size: Size | None) -> Work:
    """Let the worker read, simplify and convert the file."""
    with scratch() as folder:
        arguments = (str(path.absolute()), str(folder), spelled(size) if size else "")
        command = [sys.executable, "-m", f"{module('export')}.onnx.worker", *arguments]
        done = subprocess.run(  # noqa: S603
            command, cwd=PACKAGE.parent, capture_output=True, encoding="utf-8", errors="replace"
        )
        if (refused := folder / worker.REFUSED).exists():
            what, fix = json.loads(refused.read_text(encoding="utf-8"))
            raise UserError(what, fix)
        if done.returncode < 0:
            raise UserError(
                f"{path.name!r} made the converter crash (signal {-done.returncode})",
                fix="is it damaged, or larger than this machine's memory?",
            )
        if done.returncode:
            raise RuntimeError(f"the worker failed:\n{done.stderr[-4000:]}")
        says = json.loads((folder / worker.SIGNATURE).read_text(encoding="utf-8"))
        return Work(
            (folder / worker.FLOAT32).read_bytes(),
            (folder / worker.ORIGINAL).read_bytes(),
            onnx_file.Signature(**{**says, "size": size_of(*sides(says["size"]))}),
        )


def describe(graph: Graph, says: onnx_file.Signature) -> None:
    """Names that people can read, and a signature: onnx2tf leaves neither.

    Tensors are named after their operator and its number in the file, outputs as in the ONNX file.
    """
    graph.names = [""] * len(graph.names)
    (image,) = graph.inputs
    graph.names[image] = INPUT
    for number, op in enumerate(graph.ops):
        own = f"{number:03d}_{op.name.lower()}"
        for i, tensor in enumerate(op.outputs):
            graph.names[tensor] = f"{own}/output_{i}" if i else own
        for i, tensor in enumerate(op.inputs):
            if tensor >= 0 and not graph.names[tensor]:
                graph.names[tensor] = f"{own}/{ROLES[i] if op.name in WEIGHTED else f'input_{i}'}"
    for tensor, name in zip(graph.outputs, says.outputs, strict=True):
        graph.names[tensor] = name
    graph.names = [name or f"unused_{i}" for i, name in enumerate(graph.names)]
    signature: Any = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs = [entry(graph, image)]
    signature.outputs = [entry(graph, tensor) for tensor in graph.outputs]
    graph.model.signatureDefs = [signature]


def entry(graph: Graph, tensor: int) -> Any:
    named: Any = schema.TensorMapT()
    named.name, named.tensorIndex = graph.names[tensor].encode(), tensor
    return named


def turn_round(graph: Graph, title: str) -> None:
    """Let a network that was trained on BGR take RGB: its first kernels read it the other way."""
    readers = [*graph.readers(graph.inputs[0])]
    for op in readers:  # grows while it is read
        if op.name == "PAD":
            readers += graph.readers(op.outputs[0])
        elif op.name == "CONV_2D" and (kernel := graph.constant(op.inputs[1])) is not None:
            graph.set_constant(op, 1, kernel[..., ::-1])
        else:
            raise UserError(
                f"{title!r} begins with {op.name}, so its colours cannot be turned round exactly",
                fix="export the network without its normalisation, from its first convolution on",
            )


def runner(original: bytes, says: onnx_file.Signature, is_bgr: bool) -> Answers:
    """The ONNX model itself, in onnxruntime, for RGB images."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(original, options, ["CPUExecutionProvider"])
    except Exception as error:  # its classes have no base of their own
        raise UserError(
            f"onnxruntime refuses the network: {onnx_file.one_line(error)}",
            fix=onnx_file.EXPORT_AGAIN,
        ) from None

    def answers(images: np.ndarray) -> list[np.ndarray]:
        images = images[..., ::-1] if is_bgr else images
        laid_out = images if says.is_channels_last else images.transpose(0, 3, 1, 2)
        taken = np.ascontiguousarray(laid_out)
        each = [session.run(list(says.outputs), {says.input: image[None]}) for image in taken]
        return [np.concatenate(outputs) for outputs in zip(*each, strict=True)]

    return answers


def output_orders(
    float32: bytes, answers: Answers, says: onnx_file.Signature
) -> list[tuple[int, ...]]:
    """The axes of each output of ONNX in the order in which the flatbuffer has them.

    Which of them are maps, (N, C, H, W) in ONNX and (N, H, W, C) in the flatbuffer, neither says.
    Where the shapes leave that open, as for (1, 4, 4, 4), what a few images give tells.
    """
    runtime = Runtime(float32)
    refuse_lost_axes([tuple(map(int, o["shape"])) for o in runtime.outputs], says.outputs)
    images = generated_images(PROBES, sides(says.size), seed=2, channels=says.channels)
    pairs = zip(answers(images), as_list(runtime.run(images)), says.outputs, strict=True)
    return [order_of(theirs, ours, name) for theirs, ours, name in pairs]


def refuse_lost_axes(shapes: Sequence[tuple[int, ...]], names: Sequence[str]) -> None:
    """Every output has one row for an image."""
    for shape, name in zip(shapes, names, strict=True):
        if shape[:1] != (1,):
            raise UserError(
                f"output {name!r} has shape {shape}; its first axis has to be that of the images",
                fix="keep the axis of the batch when you export to ONNX, or leave that output out",
            )


def order_of(theirs: np.ndarray, ours: np.ndarray, name: str) -> tuple[int, ...]:
    """How `theirs` has to be transposed to be `ours`, as far as they can be compared."""
    as_it_is = tuple(range(theirs.ndim))
    orders = [as_it_is]
    if theirs.ndim > 2:
        orders.append((0, *as_it_is[2:], 1))
    if theirs.ndim == 4:  # maps are more frequent, should both be the same
        orders.reverse()
    fit = [order for order in orders if theirs.transpose(order).shape == ours.shape]
    if not fit:
        raise UserError(
            f"output {name!r} has shape {theirs.shape} in ONNX and {ours.shape} in the file",
            fix="leave that output out, or flatten it to (1, N), when you export to ONNX",
        )
    return max(fit, key=lambda order: likeness(theirs.transpose(order), ours))
