"""Permutations that undo each other are found, planted in a real graph; a network's own are not."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

from export.contract import broken_promises, facts, promise
from export.from_keras import to_float32
from export.graph import Graph
from export.layout import undone
from export.runtime import Runtime
from ghostnet_tf.nets.seeded import generated_images, seed

TO_NCHW, TO_NHWC, OTHER = (0, 3, 1, 2), (0, 2, 3, 1), (0, 2, 1, 3)


class Plant:
    """Operators put in where a map (1, 8, 8, 8) is read."""

    def __init__(self, data: bytes):
        self.graph = Graph(data)
        by_name = {op.name: op for op in self.graph.ops}
        self.like = {name: by_name[name] for name in ("LOGISTIC", "SOFTMAX")}
        self.map = by_name["LOGISTIC"].inputs[0]
        self.before, self.int32 = by_name["LOGISTIC"], by_name["RESHAPE"].inputs[1]

    def tensor(self, shape: tuple[int, ...]) -> int:
        return self.graph.add_tensor(self.map, f"new_{len(self.graph.names)}", shape)

    def transpose(self, x: int, order: tuple[int, ...]) -> int:
        axes = self.graph.add_tensor(self.int32, "order", (4,), np.array(order, np.int32))
        new = self.tensor(tuple(self.graph.shape(x)[axis] for axis in order))
        self.graph.insert("TRANSPOSE", [x, axes], new, self.before)
        return new

    def apply(self, kind: str, *inputs: int) -> int:
        new = self.tensor(self.graph.shape(inputs[0]))
        self.graph.insert(self.like.get(kind, kind), inputs, new, self.before)
        return new

    def bytes_with(self, x: int) -> bytes:
        self.graph.rewire(self.before, 0, x)
        return self.graph.to_bytes()


@pytest.fixture(scope="module")
def float32() -> bytes:
    image = keras.Input((16, 16, 3), batch_size=1, name="image")
    x = layers.Conv2D(8, 3, strides=2)(layers.ZeroPadding2D(((0, 1), (0, 1)))(image))
    gate = keras.ops.sigmoid(x)
    outputs = layers.Dense(5, activation="softmax")(layers.Flatten()(gate * x))
    return to_float32(seed(keras.Model(image, outputs, name="small")), 16)


UNDONE: dict[str, Callable[[Plant], int]] = {
    "one after the other": lambda p: p.transpose(p.transpose(p.map, TO_NCHW), TO_NHWC),
    "the other way round": lambda p: p.transpose(p.transpose(p.map, TO_NHWC), TO_NCHW),
    "a sigmoid between": lambda p: p.transpose(
        p.apply("LOGISTIC", p.transpose(p.map, TO_NCHW)), TO_NHWC
    ),
    "a sum of two between": lambda p: p.transpose(
        p.apply("ADD", p.transpose(p.map, TO_NCHW), p.transpose(p.map, TO_NCHW)), TO_NHWC
    ),
}
ITS_OWN: dict[str, Callable[[Plant], int]] = {
    "one alone": lambda p: p.transpose(p.map, TO_NCHW),
    "the same again": lambda p: p.transpose(p.transpose(p.map, TO_NCHW), TO_NCHW),
    "heads of an attention": lambda p: p.transpose(p.transpose(p.map, OTHER), OTHER),
    "a softmax between": lambda p: p.transpose(
        p.apply("SOFTMAX", p.transpose(p.map, TO_NCHW)), TO_NHWC
    ),
    "a sum with what was not permuted": lambda p: p.transpose(
        p.apply("ADD", p.transpose(p.map, TO_NCHW), p.map), TO_NHWC
    ),
}


@pytest.mark.parametrize("case", UNDONE)
def test_a_pair_that_cancels_is_refused(case, float32):
    plant = Plant(float32)
    data = plant.bytes_with(UNDONE[case](plant))

    Runtime(data).run(generated_images(1, (16, 16)))  # it runs, and still is not what we hand out
    (broken,) = broken_promises(promise("float32", "stock"), facts(data))

    assert broken.startswith("TRANSPOSE new_") and " undoes new_" in broken


@pytest.mark.parametrize("case", ITS_OWN)
def test_every_other_permutation_belongs_to_the_network(case, float32):
    plant = Plant(float32)
    data = plant.bytes_with(ITS_OWN[case](plant))

    assert undone(Graph(data)) == []
    assert facts(data).ops["TRANSPOSE"] >= 1
    assert broken_promises(promise("float32", "stock"), facts(data)) == []
