"""What a model's own layers say of its input."""

import keras
import pytest
from keras import layers

from ghostnet_tf.front.keras_graph import normaliser
from ghostnet_tf.nets import zoo


def network(*stack, first=None) -> keras.Model:
    image = keras.Input((8, 8, 3))
    x = first(image) if first else image
    for layer in stack:
        x = layer(x)
    return keras.Model(image, x)


@pytest.mark.parametrize(
    ("first", "is_normalising"),
    [
        (layers.Rescaling(1 / 255), True),
        (layers.Normalization(mean=0.5, variance=0.2), True),
        (lambda image: image / 127.5 - 1, True),
        (lambda image: (image - 127.5) * 0.01, True),
        (lambda image: network(layers.Rescaling(2.0))(image), True),
        (layers.ZeroPadding2D(1), False),
        (layers.BatchNormalization(), False),
        (None, False),
    ],
)
def test_a_layer_that_rescales_the_image_is_seen(first, is_normalising):
    model = network(layers.Conv2D(2, 3), layers.Rescaling(3.0), first=first)

    assert bool(normaliser(model)) == is_normalising


def test_it_is_seen_in_a_sequential_model_and_behind_padding():
    stack = [keras.Input((8, 8, 3)), layers.ZeroPadding2D(1), layers.Rescaling(2.0, name="own")]

    assert normaliser(keras.Sequential(stack)) == "own"


@pytest.mark.parametrize(
    "name", ["ghostnet_025", "mobilenetv3_small_025", "mobilenetv2_035", "ghost_vgg16"]
)
def test_no_network_of_the_zoo_is_suspected(name):
    model = zoo.parse_model(name).build(size=32)

    assert normaliser(model) is None
