"""A Keras model becomes a float32 `.tflite`: batch 1, static shapes, BatchNorm folded."""

import itertools
import re
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import scratch
from ghostnet_tf.base.quiet import quiet
from ghostnet_tf.base.record import Tensor
from ghostnet_tf.base.sides import Size, sides
from ghostnet_tf.data.samples import UNKNOWN_NUMBERS, Images

from .absorb import absorb
from .flatbuffer import Flatbuffer
from .graph import Graph
from .op import WEIGHTED

INPUT = "image"
LOOKED_UP = re.compile(r"indices\[[\d,]*\] = -?\d+ is not in \[0, \d+\)")  # of an embedding
INPUT_TYPES = ("float32", "int32", "int64", "bool")


def to_float32(model: keras.Model, size: Size | None) -> Flatbuffer:
    """`model`, in inference mode, as the float32 flatbuffer that every recipe starts from.

    One image input (N, H, W, C) of that size; without one whatever inputs it was built with. Any
    number of outputs. All keep their order: that of Keras, which sorts the keys of a dict. Equal
    models give equal bytes.
    """
    if keras.backend.backend() != "tensorflow":
        raise UserError(
            f"Keras runs on {keras.backend.backend()!r}; only its TensorFlow backend can export",
            fix="set KERAS_BACKEND=tensorflow",
        )
    inputs = inputs_as_built(model) if size is None else image_input(model, size)
    graph = Graph(converted(frozen(model, inputs), model.name))
    rename(graph, model, [one.name for one in inputs])
    absorb(graph)
    return Flatbuffer(graph.to_bytes())


def inputs_as_built(model: keras.Model) -> tuple[Tensor, ...]:
    """Every input for one sample, by Keras' name; UserError where a side or a type is open."""
    found = []
    for one in getattr(model, "inputs", None) or ():
        shape: Any = one.shape or (None,)
        batch, *rest = shape
        if batch not in (None, 1) or None in rest or not rest:
            raise UserError(
                f"the input {one.name!r} of {model.name} has the shape {tuple(one.shape)}",
                fix="fix every side but that of the batch, as in keras.Input((49, 10))",
            )
        dtype = "float32" if "float" in one.dtype else one.dtype
        if dtype not in INPUT_TYPES:
            raise UserError(
                f"the input {one.name!r} of {model.name} is of {one.dtype}",
                fix=f"let it be one of {', '.join(INPUT_TYPES)}",
            )
        found.append(Tensor(one.name, (1, *rest), dtype))
    return tuple(found)


def image_input(model: keras.Model, size: Size) -> tuple[Tensor, ...]:
    """The one image, called INPUT."""
    return (Tensor(INPUT, image_shape(model, size), "float32"),)


def image_shape(model: keras.Model, size: Size) -> tuple[int, int, int, int]:
    """(1, H, W, C), or what stands in the way."""
    height, width = sides(size)
    shapes = [tuple(i.shape) for i in getattr(model, "inputs", None) or ()]
    if len(shapes) != 1 or len(shapes[0]) != 4 or shapes[0][3] is None:
        raise UserError(
            f"{model.name} takes {shapes}; one image input (N, H, W, C) is expected",
            fix="build it with keras.Input((H, W, C))",
        )
    batch, *built, channels = shapes[0]
    wanted = (1, height, width)
    if any(has not in (None, want) for has, want in zip((batch, *built), wanted, strict=True)):
        raise UserError(
            f"{model.name} was built for {shapes[0]}, not for {(*wanted, channels)}",
            fix="build it for that size, or with None for batch, height and width",
        )
    return (1, height, width, channels)


def frozen(model: keras.Model, inputs: Sequence[Tensor]) -> Any:
    """`model` as one TensorFlow function without variables, in inference mode.

    Its arguments are numbered, as its outputs are: not every name of Keras' is one of TensorFlow's.
    """
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    def serve(*given):
        return keras.tree.flatten(model(together(model, given), training=False))

    names = [INPUT] if len(inputs) == 1 else [f"input_{i}" for i in range(len(inputs))]
    specs = [
        tf.TensorSpec(one.shape, one.dtype, name=name)
        for one, name in zip(inputs, names, strict=True)
    ]
    # Keras 3 hides its variables from the converter, which can leave them out of the file without
    # a word. Frozen here there are none; not saving and restoring them also saves most of the time.
    with quiet():
        return convert_variables_to_constants_v2(tf.function(serve).get_concrete_function(*specs))


def together(model: keras.Model, inputs: Sequence[Any]) -> Any:
    """Inputs in the order of `model.inputs`, as `model` is called: one, a list, a dict, ..."""
    if len(inputs) == 1:
        return inputs[0]
    return keras.tree.pack_sequence_as(model.input, list(inputs))


def outputs_of(model: keras.Model, images: Images) -> list[np.ndarray]:
    """What Keras gives for images or samples, in the order of the file's outputs, (N, ...) each."""
    if not isinstance(images, np.ndarray):
        images = [np.stack(values) for values in zip(*images, strict=True)]
    given = images if isinstance(images, np.ndarray) else together(model, images)
    import tensorflow as tf

    try:
        return keras.tree.flatten(model.predict(given, batch_size=8, verbose=0))  # type: ignore
    except tf.errors.InvalidArgumentError as error:
        if not (said := LOOKED_UP.search(str(error))):
            raise
        raise UserError(
            f"{model.name} looks up what it does not have: {said[0]}", fix=UNKNOWN_NUMBERS
        ) from error


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


def output_names(model: keras.Model) -> list[str]:
    """In the order of `keras.tree.flatten`: the keys of a dict, or else the layers' names."""
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name]
    paths = [path for path, _ in keras.tree.flatten_with_path(model.output)]
    if any(isinstance(key, str) for path in paths for key in path):
        return ["/".join(map(str, path)) for path in paths]
    return model.output_names


def rename(graph: Graph, model: keras.Model, inputs: Sequence[str]) -> None:
    """Name tensors after the layers that write them, inputs and outputs after the model's own.

    Ranges are keyed by these names, and profiles and errors show them to people.
    """
    (signature,) = graph.model.signatureDefs
    for ends in (signature.inputs, signature.outputs):
        if len(ends) > 1:
            ends.sort(key=lambda end: int(end.name.split(b"_")[-1]))
    graph.subgraph.inputs = [one.tensorIndex for one in signature.inputs]
    graph.subgraph.outputs = [output.tensorIndex for output in signature.outputs]
    raw, graph.names = graph.names, [""] * len(graph.names)
    taken: set[str] = set()

    def give(tensor: int, *candidates: str) -> None:
        numbered = (f"{candidates[-1]}_{i}" for i in itertools.count(1))
        name = next(n for n in itertools.chain(candidates, numbered) if n not in taken)
        taken.add(name)
        graph.names[tensor] = name

    for one, name in zip(signature.inputs, inputs, strict=True):
        give(one.tensorIndex, name)
        one.name = graph.names[one.tensorIndex].encode()
    for output, layer in zip(signature.outputs, output_names(model), strict=True):
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
