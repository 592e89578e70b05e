"""A real checkpoint of Ghost-ResNet-56, where the development data is at hand."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.preprocess import CIFAR10
from ghostnet_tf.nets.counts import macs, parameters
from ghostnet_tf.weights.ghost_resnet56 import place, read
from tests.ghost_resnet56 import trained
from tests.planted import changed

DATA = os.environ.get("GHOSTNET_DATA")
FOLDER = Path(DATA or "") / "ghost_resnet56_cifar10"
CHECKPOINT = FOLDER / "ghost_resnet56_cifar10.npz"
with_data = pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
EQUAL = {"rtol": 0, "atol": 5e-5}  # float32 in another order of summation


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return trained(CHECKPOINT)


@pytest.fixture(scope="module")
def golden():
    with np.load(FOLDER / "golden_100.npz") as arrays:
        return dict(arrays)


@with_data
def test_the_logits_are_those_of_the_authors_network(model, golden):
    logits = model.predict_on_batch(CIFAR10.normalise(golden["images_uint8"]))

    np.testing.assert_allclose(logits, golden["logits"], **EQUAL)
    assert (logits.argmax(1) == golden["labels"]).mean() == 0.89


@with_data
def test_stem_and_first_block_agree_on_the_way(model, golden):
    first = [model.get_layer(name).output for name in ("stem", "stage_1_block_0")]

    maps = keras.Model(model.input, first)(CIFAR10.normalise(golden["images_uint8"][:4]))

    theirs = golden["ghost_conv1_out_first4_nchw"], golden["layer1_0_out_first4_nchw"]
    for ours, their in zip(maps, theirs, strict=True):
        np.testing.assert_allclose(ours, their.transpose(0, 2, 3, 1), **EQUAL)


@with_data
def test_the_logits_would_see_a_missing_relu_of_the_stem(model, golden):
    with changed([model.get_layer("stem_act")], activation=keras.activations.linear):
        logits = np.asarray(model(CIFAR10.normalise(golden["images_uint8"][:20])))

    assert np.abs(logits - golden["logits"][:20]).max() > 0.01


@with_data
def test_the_network_has_the_published_numbers_of_parameters_and_multiply_adds(model):
    assert parameters(model) == (442_074, 442_074 + 8_128)
    assert macs(model) == 65_139_328  # published: 65.14 M


@with_data
def test_every_tensor_of_the_checkpoint_has_one_place(model):
    places = [place(name) for name in read(CHECKPOINT, CHECKPOINT.read_bytes())]

    assert len(places) == 772 and sorted(places) == sorted(v.path for v in model.weights)


@pytest.fixture
def npz(tmp_path):
    def write(checkpoint):
        np.savez(tmp_path / "changed.npz", **checkpoint)
        return tmp_path / "changed.npz"

    return write


@with_data
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.pop("bn1.bias"), "lacks 1 tensors, the first is 'stem_norm/beta'"),
        (lambda c: c.update(new=c["bn1.bias"]), "1 tensors have no place .* 'new'"),
        (lambda c: c.update({"linear.weight": c["linear.weight"].T}), "'classifier/kernel' has"),
    ],
    ids=["missing", "extra", "transposed"],
)
def test_a_changed_checkpoint_is_refused_with_the_tensor_named(npz, change, message):
    checkpoint = read(CHECKPOINT, CHECKPOINT.read_bytes())
    change(checkpoint)

    with pytest.raises(UserError, match=message):
        trained(npz(checkpoint))


@pytest.mark.parametrize(
    "content", [b"", b"no zip", np.array([object()])], ids=["", "text", "pickle"]
)
def test_what_is_no_npz_is_refused(tmp_path, npz, content):
    path = tmp_path / "changed.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.savez(path, content)

    with pytest.raises(UserError, match=r"the .npz file '.*changed.npz'.* cannot be read"):
        read(path, path.read_bytes())


def test_a_checkpoint_that_is_not_there_is_named():
    with pytest.raises(UserError, match=r"there are no weights 'none.npz' for ghost_resnet56"):
        trained(Path("none.npz"))
