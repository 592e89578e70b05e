"""Whether a network sees or hears: what it lacks is named."""

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import Hearing
from ghostnet_tf.data.preprocess import Preprocessing


def seeing(how: Preprocessing | None, model: str) -> Preprocessing:
    """`how`, or UserError where the network of this name takes no photos."""
    if how is None:
        raise UserError(f"{model} hears, and sees no photos", fix="give a network that sees")
    return how


def listening(how: Hearing | None, model: str) -> Hearing:
    """`how`, or UserError where the network of this name takes no sounds."""
    if how is None:
        raise UserError(f"{model} sees, and hears nothing", fix="give a network that hears")
    return how
