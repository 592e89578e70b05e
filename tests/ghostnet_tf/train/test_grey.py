"""Training of networks that see photos in grey."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny import COLOURS, arguments

import ghostnet_tf as gn
from export import to_tflite
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import load
from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.front.keras_export import is_as_bundled
from ghostnet_tf.nets.pretrained import pretrained
from ghostnet_tf.train.command import main
from ghostnet_tf.weights import checkpoint
from tests import counts

FAMILIES = ["ghostnet_010", "mobilenetv3_small_035", "mobilenetv2_035", "ghost_resnet56",
            "ghost_vgg16", "ghostnetv2_010", "repghostnet_010"]  # fmt: skip
BUILT = FAMILIES if counts.ALL else FAMILIES[:2]


@pytest.fixture
def tf_settings_kept():
    import keras

    yield
    keras.mixed_precision.set_global_policy("float32")


@pytest.mark.usefixtures("tf_settings_kept")
def test_a_grey_network_is_trained_exported_and_names_colour_and_grey_photos_alike(
    unbroken, photos, tmp_path, capsys
):
    """The four colours of the photos differ in their luma, too."""
    best = str(unbroken / "best.safetensors")
    own = ["--weights", best, "--channels", "1", "--json"]

    assert main(arguments(photos, tmp_path / "run", "epochs=2", args=own)) == 0

    assert "tiny_100 for photos in grey into" in capsys.readouterr().err
    written = tmp_path / "run" / "best.safetensors"
    values, header = checkpoint.read(written)
    assert values["stem/conv/kernel"].shape == (3, 3, 1, 8)
    assert header["preprocessing"]["channels"] == 1
    line = ["--weights", str(written), "--recipe", "float32", "int8", "--photos", str(photos)]
    assert to_tflite.main([*line, "--out", str(tmp_path)]) == 0

    for recipe in ("float32", "static_wi8_ai8"):
        file = tmp_path / f"tiny_100_run_32_{recipe}.tflite"
        record = load(file)[1]
        assert record.preprocessing == IMAGENET.in_grey().at(32).to_dict()
        assert record.inputs[0].shape == (1, 32, 32, 1)
        model, right = gn.TFLiteModel(file), 0
        for colour in COLOURS:
            photo = photos / colour / "03.png"
            with Image.open(photo) as opened:
                opened.convert("L").save(tmp_path / "grey.png")
            answers = model.predict([photo, tmp_path / "grey.png"], top=4)
            assert answers[0] == answers[1]
            right += answers[0][0][0] == colour
        assert right >= 3


@pytest.mark.parametrize("name", BUILT)
def test_every_network_is_there_for_grey_photos(name):
    made = pretrained(name, None, classes=3, size=32, channels=1)

    assert made.preprocessing.channels == 1 and made.model.input_shape[-1] == 1
    assert np.asarray(made.model(np.zeros((1, 32, 32, 1), np.float32))).shape == (1, 3)


def test_weights_for_colours_become_weights_for_grey(unbroken):
    """A grey photo gives what the same photo gave in RGB, where the normalisation is one."""
    best = str(unbroken / "best.safetensors")
    pixels = np.random.default_rng(0).normal(size=(2, 32, 32, 1)).astype(np.float32)

    grey = pretrained("tiny_100", best, channels=1)
    colour = pretrained("tiny_100", best)

    expected = np.asarray(colour.model(np.repeat(pixels, 3, axis=-1)))
    assert np.asarray(grey.model(pixels)) == pytest.approx(expected, abs=1e-4)
    assert np.ptp(expected) > 0.1
    assert grey.preprocessing == colour.preprocessing.in_grey()


def test_bundled_weights_in_grey_are_not_the_bundled_ones():
    """An export of them would else be of the network for colours, under its name."""
    made = pretrained("ghostnet_050", "tinyimagenet", channels=1)

    info = made.model.ghostnet_info
    assert info is not None and made.weights == info.weights == "tinyimagenet_grey"
    assert not made.is_as_bundled and not is_as_bundled(made.model, info)
    assert info.preprocessing.channels == 1 and made.labels is not None


def test_weights_for_grey_photos_do_not_see_colours(unbroken, tmp_path):
    values, header = checkpoint.read(unbroken / "best.safetensors")
    how = IMAGENET.in_grey().at(32).to_dict()
    values["stem/conv/kernel"] = values["stem/conv/kernel"].sum(axis=2, keepdims=True)
    checkpoint.save(tmp_path / "grey.safetensors", values, {**header, "preprocessing": how})

    assert pretrained(None, str(tmp_path / "grey.safetensors")).preprocessing.channels == 1
    with pytest.raises(UserError, match="holds weights for grey photos") as refused:
        pretrained(None, str(tmp_path / "grey.safetensors"), channels=3)
    assert refused.value.fix.typed.startswith("leave --channels out")


@pytest.mark.parametrize("channels", [0, 2, 4, "grey"])
def test_photos_have_one_channel_or_three(channels, photos: Path, tmp_path):
    with pytest.raises(UserError, match=r"photos have no .* channels"):
        gn.fine_tune(photos, "tiny_100", None, out=tmp_path, channels=channels)
