"""Called hop by hop, a network answers as it does for the whole window, and costs what it says."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.data.hearing import SPEECH_COMMANDS
from ghostnet_tf.nets import counts, streaming
from ghostnet_tf.nets.bc_resnet import bc_resnet_1
from ghostnet_tf.nets.front_end import FrontEnd
from ghostnet_tf.nets.keywords import ds_cnn, ghost_kws
from tests.counts import examples

DIGITS = replace(SPEECH_COMMANDS, rate=8000, length=8000, frame=240, hop=160)
SHORT = replace(DIGITS, length=4000)  # so short that the last blocks see nothing but edges
BANDS = replace(DIGITS, coefficients=0, length=4800)
LEAST_DB = 100.0


def network(make) -> keras.Model:
    """With a bias and statistics that show wherever a row is a wrong one."""
    model, rng = make(), np.random.default_rng(1)
    for weight in model.weights:
        if weight.path.endswith(("bias", "beta", "mean")):
            weight.assign(rng.normal(0, 0.3, weight.shape))
    return model


def db(model: keras.Model, made: streaming.Streaming, is_carried: bool = True) -> float:
    """Of the worst answer to three windows, of noise that grows; fed from zeros on."""
    length, hop = model.input_shape[1], made.samples
    calls = -(-length // hop) + 2
    sound = np.random.default_rng(0).normal(0, 0.1, calls * hop) * np.linspace(0.1, 1, calls * hop)
    known = {i.name: np.zeros((1, *i.shape[1:]), np.float32) for i in made.model.inputs[1:]}
    answers, windows = [], []
    for end in range(hop, len(sound) + 1, hop):
        new = np.float32(sound[None, end - hop : end])
        answer, *states = made.model.predict_on_batch([new, *known.values()])
        if is_carried:
            named = dict(zip(made.model.output_names[1:], states, strict=True))
            known = {name: named[following] for name, following in made.states.items()}
        if end >= length:
            answers.append(answer[0])
            windows.append(sound[end - length : end])
    wanted = np.asarray(model(np.array(windows, np.float32)))
    assert len(wanted) == 3
    error = ((wanted - np.array(answers)) ** 2).sum(axis=1)
    return float(10 * np.log10(((wanted**2).sum(axis=1) / error.clip(1e-30)).min()))


@pytest.mark.parametrize(
    ("make", "frames"),
    [
        (lambda: ghost_kws(0.5, 3, DIGITS), 2),
        (lambda: ds_cnn(3, SHORT), 4),
        *examples(0, 1) * [(lambda: bc_resnet_1(3, BANDS), 5)],
    ],
    ids=["ghost_kws", "ds_cnn", "bc_resnet_1"][: examples(2, 3)],
)
def test_fed_hop_by_hop_it_answers_as_for_the_whole_window(make, frames):
    model = network(make)

    made = streaming.streaming(model, frames)

    assert made.samples == frames * 160
    assert db(model, made) > LEAST_DB
    assert len(model.layers[1]._inbound_nodes) == 1  # the network itself is as it was


def test_without_its_state_it_answers_something_else():
    model = network(lambda: ghost_kws(0.5, 3, SHORT))

    assert db(model, streaming.streaming(model), is_carried=False) < 40


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        ("before - kernel) // stride", "before - kernel) // stride + 1"),
        ("_some(joined, 0, n,", "_some(joined, 1, n + 1,"),
    ],
    ids=["an edge taken for the inside", "window off by one"],
)
def test_the_gate_catches_a_wrong_row(there, instead, monkeypatch):
    source = Path(streaming.__file__).read_text()
    assert source.count(there) == 1
    planted: dict[str, Any] = {"__name__": streaming.__name__}
    exec(compile(source.replace(there, instead), streaming.__file__, "exec"), planted)  # noqa: S102
    model = network(lambda: ghost_kws(0.5, 3, SHORT))

    assert db(model, planted["streaming"](model)) < LEAST_DB - 20


def multiply_adds(model: keras.Model) -> int:
    """Of convolutions and the front end, as often as each is called."""
    found = 0
    for layer in model.operations:
        for node in layer._inbound_nodes:
            shape = node.outputs[0].shape
            if isinstance(layer, FrontEnd):
                a_frame = 2 * layer.waves[0].size + layer.filters.size + layer.cosines.size
                found += shape[2] * a_frame
            elif isinstance(layer, keras.Model):
                found += counts.macs(layer)
            elif isinstance(layer, counts.MULTIPLY_ADDS):
                found += math.prod(shape[1:-1]) * math.prod(layer.weights[0].shape)
            elif hasattr(layer, "primary") or hasattr(layer, "conv"):
                found += counts.macs(layer)
    return found


@pytest.mark.parametrize(
    ("make", "share"),
    [
        (lambda how: ghost_kws(1.0, 10, how), 0.14),
        (lambda how: ghost_kws(1.5, 10, how), 0.19),
        (lambda how: ds_cnn(10, how), 0.21),
    ],
    ids=["ghost_kws_100", "ghost_kws_150", "ds_cnn"],
)
def test_a_hop_costs_its_share_of_the_window_and_at_most_a_fifth(make, share):
    model = make(DIGITS)
    made = streaming.streaming(model)
    whole, hop = (multiply_adds(one) for one in (model, made.model))

    moved = made.samples / DIGITS.hop / DIGITS.frames
    assert whole > 3_700_000
    assert hop / whole < min(share, moved + 0.2)


def test_what_hears_nothing_cannot_be_called_hop_by_hop():
    with pytest.raises(UserError, match="does not begin with a front end") as refused:
        streaming.streaming(ghost_kws(0.5))
    assert "hearing" in refused.value.fix


@pytest.mark.parametrize("frames", [-1, 24, 100])
def test_frames_that_a_window_does_not_have_are_refused(frames):
    with pytest.raises(UserError, match="the window has 24"):
        streaming.streaming(ghost_kws(0.5, 3, SHORT), frames)


def test_a_hop_longer_than_a_frame_is_refused():
    gaps = replace(DIGITS, hop=480, length=7920)

    with pytest.raises(UserError, match="leave samples out"):
        streaming.streaming(ghost_kws(0.5, 3, gaps))
