"""An ONNX network becomes the float32 flatbuffer that every recipe starts from."""

# ONNX's packages are an extra.
# pyright: reportMissingImports=false

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
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
from ghostnet_tf.data.samples import UNKNOWN_NUMBERS, Images, Sample

from ..absorb import absorb
from ..flatbuffer import Flatbuffer
from ..from_keras import INPUT
from ..graph import Graph
from ..network import Converted
from ..op import WEIGHTED
from ..parity import as_list, likeness
from ..runtime import Runtime
from ..tensors import samples_for
from . import onnx_file, worker
from .inputs import Input, Inputs

TOOLS = ("onnx", "onnxsim", "onnx2tf", "onnxruntime")
PROBES = 4  # images or samples that tell how an output is laid out
ROLES = ("input", "kernel", "bias")  # of what a weighted operator reads
Answers = Callable[[Any], list[np.ndarray]]  # images, or samples -> one array per output


@dataclass(frozen=True)
class Work:
    """What the worker made of a file."""

    float32: bytes
    original: bytes  # the ONNX model, with all of its data
    says: onnx_file.Signature | Inputs


def from_onnx(
    path: Path, is_bgr: bool, size: Size | None = None, channels: int = 3
) -> tuple[Converted, Size]:
    """The network of an ONNX file and the size of its image.

    Whatever order of colours it was trained with, the flatbuffer and the original take RGB, or the
    one channel of a grey image.
    """
    work = worked(path, spelled(size) if size else worker.UNSAID)
    says = work.says
    assert isinstance(says, onnx_file.Signature)
    if says.channels != channels:
        raise UserError(
            f"input {says.input!r} of {path.name!r} has {says.channels} channel"
            f"{'s' * (says.channels != 1)}, not {channels}",
            fix="--channels grey" if says.channels == 1 else "--channels rgb, or bgr",
        )
    graph = Graph(work.float32)
    describe(graph, [INPUT], says.outputs)
    if is_bgr:
        turn_round(graph, path.name)
    answers = runner(work.original, says, is_bgr)
    images = generated_images(PROBES, sides(says.size), seed=2, channels=says.channels)
    return finished(graph, says, answers, images), says.size


def samples_from_onnx(path: Path) -> Converted:
    """The network of an ONNX file that takes no photo: several inputs, other channels or ranks.

    Maps lie in the flatbuffer as (1, H, W, C), whatever else goes in as it does in ONNX.
    """
    work = worked(path, worker.SAMPLES)
    says = work.says
    assert isinstance(says, Inputs)
    graph = Graph(work.float32)
    lay_in_order(graph, says.inputs)
    describe(graph, [one.name for one in says.inputs], says.outputs)
    probes = samples_for(graph, None, PROBES, seed=2)
    return finished(graph, says, runner_of_samples(work.original, says), probes)


def finished(
    graph: Graph, says: onnx_file.Signature | Inputs, answers: Answers, probes: Images
) -> Converted:
    """The flatbuffer beside its original, whose outputs lie as those of the flatbuffer do."""
    absorb(graph)
    float32 = Flatbuffer(graph.to_bytes())
    orders = output_orders(float32, answers, probes, says.outputs)

    def run(images: Images) -> np.ndarray | list[np.ndarray]:
        pairs = zip(answers(images), orders, strict=True)
        outputs = [values.transpose(order) for values, order in pairs]
        return outputs[0] if len(outputs) == 1 else outputs

    return Converted(
        float32=float32, original="ONNX", run=run, parameters=says.parameters, tools=TOOLS
    )


def worked(path: Path, takes: str) -> Work:
    """Let the worker read, simplify and convert the file; `takes`: as it is told there."""
    with scratch() as folder:
        arguments = (str(path.absolute()), str(folder), takes)
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
        said = json.loads((folder / worker.SIGNATURE).read_text(encoding="utf-8"))
        if takes == worker.SAMPLES:
            says = Inputs.from_dict(said)
        else:
            says = onnx_file.Signature(**{**said, "size": size_of(*sides(said["size"]))})
        float32, original = (folder / name for name in (worker.FLOAT32, worker.ORIGINAL))
        return Work(float32.read_bytes(), original.read_bytes(), says)


def lay_in_order(graph: Graph, inputs: Sequence[Input]) -> None:
    """The inputs in the order of the ONNX file, if they are not; by the names that onnx2tf left."""
    by_name = {graph.names[tensor]: tensor for tensor in graph.inputs}
    if len(by_name) != len(inputs):
        raise UserError(
            f"onnx2tf makes {len(by_name)} inputs of {len(inputs)}: {', '.join(by_name)} are left",
            fix="export it again without inputs that nothing depends on",
        )
    if all(one.name in by_name for one in inputs):
        graph.order_inputs([by_name[one.name] for one in inputs])


def describe(graph: Graph, inputs: Sequence[str], outputs: Sequence[str]) -> None:
    """Names that people can read, and a signature: onnx2tf leaves neither.

    Tensors are named after their operator and its number in the file, outputs as in the ONNX file.
    """
    graph.names = [""] * len(graph.names)
    for tensor, name in zip(graph.inputs, inputs, strict=True):
        graph.names[tensor] = name
    for number, op in enumerate(graph.ops):
        own = f"{number:03d}_{op.name.lower()}"
        for i, tensor in enumerate(op.outputs):
            graph.names[tensor] = f"{own}/output_{i}" if i else own
        for i, tensor in enumerate(op.inputs):
            if tensor >= 0 and not graph.names[tensor]:
                graph.names[tensor] = f"{own}/{ROLES[i] if op.name in WEIGHTED else f'input_{i}'}"
    for tensor, name in zip(graph.outputs, outputs, strict=True):
        graph.names[tensor] = name
    graph.names = [name or f"unused_{i}" for i, name in enumerate(graph.names)]
    signature: Any = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
    signature.inputs = [entry(graph, tensor) for tensor in graph.inputs]
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
    """The original over images (H, W, C) as the file takes them, in RGB."""
    run = session(original, says.outputs)

    def as_given(image: np.ndarray) -> dict[str, np.ndarray]:
        image = image[..., ::-1] if is_bgr else image
        laid_out = image if says.is_channels_last else image.transpose(2, 0, 1)
        return {says.input: np.ascontiguousarray(laid_out[None])}

    return lambda images: together(run(as_given(image)) for image in images)


def runner_of_samples(original: bytes, says: Inputs) -> Answers:
    """The original over samples as the file takes them."""
    run = session(original, says.outputs)

    def as_given(sample: Sample) -> dict[str, np.ndarray]:
        pairs = zip(sample, says.inputs, strict=True)
        return {
            one.name: np.ascontiguousarray(values[None].transpose(np.argsort(one.order)))
            for values, one in pairs
        }

    return lambda samples: together(run(as_given(sample)) for sample in samples)


def together(each: Iterable[list[np.ndarray]]) -> list[np.ndarray]:
    """Every output of all images or samples."""
    return [np.concatenate(outputs) for outputs in zip(*each, strict=True)]


def session(
    original: bytes, outputs: Sequence[str]
) -> Callable[[dict[str, np.ndarray]], list[np.ndarray]]:
    """The network as onnxruntime runs it: inputs by name -> every output."""
    """The ONNX model itself, in onnxruntime, for RGB images."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        opened = onnxruntime.InferenceSession(original, options, ["CPUExecutionProvider"])
    except Exception as error:  # its classes have no base of their own
        raise UserError(
            f"onnxruntime refuses the network: {onnx_file.one_line(error)}",
            fix=onnx_file.EXPORT_AGAIN,
        ) from None

    def run(given: dict[str, np.ndarray]) -> list[np.ndarray]:
        try:
            return [np.asarray(values) for values in opened.run([*outputs], given)]
        except Exception as error:
            raise UserError(
                f"onnxruntime cannot run the network on an input: {onnx_file.one_line(error)}",
                fix=UNKNOWN_NUMBERS,
            ) from error

    return run


def output_orders(
    float32: bytes, answers: Answers, probes: Images, names: Sequence[str]
) -> list[tuple[int, ...]]:
    """The axes of each output of ONNX in the order in which the flatbuffer has them.

    Which of them are maps, (N, C, H, W) in ONNX and (N, H, W, C) in the flatbuffer, neither says.
    Where the shapes leave that open, as for (1, 4, 4, 4), what a few probes give tells.
    """
    runtime = Runtime(float32)
    refuse_lost_axes([tuple(map(int, o["shape"])) for o in runtime.outputs], names)
    pairs = zip(answers(probes), as_list(runtime.run(probes)), names, strict=True)
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
