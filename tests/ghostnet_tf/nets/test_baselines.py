import keras
import numpy as np
import pytest
from calibrated import measure

from export.from_keras import to_float32
from export.quantize import quantize
from export.runtime import Runtime
from ghostnet_tf.nets.baselines import delegable_hard_swish, mobilenet_v2, mobilenet_v3
from ghostnet_tf.nets.counts import macs, parameters
from ghostnet_tf.nets.seeded import generated_images


def out(model, x) -> np.ndarray:
    return np.asarray(model(x))


def snr_db(reference: np.ndarray, other: np.ndarray) -> float:
    error = np.mean((reference - other) ** 2)
    return float(10 * np.log10(np.mean(reference**2) / error)) if error else np.inf


def delegation(file: bytes):
    return Runtime(file).delegation()


@pytest.mark.parametrize(
    ("build", "trainable", "multiply_adds"),
    [
        (lambda: mobilenet_v3("large", size=224), 5_483_032, 216_589_760),
        (lambda: mobilenet_v3("large", 0.75, size=224, delegable=True), 3_993_528, 154_560_624),
        (lambda: mobilenet_v3("small", size=224), 2_542_856, 56_510_400),
        (lambda: mobilenet_v2(size=224), 3_504_872, 300_774_272),
    ],
    ids=["large 1.0", "large 0.75 delegable", "small 1.0", "v2 1.0"],
)
def test_a_baseline_costs_what_was_published(build, trainable, multiply_adds):
    model = build()

    assert parameters(model)[0] == trainable
    assert macs(model) == multiply_adds


@pytest.mark.parametrize("size", [64, 65])
def test_v3_of_open_size_is_keras_applications_at_any_size(stock_v3, size):
    ours = mobilenet_v3("small", 0.35, 10)
    theirs = keras.applications.MobileNetV3Small(
        (size, size, 3),
        0.35,
        weights=None,
        classes=10,
        classifier_activation=None,
        include_preprocessing=False,
    )
    for model in (ours, theirs):
        model.set_weights(stock_v3.get_weights())
    x = generated_images(4, (size, size), seed=2)

    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    assert snr_db(out(theirs, x), out(ours, x)) >= 100


def test_v2_of_open_size_is_keras_applications_at_odd_sizes_too():
    ours = mobilenet_v2(0.35, 10)
    theirs = keras.applications.MobileNetV2(
        (65, 65, 3), 0.35, weights=None, classes=10, classifier_activation=None
    )
    ours.set_weights(theirs.get_weights())
    x = generated_images(4, (65, 65))

    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    np.testing.assert_allclose(out(ours, x), out(theirs, x), rtol=1e-3, atol=1e-7)
    assert ours.get_layer("dropout").rate == 0.2


def test_names_do_not_depend_on_what_the_process_built_before(stock_v3):
    again = mobilenet_v3("small", 0.35, 10, size=64)

    assert [layer.name for layer in again.layers] == [layer.name for layer in stock_v3.layers]


def test_the_delegable_hard_swish_is_hard_swish():
    x = np.linspace(-8, 8, 1001, dtype=np.float32)

    np.testing.assert_allclose(
        delegable_hard_swish(x), keras.ops.hard_swish(x), rtol=1e-5, atol=1e-6
    )


def test_the_delegable_network_is_the_stock_one(stock_v3, delegable_v3, images):
    assert [(v.path, v.shape) for v in delegable_v3.weights] == [
        (v.path, v.shape) for v in stock_v3.weights
    ]
    assert snr_db(out(stock_v3, images), out(delegable_v3, images)) >= 110


def test_the_comparison_would_see_another_gate(stock_v3, delegable_v3, images, monkeypatch):
    swishes = [
        layer
        for layer in delegable_v3.layers
        if getattr(layer, "activation", None) is delegable_hard_swish
    ]
    assert len(swishes) > 10
    monkeypatch.setitem(vars(swishes[-1]), "activation", keras.activations.silu)

    assert snr_db(out(stock_v3, images), out(delegable_v3, images)) < 60


@pytest.mark.parametrize(("network", "is_whole"), [("stock_v3", False), ("delegable_v3", True)])
def test_int8_is_one_partition_only_where_the_network_is_delegable(
    network, is_whole, images, request
):
    float32 = to_float32(request.getfixturevalue(network), 64)

    int8 = delegation(quantize(float32, "static_wi8_ai8", measure(float32, images, "minmax")))

    assert delegation(float32).partitions == 1
    assert (int8.partitions == 1 and not int8.left_out) is is_whole
    assert is_whole or any(op.startswith("HARD_SWISH") for op in int8.left_out)


def test_a_delegable_network_comes_back_from_a_file(delegable_v3, images, tmp_path):
    delegable_v3.save(tmp_path / "v3.keras")

    again = keras.models.load_model(tmp_path / "v3.keras")

    np.testing.assert_array_equal(out(again, images), out(delegable_v3, images))
