"""The bundled keyword spotter: English digits, learned from the Free Spoken Digit Dataset.

What it was trained on, how, and what it answers: `spoken_digits.card.json` beside its weights.
"""

import keras

from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.nets.keywords import ghost_kws
from ghostnet_tf.weights import checkpoint
from ghostnet_tf.weights.apply import copy
from ghostnet_tf.weights.source import BUNDLED

SOUNDS = BUNDLED.parent / "sounds"
TENSORS, CARD = SOUNDS / "spoken_digits.safetensors", SOUNDS / "spoken_digits.card.json"
DIGITS = tuple("0123456789")  # its classes, in the order of the outputs
HEARING = Hearing(
    rate=8000, length=8000, frame=240, hop=160, bands=40, low=20, high=4000, coefficients=10
)


def spoken_digits() -> keras.Model:
    """`ghost_kws(1.0)` with its weights: (N, 8000) samples, 8,000 a second -> logits (N, 10).

    gn.export(spoken_digits(), labels=DIGITS, recipes="float32")
    """
    model = ghost_kws(1.0, len(DIGITS), HEARING, name="spoken_digits")
    tensors, _ = checkpoint.read(TENSORS)
    copy(model, tensors)
    return model
