"""The bundled keyword spotter is the one of its card, and answers what the card says."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ghostnet_tf.base.files import sha256
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.recordings import Recordings
from ghostnet_tf.nets import counts
from ghostnet_tf.nets.spoken_digits import CARD, DIGITS, HEARING, TENSORS, spoken_digits
from ghostnet_tf.weights import checkpoint

DATA = os.environ.get("GHOSTNET_DATA")
SAYS = json.loads(CARD.read_text())


def test_its_card_is_of_these_weights_and_says_what_one_may_do_with_them():
    assert SAYS["sha256"] == sha256(TENSORS.read_bytes())
    assert TENSORS.stat().st_size < 300_000
    assert SAYS["parameters"] == counts.parameters(spoken_digits())[0]
    assert "CC BY-SA 4.0" in SAYS["licence"] and SAYS["licence_of_the_data"] == "CC BY-SA 4.0"
    header = checkpoint.read_header(TENSORS)
    assert tuple(header["classes"]) == DIGITS and Hearing.from_dict(header["sound"]) == HEARING


@pytest.mark.skipif(not DATA, reason="GHOSTNET_DATA is not set")
def test_it_answers_as_its_card_says():
    sounds = Recordings.open(Path(DATA or "") / "fsdd" / "fsdd.zip")
    is_test = np.array(sounds.named("index"), int) < 5
    test = sounds.subset(np.flatnonzero(is_test)).heard(HEARING)

    answers = spoken_digits().predict(test.samples, verbose=0).argmax(axis=1)

    right = (answers == test.labels).mean()
    assert len(test) == SAYS["accuracy"]["float32"]["n"] == 300
    assert right == pytest.approx(SAYS["accuracy"]["float32"]["top1"], abs=0.004)  # one of 300
