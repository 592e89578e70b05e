"""The bundled keyword spotter is the one of its card, and answers what the card says."""

import json
import os
from pathlib import Path

import pytest

from ghostnet_tf.base.files import sha256
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.nets import counts
from ghostnet_tf.nets.pretrained import DIGITS, pretrained
from ghostnet_tf.weights import checkpoint, names_for
from ghostnet_tf.weights.source import SOUNDS, find

DATA = os.environ.get("GHOSTNET_DATA")
TENSORS = SOUNDS / "ghost_kws_100_digits.safetensors"
SAYS = json.loads(TENSORS.with_suffix(".card.json").read_text())


def test_its_card_is_of_these_weights_and_says_what_one_may_do_with_them():
    made = pretrained("ghost_kws_100", DIGITS)

    assert SAYS["sha256"] == made.sha256 == sha256(TENSORS.read_bytes())
    assert TENSORS.stat().st_size < 300_000
    assert SAYS["parameters"] == counts.parameters(made.model)[0]
    assert "CC BY-SA 4.0" in SAYS["licence"] and SAYS["licence_of_the_data"] == "CC BY-SA 4.0"
    assert made.labels and made.labels.names == tuple("0123456789")
    assert made.sound and made.sound.rate == 8000 and made.is_as_bundled
    assert checkpoint.read_header(TENSORS)["task"] == "keywords"


def test_its_name_is_enough():
    assert names_for("ghost_kws_100") == ("digits",)
    assert find(DIGITS).path == find(DIGITS, "ghost_kws_100").path == TENSORS


@pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
def test_it_answers_as_its_card_says():
    made = pretrained(None, DIGITS)
    assert made.sound
    sounds = Recordings.open(Path(DATA or "") / "fsdd" / "fsdd.zip")
    test = sounds.split("test").heard(made.sound)

    answers = made.model.predict(test.samples, verbose=0).argmax(axis=1)

    right = (answers == test.labels).mean()
    assert len(test) == SAYS["accuracy"]["keras"]["n"] == 300
    assert right == pytest.approx(SAYS["accuracy"]["keras"]["top1"], abs=0.004)  # one of 300
