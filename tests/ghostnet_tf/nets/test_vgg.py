import keras
import pytest

from ghostnet_tf.nets.counts import macs, parameters
from ghostnet_tf.nets.vgg import VGG16, GhostVGG16

PUBLISHED = [  # s, d, parameters, multiply-adds at 32 px
    (1, 3, 14_987_722, 313_463_808),  # published: 15 M, 313 M
    (2, 1, 7_634_602, 157_003_776),  # 7.6 M, 157 M
    (2, 3, 7_651_498, 158_109_696),  # 7.7 M, 158 M
    (2, 5, 7_685_290, 160_321_536),  # 7.7 M, 160 M
    (2, 7, 7_735_978, 163_639_296),  # 7.7 M, 163 M
    (3, 3, 5_219_500, 107_240_040),  # 5.2 M, 107 M
    (4, 3, 3_983_386, 80_432_640),  # 4.0 M,  80 M
    (5, 3, 3_270_721, 65_665_296),  # 3.3 M,  65 M
]


@pytest.mark.parametrize(("ratio", "cheap_kernel", "trainable", "multiply_adds"), PUBLISHED)
def test_every_s_and_d_costs_what_was_published(ratio, cheap_kernel, trainable, multiply_adds):
    model = GhostVGG16(ratio, cheap_kernel, input_shape=(32, 32, 3))

    assert (parameters(model)[0], macs(model)) == (trainable, multiply_adds)


def test_with_a_plain_stem_the_published_count_does_not_come_out():
    model = GhostVGG16(4, input_shape=(32, 32, 3), ghost_stem=False)

    assert macs(model) == 81_317_376  # published: 80 M, without the decimals


def test_the_plain_twin_has_no_cheap_convolution():
    model = VGG16(input_shape=(32, 32, 3))

    kinds = [type(layer) for layer in model._flatten_layers()]
    assert model.name == "vgg16" and keras.layers.DepthwiseConv2D not in kinds


def test_without_the_top_it_ends_in_a_map():
    model = GhostVGG16(include_top=False, input_shape=(64, 64, 3))

    assert model.output_shape == (None, 2, 2, 512)
