"""docs/sound.md from its first command to its last, on made-up words, and what comes of it."""

import contextlib
import glob
import io
import json
import re
import shlex
import shutil
from importlib import import_module

import numpy as np
import pytest

import ghostnet_tf as gn
from export import predict, verify
from export.hearer import open_hearer
from ghostnet_tf.__main__ import VERBS
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.data.sound import SUFFIXES
from ghostnet_tf.weights import checkpoint
from tests.ghostnet_tf.data.waves import wav
from tests.pasted import ROOT, commands
from tests.spoken_words import WORDS, small_fsdd, word

PAGE = (ROOT / "docs/sound.md").read_text()
LINES = [line for block in commands("docs/sound.md") for line, _ in block]
PARSERS = {
    "train": "ghostnet_tf.train.command",
    "export": "export.to_tflite",
    "evaluate": "export.evaluate",
    "predict": "export.predict",
    "verify": "export.verify",
}
PLAIN, INT8 = BOTH = "float32", "static_wi8_ai8"
NAME = "ghost_kws_100_words"
LESS = " --epochs 6 --batch 16 --learning-rate 0.005 --set warmup_epochs=1"  # as here is enough
GOOD = wav(word("0", 100), 8000)
BAD = {  # what lies among the good ones, and what is said of it
    "0_anna_90.wav": (b"", "is empty: 0 bytes"),
    "0_anna_91.wav": (GOOD[:300], "is cut off"),
    "1_anna_92.wav": (GOOD[:44], "is cut off"),
    "1_anna_93.wav": (wav(word("1", 1), 8000, tag=2), "compressed"),
    "1_anna_94.wav": (wav(word("1", 2), 4000), "4,000 samples a second"),
    "2_anna_95.wav": (wav(np.full(800, np.nan), 8000, 32, is_float=True), "NaN or infinity"),
    "2_anna_96.wav": (wav(word("2", 3)[:100], 8000), "too short for any word"),
    "2_anna_97.wav": (wav(np.zeros(61 * 8000), 8000, 8), "lasts 61 s"),
}


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """(the folder where the first block's commands, and `evaluate`, have run; what each printed;
    what all said beside). On a small FSDD: bad recordings in it, and one word of one recording."""
    folder = tmp_path_factory.mktemp("listener")
    others = {name: data for name, (data, _) in BAD.items()}
    small_fsdd(folder / "fsdd.zip", 46, {**others, "3_anna_50.wav": wav(word("0", 7), 8000)})
    (folder / "7_jackson_0.wav").write_bytes(wav(word("2", 99), 8000))
    printed, beside = {}, io.StringIO()
    with contextlib.chdir(folder):
        for line in LINES[:4]:
            _, verb, *rest = shlex.split(line + (LESS if " train " in line else ""))
            rest = [name for part in rest for name in (sorted(glob.glob(part)) or [part])]
            answer = io.StringIO()
            with contextlib.redirect_stdout(answer), contextlib.redirect_stderr(beside):
                assert import_module(PARSERS[verb]).main(rest) in (0, None), line
            printed[verb] = answer.getvalue()
    return folder, printed, beside.getvalue()


@pytest.fixture(params=[PLAIN, INT8])
def file(request, page):
    return page[0] / f"build/ghost_kws_100_words_{request.param}.tflite"


def test_the_page_goes_from_a_zip_to_a_word():
    verbs = [shlex.split(line)[1] for line in LINES]

    assert verbs == ["train", "export", "predict", "evaluate", "verify", "predict", "export"]
    assert {*verbs} <= {*VERBS}


@pytest.mark.parametrize("line", LINES)
def test_every_option_of_the_page_is_known(line):
    _, verb, *rest = shlex.split(line)

    assert vars(import_module(PARSERS[verb]).parser().parse_args(rest))


def test_three_commands_go_from_a_zip_to_a_word(page):
    path, answer = page[1]["predict"].splitlines()
    assert path == "7_jackson_0.wav" and re.fullmatch(r" +[\d.]+%  2", answer)


def test_both_files_know_words_that_they_never_heard(page):
    """Of the whole zip those numbered 0 to 4 alone: nothing else says what was learned."""
    rows = [line.split() for line in page[1]["evaluate"].splitlines()[1:]]

    assert [row[0] for row in rows] == ["best.safetensors", *(f"{NAME}_{r}.tflite" for r in BOTH)]
    for row in rows:
        assert row[3] == "15" and float(row[1].rstrip("%")) >= 93
    assert "note: the 15 sounds that their names keep for a test; --split all" in page[2]


def test_a_run_leaves_what_others_need(page):
    folder = page[0] / "runs/words"
    _, header = checkpoint.read(folder / "best.safetensors")
    report, schedule = (
        json.loads((folder / f"{name}.json").read_text()) for name in ("report", "schedule")
    )

    assert header["task"] == "keywords" and header["classes"] == [*WORDS, "3"]
    assert header["sound"]["rate"] == schedule["rate"] == 8000 and "preprocessing" not in header
    assert {*report["per_class"]} == {*WORDS}  # of the fourth there is one, to learn from
    assert (folder / "confusion.png").exists()


def test_what_is_tested_on_is_never_learned_from(page):
    """Neither trained on nor held out nor calibrated on: by what the files hold."""
    sounds = Recordings.open(page[0] / "fsdd.zip")
    free = sounds.subset(np.flatnonzero([int(n) >= 5 for n in sounds.named("index")]))
    readable = [i for i in range(len(free)) if free.names[i] not in BAD]
    _, header = checkpoint.read(page[0] / "runs/words/best.safetensors")
    record = json.loads((page[0] / f"build/{NAME}_{INT8}.json").read_text())

    assert header["trained_on"] == free.subset(np.array(readable)).as_one()
    assert record["trained_on"] == header["trained_on"]
    assert record["calibration"]["photos"] == len(readable)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_recording_is_named_and_skipped_by_every_command(name, page):
    said = [line for line in page[2].splitlines() if f"'{name}'" in line]

    assert len(said) >= 2 and all(BAD[name][1] in line for line in said)  # train, export


def test_a_record_says_what_is_heard_and_what_stays_in_float32(file):
    record = json.loads(file.with_suffix(".json").read_text())

    assert record["task"] == "keywords" and record["preprocessing"] is None
    assert Hearing.from_dict(record["sound"]) == open_hearer(file).hearing
    assert record["labels"] == [*WORDS, "3"]
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
    hearer = open_hearer(page[0] / f"build/ghost_kws_100_words_{PLAIN}.tflite")
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
    file = str(page[0] / f"build/ghost_kws_100_words_{INT8}.tflite")
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
    whole = page[0] / f"build/ghost_kws_100_words_{PLAIN}.tflite"
    path = shutil.copy(whole, tmp_path / "x.tflite")
    record = json.loads(whole.with_suffix(".json").read_text())
    record["sound"]["length"] = 4000
    path.with_suffix(".json").write_text(json.dumps(record))

    with pytest.raises(UserError, match=r"takes \(1, 8000\); its record says \(1, 4000\)"):
        open_hearer(path)


def test_without_its_record_it_hears_nothing(page, tmp_path):
    path = shutil.copy(page[0] / f"build/ghost_kws_100_words_{PLAIN}.tflite", tmp_path / "x.tflite")

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
