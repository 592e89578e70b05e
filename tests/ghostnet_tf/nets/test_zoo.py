import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.preprocess import CIFAR10, IMAGENET
from ghostnet_tf.nets.counts import parameters
from ghostnet_tf.nets.zoo import KINDS, MOBILENET, MODELS, parse_model


def test_every_shown_name_is_parsed_to_its_entry():
    assert {name: parse_model(name) for name in MODELS} == MODELS
    assert all(entry.name == name for name, entry in MODELS.items())


@pytest.mark.parametrize(
    ("name", "family", "width", "preprocessing"),
    [
        ("ghostnet_075", "ghostnet", 0.75, IMAGENET),
        ("ghostnet_100", "ghostnet", 1.0, IMAGENET),
        ("mobilenetv3_large_035", "mobilenet_v3", 0.35, MOBILENET),
        ("mobilenetv3_large_075_delegable", "mobilenet_v3_delegable", 0.75, MOBILENET),
        ("mobilenetv3_small_130", "mobilenet_v3", 1.3, MOBILENET),
        ("mobilenetv3_small_050_delegable", "mobilenet_v3_delegable", 0.5, MOBILENET),
        ("mobilenetv2_035", "mobilenet_v2", 0.35, MOBILENET),
        ("ghost_resnet50_s4", "resnet", 1.0, IMAGENET),
        ("resnet56", "resnet", 1.0, CIFAR10),
        ("ghost_vgg16_s2_d5", "vgg", 1.0, CIFAR10),
    ],
)
def test_a_name_with_any_width_is_known(name, family, width, preprocessing):
    entry = parse_model(name)

    assert (entry.name, entry.family, entry.width) == (name, family, width)
    assert entry.preprocessing == preprocessing


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("ghostnet", "ghostnet_"),
        ("ghostnet_13", "ghostnet_130"),
        ("ghosnet_100", "ghostnet_100"),
        ("ghostnet_000", "ghostnet_100"),
        ("mobilenet_v3_large_100", "mobilenetv3_large_100"),
        ("mobilenetv2_100_delegable", "_delegable"),
        ("ghostnet_١٠٠", "ghostnet_"),  # digits, but not ours  # noqa: RUF001
        ("resnet18", "resnet50"),
        ("resnet50_s4", "resnet50"),  # a plain network has no s
        ("ghost_vgg16_s1", "ghost_vgg16"),
        ("ghost_resnet50_050", "ghost_resnet50"),
    ],
)
def test_an_unknown_name_is_refused_with_names_that_would_work(name, suggestion):
    with pytest.raises(UserError, match="there is no model") as refused:
        parse_model(name)

    assert repr(name) in str(refused.value) and suggestion in refused.value.fix


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_builds_with_what_was_asked(kind):
    stem = kind.removesuffix("_delegable")
    name = f"{stem}_035{kind.removeprefix(stem)}"

    model = parse_model(name).build(classes=5, dropout=0.4)

    assert model.name == name
    assert model.inputs[0].shape == (None, None, None, 3)
    assert model.outputs[0].shape == (None, 5)
    assert [layer.rate for layer in model.layers if "Dropout" in type(layer).__name__] == [0.4]
    last = model.layers[-1]
    assert getattr(last, "activation", None) is None or last.activation.__name__ == "linear"


@pytest.mark.parametrize(
    ("name", "trainable"),
    [
        ("ghost_resnet50_s4", 8_151_752),
        ("ghost_resnet56", 438_154),
        ("resnet56", 853_018),
        ("ghost_vgg16_s4", 3_983_386),
        ("ghost_vgg16_s2_d7", 7_735_978),
        ("vgg16", 14_987_722),
    ],
)
def test_the_papers_other_networks_have_their_s_and_d_and_their_classes(name, trainable):
    entry = parse_model(name)

    model = entry.build(size=entry.preprocessing.size)

    assert parameters(model)[0] == trainable and model.name == name
    assert model.outputs[0].shape[1] == (1000 if "50" in name else 10)


def test_a_size_can_be_fixed():
    assert parse_model("ghostnet_025").build(size=96).inputs[0].shape == (None, 96, 96, 3)


@pytest.mark.parametrize("name", ["ghostnet_050", "mobilenetv2_100"])
def test_images_too_small_for_the_network_are_refused(name):
    with pytest.raises(UserError, match=f"{name} cannot see anything in 31 pixels") as refused:
        parse_model(name).build(size=31)

    assert "32 pixels or more" in refused.value.fix
