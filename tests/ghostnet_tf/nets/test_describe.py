import itertools
import json
from dataclasses import asdict

import pytest

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.nets.describe import describe, main
from ghostnet_tf.nets.zoo import parse_model


@pytest.fixture(scope="module")
def ghostnet_050():
    return describe(parse_model("ghostnet_050").build(size=64))


def test_a_row_says_what_is_in_a_block(ghostnet_050):
    (row,) = [stage for stage in ghostnet_050.stages if stage.name == "block_03"]

    assert asdict(row) == {
        "name": "block_03",
        "size_in": 16,
        "size_out": 8,
        "channels_in": 12,
        "channels_out": 20,
        "kernel": 5,
        "hidden": 36,
        "squeezed": 12,
        "stride": 2,
        "parameters": 3_428,
        "macs": 218_592,
    }


def test_ghostnet_has_a_row_for_every_block_and_end(ghostnet_050):
    blocks = [f"block_{i:02d}" for i in range(16)]

    names = [stage.name for stage in ghostnet_050.stages]

    assert names == ["stem", *blocks, "last", "head", "classifier"]


def test_a_mobilenet_has_a_row_for_every_block_and_end(stock_v3):
    blocks = [f"block_{i:02d}" for i in range(11)]

    names = [stage.name for stage in describe(stock_v3).stages]

    assert names == ["stem", *blocks, "last", "head", "classifier"]


def test_rows_follow_each_other_and_add_up(ghostnet_050, stock_v3):
    for description in (ghostnet_050, describe(stock_v3)):
        rows = description.stages
        convolutions = rows[: [row.name for row in rows].index("head")]
        for before, after in itertools.pairwise(convolutions):
            assert before.size_out == after.size_in, after.name
            assert before.channels_out == after.channels_in, after.name
        assert all(row.size_in == row.size_out * row.stride for row in convolutions)
        assert sum(row.parameters for row in rows) == description.trainable_parameters
        assert sum(row.macs for row in rows) == description.macs


def test_the_table_shows_rows_and_totals(ghostnet_050, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    main(["ghostnet_050", "--size", "64"])

    lines = capsys.readouterr().out.splitlines()

    assert lines[0].split()[0] == "block" and "M MACs" in lines[0]
    (row,) = [line for line in lines if line.startswith("block_03")]
    assert row.split() == "block_03 16 -> 8 12 -> 20 5 36 12 2 3,428 0.22".split()
    assert lines[-2] == (
        f"ghostnet_050 at 64 px: {ghostnet_050.macs / 1e6:.2f} M multiply-adds, "
        f"{ghostnet_050.depthwise_macs / 1e6:.2f} M of them depthwise"
    )
    assert lines[-1].startswith("2,587,292 trainable parameters, 2,598,276 with")


def test_json_has_the_same_facts(ghostnet_050, capsys):
    main(["ghostnet_050", "--size", "64", "--json"])

    printed = json.loads(capsys.readouterr().out)

    assert printed == json.loads(json.dumps(asdict(ghostnet_050)))


def test_an_unknown_model_is_refused():
    with pytest.raises(UserError, match="there is no model 'ghostnet_5'"):
        main(["ghostnet_5"])
