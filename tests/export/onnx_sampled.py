"""ONNX networks that take no photo: several inputs, other channels, other ranks, integers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto

from tests.export.onnx_nets import Nodes

FLOAT, INT32, INT64, BOOL = (
    TensorProto.FLOAT, TensorProto.INT32, TensorProto.INT64, TensorProto.BOOL,
)  # fmt: skip
Shapes = dict[str, tuple[int, ...]]  # of the file's inputs, in the order of the ONNX file


def bands(channels: int) -> Any:
    nodes = Nodes()
    logits = nodes.classified(nodes.add("Relu", nodes.convolution("bands", channels, 8)), 8)
    return nodes.model([logits], inputs={"bands": (FLOAT, ("n", channels, 16, 20))})


def bands_last() -> Any:
    """As tf2onnx has them, with the normalisation inside."""
    nodes = Nodes()
    x = nodes.add("Mul", nodes.add("Sub", "bands", nodes.constant(np.full(6, 0.3, np.float32))),
                  nodes.constant(np.float32(2)))  # fmt: skip
    x = nodes.convolution(nodes.transpose(x, 0, 3, 1, 2), 6, 8)
    return nodes.model(
        [nodes.classified(nodes.add("Relu", x), 8)], inputs={"bands": (FLOAT, (1, 16, 20, 6))}
    )


def map_and_words(kind: int = INT64) -> Any:
    """In no alphabet's order, the map second; two outputs."""
    nodes = Nodes()
    told = nodes.add("ReduceMean", nodes.add("Gather", nodes.weights(9, 6), "words", axis=0),
                     axes=[1], keepdims=0)  # fmt: skip
    seen = nodes.add("Relu", nodes.convolution("map", 4, 6))
    seen = nodes.add("Flatten", nodes.add("GlobalAveragePool", seen))
    both = nodes.add("Concat", told, seen, axis=1)
    logits = nodes.add("Gemm", both, nodes.weights(12, 3), nodes.weights(3))
    return nodes.model(
        [logits], inputs={"words": (kind, (1, 5)), "map": (FLOAT, ("batch", 4, 16, 20))}
    )


def left_and_right() -> Any:
    """Of one shape: only their names tell them apart, and the network is no even one."""
    nodes = Nodes()
    maps = [nodes.add("Relu", nodes.convolution(side, 3, 8)) for side in ("right", "left")]
    apart = nodes.add("Sub", *maps)
    shape = {side: (FLOAT, (1, 3, 16, 20)) for side in ("right", "left")}
    return nodes.model([nodes.classified(apart, 8), apart], inputs=shape)


def wave() -> Any:
    nodes = Nodes()
    x = nodes.add("Conv", "wave", nodes.weights(8, 5, 3), nodes.weights(8), strides=[2])
    x = nodes.add("ReduceMean", nodes.add("Relu", x), axes=[2], keepdims=0)
    logits = nodes.add("Gemm", x, nodes.weights(8, 3), nodes.weights(3))
    return nodes.model([logits], inputs={"wave": (FLOAT, (1, 5, 20))})


def series() -> Any:
    """Attention over 7 steps of 10 numbers, and its maps as an output."""
    nodes = Nodes()
    query, key = (nodes.add("MatMul", "series", nodes.weights(10, 10)) for _ in range(2))
    shares = nodes.add("MatMul", query, nodes.transpose(key, 0, 2, 1))
    mixed = nodes.add("MatMul", nodes.add("Softmax", shares, axis=-1), "series")
    logits = nodes.add("ReduceMean", mixed, axes=[1], keepdims=0)
    return nodes.model([logits, mixed], inputs={"series": (FLOAT, (1, 7, 10))})


def clip() -> Any:
    nodes = Nodes()
    x = nodes.add("Conv", "clip", nodes.weights(6, 3, 3, 3, 3), nodes.weights(6), strides=[2] * 3)
    x = nodes.add("ReduceMean", nodes.add("Relu", x), axes=[2, 3, 4], keepdims=0)
    logits = nodes.add("Gemm", x, nodes.weights(6, 3), nodes.weights(3))
    return nodes.model([logits], inputs={"clip": (FLOAT, (1, 3, 8, 9, 10))})


def masked() -> Any:
    """A map, a mask of its size, and whether the mask counts."""
    nodes = Nodes()
    x = nodes.add("Mul", nodes.add("Relu", nodes.convolution("map", 3, 6)), "mask")
    counts = nodes.add("Cast", "counts", to=FLOAT)
    logits = nodes.add("Mul", nodes.classified(x, 6), counts)
    return nodes.model(
        [logits],
        inputs={
            "map": (FLOAT, (1, 3, 16, 20)), "mask": (FLOAT, (1, 1, 8, 10)), "counts": (BOOL, (1, 1))
        },
    )  # fmt: skip


def vector() -> Any:
    nodes = Nodes()
    logits = nodes.add("Gemm", "numbers", nodes.weights(12, 4), nodes.weights(4))
    return nodes.model([logits], inputs={"numbers": (FLOAT, (1, 12))})


# -> (network, what its file takes)
SAMPLED: dict[str, tuple[Callable[[], Any], Shapes]] = {
    "a map and words": (map_and_words, {"words": (1, 5), "map": (1, 16, 20, 4)}),
    "4 channels": (lambda: bands(4), {"bands": (1, 16, 20, 4)}),
    "2 channels": (lambda: bands(2), {"bands": (1, 16, 20, 2)}),
    "13 channels": (lambda: bands(13), {"bands": (1, 16, 20, 13)}),
    "6 channels, last": (bands_last, {"bands": (1, 16, 20, 6)}),
    "two of a shape": (left_and_right, {"right": (1, 16, 20, 3), "left": (1, 16, 20, 3)}),
    "int32 words": (
        lambda: map_and_words(INT32), {"words": (1, 5), "map": (1, 16, 20, 4)},
    ),
    "1-D convolution": (wave, {"wave": (1, 20, 5)}),
    "attention": (series, {"series": (1, 7, 10)}),
    "3-D convolution": (clip, {"clip": (1, 8, 9, 10, 3)}),
    "a mask and a switch": (
        masked, {"map": (1, 16, 20, 3), "mask": (1, 8, 10, 1), "counts": (1, 1)},
    ),
    "a vector": (vector, {"numbers": (1, 12)}),
}  # fmt: skip
