"""The front end inside of a network gives what its definition gives."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from export.from_keras import to_float32
from export.runtime import Runtime
from ghostnet_tf.data.hearing import SPEECH_COMMANDS, Hearing
from ghostnet_tf.nets.front_end import FrontEnd, SpecAugment
from ghostnet_tf.nets.image_model import load_model

DIGITS = replace(SPEECH_COMMANDS, rate=8000, length=8000, frame=240, hop=160, coefficients=0)
OVERLAPPING = replace(DIGITS, frame=256, hop=64, length=4096, bands=24, low=100, coefficients=12)
BUILT_IN = {"RESHAPE", "CONV_2D", "MUL", "ADD", "LOG"}
LEAST_DB = 100.0


def heard(how: Hearing) -> np.ndarray:
    """(6, length) float32: something voiced, noise, a click, near silence, silence, full scale."""
    rng, at = np.random.default_rng(1), np.arange(how.length) / how.rate
    glide = np.cumsum(120 + 40 * np.sin(3 * at)) / how.rate  # of a pitch, in turns
    voiced = sum(np.sin(2 * np.pi * k * glide) / k for k in range(1, 20)) * np.hanning(len(at)) / 4
    click = np.zeros(how.length)
    click[how.length // 3] = 1
    noise = rng.normal(0, 0.1, how.length)
    return np.float32([voiced, noise, click, noise / 1000, 0 * noise, np.sign(voiced)])


def graph_of(how: Hearing) -> keras.Model:
    given = keras.Input((how.length,), name="samples")
    return keras.Model(given, FrontEnd(**how.to_dict(), name="front_end")(given), name="ears")


def db(reference: np.ndarray, found: np.ndarray) -> float:
    """Of the worst of the recordings."""
    error = (reference - found.reshape(reference.shape)) ** 2
    each = (reference**2).sum(axis=(1, 2, 3)) / error.sum(axis=(1, 2, 3)).clip(1e-300)
    return float(10 * np.log10(each.min()))


@pytest.mark.parametrize("how", [SPEECH_COMMANDS, DIGITS, OVERLAPPING], ids=["mlperf", "fsdd", "x"])
def test_the_file_gives_what_the_definition_gives_in_one_partition(how):
    file = to_float32(graph_of(how), None)
    runtime = Runtime(file)

    assert db(how.features(heard(how)), np.asarray(runtime.run(list(heard(how))))) >= LEAST_DB
    delegation = runtime.delegation()
    assert delegation.partitions == 1 and not delegation.left_out
    assert {*file.graph.counts()} <= BUILT_IN


def late(self):
    return np.roll(np.hanning(self.frame + 1)[:-1], 1)


def symmetric(self):
    return np.hanning(self.frame)


def reversed_bands(self):
    return right_filters(self)[:, ::-1]


def no_floor_of_power(self):
    return np.sqrt(right_filters(self))


right_filters = Hearing.filters
PLANTED = {
    "window off by one": ("window", late),
    "window that is symmetric, not periodic": ("window", symmetric),
    "mel order reversed": ("filters", reversed_bands),
    "triangles under a root": ("filters", no_floor_of_power),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_the_gate_catches(bug, monkeypatch):
    reference = DIGITS.features(heard(DIGITS))
    monkeypatch.setattr(Hearing, *PLANTED[bug])

    wrong = np.asarray(graph_of(DIGITS)(heard(DIGITS)))

    assert db(reference, wrong) < LEAST_DB - 20


def test_it_is_saved_without_weights_and_loaded_again(tmp_path):
    model = graph_of(DIGITS)
    assert not model.weights

    model.save(tmp_path / "ears.keras")

    again = load_model(tmp_path / "ears.keras")
    assert np.array_equal(again(heard(DIGITS)), model(heard(DIGITS)))


def test_masks_are_for_training_alone():
    masks, x = SpecAugment(8, 2), np.ones((64, 49, 10, 1), np.float32)

    assert np.array_equal(masks(x), x) and np.array_equal(masks(x, training=False), x)

    seen = np.asarray(masks(x, training=True))[..., 0]
    silent_frames = (seen == 0).all(axis=2).sum(axis=1)
    silent_columns = (seen == 0).all(axis=1).sum(axis=1)
    assert silent_frames.min() == 0 and silent_frames.max() == 8
    assert silent_columns.min() == 0 and silent_columns.max() == 2
    rows, columns = (seen == 0).all(axis=2), (seen == 0).all(axis=1)
    assert np.array_equal(seen == 0, rows[:, :, None] | columns[:, None, :])  # and nothing else
