"""Bundling that was killed, or is done twice at once: nothing is taken for another's."""

import json
from dataclasses import dataclass

import pytest

from export import bundling, network
from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.errors import UserError


def test_ranges_and_accuracies_belong_to_the_weights_that_the_card_names(tmp_path, monkeypatch):
    """The card is written last. Killed before it, new weights stand beside old ranges."""
    real = network.card_path

    def of_others(weights):
        content = json.loads(real(weights).read_text()) | {"sha256": "0" * 64}
        (tmp_path / "card.json").write_text(json.dumps(content))
        return tmp_path / "card.json"

    monkeypatch.setattr(network, "card_path", of_others)
    made = network.from_zoo("ghostnet_050")

    assert (tmp_path / "card.json").exists()
    assert made.ranges is None and made.accuracies == {}


@dataclass
class Known:
    """What is looked at before anything is written."""

    name: str = "net"


def test_a_second_bundling_of_the_same_weights_is_refused(tmp_path, monkeypatch):
    header = {"schedule": {"seed": 0}, "history": []}
    monkeypatch.setattr(bundling.checkpoint, "read", lambda path: ({}, header))
    monkeypatch.setattr(bundling, "from_zoo", lambda **_: Known())
    monkeypatch.setattr(bundling, "scores_by_crop", lambda *_: {1.0: 0.5})
    monkeypatch.setattr(bundling, "BUNDLED", tmp_path)

    class Photos(list):
        def subset(self, positions):
            return self

    photos = Photos(range(10))
    with alone(tmp_path / "net_mine.safetensors", ""), pytest.raises(UserError) as refused:
        bundling.bundle(tmp_path, "mine", photos, photos, 2, tmp_path)

    assert "is bundling 'mine' at this moment" in str(refused.value)
    assert not [*tmp_path.iterdir()]
