"""Blocks by the names of their layers."""

from ghostnet_tf.base.blocks import block_names, has_blocks


def test_keras_own_mobilenets_have_blocks_too():
    names = ["conv_bn", "expanded_conv_project_bn", "expanded_conv_11_expand_bn", "Mul_7",
             "expanded_conv_11_add", "conv_1_bn"]  # fmt: skip

    assert block_names(names) == [
        "conv_bn", "expanded_conv", "expanded_conv_11", "expanded_conv_11", "expanded_conv_11",
        "conv_1_bn",
    ]  # fmt: skip


def test_names_of_other_converters_say_nothing_of_blocks():
    assert has_blocks(["stem", "block_00/ghost1/concat"])
    assert not has_blocks(["image", "model/re_lu_3/Relu;model/conv", "tfl.add_2"])
