"""What a network hears of a recording: a definition, checked against TensorFlow's own."""

from dataclasses import replace

import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import FLOOR, SPEECH_COMMANDS, Hearing
from ghostnet_tf.data.sound import Sound
from tests.ghostnet_tf.data.waves import tone

DIGITS = replace(SPEECH_COMMANDS, rate=8000, length=8000, frame=240, hop=160, coefficients=0)


def test_mlperf_tiny_has_49_frames_of_10():
    assert (SPEECH_COMMANDS.frames, SPEECH_COMMANDS.columns) == (49, 10)
    assert SPEECH_COMMANDS.points == 512 and SPEECH_COMMANDS.piece == 160


@pytest.mark.parametrize("how", [SPEECH_COMMANDS, DIGITS, replace(DIGITS, bands=20, low=300)])
def test_features_are_those_of_tensorflow(how):
    import tensorflow as tf

    samples = np.random.default_rng(0).normal(0, 0.1, (3, how.length))
    spectrum = tf.signal.stft(samples, how.frame, how.hop, how.points)
    mel = tf.signal.linear_to_mel_weight_matrix(
        how.bands, how.points // 2 + 1, how.rate, how.low, how.high, tf.float64
    )
    wanted = tf.math.log(tf.abs(spectrum) ** 2 @ mel + FLOOR)
    if how.coefficients:  # theirs has the first one larger by the root of two
        wanted = tf.signal.mfccs_from_log_mel_spectrograms(wanted)[..., : how.coefficients]
        wanted = wanted / np.sqrt([2] + [1] * (how.coefficients - 1))

    found = how.features(samples)

    assert found.shape == (3, how.frames, how.columns, 1)
    assert np.allclose(found[..., 0], wanted.numpy(), rtol=0, atol=1e-9)


def test_a_higher_tone_lies_in_a_higher_band():
    """Bands in the reverse order would be as good features, and another network's."""
    bands = [
        int(DIGITS.features(tone(1.0, 8000, hertz)[None])[0, 20, :, 0].argmax())
        for hertz in (200, 500, 1000, 2000, 3500)
    ]

    assert bands == sorted(bands) and bands[0] < 8 and bands[-1] > 34


def test_a_frame_is_as_far_as_it_says():
    """A click is heard in the frames that it lies in, and in no other."""
    samples = np.zeros((1, 8000))
    samples[0, 1000] = 1.0

    loud = DIGITS.features(samples)[0, :, :, 0].max(axis=1) > np.log(2 * FLOOR)

    assert np.flatnonzero(loud).tolist() == [5, 6]  # samples 800 to 1,040, and 960 to 1,200


def test_a_recording_is_heard_at_the_networks_rate_and_in_its_window():
    short = Sound(tone(0.5, 16_000).astype(np.float32), 16_000)

    heard = DIGITS.heard(short)

    assert heard.shape == (8000,) and heard.dtype == np.float32
    assert not heard[:1990].any() and not heard[6010:].any() and np.abs(heard).max() > 0.4


@pytest.mark.parametrize(
    ("rate", "seconds", "wanted"),
    [
        (8000, 1.0, (8000, 240, 160, 49)),
        (16_000, 1.5, (24_000, 480, 320, 74)),
        (11_025, 1.0, (11_000, 330, 220, 49)),  # a whole number of pieces
    ],
)
def test_frames_last_as_long_at_any_rate(rate, seconds, wanted):
    how = SPEECH_COMMANDS.at(rate, seconds)

    assert (how.length, how.frame, how.hop, how.frames) == wanted and how.rate == rate
    assert how.columns == 10 and how.seconds == pytest.approx(seconds, abs=0.01)


def test_it_is_kept_as_json():
    assert Hearing.from_dict(DIGITS.to_dict()) == DIGITS


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rate": 7_999}, "rate must be a whole number from 8000 to 48000"),
        ({"rate": True}, "rate must be a whole number"),
        ({"hop": 0}, "hop must be a whole number from 8"),
        ({"bands": 10**9}, "bands must be a whole number from 4 to 256"),
        ({"high": 4_001}, "8000 samples a second carry no 20 to 4001 Hz"),
        ({"low": 4_000}, "carry no 4000 to 4000 Hz"),
        ({"hop": 150}, "8000 samples are no whole number of pieces of 30"),
        ({"frame": 8192, "hop": 8192}, "no whole number of pieces of 8192"),
        ({"coefficients": 41}, "40 bands give no 41 coefficients"),
        ({"bands": 128}, "128 bands are too many for frames of 240 samples"),
    ],
)
def test_what_cannot_be_heard_so_is_refused(wrong, said):
    with pytest.raises(UserError, match=said):
        replace(DIGITS, **wrong)


@pytest.mark.parametrize("fields", [{}, {"rate": "x"}, {**DIGITS.to_dict(), "hop": 1.5}])
def test_json_that_is_none_is_named(fields):
    with pytest.raises(UserError, match="sound"):
        Hearing.from_dict(fields)
