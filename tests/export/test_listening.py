"""Sounds as a network that hears takes them, and who takes them not."""

from types import SimpleNamespace

import numpy as np
import pytest

from export.listening import as_labelled_samples, as_samples, true_words, window_of
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.given import opened_at
from ghostnet_tf.data.hearing import SPEECH_COMMANDS
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.photos import Photos
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.data.samples import TRUE_CLASS, Samples
from tests.ghostnet_tf.data.waves import tone, wav

EIGHT = SPEECH_COMMANDS.at(8000, 1.0)
LABELS = Labels(("no", "unknown"), ("no", "unknown"))


@pytest.fixture
def sounds(tmp_path):
    """Ten of each of two words, each of its own loudness; those numbered 0 to 4 are the test."""
    for word in ("go", "no"):
        for i in range(10):
            samples = (i + 1) / 10 * tone(1, 8000)
            (tmp_path / f"{word}_anna_{i}.wav").write_bytes(wav(samples, 8000))
    return opened_at(tmp_path)


def numbers(samples):
    return [round(20 * float(np.abs(row).max())) - 1 for row in samples.arrays["samples"]]


def test_what_is_kept_for_a_test_is_not_calibrated_on(sounds):
    found = as_samples(sounds, EIGHT, "x", 100)

    assert isinstance(found, Samples) and numbers(found) == [5, 6, 7, 8, 9] * 2
    assert len(as_samples(sounds, EIGHT, "x", 4)) == 4


def test_it_alone_is_scored_and_other_words_are_unknown(sounds):
    found = as_labelled_samples(sounds, EIGHT, LABELS, "x")

    assert isinstance(found, Samples) and numbers(found) == [0, 1, 2, 3, 4] * 2
    assert found.arrays[TRUE_CLASS].tolist() == [1] * 5 + [0] * 5
    with pytest.raises(UserError, match="x does not know 1 of the 2 classes, first 'go'"):
        true_words(sounds, Labels(("no", "yes"), ("no", "yes")), "x")


def test_who_takes_no_sounds_says_so(sounds):
    with pytest.raises(UserError, match="x takes no window of sound"):
        as_samples(sounds, None, "x", 4)
    with pytest.raises(UserError, match="x hears, and sees no photos"):
        as_samples(Photos.__new__(Photos), EIGHT, "x", 4)


def test_a_file_that_hears_hop_by_hop_takes_no_window():
    sound = EIGHT.to_dict()

    assert window_of(SimpleNamespace(sound=sound)) == EIGHT  # type: ignore
    assert window_of(SimpleNamespace(sound={**sound, "streaming": {"hop": 160}})) is None  # type: ignore
    assert window_of(SimpleNamespace(sound=None)) is window_of(None) is None  # type: ignore


def test_most_of_a_place_say_what_it_is(sounds, tmp_path):
    assert isinstance(sounds, Recordings)
    (tmp_path / "p").mkdir()
    for name in ("a.png", "b.png", "c.wav"):
        (tmp_path / "p" / name).write_bytes(b"")
    assert isinstance(opened_at(tmp_path / "p"), Photos)
