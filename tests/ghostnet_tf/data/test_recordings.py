"""Recordings in folders and zips, labelled by their folders or by their names."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import SPEECH_COMMANDS
from ghostnet_tf.data.recordings import Recordings
from tests.ghostnet_tf.data.waves import tone, wav

DATA = os.environ.get("GHOSTNET_DATA")
SOUND = wav(tone(0.1))


def folder_of(path: Path, names, data: bytes = SOUND) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def zip_of(path: Path, names, data: bytes = SOUND) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, data)
    return path


BOTH = pytest.mark.parametrize("kind", [folder_of, zip_of])


@BOTH
def test_class_folders_label_recordings(kind, tmp_path):
    names = ("yes/b.WAV", "no/1.wav", "yes/a.wave", "no/notes.txt", ".git/x.wav")

    found = Recordings.open(kind(tmp_path / "p", names))

    assert found.names == ["no/1.wav", "yes/a.wave", "yes/b.WAV"] and found.classes == ("no", "yes")
    assert found.label_of is not None and found.label_of.tolist() == [0, 1, 1]
    assert found.read(0).seconds == 0.1
    assert found.subset(np.array([0, 2])).label_of.tolist() == [0, 1]


FSDD = ("7_theo_3.wav", "0_george_12.wav", "7_lucas_0.wav")


@BOTH
@pytest.mark.parametrize("folder", ["", "recordings/", "a/b/recordings/"])
def test_names_of_fsdd_label_recordings(kind, folder, tmp_path):
    found = Recordings.open(kind(tmp_path / "p", [folder + name for name in FSDD]))

    assert found.classes == ("0", "7") and found.label_of.tolist() == [0, 1, 1]
    assert found.named("speaker") == ["george", "lucas", "theo"]
    assert found.named("index") == ["12", "0", "3"]


@BOTH
def test_one_other_name_among_fsdds_and_no_name_labels(kind, tmp_path):
    found = Recordings.open(kind(tmp_path / "p", [*FSDD, "noise.wav"]))

    assert found.classes == () and found.label_of is None
    assert found.named("speaker") == ["george", "lucas", "theo", ""]


@BOTH
def test_background_noise_is_no_class(kind, tmp_path):
    found = Recordings.open(kind(tmp_path / "p", ["no/1.wav", "_background_noise_/pink.wav"]))

    assert found.classes == ("no",) and found.names == ["no/1.wav"]
    assert [noise.seconds for noise in found.noise()] == [0.1]


def test_noise_alone_is_no_recording(tmp_path):
    with pytest.raises(UserError, match="holds noise, and no sounds beside it"):
        Recordings.open(folder_of(tmp_path / "p", ["_background_noise_/pink.wav"]))


def test_long_noise_is_read_and_a_bad_one_is_skipped(tmp_path):
    place = folder_of(tmp_path / "p", ["no/1.wav"])
    long = wav(np.zeros(0), 8000, 8, said=95 * 8000) + b"\x80" * 95 * 8000
    folder_of(place, ["_background_noise_/long.wav"], long)
    folder_of(place, ["_background_noise_/cut.wav"], SOUND[:50])
    found = Recordings.open(place)

    assert [noise.seconds for noise in found.noise()] == [95]
    assert [one.why[:37] for one in found.skipped] == ["sound '_background_noise_/cut.wav' is"]


@BOTH
def test_a_bad_recording_is_skipped_counted_and_named(kind, tmp_path, capsys):
    found = Recordings.open(kind(tmp_path / "p", ["a/1.wav", "a/2.wav", "b/3.wav"]))
    found.source.read, read = (
        (lambda name, what: SOUND[:50] if name == "a/2.wav" else read(name, what)),
        found.source.read,
    )

    assert [i for i, _ in found.each(range(3))] == [0, 2]

    said = capsys.readouterr().err
    assert "skipped: sound 'a/2.wav' is cut off: 6 of 3,200 bytes" in said
    assert "skipped 1 of 3 sounds that cannot be read" in said and len(found.skipped) == 1


def test_more_than_half_bad_is_an_error(tmp_path):
    place = folder_of(tmp_path / "p", ["a/1.wav"])
    folder_of(place, ["a/2.wav", "a/3.wav"], b"")

    with pytest.raises(UserError, match="2 of 3 sounds cannot be used"):
        [*Recordings.open(place).each(range(3))]


def test_what_nothing_reads_is_named(tmp_path, capsys):
    place = folder_of(tmp_path / "p", ["a/1.wav", "a/2.mp3", "a/3.aiff"])

    found = Recordings.open(place)

    assert found.names == ["a/1.wav"] and len(found.skipped) == 2
    assert "'a/2.mp3' is compressed in a way that is not read: save it as WAV" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["readme.txt"], "holds no sounds"),
        (["a.jpg"], "holds no sounds"),
        (["a/1.wav", "stray.wav"], "outside the class folders, such as"),
        (["a/1.wav", "b/notes.txt"], "class folder 'b' .* holds no sounds"),
    ],
)
def test_a_place_that_leaves_a_doubt_is_refused(names, said, tmp_path):
    with pytest.raises(UserError, match=said) as refused:
        _ = Recordings.open(folder_of(tmp_path / "p", names)).label_of
    assert refused.value.fix


SPLIT = [f"{word}_{who}_{i}.wav" for word in "ab" for who in ("anna", "ben") for i in range(3, 7)]


@pytest.mark.parametrize("folder", [False, True])
def test_numbers_0_to_4_are_the_test(folder, tmp_path):
    names = [f"{name[0]}/{name}" if folder else name for name in SPLIT]
    found = Recordings.open(folder_of(tmp_path / "p", names))

    assert [int(n) < 5 for n in found.named("index")] == found.tested().tolist()
    assert found.split(None).names == found.split("test").names
    assert {*found.split(None).named("index")} == {"3", "4"} and len(found.split("all")) == 16
    assert {*found.split("ben").named("speaker")} == {"ben"} and len(found.split("ben")) == 8
    assert found.tested("ben").tolist() == [
        who == "ben" or int(n) < 5
        for who, n in zip(found.named("speaker"), found.named("index"), strict=True)
    ]
    with pytest.raises(UserError, match="no split 'tset'") as refused:
        found.split("tset")
    assert "try test" in refused.value.fix
    with pytest.raises(UserError, match="no speaker 'bob'"):
        found.tested("bob")


@pytest.mark.parametrize(
    "names",
    [
        ["yes/0a7c_nohash_0.wav", "no/0b7c_nohash_5.wav", "no/0b7c_nohash_0.wav"],  # no words
        ["a_anna_0.wav", "a_anna_9.wav", "b_anna_0.wav"],  # nothing of b would be left to learn
        ["a/1.wav", "a/9.wav", "b/3.wav"],
    ],
    ids=["Speech Commands", "a class of tests alone", "other names"],
)
def test_other_names_split_nothing(names, tmp_path):
    found = Recordings.open(folder_of(tmp_path / "p", names))

    assert not found.tested().any() and found.split(None) is found
    with pytest.raises(UserError, match="no split 'test'"):
        found.split("test")


@pytest.mark.parametrize(
    ("sounds", "usual"),
    [
        ([(8000, 0.4), (8000, 0.5), (48_000, 0.4)], (8000, 1.0)),
        ([(44_100, 0.4)] * 3, (16_000, 1.0)),  # no more than words need
        ([(16_000, 1.3)] * 3, (16_000, 1.5)),
        ([(16_000, 9.0)] * 3, (16_000, 5.0)),
    ],
)
def test_most_decide_about_rate_and_length(sounds, usual, tmp_path):
    for i, (rate, seconds) in enumerate(sounds):
        folder_of(tmp_path / "p", [f"a/{i}.wav"], wav(tone(seconds, rate), rate))
    folder_of(tmp_path / "p", ["a/bad.wav"], b"")

    assert Recordings.open(tmp_path / "p").usual() == usual


@pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
def test_fsdd_is_read_as_it_comes():
    found = Recordings.open(Path(DATA or "") / "fsdd" / "fsdd.zip")

    assert len(found) == 3000 and found.classes == tuple("0123456789")
    assert np.bincount(found.label_of).tolist() == [300] * 10
    assert len({*found.named("speaker")}) == 6
    assert sum(int(index) < 5 for index in found.named("index")) == 300
    assert {found.read(i).rate for i in range(0, 3000, 100)} == {8000}


def test_recordings_are_heard_with_their_classes(tmp_path):
    place = folder_of(tmp_path / "p", ["a/1.wav", "b/2.wav"])
    folder_of(place, ["a/0.wav"], SOUND[:50])
    found = Recordings.open(place)

    spoken = found.heard(SPEECH_COMMANDS)

    assert spoken.samples.shape == (2, 16_000) and spoken.labels.tolist() == [0, 1]
    assert spoken.classes == ("a", "b") and len(found.skipped) == 1


def test_a_class_of_which_nothing_can_be_read_is_named(tmp_path):
    place = folder_of(tmp_path / "p", ["a/1.wav", "a/2.wav"])
    folder_of(place, ["b/1.wav"], b"")

    with pytest.raises(UserError, match="class 'b' has no sound that can be read"):
        Recordings.open(place).heard(SPEECH_COMMANDS)


def test_recordings_without_classes_are_refused(tmp_path):
    place = folder_of(tmp_path / "p", ["1.wav", "2.wav"])

    with pytest.raises(UserError, match="says of no sound what it is") as refused:
        Recordings.open(place).heard(SPEECH_COMMANDS)
    assert "CLASS_SPEAKER_NUMBER.wav" in refused.value.fix
