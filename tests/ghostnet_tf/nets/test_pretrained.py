"""What weights decide of a network, decided in one place, and remembered by the model."""

import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import safetensors.numpy

from ghostnet_tf import weights as weights_room
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256
from ghostnet_tf.data import labels
from ghostnet_tf.data.preprocess import IMAGENET
from ghostnet_tf.nets.ghostnet import GhostNet
from ghostnet_tf.nets.image_model import REGISTERED, info_of, load_model
from ghostnet_tf.nets.pretrained import pretrained
from ghostnet_tf.weights import checkpoint
from tests.published_files import file_of

ROOT = Path(__file__).resolve().parents[3]
# Keras 3.15 saves TensorFlow's variables in a way that NumPy 2.4 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def bundled():
    return pretrained()


def own_checkpoint(folder: Path, classes=("cat", "dog"), width=0.1) -> Path:
    """A run's best weights: those of a fresh GhostNet."""
    model = GhostNet(width, classes=len(classes))
    info = checkpoint.CheckpointInfo("ghostnet_010", classes, IMAGENET.at(48))
    tensors = {v.path: keras.ops.convert_to_numpy(v) for v in model.weights}
    path = folder / "runs" / "mine" / "best.safetensors"
    checkpoint.save(path, tensors, info.to_dict())
    return path


def test_the_bundled_weights_decide_everything(bundled):
    path = weights_room.BUNDLED / "ghostnet_050_tinyimagenet.safetensors"

    assert (bundled.name, bundled.weights, bundled.path) == ("ghostnet_050", "tinyimagenet", path)
    assert bundled.sha256 == sha256(path.read_bytes())
    assert bundled.labels == labels.labels("tinyimagenet")
    assert bundled.preprocessing.size == 96 and bundled.is_as_bundled
    assert bundled.model.output_shape == (None, 200) and bundled.pad_mode == "symmetric"
    assert not pretrained(size=64).is_as_bundled


def test_a_run_says_which_network_it_is_of_and_whose_it_is(tmp_path):
    made = pretrained(weights=str(own_checkpoint(tmp_path)))

    assert (made.name, made.weights) == ("ghostnet_010", "mine")
    assert made.labels and made.labels.ids == ("cat", "dog")
    assert made.preprocessing == IMAGENET.at(48) and not made.is_as_bundled


def test_a_file_is_read_once_and_a_header_without_its_tensors(tmp_path, monkeypatch):
    path, read = own_checkpoint(tmp_path), []
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: read.append(self) or real(self))
    size = path.stat().st_size

    with path.open("r+b") as file:  # what lies behind the header is of no concern to it
        file.truncate(size - 1000)
    assert checkpoint.read_header(path)["model"] == "ghostnet_010"
    assert not read
    path = own_checkpoint(tmp_path)
    pretrained(weights=str(path))

    assert read == [path]


@pytest.mark.parametrize("number", [10, 1000])
def test_other_classes_than_the_weights_have_are_answered_with_theirs(number):
    with pytest.raises(UserError, match=f"for 200 classes, not for {number}") as error:
        pretrained(classes=number)
    assert "classes=200" in error.value.fix

    with pytest.raises(UserError, match=f"for 200 classes, not for {number}"):
        GhostNet(0.5, weights="tinyimagenet", classes=number)


def test_a_new_head_has_classes_of_its_own_over_the_same_network(bundled):
    made = pretrained(classes=3, new_head=True)

    assert made.model.output_shape == (None, 3) and made.labels is None
    kernel = [m.get_layer("last").conv.kernel for m in (made.model, bundled.model)]
    assert np.array_equal(*map(np.asarray, kernel))
    abc = labels.Labels.of_folders(("a", "b", "c"))
    assert pretrained(classes=3, labels=abc, new_head=True).labels == abc


def test_without_its_top_a_network_takes_the_same_weights(bundled):
    made = pretrained(include_top=False, pooling="avg")
    x = np.random.default_rng(0).normal(size=(2, 96, 96, 3)).astype(np.float32)

    assert made.labels is None and made.model.output_shape == (None, 480)
    pool = keras.Model(bundled.model.input, bundled.model.get_layer("pool").output)
    expected = np.asarray(pool(x)).reshape(2, 480)
    np.testing.assert_allclose(made.model(x), expected, rtol=0, atol=1e-5)


def test_other_peoples_files_bring_their_padding_and_their_classes(tmp_path):
    path = tmp_path / "theirs.safetensors"
    path.write_bytes(safetensors.numpy.save(file_of("tensorflow", "ghostnet_050")))

    made = pretrained("ghostnet_050", str(path))

    assert made.pad_mode == "same" and made.model.get_layer("stem").pad is None
    assert made.source == "dialect C (official TensorFlow)" and made.weights == "theirs"
    assert made.labels == labels.labels("imagenet")


def test_classes_that_no_table_names_are_refused_until_they_are_named(tmp_path):
    tensors = file_of("official", "ghostnet_050")
    tensors |= {
        f"classifier.{leaf}": tensors[f"classifier.{leaf}"][:7] for leaf in ("weight", "bias")
    }
    path = tmp_path / "seven.safetensors"
    path.write_bytes(safetensors.numpy.save(tensors))

    with pytest.raises(UserError, match="1000 labels cannot name the 7 classes"):
        pretrained("ghostnet_050", str(path))
    seven = labels.Labels.of_folders(tuple("abcdefg"))
    assert pretrained("ghostnet_050", str(path), labels=seven).labels == seven


def test_random_values_have_a_name_and_no_file():
    fresh, seeded = (
        pretrained("ghostnet_010", None, classes=5),
        pretrained("ghostnet_010", "seeded"),
    )

    assert (fresh.weights, fresh.sha256, fresh.path, fresh.labels) == ("random", "", None, None)
    assert fresh.model.output_shape == (None, 5)
    assert seeded.weights == "seeded" and seeded.labels == labels.labels("imagenet")


def test_the_weights_of_another_network_are_refused(tmp_path):
    with pytest.raises(UserError, match="holds weights of ghostnet_010, not of ghostnet_050") as e:
        pretrained("ghostnet_050", str(own_checkpoint(tmp_path)))
    assert "ghostnet_010" in e.value.fix


def test_the_short_way_decides_the_same(bundled):
    model = GhostNet(0.5, weights="tinyimagenet", name="mine")

    assert model.name == "mine" and info_of(model) == info_of(bundled.model)
    assert model.ghostnet_info and model.ghostnet_info.labels == bundled.labels


LOADS = """
import sys
import numpy as np
{imports}
loaded = load_model(sys.argv[1])
info = loaded.ghostnet_info
print(info.name, info.preprocessing.size, info.labels.names[0], info.weights)
print(info.has_weights_of(loaded), float(np.asarray(loaded(np.ones((1, 96, 96, 3))))[0, 0]))
"""


@pytest.mark.parametrize(
    "imports",
    [
        "from ghostnet_tf.nets.image_model import load_model",
        "import ghostnet_tf.nets.ghostnet; from keras.models import load_model",
    ],
    ids=["ours", "keras"],
)
def test_what_keras_saves_remembers_it_in_another_process(imports, bundled, tmp_path):
    bundled.model.save(tmp_path / "x.keras")

    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", LOADS.replace("{imports}", imports), tmp_path / "x.keras"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )

    assert done.returncode == 0, done.stderr
    said, values = done.stdout.splitlines()
    assert said == "ghostnet_050 96 goldfish, Carassius auratus tinyimagenet"
    same, logit = values.split()
    expected = float(np.asarray(bundled.model(np.ones((1, 96, 96, 3))))[0, 0])
    assert same == "True" and float(logit) == pytest.approx(expected, abs=1e-5)


def test_a_keras_file_says_as_weights_what_its_model_remembers(bundled, tmp_path):
    bundled.model.save(tmp_path / "mine.keras")

    found = pretrained(weights=str(tmp_path / "mine.keras"))

    assert (found.name, found.weights, found.source) == ("ghostnet_050", "mine", "")
    assert found.preprocessing == bundled.preprocessing and found.labels == bundled.labels
    for ours, theirs in zip(found.model.weights, bundled.model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_arrays_that_say_nothing_of_photos_are_taken_with_a_note(bundled, tmp_path):
    bundled.model.save_weights(tmp_path / "mine.weights.h5")

    found = pretrained("ghostnet_050", str(tmp_path / "mine.weights.h5"), labels="tinyimagenet")

    assert found.preprocessing.size == 224
    assert "do not say how a photo is prepared" in found.source and "224 px" in found.source


def test_labels_of_the_user_name_the_classes_or_are_refused(tmp_path):
    path = own_checkpoint(tmp_path)

    named = pretrained(weights=str(path), labels=labels.Labels.of_folders(("Katze", "Hund")))

    assert named.labels is not None and named.labels.names == ("Katze", "Hund")
    assert named.unheard is not None and named.unheard.names == ("cat", "dog")
    assert pretrained(weights=str(path)).unheard is None
    own = labels.Labels.of_folders(("cat", "dog"))
    assert pretrained(weights=str(path), labels=own).unheard is None  # the same once more
    with pytest.raises(UserError, match="1000 labels cannot name the 2 classes"):
        pretrained(weights=str(path), labels="imagenet")


def test_what_was_frozen_is_frozen_when_it_is_loaded(tmp_path):
    backbone = GhostNet(0.1, include_top=False, pooling="avg")
    backbone.trainable = False
    image = keras.Input((64, 64, 3))
    model = keras.Model(image, keras.layers.Dense(2)(backbone(image)))
    model.save(tmp_path / "x.keras")

    loaded = load_model(tmp_path / "x.keras")

    assert len(model.trainable_variables) == len(loaded.trainable_variables) == 2


def test_trained_further_the_weights_are_no_longer_the_files():
    made = pretrained()
    info = info_of(made.model)
    assert info and info.has_weights_of(made.model)

    made.model.get_layer("classifier").bias.assign_add(np.full(200, 1e-3))

    assert not info.has_weights_of(made.model)


def test_a_network_of_ones_own_sees_photos_as_its_backbone_does(bundled):
    image = keras.Input((96, 96, 3))
    own = keras.Model(image, keras.layers.Dense(2)(bundled.model(image)))
    info = info_of(own)

    assert info and info.preprocessing == bundled.preprocessing
    assert info.labels is None and not info.weights
    assert info_of(keras.Model(image, keras.layers.Flatten()(image))) is None


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "there is no file"), (b"PK", "the Keras (file|model) .* cannot be read")],
)
def test_what_is_no_model_is_refused_by_name(content, said, tmp_path):
    if content:
        (tmp_path / "x.keras").write_bytes(content)

    with pytest.raises(UserError, match=said):
        load_model(tmp_path / "x.keras")


def test_every_registered_layer_is_known_to_load_model():
    """A new module with layers of its own must be named there."""
    wrong = [
        file.stem
        for file in (ROOT / "ghostnet_tf/nets").glob("*.py")
        if re.search(r"^@(register|keras\.saving\.register)", file.read_text(), re.MULTILINE)
        if file.stem not in (*REGISTERED, "image_model")
    ]

    assert not wrong
