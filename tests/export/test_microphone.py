"""A microphone that is not there: words in, each said once; gone in the middle; no library."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from export import microphone, predict
from export.hearer import Hearer
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import SPEECH_COMMANDS
from ghostnet_tf.data.labels import Labels

LABELS = Labels(("no", "silence", "yes"), ("no", "silence", "yes"))
HEARD = SPEECH_COMMANDS.at(8000, 1.0)


def loudness(samples):
    """(N, 8000) -> probabilities: yes where the middle is positive, no where it is negative."""
    middle = samples[:, 3000:5000].mean(axis=1)
    return np.stack([middle < -0.1, np.abs(middle) <= 0.1, middle > 0.1], axis=1).astype(np.float32)


@pytest.fixture
def fake(monkeypatch):
    """`fake.says`: what is recorded, (n,); behind its end the microphone is gone."""
    fake = SimpleNamespace(says=np.zeros(0), asked=None, closed=0)

    class InputStream:
        def __init__(self, **asked):
            fake.asked, self.at = asked, 0

        def start(self):
            pass

        def read(self, n):
            piece = fake.says[self.at : self.at + n]
            self.at += n
            if len(piece) < n:
                raise RuntimeError("Device unavailable [PaErrorCode -9985]")
            return piece.astype(np.float32)[:, None], False

        def close(self):
            fake.closed += 1

    monkeypatch.setitem(sys.modules, "sounddevice", SimpleNamespace(InputStream=InputStream))
    monkeypatch.setattr(microphone, "find_spec", lambda name: True)
    hearer = Hearer("x.tflite", loudness, HEARD, LABELS, "softmax")
    monkeypatch.setattr("export.hearer.open_hearer", lambda path, opened: hearer)
    record = SimpleNamespace(sound=HEARD.to_dict())
    monkeypatch.setattr("export.trusted.trusted", lambda path: (b"", record))
    return fake


def spoken(*pieces: tuple[float, float]) -> np.ndarray:
    return np.concatenate([np.full(round(s * 8000), level) for s, level in pieces])


def test_every_word_is_said_once_as_it_is_heard(fake, capsys):
    fake.says = spoken((1, 0), (0.6, 0.5), (2, 0), (0.6, -0.5), (2, 0))

    assert predict.main(["x.tflite", "microphone", "--seconds", "6", "--json"]) == 0

    heard = json.loads(capsys.readouterr().out)["sounds"][0]["words"]
    assert [one["name"] for one in heard] == ["yes", "no"]
    assert 1.5 < heard[0]["seconds"] < 2.25 and 4.1 < heard[1]["seconds"] < 4.9
    assert fake.asked == {"samplerate": 8000, "channels": 1, "dtype": "float32"}
    assert fake.closed == 1


def test_a_microphone_that_vanishes_is_named_and_what_was_heard_stays(fake, capsys):
    fake.says = spoken((1, 0), (0.6, 0.5), (1, 0))

    with pytest.raises(UserError, match=r"the microphone cannot be read: Device un.*") as refused:
        predict.main(["x.tflite", "microphone"])

    assert "a recording in a file does as well" in refused.value.fix
    assert capsys.readouterr().out.endswith("yes\n") and fake.closed == 1


def test_ctrl_c_ends_it(fake, monkeypatch):
    fake.says = np.zeros(80_000)
    monkeypatch.setattr("export.stream.shares", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))

    assert predict.main(["x.tflite", "microphone"]) == 0


def test_without_the_library_there_is_a_line_to_install_it(fake, monkeypatch):
    monkeypatch.setattr(microphone, "find_spec", lambda name: None)

    with pytest.raises(UserError, match="sounddevice, which is not there") as refused:
        predict.main(["x.tflite", "microphone"])
    assert refused.value.fix.endswith("-m pip install sounddevice")


@pytest.mark.parametrize(
    ("more", "said"), [(["a.wav"], "listened to alone"), (["--json"], "never ends")]
)
def test_what_makes_no_sense_with_a_microphone_is_refused(more, said, fake):
    with pytest.raises(UserError, match=said):
        predict.main(["x.tflite", "microphone", *more])
