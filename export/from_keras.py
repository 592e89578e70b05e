"""A Keras model becomes a float32 `.tflite`: batch 1, static shapes, BatchNorm folded."""

import itertools
import re
from typing import Any

import keras

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import scratch
from ghostnet_tf.base.quiet import quiet

from .absorb import absorb
from .flatbuffer import Flatbuffer
from .graph import Graph
from .op import WEIGHTED

INPUT = "image"


def to_float32(model: keras.Model, size: int | tuple[int, int]) -> Flatbuffer:
    """`model`, in inference mode, as the float32 flatbuffer that every recipe starts from.

    One image input (N, H, W, C), any number of outputs, which keep their order. Equal models give
    equal bytes.
    """
    if keras.backend.backend() != "tensorflow":
        raise UserError(
            f"Keras runs on {keras.backend.backend()!r}; only its TensorFlow backend can export",
            fix="set KERAS_BACKEND=tensorflow",
        )
    shape = image_shape(model, size)
    graph = Graph(converted(frozen(model, shape), model.name))
    rename(graph, model)
    absorb(graph)
    return Flatbuffer(graph.to_bytes())


def image_shape(model: keras.Model, size: int | tuple[int, int]) -> tuple[int, int, int, int]:
    """(1, H, W, C), or what stands in the way."""
    height, width = (size, size) if isinstance(size, int) else size
    shapes = [tuple(i.shape) for i in getattr(model, "inputs", None) or ()]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][3] is None:
        raise UserError(
            f"{model.name} takes {shapes}; one image input (N, H, W, C) is expected",
            fix="build it with keras.Input((H, W, C))",
        )
    batch, *sides, channels = shapes[0]
    wanted = (1, height, width)
    if any(has not in (None, want) for has, want in zip((batch, *sides), wanted, strict=True)):
        raise UserError(
            f"{model.name} was built for {shapes[0]}, not for {(*wanted, channels)}",
            fix="build it for that size, or with None for batch, height and width",
        )
    return (1, height, width, channels)


def frozen(model: keras.Model, shape: tuple[int, ...]) -> Any:
    """`model` as one TensorFlow function without variables, in inference mode."""
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    def serve(image):
        return keras.tree.flatten(model(image, training=False))

    spec = tf.TensorSpec(shape, tf.float32, name=INPUT)
    # Keras 3 hides its variables from the converter, which can leave them out of the file without
    # a word. Frozen here there are none; not saving and restoring them also saves most of the time.
    with quiet():
        return convert_variables_to_constants_v2(tf.function(serve).get_concrete_function(spec))


def converted(function: Any, root: str) -> bytes:
    """A frozen TensorFlow function through TFLiteConverter, quietly."""
    import tensorflow as tf
    from tensorflow.lite.python.convert_phase import ConverterError

    with scratch() as folder, quiet():
        tf.saved_model.save(
            tf.Module(),
            str(folder),
            signatures=function,
            # A file for inference needs no gradients, and those of swish capture what is not saved.
            options=tf.saved_model.SaveOptions(experimental_custom_gradients=False),
        )
        try:
            return tf.lite.TFLiteConverter.from_saved_model(str(folder)).convert()
        except ConverterError as error:
            raise UserError(
                f"TensorFlow's converter refused the model: {reason(str(error), root)}",
                fix="replace it by built-in TFLite operators",
            ) from error


def reason(message: str, root: str) -> str:
    """Which operators of which layers, out of the converter's page of MLIR."""
    errors = "\n".join(line for line in message.splitlines() if "error: loc(" in line)
    found = re.findall(r'fused\["(\w+):", "([^"@]+)@', errors)
    refused = {
        f"{op} in {layer_path(where, root)[0]}" for op, where in found if op != "PartitionedCall"
    }
    return ", ".join(sorted(refused)) or message.strip().splitlines()[0]


def layer_path(raw: str, root: str) -> tuple[str, str]:
    """The layer and the operator in the converter's name for a tensor.

    "net_1/block_1/act_1/Relu;net_1/block_1/conv_1/convolution", "net" -> "block/act", "Relu".
    """
    first, *rest = raw.split(";")[0].split("/")
    if not rest:
        return first, first
    # TensorFlow has numbered every scope of this trace as it numbered the outermost one.
    number = first.removeprefix(root)
    *path, op = [part.removesuffix(number) for part in rest]
    return "/".join(path).removesuffix("/batchnorm") or op, op


def output_layers(model: keras.Model) -> list[str]:
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name]
    return model.output_names


def rename(graph: Graph, model: keras.Model) -> None:
    """Name tensors after the layers that write them, inputs and outputs after the model's own.

    Ranges are keyed by these names, and profiles and errors show them to people.
    """
    (signature,) = graph.model.signatureDefs
    signature.outputs.sort(key=lambda output: int(output.name.split(b"_")[-1]))
    graph.subgraph.outputs = [output.tensorIndex for output in signature.outputs]
    raw, graph.names = graph.names, [""] * len(graph.names)
    taken: set[str] = set()

    def give(tensor: int, *candidates: str) -> None:
        numbered = (f"{candidates[-1]}_{i}" for i in itertools.count(1))
        name = next(n for n in itertools.chain(candidates, numbered) if n not in taken)
        taken.add(name)
        graph.names[tensor] = name

    give(signature.inputs[0].tensorIndex, INPUT)
    for output, layer in zip(signature.outputs, output_layers(model), strict=True):
        give(output.tensorIndex, layer)
        output.name = graph.names[output.tensorIndex].encode()
    for op in graph.ops:
        for tensor in op.outputs:
            if not graph.names[tensor]:
                layer, leaf = layer_path(raw[tensor], model.name)
                give(tensor, layer, f"{layer}/{leaf}")
        roles = ("input", "kernel", "bias") if op.name in WEIGHTED else ("constant",) * 9
        for tensor, role in zip(op.inputs, roles, strict=False):
            if not graph.names[tensor]:
                give(tensor, f"{graph.names[op.outputs[0]]}/{role}")
    for tensor, name in enumerate(graph.names):
        if not name:
            give(tensor, "unused")
