"""What a run of a keyword spotter learns from, and what it hears of it."""

from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import SPEECH_COMMANDS
from ghostnet_tf.nets import zoo
from ghostnet_tf.tasks.keywords.keyword_task import TASK
from ghostnet_tf.tasks.keywords.words import Words
from ghostnet_tf.tasks.task import task
from ghostnet_tf.train.loop import settled
from ghostnet_tf.train.schedule import SCHEDULES
from ghostnet_tf.weights import checkpoint
from tests.ghostnet_tf.data.waves import tone, wav

HOW = SCHEDULES["keywords"]
EIGHT = SPEECH_COMMANDS.at(8000, 1.0)
PLAIN = replace(HOW, shift=0.0, gain=(0.0, 0.0), noise=0.0)


@pytest.fixture
def folder(tmp_path):
    """Eight sounds of each of three words, and a hum."""
    for word in ("go", "no", "yes"):
        (tmp_path / "p" / word).mkdir(parents=True)
        for i in range(8):
            name = f"{word}_{('anna', 'ben')[i % 2]}_{i}.wav"
            (tmp_path / "p" / word / name).write_bytes(wav(tone(0.2, 8000, 300 + i), 8000))
    (tmp_path / "p/_background_noise_").mkdir()
    hum = wav(tone(2, 8000, 50), 8000)
    (tmp_path / "p/_background_noise_/hum.wav").write_bytes(hum)
    return tmp_path / "p"


def test_it_has_its_name_network_and_schedule():
    assert task("keywords") is TASK and zoo.parse_model(TASK.model).task == TASK.name
    assert SCHEDULES[TASK.schedule] is HOW


def test_the_data_decide_what_nobody_has(folder):
    words = TASK.open(folder, HOW)
    asked = replace(HOW, rate=16_000)

    assert (settled(HOW, TASK.settings(words)).rate, words.seconds) == (8000, 1.0)
    assert settled(asked, TASK.settings(TASK.open(folder, asked))).rate == 16_000


def test_words_that_are_not_asked_for_become_unknown(folder):
    words = Words.open(folder, replace(HOW, unknown=("go", "yes")))

    assert words.classes == ("no", "unknown")
    assert words.label_of.tolist() == [1] * 8 + [0] * 8 + [1] * 8
    with pytest.raises(UserError, match="no class 'stop'"):
        Words.open(folder, replace(HOW, unknown=("stop",)))
    with pytest.raises(UserError, match="no class is left"):
        Words.open(folder, replace(HOW, unknown=("go", "no", "yes")))


def test_silence_is_a_class_of_what_was_recorded_of_it(folder):
    words = Words.open(folder, replace(HOW, silence=0.5))

    assert words.classes == ("go", "no", "yes", "silence")
    assert words.label_of.tolist()[24:] == [3] * 4 and len(words.names) == len(words) == 28
    heard = [words.read(i) for i in range(24, 28)]
    assert all(
        np.array_equal(one.samples, words.read(24 + i).samples) for i, one in enumerate(heard)
    )
    assert len({words.digest(i) for i in range(24, 28)}) == 4
    for one in heard:  # a hum: nothing is above it
        spectrum = np.abs(np.fft.rfft(one.samples))
        assert spectrum.argmax() * one.rate / len(one.samples) == pytest.approx(50, abs=1)
        assert 0 < np.abs(one.samples).max() < 0.1


def test_one_word_and_silence_are_enough(tmp_path):
    (tmp_path / "hey").mkdir()
    (tmp_path / "hey/1.wav").write_bytes(wav(tone(0.2)))

    assert Words.open(tmp_path, replace(HOW, silence=1.0)).classes == ("hey", "silence")
    with pytest.raises(UserError, match="has one class") as refused:
        Words.open(tmp_path, HOW)
    assert "--set silence=1" in refused.value.fix.typed


def split(folder, how, count=3):
    words = Words.open(folder, how)
    read = Namespace(names=words.names, labels=words.label_of)
    train, held_out = TASK.split(words, read, count, how, False)  # type: ignore
    return words, train, held_out


@pytest.mark.parametrize("way", ["by_class", "random"])
def test_what_is_kept_for_a_test_is_on_neither_side(way, folder, capsys):
    words, train, held_out = split(folder, replace(HOW, hold_out=way))

    numbers = [words.names[i].split("_")[-1] for i in [*train, *held_out]]
    assert sorted(numbers) == sorted(["5.wav", "6.wav", "7.wav"] * 3)
    assert len(held_out) == 3 and {*train} & {*held_out} == set()
    assert "15 sounds are kept for a test" in capsys.readouterr().err


def test_a_speaker_is_kept_for_a_test(folder, capsys):
    words, train, held_out = split(folder, replace(HOW, speaker="ben", silence=1.0), 4)

    heard = [words.names[i] for i in [*train, *held_out]]
    assert {name.split("_")[1] for name in heard if "_" in name} == {"anna"}
    assert sum(name.startswith("silence ") for name in heard) == 8
    assert "and all of ben," in capsys.readouterr().err


def learning(how, source=None):
    info = checkpoint.CheckpointInfo("ghost_kws_100", ("a", "b"), sound=EIGHT)
    return TASK.learning(info, how, np.array([0, 0, 0, 1]), source)


def test_a_plain_schedule_hears_recordings_as_they_are():
    sounds = [np.float32(tone(1, 8000, hertz)) for hertz in (200, 300)]

    heard, targets = learning(PLAIN).batch(sounds, np.array([1, 0]), None, dice())

    assert np.array_equal(heard, np.stack(sounds)) and targets.tolist() == [[0, 1], [1, 0]]
    assert np.array_equal(learning(HOW).seen(sounds), np.stack(sounds))


def dice():
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("name", "value"), [("shift", 0.1), ("gain", (-12.0, 8.0)), ("noise", 1.0), ("mixup", 1.0)]
)
def test_every_setting_of_sound_changes_what_is_heard(name, value):
    sounds = [np.float32(tone(1, 8000, hertz)) for hertz in (200, 300)]
    how = learning(replace(PLAIN, **{name: value}))

    heard, _ = how.batch(sounds, np.array([1, 0]), None, dice())

    assert heard.shape == (2, 8000) and not np.array_equal(heard, np.stack(sounds))
    again, _ = how.batch(sounds, np.array([1, 0]), None, dice())
    assert np.array_equal(heard, again)


def test_recorded_noise_is_put_behind_words(folder):
    how = learning(replace(PLAIN, noise=1.0), Words.open(folder, HOW))

    heard, _ = how.batch([np.zeros(8000, np.float32)], np.array([0]), None, dice())

    assert np.abs(np.fft.rfft(heard[0])).argmax() == 50


def test_rare_words_count_more_where_asked():
    assert learning(HOW).weights(np.eye(2)) is None
    weights = learning(replace(HOW, class_weights=True)).weights(np.eye(2, dtype=np.float32))
    assert weights is not None and weights.tolist() == pytest.approx([2 / 3, 2])


def test_a_network_hears_as_the_schedule_or_its_weights_have_it(capsys):
    how = replace(HOW, rate=16_000, seconds=1.5, spec_augment=(3, 1))

    made, _ = TASK.network("bc_resnet_1", None, ("a", "b"), how)
    other, what = TASK.network("ghost_kws_100", "digits", ("a", "b"), how)

    assert made.model.input_shape == (None, 24_000) and made.sound.columns == 40
    masks = made.model.get_layer("spec_augment")
    assert (masks.frames, masks.columns) == (3, 1)
    assert other.sound == EIGHT and what == "a new classifier"
    assert other.model.output_shape == (None, 2)
    with pytest.raises(UserError, match="ghostnet_050 hears nothing") as refused:
        TASK.network("ghostnet_050", None, ("a", "b"), how)
    assert refused.value.fix.typed == "--model ghost_kws_100"


@pytest.mark.parametrize("suffix", ["_det", "_seg"])
def test_nothing_that_sees_stands_on_what_hears(suffix):
    with pytest.raises(UserError, match="ghost_kws_100 hears, and sees no photos"):
        zoo.parse_model(f"ghost_kws_100{suffix}")


def test_a_checkpoint_is_of_photos_or_of_sounds():
    info = checkpoint.CheckpointInfo("ghost_kws_100", ("a", "b"), sound=EIGHT)

    assert checkpoint.CheckpointInfo.from_dict(info.to_dict()) == info
    with pytest.raises(UserError, match="hears, and sees no photos"):
        _ = info.sight
    with pytest.raises(UserError, match="of preprocessing and sound it needs one"):
        checkpoint.CheckpointInfo("x", ("a", "b"))
