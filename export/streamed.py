"""A network that hears a window becomes one that is called for every hop, with proof."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ghostnet_tf.base.errors import CheckFailed, UserError, option
from ghostnet_tf.base.progress import Stages
from ghostnet_tf.base.record import StreamingFields
from ghostnet_tf.data.samples import TRUE_CLASS, Samples
from ghostnet_tf.nets.streaming import Streaming, streaming

from .network import Converted, Network
from .parity import snr_db
from .pipeline import Result, export
from .recipes import RECIPES

if TYPE_CHECKING:
    import keras

MIN_DB = 100.0  # between both networks' answers to the same window
SOUNDS, CALLS = 50, 4  # of so many sounds, so many calls each are what it is calibrated on
FRONT_END = "front_end*"  # its layers, and what is known of samples: in float32 in every file
NOISE = 0.1  # of what it is proven on where no sounds were given


def refuse_unfit(
    network: Network,
    recipes: Sequence[str],
    samples: Samples | None,
    keep_float: Sequence[str],
    qat: int,
) -> None:
    """UserError where no streaming file can be made; asked before any file is written."""
    static = any(RECIPES[recipe].how == "static" for recipe in recipes)
    if network.hearing is None or isinstance(network.model, Converted):
        raise UserError(
            f"{network.name} takes no samples of sound, so it cannot hear hop by hop",
            fix=f"leave {option('streaming')} out, or take a network that hears",
        )
    if static and samples is None:
        raise UserError(
            f"static recipes of a streaming file need sounds to calibrate on: ranges that weights "
            f"carry are those of {network.name} as it hears a window",
            fix=f"{option('photos', 'SOUNDS')}, or leave the static recipes out",
        )
    if keep_float or qat:
        said = option("qat") if qat else option("keep_float")
        raise UserError(
            f"{said} is of layers that a streaming file has in other places",
            fix=f"leave it or {option('streaming')} out",
        )


def streamed(network: Network, samples: Samples | None) -> tuple[Network, Samples | None]:
    """(the network that is called for every hop; with what, as the sounds of `samples` make it).

    CheckFailed where it does not answer what the network does that takes the window.
    """
    hearing, window = network.hearing, network.model
    assert hearing is not None and not isinstance(window, Converted)  # `refuse_unfit`
    made = streaming(window)
    rows, answers, wanted = called(made, window, sounds_of(hearing.length, samples))
    if not (db := snr_db(wanted, answers)) >= MIN_DB:
        raise CheckFailed(
            f"{network.name}, called hop by hop, agrees to {db:.1f} dB with its answers to the "
            f"same windows; {MIN_DB:.0f} are needed",
            fix="no streaming file was written; use the file that takes a window",
        )
    network = replace(
        network,
        model=made.model,
        name=f"{network.name}_streaming",
        streaming=StreamingFields(hop=made.samples, states=made.states),
        keeps_float=(FRONT_END,),
        ranges=None,
        accuracies={},
    )
    return network, Samples.of(rows, samples.title) if samples else None


def write_streaming(
    network: Network,
    recipes: Sequence[str],
    samples: Samples | None,
    out: Path,
    stages: Stages,
    overwrite: bool,
) -> Result:
    """The streaming file of each recipe, beside those that take the window."""
    with stages.stage("build it hop by hop"):
        hopping, rows = streamed(network, samples)
    return export(hopping, recipes, rows, None, out, stages, overwrite=overwrite)


def sounds_of(length: int, samples: Samples | None) -> np.ndarray:
    """(n, length) float32: up to SOUNDS of the samples, evenly, or noise."""
    if samples is None:
        shape = (4, length)
        return np.random.default_rng(0).normal(0, NOISE, shape).astype(np.float32)
    (found,) = (a for name, a in samples.arrays.items() if name != TRUE_CLASS)
    n = min(SOUNDS, len(found))
    return np.asarray(found[np.arange(n) * len(found) // n], np.float32)


def called(
    made: Streaming, window: "keras.Model", sounds: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """(inputs of some calls by name, (m, ...) each; its answers to the last call of each sound;
    those of the network `window`)."""
    hop, length = made.samples, sounds.shape[1]
    calls = -(-length // hop)  # that fill a window
    # Every sound after another one, so that no call comes before a window was full.
    heard = np.concatenate([np.roll(sounds, 1, axis=0), sounds], axis=1)[:, -2 * calls * hop :]
    heard = np.pad(heard, ((0, 0), (2 * calls * hop - heard.shape[1], 0)))
    inputs = [one.name for one in made.model.inputs]
    (new,) = (name for name in inputs if name not in made.states)
    known = {
        one.name: np.zeros((len(sounds), *one.shape[1:]), np.float32)
        for one in made.model.inputs
        if one.name != new
    }
    kept = {calls + (i + 1) * calls // CALLS - 1 for i in range(CALLS)}
    rows, answers = [], np.empty(0)
    for i in range(2 * calls):
        given = {new: heard[:, i * hop : (i + 1) * hop], **known}
        if i in kept:
            rows.append(given)
        answers, *states = made.model.predict_on_batch([given[n] for n in inputs])
        named = dict(zip(made.model.output_names[1:], map(np.asarray, states), strict=True))
        known = {name: named[following] for name, following in made.states.items()}
    wanted = window.predict_on_batch(heard[:, -length:])
    joined = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    return joined, np.asarray(answers), np.asarray(wanted)
