"""The overlay has the form that Model Explorer reads, and its dark end where it is worst."""

import json

import pytest

from ghostnet_tf.base.node_data import DARK, node_data


@pytest.mark.parametrize(("is_low_bad", "darkest"), [(False, 1), (True, 0)])
def test_an_overlay_is_darkest_where_it_is_worst(is_low_bad, darkest):
    told = json.loads(node_data("dB", {"stem/act": 3.5, "": 1}, is_low_bad=is_low_bad))

    assert told["main"]["results"] == {"stem/act": {"value": 3.5}}
    assert [end["stop"] for end in told["main"]["gradient"] if end["bgColor"] == DARK] == [darkest]
