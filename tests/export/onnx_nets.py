"""ONNX networks small enough to be written down, and faults to plant in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

GRAPH = Path(__file__).parents[1] / "ghostnet_tf" / "goldens" / "timm_ghostnet_050.onnx"


def network(
    nodes: Sequence[Any] | None = None,
    image: Sequence[int | str] = (1, 3, 16, 16),
    kind: int = TensorProto.FLOAT,
    inputs: Sequence[str] = ("image",),
    outputs: Sequence[str] = ("logits",),
    classes: int = 5,
    **also: Any,
) -> Any:
    """A convolution, a mean and a matrix by default: RGB (1, 3, 16, 16) -> logits (1, classes)."""
    rng = np.random.default_rng(0)
    shapes = {"kernel": (4, 3, 3, 3), "bias": (4,), "matrix": (4, classes), "offset": (classes,)}
    values = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    nodes = nodes or [
        helper.make_node(
            "Conv",
            ["image", "kernel", "bias"],
            ["sums"],
            "first",
            pads=[1, 1, 1, 1],
            strides=[2, 2],
        ),
        helper.make_node("Relu", ["sums"], ["map"], "relu"),
        helper.make_node("GlobalAveragePool", ["map"], ["means"], "pool"),
        helper.make_node("Flatten", ["means"], ["vector"], "flat"),
        helper.make_node("Gemm", ["vector", "matrix", "offset"], ["logits"], "last"),
    ]
    ranks = {"logits": 2, "map": 4, "any": 2}
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(name, kind, image) for name in inputs],
        [
            helper.make_tensor_value_info(
                name, TensorProto.FLOAT, [f"{name}_{i}" for i in range(r)]
            )
            for name, r in ((name, ranks[name]) for name in outputs)
        ],
        [numpy_helper.from_array(array, name) for name, array in values.items()],
    )
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("com.vendor", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **also)


def external(location: str, folder: Path, length: int = 432) -> Path:
    """A model in `folder` whose first kernel, 432 bytes, lies in `location`."""
    model = network()
    (kernel,) = [t for t in model.graph.initializer if t.name == "kernel"]
    kernel.ClearField("raw_data")
    kernel.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(length))):
        kernel.external_data.add(key=key, value=value)
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def torch_export_of_timm(tensor) -> bytes:
    """timm's ghostnet_050 as torch exports it; `tensor` gives the numbers by name and shape."""
    model = onnx.load_model(GRAPH)
    for stored in model.graph.initializer:
        stored.raw_data = tensor(stored.name, tuple(stored.dims)).astype(np.float32).tobytes()
    return model.SerializeToString()
