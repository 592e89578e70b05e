"""Words that were learned, exported, and heard out of a WAV: the whole way, at small size."""

import json
import shutil

import keras
import numpy as np
import pytest

import ghostnet_tf as gn
from export import predict, verify
from export.hearer import open_hearer
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.data.sound_augment import SoundAugment, Spoken
from ghostnet_tf.nets.keywords import ghost_kws
from ghostnet_tf.train.spotting import Lessons, learn_words
from tests.ghostnet_tf.data.waves import wav

SMALL = Hearing(
    rate=8000, length=4000, frame=240, hop=160, bands=32, low=60, high=3800, coefficients=10
)
WORDS = {"high": (1900, 2600), "low": (250, 500), "wide": (300, 2300)}  # hertz of two tones
RATES = (8000, 16_000, 48_000)
PLAIN, INT8 = "float32", "static_wi8_ai8"


def word(name: str, seed: int, rate: int = 8000) -> np.ndarray:
    """(n,) float64: two tones that come and go, for about 0.3 s, none like another."""
    rng = np.random.default_rng(seed)
    n = round(rng.uniform(0.2, 0.35) * rate)
    at = np.arange(n) / rate
    tones = [np.sin(2 * np.pi * f * rng.uniform(0.93, 1.07) * at) for f in WORDS[name]]
    return 0.2 * np.hanning(n) * sum(tones) + rng.normal(0, 1e-3, n)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """(folder of the files, folder of recordings that nobody trained on)."""
    root = tmp_path_factory.mktemp("words")
    for part, seeds in (("train", range(15)), ("new", range(100, 104))):
        for name in WORDS:
            (root / part / name).mkdir(parents=True)
            for seed in seeds:
                rate = RATES[seed % len(RATES)]
                data = wav(word(name, seed, rate), rate)
                (root / part / name / f"{seed}.wav").write_bytes(data)
    train = Recordings.open(root / "train").heard(SMALL)
    keras.utils.set_random_seed(0)
    model = ghost_kws(0.5, len(WORDS), SMALL)
    lessons = Lessons(epochs=10, batch=16, learning_rate=5e-3, augment=SoundAugment(shift_s=0.05))
    held_out = Spoken(train.samples[::4], train.labels[::4], train.classes)
    history = learn_words(model, train, held_out, SMALL, lessons)
    assert max(row["held_out_accuracy"] for row in history) == 1
    files = gn.export(
        model, root / "build", [PLAIN, INT8], {"samples": train.samples[::3]}, labels=train.classes
    )
    return {name: file for name, file in zip((PLAIN, INT8), files, strict=True)}, root


@pytest.fixture(params=[PLAIN, INT8])
def file(request, exported):
    return exported[0][request.param]


def test_its_record_says_what_it_hears(exported):
    files, _ = exported
    for recipe, path in files.items():
        record = json.loads(path.with_suffix(".json").read_text())

        assert path.name == f"ghost_kws_050_own_{recipe}.tflite"
        assert record["task"] == "keywords" and record["preprocessing"] is None
        assert Hearing.from_dict(record["sound"]) == SMALL
        assert record["labels"] == [*WORDS]
        if recipe == PLAIN:
            assert record["partitions"] == 1 and record["kept_float"] is None
            assert record["parity_db"] > 100
        else:
            kept = record["kept_float"]["layers"]
            assert kept and all(name.split("/")[0] == "front_end" for name in kept)
            assert record["parity_db"] > 20


def test_verify_passes_it(file, capsys):
    assert verify.main([str(file)]) in (0, None)


def test_words_are_heard_in_recordings_that_nobody_trained_on(file, exported, capsys):
    place = exported[1] / "new"

    assert predict.main([str(file), str(place), "--json"]) == 0

    found = json.loads(capsys.readouterr().out)["sounds"]
    assert len(found) == 12
    right = [one["sound"].split("/")[-2] == one["top"][0]["name"] for one in found]
    assert sum(right) >= 11


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("stereo", [False, True])
def test_a_word_is_the_same_at_any_rate_in_mono_and_stereo(rate, stereo, exported, tmp_path):
    """Stereo that is read as mono would last twice as long, an octave lower."""
    hearer = open_hearer(exported[0][PLAIN])
    for name in WORDS:
        samples = word(name, 7, rate)
        both = np.stack([samples, samples], axis=1) if stereo else samples
        (tmp_path / f"{name}.wav").write_bytes(wav(both, rate))

    found = Recordings.open(tmp_path)
    heard = np.stack([hearer.hearing.heard(found.read(i)) for i in range(len(found))])

    assert hearer.by_class(heard).argmax(axis=1).tolist() == [0, 1, 2]


def test_a_bad_recording_is_named_and_the_others_are_answered(file, exported, tmp_path, capsys):
    good = shutil.copy(exported[1] / "new/low/100.wav", tmp_path / "good.wav")
    (tmp_path / "cut.wav").write_bytes(wav(word("low", 1))[:100])
    (tmp_path / "empty.wav").write_bytes(b"")

    assert predict.main([str(file), str(tmp_path / "cut.wav"), str(good)]) == 1

    said = capsys.readouterr()
    assert said.out.startswith(f"{good}\n") and "low" in said.out.splitlines()[1]
    assert "cut.wav' is cut off" in said.err and "skipped 1 of 2 sounds" in said.err
    with pytest.raises(UserError, match="the sound cannot be read"):
        predict.main([str(file), str(tmp_path / "empty.wav")])
    with pytest.raises(UserError, match="none of the 2 sounds can be read"):
        predict.main([str(file), *(str(tmp_path / f"{n}.wav") for n in ("empty", "cut"))])


def test_a_clipped_recording_is_answered_and_said(file, tmp_path, capsys):
    (tmp_path / "loud.wav").write_bytes(wav(np.clip(20 * word("high", 3), -1, 1), 8000))

    assert predict.main([str(file), str(tmp_path / "loud.wav")]) == 0

    said = capsys.readouterr()
    assert "high" in said.out.splitlines()[1]
    assert "loud.wav' is clipped:" in said.err and "% of its samples are at full" in said.err


def test_a_record_of_another_length_is_refused(exported, tmp_path):
    path = shutil.copy(exported[0][PLAIN], tmp_path / "x.tflite")
    record = json.loads(exported[0][PLAIN].with_suffix(".json").read_text())
    record["sound"]["length"] = 8000
    path.with_suffix(".json").write_text(json.dumps(record))

    with pytest.raises(UserError, match=r"takes \(1, 4000\); its record says \(1, 8000\)"):
        open_hearer(path)


def test_without_its_record_it_hears_nothing(exported, tmp_path):
    path = shutil.copy(exported[0][PLAIN], tmp_path / "x.tflite")

    with pytest.raises(UserError, match="takes no sound, as far as is known") as refused:
        open_hearer(path)
    assert "copy the .json" in refused.value.fix
