"""GhostNetV2, V3 and RepGhost: what they cost, and that timm's weights mean the same in ours."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from export.parity import snr_db
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets import attention, counts, zoo
from ghostnet_tf.nets.attention import DFCAttention, nearest
from ghostnet_tf.nets.branches import BranchedConvNorm
from ghostnet_tf.weights import foreign, translate
from ghostnet_tf.weights.translate import Foreign, convert
from tests.counts import ALL
from tests.planted import changed, parts
from tests.seeded_tensors import images, tensor

GOLDENS = Path(__file__).parents[1] / "goldens"
LOGITS = np.load(GOLDENS / "timm_family_logits.npz")  # goldens/make_timm.py made both
NAMES = json.loads((GOLDENS / "timm_family_names.json").read_text())
FOLDED = "_folded"
SIZE = 224
# fmt: off
PUBLISHED = {  # parameters and multiply-adds at 224 px as counted; the papers' M behind them
    "ghostnetv2_100":         ( 6_156_908, 167_048_288),   #  6.1   167
    "ghostnetv2_130":         ( 8_960_404, 269_322_976),   #  8.9   269
    "ghostnetv2_160":         (12_392_698, 398_607_224),   # 12.3   399
    "ghostnetv3_100":         ( 8_129_028, 404_128_320),   # in training
    "ghostnetv3_100_folded":  ( 6_147_588, 167_048_288),   #  6.1   167
    "repghostnet_050_folded": ( 2_306_528,  43_314_720),   #  2.3    43
    "repghostnet_100":        ( 4_073_604, 142_394_128),   # in training
    "repghostnet_100_folded": ( 4_058_772, 142_394_128),   #  4.1   142
    "repghostnet_130_folded": ( 5_459_316, 231_123_652),   #  5.5   231
}
# fmt: on
SOME = ("ghostnetv2_100", "ghostnetv3_100", "repghostnet_050", "repghostnet_050_folded")
MODELS = tuple(LOGITS) if ALL else SOME


@cache
def network(name: str) -> keras.Model:
    """Every test loads its own weights into it."""
    entry = zoo.parse_model(name.removesuffix(FOLDED))
    return entry.build(size=SIZE, deployed=name.endswith(FOLDED))


def shapes(name: str) -> Mapping[str, tuple[int, ...]]:
    return {v.path: tuple(v.shape) for v in network(name).weights}


def naming_of(name: str):
    """As the names of its tensors tell it."""
    marks = {
        "ghostnetv2": "blocks.2.0.ghost1.short_conv.0.weight",
        "ghostnetv3": "blocks.2.0.ghost1.primary_rpr_conv.0.conv.weight",
        "ghostnetv3_folded": "blocks.2.0.ghost1.primary_conv.0.bias",
        "repghostnet": "blocks.2.0.ghost1.fusion_bn.0.weight",
        "repghostnet_folded": "blocks.2.0.ghost1.cheap_operation.weight",
    }
    kind = name.split("_")[0] + FOLDED * name.endswith(FOLDED)
    found = foreign.recognised({marks[kind]: np.zeros(1)})
    assert found is not None
    return found.naming


def file_of(name: str) -> dict[str, np.ndarray]:
    """Seeded tensors under the names, and in the layouts, of timm's file."""
    places = translate.places(naming_of(name), shapes(name))
    return {place.name: tensor(place.name, place.in_file) for place in places}


@cache
def loaded(name: str) -> keras.Model:
    found = foreign.recognised(file_of(name))
    assert found is not None and found.naming is naming_of(name)
    ours = convert(found, shapes(name))
    model = network(name)
    for variable in model.weights:
        variable.assign(ours.pop(variable.path))
    assert not ours
    return model


def logits(model: keras.Model) -> np.ndarray:
    return np.asarray(model(images(1, SIZE), training=False))


@pytest.mark.parametrize("name", [n for n in PUBLISHED if ALL or n in SOME])
def test_the_family_costs_what_was_published(name):
    model = network(name)

    found = (counts.parameters(model)[0], counts.macs(model))
    assert found == PUBLISHED[name]
    if f"{name}{FOLDED}" in PUBLISHED:
        assert counts.deployed(model) == (PUBLISHED[f"{name}{FOLDED}"][0],) * 2


@pytest.mark.parametrize("name", MODELS)
def test_every_tensor_of_timms_network_has_its_place_and_gives_timms_logits(name):
    places = translate.places(naming_of(name), shapes(name))

    lines = sorted(f"{place.name} {list(place.in_file)}\n" for place in places)
    assert hashlib.sha256("".join(lines).encode()).hexdigest() == NAMES[name]
    assert snr_db(LOGITS[name], logits(loaded(name))) >= 100


@pytest.mark.parametrize(
    ("name", "of"),
    [("ghostnetv2_100", "GhostNetV2"), ("ghostnetv3_100", "GhostNetV3 in training")],
)
def test_the_file_says_what_it_is_and_what_is_missing_is_named(name, of):
    tensors = file_of(name)
    first = next(key for key in tensors if "short_conv.2" in key)
    kernel = tensors.pop(first)

    assert str(foreign.recognised(tensors)) == f"dialect A ({of})"
    with pytest.raises(UserError, match=rf"lacks 1 tensors, the first is '{first}'"):
        convert(Foreign(naming_of(name), tensors), shapes(name))
    with pytest.raises(UserError, match=rf"'{first}' has shape .*5, 1\), the model needs .*1, 5\)"):
        turned = {**tensors, first: kernel.swapaxes(2, 3)}  # a column's kernel where a row's is
        convert(Foreign(naming_of(name), turned), shapes(name))


# ---------------------------------------------------------------------------- planted bugs


def from_the_middles(x, height, width):
    """What Keras and tf.image call nearest."""
    return ops.image.resize(x, (height, width), interpolation="nearest")


def one_later(x, height, width):
    """Right where sides are even; elsewhere the last row once more in place of the first."""
    return nearest(x[:, ::-1, ::-1], height, width)[:, ::-1, ::-1]


@pytest.mark.parametrize("wrong", [from_the_middles, one_later])
def test_timms_logits_would_see_another_nearest_pixel(wrong, monkeypatch):
    name = "ghostnetv2_100"
    model = loaded(name)
    monkeypatch.setattr(attention, "nearest", wrong)

    assert snr_db(LOGITS[name], logits(model)) < 60


def test_timms_logits_would_see_rows_taken_for_columns(monkeypatch):
    name = "ghostnetv2_100"
    model, right = loaded(name), DFCAttention.call

    def turned(self, x, training=None):
        return ops.swapaxes(right(self, ops.swapaxes(x, 1, 2), training), 1, 2)

    monkeypatch.setattr(DFCAttention, "call", turned)

    assert snr_db(LOGITS[name], logits(model)) < 60


def test_timms_logits_would_see_a_branch_that_is_not_folded():
    name = "repghostnet_050"
    model = loaded(name)
    one = next(x for x in parts(model, BranchedConvNorm) if x.skip is not None)

    with changed([one], skip=None):
        assert snr_db(LOGITS[name], logits(model)) < 60
