from collections import Counter

import keras
import pytest
from keras import layers

from ghostnet_tf.nets.counts import depthwise_macs, learned, leaves, macs, parameters
from ghostnet_tf.nets.ghostnet import GhostNet
from ghostnet_tf.nets.layers import GhostModule


@pytest.mark.parametrize(
    ("width", "trainable", "total", "multiply_adds", "depthwise"),
    [
        (0.5, 2_587_292, 2_598_276, 42_328_152, 8_836_856),  # published: 2.6 M,  42 M
        (1.0, 5_182_508, 5_204_476, 141_150_512, 17_673_712),  # published: 5.2 M, 141 M
        (1.3, 7_358_820, 7_387_356, 227_003_256, 22_951_992),  # published: 7.3 M, 226 M
    ],
)
def test_ghostnet_costs_what_was_published(width, trainable, total, multiply_adds, depthwise):
    model = GhostNet(width, input_shape=(224, 224, 3))

    assert parameters(model) == (trainable, total) and learned(model) == trainable
    assert (macs(model), depthwise_macs(model)) == (multiply_adds, depthwise)


@pytest.mark.parametrize("frozen", ["nothing", "backbone", "before it was built", "everything"])
def test_frozen_parameters_are_learned_ones_and_statistics_are_not(frozen):
    norm = layers.BatchNormalization(trainable=frozen != "before it was built")
    backbone = keras.Sequential([layers.Conv2D(5, 3), norm])
    model = keras.Sequential([keras.Input((8, 8, 3)), backbone, layers.Flatten(), layers.Dense(2)])
    backbone.trainable = frozen in ("nothing", "before it was built") and backbone.trainable
    if frozen == "before it was built":
        norm.trainable = False
    model.trainable = frozen != "everything" and model.trainable

    conv, of_norm, dense = 5 * 27 + 5, 2 * 5, 2 * 5 * 36 + 2
    assert learned(model) == conv + of_norm + dense
    trainable = {
        "nothing": conv + of_norm + dense,
        "backbone": dense,
        "before it was built": conv + dense,
        "everything": 0,
    }
    assert parameters(model) == (trainable[frozen], conv + 2 * of_norm + dense)


def test_a_layer_in_two_places_is_learned_once():
    shared, image = layers.Dense(3), keras.Input((4,))
    model = keras.Model(image, layers.Add()([shared(image), shared(image)]))

    assert learned(model) == 15


def test_ghostnet_has_the_authors_number_of_layers_of_every_kind(small_ghostnet):
    kinds = Counter()
    for leaf in leaves(small_ghostnet):
        # Most derived first: a depthwise convolution is no Conv2D in Keras.
        for kind in (layers.Conv2D, layers.DepthwiseConv2D, layers.Concatenate, layers.Add):
            kinds[kind.__name__] += isinstance(leaf, kind)
        kinds["gate"] += leaf.name == "expand"
        kinds["norm"] += isinstance(leaf, layers.BatchNormalization)

    # 54 in the authors' count are 39 in blocks, stem and last, 14 in the gates, and the head
    assert kinds == {
        "Conv2D": 54,
        "DepthwiseConv2D": 41,
        "Concatenate": 32,
        "Add": 16,
        "gate": 7,
        "norm": 80,
    }


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(5, 3, 2, "same"), 5 * 4 * 5 * 27),  # 9 x 8 -> 5 x 4
        (layers.Conv2D(6, 3, groups=3), 7 * 6 * 6 * 9),
        (layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2), 9 * 8 * 6 * 9),
        (layers.Dense(4), 9 * 8 * 3 * 4),  # once at every position
        (GhostModule(7), 9 * 8 * (3 * 4 + 4 * 9)),  # nested layers
        (layers.BatchNormalization(), 0),
        (layers.AveragePooling2D(2), 0),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_multiply_adds_are_those_counted_by_hand(layer, expected):
    inputs = keras.Input((9, 8, 3))

    assert macs(keras.Model(inputs, layer(inputs))) == expected


def test_a_network_of_open_size_is_refused(small_ghostnet):
    with pytest.raises(ValueError, match=r"image size of conv is open: build .* fixed input_shape"):
        macs(small_ghostnet)


def test_a_layer_that_would_be_miscounted_is_refused_by_name():
    inputs = keras.Input((8, 8, 3))
    model = keras.Model(inputs, layers.Conv2DTranspose(4, 3, name="up")(inputs))

    with pytest.raises(ValueError, match="multiply-adds of up, Conv2DTranspose"):
        macs(model)


def test_frozen_layers_are_not_trainable_but_counted():
    layer = layers.Dense(4)
    layer.build((None, 3))
    layer.trainable = False

    assert parameters(layer) == (0, 16)
