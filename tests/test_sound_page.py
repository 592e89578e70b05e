"""docs/sound.md from its first block to its last, on made-up words, and what comes of it."""

import contextlib
import io
import json
import re
import shutil
import zipfile

import numpy as np
import pytest

import ghostnet_tf as gn
from export import predict, verify
from export.hearer import open_hearer
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.data.sound import SUFFIXES
from tests.ghostnet_tf.data.waves import wav
from tests.pasted import ROOT

PAGE = (ROOT / "docs/sound.md").read_text()
EPOCHS = "epochs=26"  # as it was measured; here fewer
WORDS = {"0": (1900, 2600), "1": (250, 500), "2": (300, 2300)}  # hertz of two tones
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
def page(tmp_path_factory):
    """(the folder where the page's blocks have run, on a small FSDD; what they printed)."""
    folder = tmp_path_factory.mktemp("listener")
    with zipfile.ZipFile(folder / "fsdd.zip", "w") as archive:
        for name in WORDS:
            for i in range(46):
                rate = RATES[i % len(RATES)]
                archive.writestr(f"{name}_anna_{i}.wav", wav(word(name, i, rate), rate))
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    code = "\n".join(blocks)
    assert len(blocks) == 3 and EPOCHS in code
    code = code.replace(EPOCHS, "epochs=6, batch=16, learning_rate=5e-3")

    printed = io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(printed):
        exec(code, {})  # noqa: S102
    return folder, printed.getvalue().splitlines()


@pytest.fixture(params=[PLAIN, INT8])
def file(request, page):
    return page[0] / f"build/digits_own_{request.param}.tflite"


def test_both_files_know_words_that_they_never_heard(page):
    for recipe, line in zip((PLAIN, INT8), page[1], strict=True):
        said = re.fullmatch(rf"digits_own_{recipe}.tflite: (\d+) of 15 recordings .*", line)
        assert said and int(said[1]) >= 14


def test_the_command_on_the_page_answers_a_wav(page, capsys):
    (page[0] / "7_jackson_0.wav").write_bytes(wav(word("2", 99), 8000))
    (command,) = re.findall(r"^\$ \./ghostnet predict (.*)$", PAGE, re.MULTILINE)

    with contextlib.chdir(page[0]):
        assert predict.main(command.split()) == 0

    path, answer = capsys.readouterr().out.splitlines()
    assert path == "7_jackson_0.wav" and re.fullmatch(r" +[\d.]+%  2", answer)


def test_a_record_says_what_is_heard_and_what_stays_in_float32(file):
    record = json.loads(file.with_suffix(".json").read_text())

    assert record["task"] == "keywords" and record["preprocessing"] is None
    assert Hearing.from_dict(record["sound"]) == open_hearer(file).hearing
    assert record["labels"] == [*WORDS]
    if record["recipe"] == PLAIN:
        assert record["partitions"] == 1 and record["kept_float"] is None
        assert record["parity_db"] > 100
    else:
        kept = record["kept_float"]["layers"]
        assert kept and all(name.split("/")[0] == "front_end" for name in kept)
        assert record["parity_db"] > 20
    assert verify.main([str(file)]) in (0, None)


@pytest.mark.parametrize("rate", [8000, 44_100, 48_000])
@pytest.mark.parametrize("stereo", [False, True])
def test_a_word_is_the_same_at_any_rate_in_mono_and_stereo(rate, stereo, page, tmp_path):
    """Stereo that is read as mono would last twice as long, an octave lower."""
    hearer = open_hearer(page[0] / f"build/digits_own_{PLAIN}.tflite")
    for name in WORDS:
        samples = word(name, 77, rate)
        both = np.stack([samples, samples], axis=1) if stereo else samples
        (tmp_path / f"{name}.wav").write_bytes(wav(both, rate))

    found = Recordings.open(tmp_path)
    heard = np.stack([hearer.hearing.heard(found.read(i)) for i in range(len(found))])

    assert hearer.by_class(heard).argmax(axis=1).tolist() == [0, 1, 2]


def test_a_folder_is_answered_and_a_bad_recording_in_it_named(file, tmp_path, capsys):
    (tmp_path / "a").mkdir()
    for name in WORDS:
        (tmp_path / "a" / f"{name}.wav").write_bytes(wav(word(name, 78), 8000))
    (tmp_path / "a" / "cut.wav").write_bytes(wav(word("1", 1))[:100])

    assert predict.main([str(file), str(tmp_path / "a"), "--json", "--top", "1"]) == 1

    found = json.loads(capsys.readouterr().out)
    assert [one["top"][0]["name"] for one in found["sounds"]] == [*WORDS]
    assert found["skipped"] == 1 and "cut.wav' is cut off" in found["unreadable"][0]


def test_where_nothing_can_be_heard_nothing_is_said(page, tmp_path, capsys):
    file = str(page[0] / f"build/digits_own_{INT8}.tflite")
    paths = [str(tmp_path / f"{name}.wav") for name in ("empty", "gone")]
    (tmp_path / "empty.wav").write_bytes(b"")

    with pytest.raises(UserError, match="the sound cannot be read"):
        predict.main([file, paths[0]])
    with pytest.raises(UserError, match="none of the 2 sounds can be read"):
        predict.main([file, *paths])
    assert "empty.wav' is empty: 0 bytes" in capsys.readouterr().err


def test_a_clipped_recording_is_answered_and_said(file, tmp_path, capsys):
    (tmp_path / "loud.wav").write_bytes(wav(np.clip(20 * word("0", 3), -1, 1), 8000))

    assert predict.main([str(file), str(tmp_path / "loud.wav")]) == 0

    said = capsys.readouterr()
    assert said.out.splitlines()[1].endswith("%  0")
    assert "loud.wav' is clipped:" in said.err and "% of its samples are at full" in said.err


def test_python_hears_as_the_command_does(file, tmp_path):
    model = gn.TFLiteModel(file)
    paths = [tmp_path / f"{name}.wav" for name in WORDS]
    for path in paths:
        path.write_bytes(wav(word(path.stem, 79), 8000))

    answers = model.predict(paths, top=1)

    assert [name for ((name, share),) in answers if share > 0.4] == [*WORDS]
    assert model.predict(paths[0], top=1) == answers[0]
    with pytest.raises(UserError, match="a ndarray is no recording"):
        model.predict(np.zeros(8000))


def test_a_record_of_another_length_is_refused(page, tmp_path):
    whole = page[0] / f"build/digits_own_{PLAIN}.tflite"
    path = shutil.copy(whole, tmp_path / "x.tflite")
    record = json.loads(whole.with_suffix(".json").read_text())
    record["sound"]["length"] = 4000
    path.with_suffix(".json").write_text(json.dumps(record))

    with pytest.raises(UserError, match=r"takes \(1, 8000\); its record says \(1, 4000\)"):
        open_hearer(path)


def test_without_its_record_it_hears_nothing(page, tmp_path):
    path = shutil.copy(page[0] / f"build/digits_own_{PLAIN}.tflite", tmp_path / "x.tflite")

    with pytest.raises(UserError, match="takes no sound, as far as is known") as refused:
        open_hearer(path)
    assert "copy the .json" in refused.value.fix


def test_the_table_has_the_names_that_are_read():
    rows = re.findall(r"^\| (?:WAV|FLAC, OGG) \| (.*?) \|", PAGE, re.MULTILINE)

    assert {*re.findall(r"`(\.\w+)`", " ".join(rows))} == SUFFIXES


def test_the_table_has_the_counts_of_the_networks():
    from ghostnet_tf.nets import counts
    from ghostnet_tf.nets.bc_resnet import bc_resnet_1
    from ghostnet_tf.nets.keywords import ds_cnn, ghost_kws

    rows = re.findall(r"^\| `(\w+)\(([\d.]*)\)` \| ([\d,]+) \| ([\d.]+) M \|", PAGE, re.MULTILINE)

    assert len(rows) == 5
    for name, width, parameters, macs in rows:
        model = ghost_kws(float(width)) if width else {"ds_cnn": ds_cnn}.get(name, bc_resnet_1)()
        assert counts.parameters(model)[0] == int(parameters.replace(",", ""))
        assert f"{counts.macs(model) / 1e6:.2f}" == macs
