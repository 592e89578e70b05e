"""Factors that the next weights can take are taken, all others stay."""

import keras
import numpy as np
import pytest
from calibrated import measure
from keras import layers

from export import absorb as module
from export.absorb import absorb
from export.from_keras import to_float32
from export.graph import Graph
from export.parity import snr_db
from export.quantize import quantize
from export.runtime import Runtime
from ghostnet_tf.nets.baselines import mobilenet_v3
from ghostnet_tf.nets.seeded import generated_images, seed


def small(behind) -> keras.Model:
    """A convolution, a map times 0.3, and `behind(map, image)`."""
    image = keras.Input((8, 8, 3), batch_size=1, name="image")
    # twice, so that the converter cannot put the factor into the convolution before it
    x = layers.Conv2D(4, 3, padding="same", name="before")(image)
    scaled = keras.ops.relu(x) * (x * 0.3)
    return seed(keras.Model(image, behind(scaled, x), name="small"))


def pooled_gate(scaled, x):
    gate = layers.Conv2D(4, 1, activation="sigmoid")(
        layers.GlobalAveragePooling2D(keepdims=True)(scaled)
    )
    return layers.Conv2D(5, 1)(scaled * gate)


ABSORBED = {
    "a convolution": lambda scaled, x: layers.Conv2D(5, 3)(scaled),
    "a depthwise convolution with padding": lambda scaled, x: layers.DepthwiseConv2D(
        3, padding="same"
    )(scaled),
    "a pooling and a gate": pooled_gate,
}
KEPT = {
    "an addition": lambda scaled, x: layers.Conv2D(5, 1)(scaled + x),
    "an output": lambda scaled, x: [scaled, layers.Conv2D(5, 1)(scaled)],
    "a ReLU6": lambda scaled, x: layers.Conv2D(5, 1)(keras.ops.relu6(scaled)),
    "its own square": lambda scaled, x: layers.Conv2D(5, 1)(scaled * scaled),
    "its own mean": lambda scaled, x: layers.Conv2D(5, 1)(
        scaled * layers.GlobalAveragePooling2D(keepdims=True)(scaled)
    ),
}


def before_and_after(model, size, monkeypatch) -> tuple[bytes, bytes, int]:
    with monkeypatch.context() as patch:
        patch.setattr("export.from_keras.absorb", lambda graph: 0)
        before = to_float32(model, size)
    graph = Graph(before)
    taken = absorb(graph)
    return before, graph.to_bytes(), taken


@pytest.mark.parametrize("reader", ABSORBED)
def test_the_factor_moves_into(reader, monkeypatch):
    before, after, taken = before_and_after(small(ABSORBED[reader]), 8, monkeypatch)
    x = generated_images(4, (8, 8))

    assert taken == 1
    assert Graph(after).counts()["MUL"] == Graph(before).counts()["MUL"] - 1
    assert snr_db(Runtime(before).run(x), Runtime(after).run(x)) >= 120


@pytest.mark.parametrize("reader", KEPT)
def test_the_factor_stays_where_it_meets(reader, monkeypatch):
    before, after, taken = before_and_after(small(KEPT[reader]), 8, monkeypatch)

    assert taken == 0
    assert Graph(after).counts() == Graph(before).counts()


def test_a_lost_factor_would_be_seen(monkeypatch):
    monkeypatch.setattr(
        module, "_factor", lambda graph, op, real=module._factor: _off(real, graph, op)
    )
    before, after, taken = before_and_after(small(ABSORBED["a convolution"]), 8, monkeypatch)
    x = generated_images(4, (8, 8))

    assert taken and snr_db(Runtime(before).run(x), Runtime(after).run(x)) < 60


def _off(real, graph, op):
    factor, source = real(graph, op)
    return factor and factor * 1.01, source


def test_every_hard_swish_of_a_map_is_three_operators_less_one(monkeypatch):
    model = seed(mobilenet_v3("small", 0.35, 10, size=64, delegable=True))
    _, after, taken = before_and_after(model, 64, monkeypatch)
    x = generated_images(4, (64, 64), seed=2)

    assert taken == 18  # all but the one behind the pooling
    assert snr_db(np.asarray(model(x)), Runtime(after).run(x)) >= 100
    int8 = quantize(after, "static_wi8_ai8", measure(after, x, "minmax"))
    assert [Runtime(file).delegation().partitions for file in (after, int8)] == [1, 1]
