"""ONNX networks small enough to be written down, and faults to plant in them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
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


class Nodes:
    """Nodes and constants on their way into a graph, named by their number."""

    def __init__(self, opset: int = 17):
        self.opset = opset
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.rng = np.random.default_rng(0)

    def add(
        self, kind: str, *inputs: str, n_outputs: int = 1, domain: str = "", **also: Any
    ) -> Any:
        """The name of what a new node gives, or the names, if there are several."""
        outputs = [f"{kind.lower()}_{len(self.nodes)}_{i}" for i in range(n_outputs)]
        self.nodes.append(helper.make_node(kind, inputs, outputs, domain=domain, **also))
        return outputs[0] if n_outputs == 1 else outputs

    def constant(self, values: Any) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def weights(self, *shape: int) -> str:
        """Random ones that keep the size of what they are applied to."""
        fan_in = max(1, int(np.prod(shape[1:])))
        return self.constant(self.rng.normal(0, fan_in**-0.5, shape).astype(np.float32))

    def convolution(self, x: str, n_in: int, n_out: int, stride: int = 2) -> str:
        kernel, bias = self.weights(n_out, n_in, 3, 3), self.weights(n_out)
        return self.add("Conv", x, kernel, bias, pads=[1, 1, 1, 1], strides=[stride, stride])

    def reshape(self, x: str, *shape: int) -> str:
        return self.add("Reshape", x, self.constant(np.array(shape, np.int64)))

    def transpose(self, x: str, *order: int) -> str:
        return self.add("Transpose", x, perm=order)

    def classified(self, x: str, n_in: int, n_classes: int = 5) -> str:
        vector = self.add("Flatten", self.add("GlobalAveragePool", x))
        return self.add("Gemm", vector, self.weights(n_in, n_classes), self.weights(n_classes))

    def model(
        self,
        outputs: Sequence[str],
        image: Sequence[int | str] = (1, 3, 16, 16),
        types: Sequence[int] | None = None,
        shapes: Sequence[Sequence[int]] | None = None,
        opsets: Sequence[Any] = (),
        functions: Sequence[Any] = (),
        inputs: Mapping[str, tuple[int, Sequence[int | str]]] | None = None,
    ) -> Any:
        """With the input "image", or with `inputs` of a type and a shape each.

        Outputs are float32 where `types` does not say otherwise. ONNX finds their shapes, unless
        `shapes` tells them; of functions in functions it cannot.
        """
        kinds = types or [TensorProto.FLOAT] * len(outputs)
        graph = helper.make_graph(
            self.nodes,
            "network",
            [
                helper.make_tensor_value_info(name, kind, shape)
                for name, (kind, shape) in (inputs or {"image": (TensorProto.FLOAT, image)}).items()
            ],
            [
                helper.make_tensor_value_info(name, kind, shape)
                for name, kind, shape in zip(
                    outputs, kinds, shapes or [None] * len(outputs), strict=True
                )
            ],
            self.constants,
        )
        made = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", self.opset), *opsets],
            functions=functions,
            ir_version=10,
        )
        return made if shapes else onnx.shape_inference.infer_shapes(made)


def attention(n: Nodes, x: str) -> str:
    """Two heads over the 16 places of a map (1, 8, 4, 4): four permutations, logits."""
    tokens = n.transpose(n.reshape(x, 1, 8, 16), 0, 2, 1)  # (1, 16, 8)
    q, k, v = (n.reshape(n.add("MatMul", tokens, n.weights(8, 8)), 1, 16, 2, 4) for _ in range(3))
    scores = n.add("MatMul", n.transpose(q, 0, 2, 1, 3), n.transpose(k, 0, 2, 3, 1))
    mixed = n.add("MatMul", n.add("Softmax", scores, axis=-1), n.transpose(v, 0, 2, 1, 3))
    mixed = n.reshape(n.transpose(mixed, 0, 2, 1, 3), 1, 16, 8)
    means = n.add("ReduceMean", n.add("Add", tokens, mixed), axes=[1], keepdims=0)
    return n.add("Gemm", means, n.weights(8, 5))


def shuffled(n: Nodes, x: str, channels: int, groups: int, side: int) -> str:
    apart = n.reshape(x, 1, groups, channels // groups, side, side)
    return n.reshape(n.transpose(apart, 0, 2, 1, 3, 4), 1, channels, side, side)


def boxes(n: Nodes, x: str) -> str:
    """A map (1, 8, 4, 4) as two anchors of four numbers at each of 16 places."""
    return n.reshape(n.transpose(n.reshape(x, 1, 2, 4, 4, 4), 0, 1, 3, 4, 2), 1, 32, 4)


def permuting() -> Any:
    """Attention, a shuffle of three groups, boxes, and a square map, as four outputs."""
    n = Nodes()
    x = n.add("Relu", n.convolution(n.add("Relu", n.convolution("image", 3, 12)), 12, 8))
    wide = n.add("Relu", n.convolution("image", 3, 12))
    mixed = n.convolution(shuffled(n, wide, 12, 3, 8), 12, 4)  # (1, 4, 4, 4), a map
    return n.model([attention(n, x), n.classified(mixed, 4), boxes(n, x), mixed])


def channels_last(image: Sequence[int | str] = (1, 24, 24, 3)) -> Any:
    """As Keras and tf2onnx make one: normalised on (N, H, W, C), and a map that is given so."""
    n = Nodes()
    pixels = n.add("Sub", "image", n.constant(np.array([0.1, 0.2, 0.3], np.float32)))
    pixels = n.add("Mul", pixels, n.constant(np.array([1.5, 2.0, 2.5], np.float32)))
    x = n.add("Relu", n.convolution(n.transpose(pixels, 0, 3, 1, 2), 3, 6))
    return n.model([n.classified(x, 6), n.transpose(x, 0, 2, 3, 1)], image)


def without_convolution() -> Any:
    """(1, 24, 24, 3) -> every pixel through a matrix, and the mean of all: nothing is permuted."""
    n = Nodes()
    x = n.add("Relu", n.add("MatMul", "image", n.weights(3, 8)))
    means = n.add("ReduceMean", x, axes=[1, 2], keepdims=0)
    return n.model([n.add("MatMul", means, n.weights(8, 5))], (1, 24, 24, 3))


def quantized(kind: str) -> Any:
    """A network that somebody has quantized: its maps, its weights alone, or by other operators."""
    n = Nodes()
    scale, zero = n.constant(np.float32(0.02)), n.constant(np.int8(0))
    if kind == "maps":
        x = n.add("Relu", n.convolution("image", 3, 8))
        x = n.add("DequantizeLinear", n.add("QuantizeLinear", x, scale, zero), scale, zero)
        return n.model([n.classified(x, 8)])
    kernel = n.constant(n.rng.integers(-127, 128, (8, 3, 3, 3)).astype(np.int8))
    if kind == "weights":
        float_kernel = n.add("DequantizeLinear", kernel, scale, zero)
        return n.model([n.classified(n.add("Conv", "image", float_kernel), 8)])
    x = n.add("QuantizeLinear", "image", scale, zero)
    if kind == "integers":
        x = n.add("Cast", n.add("ConvInteger", x, kernel, zero, zero), to=TensorProto.FLOAT)
        return n.model([n.classified(x, 8)])
    x = n.add("QLinearConv", x, scale, zero, kernel, scale, zero, scale, zero)
    x = n.add("DequantizeLinear", x, scale, zero)
    return n.model([n.classified(x, 8)])


def deciding() -> Any:
    """The class of every pixel, logits, which of them are positive, and the class of the image."""
    n = Nodes()
    x = n.add("Relu", n.convolution("image", 3, 12))
    pixels = n.add("ArgMax", n.convolution(x, 12, 21, 1), axis=1, keepdims=0)  # (1, 16, 16)
    logits = n.classified(x, 12)
    positive = n.add("Greater", logits, n.constant(np.float32(0)))
    best = n.add("ArgMax", logits, axis=1, keepdims=1)
    kinds = [TensorProto.INT64, TensorProto.FLOAT, TensorProto.BOOL, TensorProto.INT64]
    return n.model([pixels, logits, positive, best], (1, 3, 32, 32), kinds)


def by_onnxruntime(model: bytes, x: np.ndarray) -> list[np.ndarray]:
    """Every output for images (N, H, W, C), by the file as it is."""
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()
    turned = x.transpose(0, 3, 1, 2) if image.shape[1] == x.shape[3] else x
    each = [session.run(None, {image.name: turned[i : i + 1]}) for i in range(len(x))]
    return [np.concatenate(outputs) for outputs in zip(*each, strict=True)]


def grey_network(image: Sequence[int]) -> Any:
    """Grey (1, 1, H, W) -> logits (1, 5)."""
    nodes = Nodes()
    return nodes.model(
        [nodes.classified(nodes.add("Relu", nodes.convolution("image", 1, 6)), 6)], image
    )
