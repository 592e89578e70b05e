"""A streaming file answers as its window's file does, and says each word once, at its time."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ghostnet_tf as gn
from export import predict, verify
from export.hearer import Hearer, open_hearer
from export.stream import Stream
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import SPEECH_COMMANDS
from ghostnet_tf.data.labels import Labels
from ghostnet_tf.data.sound import Sound
from ghostnet_tf.nets.keywords import ghost_kws
from tests.counts import ALL
from tests.ghostnet_tf.data.waves import wav

WORDS = ("yes", "no", "silence")
RECIPE, LEAST_DB = ("static_wi8_ai8", 20) if ALL else ("float32", 100)
SHORT = replace(SPEECH_COMMANDS, rate=8000, length=4800, frame=240, hop=160)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    """The window's file and the streaming one."""
    noise = np.random.default_rng(0).normal(0, 0.1, (12, SHORT.length)).astype(np.float32)
    made = gn.export(
        ghost_kws(0.5, 3, SHORT),
        tmp_path_factory.mktemp("hops"),
        RECIPE,
        {"samples": noise},
        name="words",
        labels=WORDS,
        streaming=True,
    )
    return dict(zip(("window", "hops"), made, strict=True))


def test_the_streaming_file_answers_as_the_windows(files):
    window, hops = (open_hearer(path) for path in files.values())
    sound = np.random.default_rng(1).normal(0, 0.1, (5, SHORT.length)).astype(np.float32)

    wanted, found = window.by_class(sound), hops.by_class(sound)

    assert files["hops"].name == f"words_streaming_own_{RECIPE}.tflite"
    assert 10 * np.log10((wanted**2).sum() / ((wanted - found) ** 2).sum().clip(1e-20)) > LEAST_DB
    assert np.array_equal(hops.by_class(sound[::-1])[::-1], found)  # whatever was heard before
    assert verify.main([str(files["hops"])]) in (0, None)


def test_its_record_says_how_it_is_called_and_stays_in_one_partition(files):
    record = json.loads(files["hops"].with_suffix(".json").read_text())
    streaming = record["sound"]["streaming"]
    inputs = {one["name"]: one["shape"] for one in record["inputs"]}
    outputs = {one["name"]: one["shape"] for one in record["outputs"]}

    assert streaming["hop"] == 320 and inputs["samples"] == [1, 320]
    assert {*inputs} == {"samples", *streaming["states"]}
    assert all(inputs[i] == outputs[o] for i, o in streaming["states"].items())
    assert record["partitions"] == 1 and record["task"] == "keywords"
    assert not ALL or "front_end_rows" in record["kept_float"]["layers"]


@pytest.mark.parametrize("change", ["hop", "lost", "swapped"])
def test_a_record_that_calls_it_otherwise_is_refused(change, files, tmp_path):
    path = tmp_path / "x.tflite"
    path.write_bytes(files["hops"].read_bytes())
    record = json.loads(files["hops"].with_suffix(".json").read_text())
    streaming = record["sound"]["streaming"]
    names = [*streaming["states"]]
    if change == "hop":
        streaming["hop"] = 160
    elif change == "lost":
        del streaming["states"][names[0]]
    else:
        streaming["states"][names[0]] = streaming["states"][names[1]]
    path.with_suffix(".json").write_text(json.dumps(record))

    with pytest.raises(UserError, match="is not called as its record says"):
        open_hearer(path)


def loud(samples: np.ndarray) -> np.ndarray:
    """(N, length) -> probabilities of WORDS: a window whose end is loud and above zero is a yes."""
    end = samples[:, -800:]
    is_loud, is_yes = np.abs(end).mean(axis=1) > 0.1, end.mean(axis=1) > 0
    each = [is_loud & is_yes, is_loud & ~is_yes, ~is_loud]
    return np.stack(each, axis=1).astype(np.float32)


def recording(said: dict[float, float], seconds: float) -> np.ndarray:
    """Silence, and from each time on half a second of that value."""
    samples = np.zeros(round(seconds * SHORT.rate))
    for at, value in said.items():
        samples[round(at * SHORT.rate) : round((at + 0.5) * SHORT.rate)] = value
    return samples


@pytest.mark.parametrize("piece", [1, 999, 2000, 10**6])
def test_each_word_is_said_once_however_the_sound_comes(piece):
    stream = Stream(Hearer("x", loud, SHORT, Labels(WORDS, WORDS), "softmax"))
    sound = recording({2.0: 0.5, 5.0: -0.5, 7.0: -0.5}, 9)[: 9 * SHORT.rate]
    step = max(piece, 400)

    found = [w for i in range(0, len(sound), step) for w in stream.hear(sound[i : i + step])]

    assert [(one.name, one.seconds) for one in found] == [("yes", 2.5), ("no", 5.5), ("no", 7.5)]


@pytest.mark.parametrize(
    ("samples", "said"), [(np.zeros((2, 8)), "no sound of one channel"), ([np.nan], "NaN")]
)
def test_what_is_no_sound_is_refused(samples, said):
    with pytest.raises(UserError, match=said):
        Stream(Hearer("x", loud, SHORT, Labels(WORDS, WORDS), "softmax")).hear(np.array(samples))


def test_predict_says_the_words_of_a_long_recording_with_their_times(
    files, tmp_path, capsys, monkeypatch
):
    path, bad = tmp_path / "long.wav", tmp_path / "bad.wav"
    stereo = np.stack([recording({10.0: 0.5, 70.0: -0.5}, 80)] * 2, axis=1)
    path.write_bytes(wav(stereo, SHORT.rate))
    bad.write_bytes(b"")
    monkeypatch.setattr(Hearer, "by_class", None)
    monkeypatch.setattr(
        "export.hearer.open_hearer",
        lambda *_: Hearer("x", loud, SHORT, Labels(WORDS, WORDS), "softmax"),
    )

    assert predict.main([str(files["hops"]), str(path), str(bad), "--stream"]) == 1
    said = capsys.readouterr()
    assert predict.main([str(files["hops"]), str(path), "--stream", "--json"]) == 0

    head, *lines = said.out.splitlines()
    assert head == str(path) and "bad.wav' is empty" in said.err
    assert [line.split() for line in lines] == [
        ["10.50", "s", "100.0%", "yes"],
        ["70.50", "s", "100.0%", "no"],
    ]
    (sound,) = json.loads(capsys.readouterr().out)["sounds"]
    assert sound["words"][0] == {"seconds": 10.5, "name": "yes", "probability": 1.0}
    with pytest.raises(UserError, match="the sound cannot be read"):
        predict.main([str(files["hops"]), str(bad), "--stream"])


def test_python_takes_a_stream(files):
    model = gn.TFLiteModel(files["hops"])

    stream = model.stream()
    heard = stream.hear(np.zeros(4000, np.float32))

    assert stream.hop == 320 and {one.name for one in heard} <= {*WORDS}
    assert model.predict(Sound(np.zeros(4000, np.float32), 8000), top=1)[0][0] in WORDS


def test_what_cannot_be_streamed_is_refused_before_anything_is_written(tmp_path):
    model = ghost_kws(0.5, 3, SHORT)

    with pytest.raises(UserError, match="need sounds to calibrate on"):
        gn.export(model, tmp_path, "static_wi8_ai8", labels=WORDS, streaming=True)
    with pytest.raises(UserError, match="takes no samples of sound"):
        gn.export(
            ghost_kws(0.5, 3), tmp_path, "float32", {"x": np.zeros((3, 49, 10, 1))}, streaming=True
        )
    assert not any(tmp_path.iterdir())
