import keras
import numpy as np
import pytest
from keras import layers

from export.parity import snr_db
from ghostnet_tf.nets.counts import leaves
from ghostnet_tf.nets.ghostnet import GhostNet
from ghostnet_tf.nets.resnet import GhostResNet50
from ghostnet_tf.nets.seeded import generated_images, seed


def tiny() -> keras.Model:
    return GhostNet(0.1, classes=10, input_shape=(32, 32, 3))


def values(model, path) -> np.ndarray:
    return next(np.asarray(v.value) for v in model.weights if v.path == path)


@pytest.fixture(scope="module")
def seeded_tiny():
    return seed(tiny())


def test_a_seed_gives_the_same_weights_again(seeded_tiny):
    again = seed(tiny())

    for ours, theirs in zip(seeded_tiny.weights, again.weights, strict=True):
        np.testing.assert_allclose(ours.value, theirs.value, rtol=1e-4, atol=1e-6)


def test_weights_are_those_of_every_process(seeded_tiny):
    pinned = [-0.0646940, -0.0346018, -0.0064569]
    np.testing.assert_allclose(values(seeded_tiny, "classifier/kernel")[:3, 0], pinned, atol=1e-7)


def test_another_seed_gives_other_weights(seeded_tiny):
    other = seed(tiny(), seed=1)

    assert not any(
        np.allclose(a.value, b.value)
        for a, b in zip(seeded_tiny.weights, other.weights, strict=True)
    )


def test_activations_are_of_order_one_at_any_depth(small_ghostnet, images):
    blocks = [small_ghostnet.get_layer(f"block_{i:02d}").output for i in range(16)]

    maps = keras.Model(small_ghostnet.input, blocks)(images)

    for i, block in enumerate(maps):
        assert 0.1 < np.std(block) < 10, f"block_{i:02d}"


@pytest.mark.parametrize("network", ["small_ghostnet", "stock_v3"])
def test_logits_are_not_degenerate(network, images, request):
    logits = np.asarray(request.getfixturevalue(network)(images))

    assert np.isfinite(logits).all()
    assert 0.1 < logits.std() < 10
    assert logits.std(0).mean() > 0.05  # they tell images apart, and not only classes


def test_statistics_are_those_of_images_and_momenta_stay(small_ghostnet):
    norms = [n for n in leaves(small_ghostnet) if isinstance(n, layers.BatchNormalization)]

    assert len(norms) == 80
    for norm in norms:
        assert norm.momentum == 0.9
        variance = np.asarray(norm.moving_variance.value)
        assert (variance > 0).all() and not np.allclose(variance, 1), norm.path
        assert not np.allclose(norm.moving_mean, 0), norm.path


def test_a_deep_residual_network_does_not_amplify_the_last_bit_of_its_input():
    network = seed(GhostResNet50(input_shape=(32, 32, 3)))
    images = generated_images(8, (32, 32), seed=1)
    nearly = images * (1 + np.random.default_rng(0).uniform(-6e-8, 6e-8, images.shape))

    logits = network.predict(images, verbose=0)

    assert snr_db(logits, network.predict(nearly.astype(np.float32), verbose=0)) > 100


def test_a_variable_without_a_rule_is_refused_by_name():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, layers.PReLU(name="act")(inputs))

    with pytest.raises(ValueError, match="no rule for a seeded value of act/alpha"):
        seed(model)


@pytest.mark.parametrize("size", [(32, 32), (33, 70)])
def test_generated_images_are_reproducible_and_all_different(size):
    images = generated_images(3, size, seed=4)

    assert images.shape == (3, *size, 3) and images.dtype == np.float32
    np.testing.assert_array_equal(images, generated_images(3, size, seed=4))
    assert np.abs(images[0] - images[1]).mean() > 0.1
    assert 0.3 < images.std() < 3
