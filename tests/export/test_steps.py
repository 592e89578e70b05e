"""Scales of nearly constant and of wildly different tensors: what the runtime takes of them."""

from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from export import steps
from export.calibrate import Histogram, choose, observe
from export.flatbuffer import Flatbuffer
from export.from_keras import to_float32
from export.network import Network
from export.parity import snr_db
from export.pipeline import export
from export.quantize import apply, quantize
from export.ranges import Ranges
from export.recipes import RECIPES
from export.runtime import Runtime
from export.steps import strained, usable
from export.trial import EndsTheRuntime, survives
from ghostnet_tf.base.errors import CheckFailed
from ghostnet_tf.data.generated import generated_images
from ghostnet_tf.data.preprocess import IMAGENET

INT8 = RECIPES["static_wi8_ai8"]


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return generated_images(12, (16, 16), seed=1)


def net(build) -> Flatbuffer:
    image = keras.Input((16, 16, 3))
    return to_float32(keras.Model(image, build(image)), 16)


def conv(name: str, factor: float, activation: str | None = None) -> layers.Layer:
    values: Any = factor * np.eye(3).reshape(1, 1, 3, 3)
    kernel: Any = keras.initializers.Constant(values)
    return layers.Conv2D(3, 1, name=name, kernel_initializer=kernel, activation=activation)


STRAINED = {  # what XNNPACK or its stand-in cannot take -> a network that needs it
    "a convolution far above its RELU6": lambda x: conv("out", 1, "relu6")(conv("big", 1e5)(x)),
    "an ADD of what is far larger than the sum": lambda x: layers.Add(name="out")(
        [conv("plus", 1e4)(x), conv("minus", -9999.99)(x)]
    ),
    "an ADD of next to nothing": lambda x: layers.Add(name="out")(
        [conv("small", 1e-6)(x), conv("large", 1)(x)]
    ),
    "a difference": lambda x: layers.Subtract(name="out")(
        [conv("one", 1e4)(x), conv("two", 9999.99)(x)]
    ),
    "a MUL of next to nothing by next to nothing": lambda x: layers.Multiply(name="out")(
        [conv("one", 1e-6)(x), conv("two", 2e-6)(x)]
    ),
}


@pytest.mark.parametrize("kind", STRAINED)
def test_strained_scales_are_eased_until_xnnpack_takes_everything(kind, images):
    float32 = net(STRAINED[kind])
    seen = spans_of(float32, images)
    raw = apply(INT8, float32, {name: usable(span) for name, span in seen.items()}, ())
    assert strained(raw.graph)

    quantized = quantize(float32, "static_wi8_ai8", ranges_of(seen))

    survives(quantized)
    assert not strained(quantized.graph)
    delegation = Runtime(quantized).delegation()
    assert (delegation.partitions, delegation.left_out) == (1, ())


def spans_of(float32: Flatbuffer, images: np.ndarray) -> dict:
    return observe(float32, images).extremes()


def ranges_of(spans: dict) -> Ranges:
    return Ranges("minmax", spans, spans, {}, 12, "")


def test_a_convolution_that_is_eased_still_computes(images):
    """The step of RELU6 grows from 6/255; 6 is still many of them."""
    float32 = net(lambda x: conv("out", 1, "relu6")(conv("big", 3e4)(x)))
    quantized = quantize(float32, "static_wi8_ai8", ranges_of(spans_of(float32, images)))

    assert snr_db(Runtime(float32).run(images), Runtime(quantized).run(images)) > 12


def test_without_easing_the_process_would_end(images):
    """Planted: the ADD's own limits, and a file as it was written before."""
    float32 = net(lambda x: layers.Add(name="out")([conv("a", 1)(x), conv("b", -1)(x)]))
    spans = {**spans_of(float32, images), "out": (-1e-6, 1e-6)}

    with pytest.raises(EndsTheRuntime):
        survives(apply(INT8, float32, {name: usable(span) for name, span in spans.items()}, ()))
    survives(quantize(float32, "static_wi8_ai8", ranges_of(spans)))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    "span", [(0.0, 1e-30), (-1e-12, 1e-10), (3e-11, 3e-11), (-1e-45, 0.0), (0.0, 1e-7)]
)
def test_no_step_is_smaller_than_relu6_can_count(span, bits):
    low, high = usable(span, bits)

    assert (high - low) / steps.LEVELS[bits] >= 0.999 * 2.0**-28
    assert low <= span[0] and high >= span[1] and low <= 0 <= high


@pytest.mark.parametrize("span", [(-1.0, 2.0), (0.0, 6.0), (-1e-3, 0.0)])
def test_an_ordinary_span_stays_as_it_is(span):
    assert usable(span) == span


def test_a_span_gets_zero_and_what_is_always_zero_gets_one():
    assert usable((1.0, 2.0)) == (0.0, 2.0)
    assert usable((-2.0, -1.0)) == (-2.0, 0.0)
    assert usable((0.0, 0.0)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (1.0, np.nextafter(np.float32(1), np.float32(2))),  # there is no room for bins in float32
        (0.001, 0.001 + 1e-9),
        (0.0, 1e-45),
        (-1e30, -1e30 * (1 + 1e-7)),
    ],
)
def test_nearly_constant_values_have_a_histogram(low, high):
    low, high = sorted((float(np.float32(low)), float(np.float32(high))))
    histogram = Histogram(low, high)

    histogram.add(np.array([low, high, low, low], np.float32))

    assert histogram.counts.sum() == 4 and histogram.counts[0] == 3


def fading(stages: int, factor: float) -> keras.Model:
    """Depthwise layers that make everything smaller, down to nothing."""
    x = image = keras.Input((16, 16, 3))
    kernel: Any = keras.initializers.Constant(factor)
    for i in range(stages):
        x = layers.DepthwiseConv2D(
            3, padding="same", depthwise_initializer=kernel, name=f"fade_{i}"
        )(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(5, activation="softmax", name="end")(x), name="fading")


@pytest.mark.parametrize(("stages", "factor"), [(12, 1e-4), (3, 1e-8), (4, 1e-3)])
def test_a_network_that_fades_to_nothing_is_calibrated_and_exported(
    stages, factor, images, tmp_path
):
    model = fading(stages, factor)
    ranges, scores = choose(to_float32(model, 16), images)

    assert len(scores) == 6 and np.isfinite(list(ranges.spans.values())).all()
    (file,) = export(seeded(model), ["static_wi8_ai8"], out=tmp_path).files
    assert file.record.parity_db and file.record.parity_db > 100  # the softmax of nothing: 1/5


def test_what_int8_cannot_follow_is_named(tmp_path):
    faded = fading(12, 1e-4)
    model = keras.Model(faded.inputs, faded.get_layer("fade_11").output, name="faded")

    with pytest.raises(CheckFailed, match=r"nearly constant.*'fade_2' \(.*and 7 more"):
        export(seeded(model), ["static_wi8_ai8"], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def seeded(model: keras.Model) -> Network:
    return Network(
        model=model,
        name=model.name,
        weights="seeded",
        weights_sha256="",
        preprocessing=IMAGENET.at(16),
    )
