"""A small network with every place for a Ghost operator, in float32 and in two kinds of int8."""

import copy
from functools import cache
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from calibrated import measure

from export.graph import Graph
from export.op import Op
from export.quantize import quantize
from export.ranges import Ranges

SIZE = 16
STATIC = "static_wi8_ai8"


@cache
def micro() -> bytes:
    """(1, 16, 16, 3) -> (1, 4): three Ghost modules, one with a residual, one with two cheap
    sides; depthwise convolutions of both paddings at stride 2."""
    import keras
    from keras import layers

    from export.from_keras import to_float32

    keras.utils.set_random_seed(0)

    def depthwise(kernel: int, name: str, **more):
        return layers.DepthwiseConv2D(
            kernel,
            padding=more.pop("padding", "same"),
            bias_initializer="normal",
            name=name,
            **more,
        )

    def ghost(x, name: str, cheap: int = 1, kernel: int = 3, activation: str | None = None):
        primary = layers.Conv2D(7, 1, activation=activation, name=f"{name}_primary")(x)
        names = [f"{name}_cheap"] + [f"{name}_cheap_{i}" for i in range(1, cheap)]
        sides = [depthwise(kernel, n, activation=activation)(primary) for n in names]
        return layers.Concatenate(name=f"{name}_concat")([primary, *sides])

    image = keras.Input((SIZE, SIZE, 3), batch_size=1)
    first = ghost(image, "ghost1", activation="relu")
    x = layers.Add(name="residual")([ghost(first, "ghost2", kernel=5), first])
    x = ghost(x, "ghost3", cheap=2, activation="relu")
    x = layers.ZeroPadding2D(2)(x)
    x = depthwise(5, "strided", strides=2, padding="valid")(x)
    x = depthwise(3, "same", strides=2, activation="relu6")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return to_float32(keras.Model(image, layers.Dense(4, name="logits")(x)), SIZE)


def images(n: int = 8, size: int = SIZE) -> np.ndarray:
    from ghostnet_tf.data.generated import generated_images

    return generated_images(n, (size, size), seed=3)


@cache
def micro_ranges() -> Ranges:
    return measure(micro(), images(), "minmax")


def static(float32: bytes, ranges: Ranges) -> bytes:
    return quantize(float32, STATIC, ranges)


@cache
def micro_int8() -> bytes:
    return static(micro(), micro_ranges())


@cache
def micro_unequal() -> bytes:
    """With a scale of its own for each side of a concatenation, and a QUANTIZE before it."""
    graph = Graph(micro_int8())
    for concat in [op for op in graph.ops if op.name == "CONCATENATION"]:
        whole = graph.subgraph.tensors[concat.outputs[0]]
        for position, side in enumerate(concat.inputs):
            insert(graph, "QUANTIZE", position, concat)
            own = copy.deepcopy(whole.quantization)
            own.scale = np.float32([own.scale[0] * (0.9 if position else 1.1)])
            graph.subgraph.tensors[side].quantization = own
    return graph.to_bytes()


def insert(graph: Graph, name: str, position: int, reader: Op) -> Op:
    """A new operator of one input between `reader` and what it reads at `position`."""
    code: Any = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
    code.version = 2 if name == "QUANTIZE" else 1  # of int8 to int8
    record: Any = schema.OperatorT()
    record.opcodeIndex = len(graph.model.operatorCodes)
    graph.model.operatorCodes.append(code)
    source, between = reader.inputs[position], len(graph.names)
    graph.subgraph.tensors.append(copy.deepcopy(graph.subgraph.tensors[reader.outputs[0]]))
    graph.subgraph.tensors[between].shape = graph.subgraph.tensors[source].shape
    graph.names.append(f"{graph.names[source]}/{name}")
    record.inputs, record.outputs = [source], [between]
    graph.rewire(reader, position, between)
    return graph.insert(Op(graph.model, record), [source], between, before=reader)
