"""Networks for keywords and series cost what is published, and run where phones run them."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.from_keras import to_float32
from export.runtime import Runtime
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import SPEECH_COMMANDS
from ghostnet_tf.nets import counts
from ghostnet_tf.nets.bc_resnet import SUB_BANDS, AcrossBands, SubSpectralNorm, bc_resnet_1
from ghostnet_tf.nets.image_model import load_model
from ghostnet_tf.nets.keywords import ds_cnn, ghost_kws
from ghostnet_tf.nets.series import ghost_series

DATA = os.environ.get("GHOSTNET_DATA")
DIGITS = replace(SPEECH_COMMANDS, rate=8000, length=8000, frame=240, hop=160)


def test_ds_cnn_has_the_published_counts():
    model = ds_cnn()

    assert counts.parameters(model) == (23_756, 24_908)  # MLPerf Tiny's model.summary()
    assert counts.macs(model) == 2_656_768  # 2.7 M
    assert model.input_shape == (None, 49, 10, 1) and model.output_shape == (None, 12)


@pytest.mark.parametrize(
    ("width", "trainable", "macs"),
    [(0.5, 4_620, 488_384), (1.0, 13_324, 1_488_768), (1.5, 26_124, 3_001_152)],
)
def test_ghost_kws_costs_about_half_of_ds_cnn(width, trainable, macs):
    model = ghost_kws(width)

    assert (counts.parameters(model)[0], counts.macs(model)) == (trainable, macs)
    assert model.name == f"ghost_kws_{int(100 * width):03d}"


def test_bc_resnet_1_has_the_published_parameters():
    """9.2 k in the paper; its 3.6 M multiply-adds are more than its convolutions have."""
    model = bc_resnet_1()

    assert counts.parameters(model) == (9_232, 11_648)
    assert counts.macs(model) == 2_482_156
    assert model.input_shape == (None, 101, 40, 1) and model.output_shape == (None, 12)


def test_sub_bands_are_normalised_each_for_itself_in_training_and_in_use():
    x = np.random.default_rng(0).normal(2, 3, (3, 4, 10, 6)).astype(np.float32)
    layer = SubSpectralNorm()

    trained = np.asarray(layer(x, training=True)).reshape(3, 4, SUB_BANDS, 2, 6)
    for _ in range(200):
        layer(x, training=True)

    assert np.abs(trained.mean(axis=(0, 1, 3))).max() < 1e-5
    assert np.abs(trained.std(axis=(0, 1, 3)) - 1).max() < 1e-4
    assert np.allclose(layer(x), trained.reshape(x.shape), atol=1e-4)


def test_every_second_band_is_what_the_whole_convolution_gives_there():
    x = np.random.default_rng(0).normal(0, 1, (2, 3, 10, 6)).astype(np.float32)
    whole, halved = AcrossBands(), AcrossBands(halves=True)
    wanted = np.asarray(whole(x))[:, :, ::2]
    halved.build(x.shape)
    halved.set_weights(whole.get_weights())

    assert (
        np.allclose(halved(x), wanted, atol=1e-6) and halved.compute_output_shape(x.shape)[2] == 5
    )


@pytest.mark.parametrize("hearing", [DIGITS, replace(DIGITS, coefficients=0, bands=24)])
def test_bc_resnet_refuses_other_features_than_its_bands(hearing):
    with pytest.raises(UserError, match="hears 40 mel bands of a frame") as refused:
        bc_resnet_1(10, hearing)
    assert "coefficients=0" in refused.value.fix


def test_a_front_end_has_no_weights_and_so_no_parameters():
    plain, hearing = ghost_kws(0.5), ghost_kws(0.5, hearing=DIGITS)

    assert counts.parameters(hearing)[0] == counts.parameters(plain)[0] + 2 * DIGITS.columns
    assert hearing.input_shape == (None, 8000) and hearing.output_shape == (None, 12)


@pytest.mark.parametrize(
    "model",
    [
        lambda: ghost_kws(0.5, 10, replace(DIGITS, coefficients=0, bands=24)),
        lambda: ds_cnn(10, DIGITS),
        lambda: bc_resnet_1(10, replace(DIGITS, coefficients=0)),
        lambda: ghost_series((29, 12), 9),
    ],
    ids=["ghost_kws of mel bands", "ds_cnn", "bc_resnet_1", "ghost_series"],
)
def test_it_is_one_partition_of_what_keras_computes(model, tmp_path):
    model = model()
    given = np.random.default_rng(0).normal(0, 0.3, (4, *model.input_shape[1:])).astype(np.float32)
    rng = np.random.default_rng(1)
    for weight in model.weights:
        if weight.path.endswith(("bias", "beta", "mean")):
            weight.assign(rng.normal(0, 0.3, weight.shape))

    runtime = Runtime(to_float32(model, None))

    wanted, found = model.predict(given, verbose=0), np.asarray(runtime.run(list(given)))
    assert 10 * np.log10((wanted**2).sum() / ((wanted - found) ** 2).sum()) > 100
    assert runtime.delegation().partitions == 1 and not runtime.delegation().left_out
    model.save(tmp_path / "x.keras")
    again = load_model(tmp_path / "x.keras")
    assert np.array_equal(again.predict(given, verbose=0), wanted)


def test_ghost_series_looks_along_time_alone():
    """Every operator is one column wide: no channel of a sensor is a neighbour of another."""
    model = ghost_series((29, 12), 9, width=0.5)

    assert counts.parameters(ghost_series((29, 12), 9))[0] == 10_777
    assert counts.macs(ghost_series((29, 12), 9)) == 160_896
    shapes = [tuple(w.shape) for w in model.weights if len(w.shape) == 4]
    assert {shape[1] for shape in shapes} == {1} and max(shape[0] for shape in shapes) == 7


@pytest.mark.parametrize("shape", [(3, 12), (29, 0)])
def test_a_series_that_is_too_short_is_refused(shape):
    with pytest.raises(UserError, match="is too short") as refused:
        ghost_series(shape, 9)
    assert "of 4 steps or more" in refused.value.fix


def test_one_class_is_refused():
    with pytest.raises(UserError, match="1 classes leave nothing to tell apart"):
        ghost_kws(classes=1)


@pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
@pytest.mark.parametrize(
    ("name", "size", "top1"),
    [("kws_ref_model", 53_936, 0.902), ("kws_ref_model_float32", 43_392, 0.900)],
)
def test_mlperf_tinys_own_files_answer_as_published(name, size, top1):
    folder = Path(DATA or "") / "kws_mfcc"
    stored = np.load(folder / "kws01_mfcc_int8.npz")
    int8 = Runtime((folder / "kws_ref_model.tflite").read_bytes())
    scale, zero_point = int8.input["quantization"]
    features = (stored["features"].astype(np.float32) - zero_point) * np.float32(scale)
    data = (folder / f"{name}.tflite").read_bytes()

    answers = np.asarray(Runtime(data).run(list(features)))

    assert len(data) == size
    assert (answers.argmax(axis=1) == stored["labels"]).mean() == pytest.approx(top1, abs=1e-9)
