"""The profile: every operator in one class, in one block, or none is guessed."""

import json
from dataclasses import replace

import pytest

from benchmark import operators
from benchmark.events import Event, Op, class_of
from benchmark.measurement import Settings
from benchmark.model import open_model
from benchmark.operator_blocks import blocks_of, places_of
from benchmark.operators import profile_of
from export.flatbuffer import Flatbuffer
from export.ghostop.making import write_ghostop
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import Operators
from tests.fakes.scripted_target import model_file

SETTINGS = Settings(min_runs=1, min_seconds=0.0)
GHOSTNET_BLOCKS = [f"block_{i:02}" for i in range(16)]


def ran(name: str, index: int) -> Event:
    return Event(name=name, delegated=True, index=index, us=1)


@pytest.fixture(scope="session")
def profiled(host, bundled):
    report = host.profile(bundled, SETTINGS, runs=5)
    return profile_of(bundled, report)


def test_ghostnet_has_the_operators_of_its_paper(profiled):
    ops = {row.name: row.ops for row in profiled.by_class}

    matrix = ops["convolution"] + ops["pointwise and dense"]
    assert matrix == 55  # 54 convolutions and the classifier
    assert ops["depthwise convolution"] == 41
    assert (ops["concat and copy"], ops["add"], ops["mean"]) == (32, 16, 8)


def test_ghostnet_is_divided_into_its_blocks(profiled):
    names = [row.name for row in profiled.by_block]

    assert names[0] == "stem"
    assert [name for name in names if name.startswith("block_")] == GHOSTNET_BLOCKS
    assert names[-3:-1] == ["head", "classifier"]


def test_shares_add_up_to_the_whole(profiled):
    for rows in (profiled.by_class, profiled.by_block):
        assert sum(row.share for row in rows) == pytest.approx(1)
        assert all(row.cost >= 0 for row in rows)
    assert profiled.by_class == sorted(profiled.by_class, key=lambda row: -row.cost)


def test_what_was_not_delegated_keeps_its_name(host, int8):
    profile = profile_of(int8, host.profile(int8, SETTINGS, runs=2))

    assert "HARD_SWISH, not delegated" in [row.name for row in profile.by_class]
    assert [row.name for row in profile.by_block or []][:3] == ["stem", "block_00", "block_01"]


def test_ghost_operators_are_told_by_kind_and_in_their_blocks(profiled, host, bundled, tmp_path):
    ghostop = open_model(write_ghostop(bundled.path, out=tmp_path).path)
    profile = profile_of(ghostop, host.profile(ghostop, SETTINGS, runs=2))
    blocks = [{row.name: row.ops for row in p.by_block or []} for p in (profiled, profile)]

    assert {r.name: r.ops for r in profile.by_class if r.name.startswith("Ghost ")} == {
        "Ghost module 3x3": 16,
        "Ghost module 3x3 with ADD": 16,
        "Ghost convolution 1x1": 38,
        "Ghost convolution 3x3 stride 2": 1,
        "Ghost depthwise 3x3 stride 2": 4,
        "Ghost depthwise 5x5 stride 2": 4,
        "Ghost depthwise 3x3": 1,
        "Ghost dense": 1,
    }
    assert profile.by_tensor is not None
    assert profile.by_tensor.keys() > {"block_00/ghost1/concat", "block_00/add", "classifier"}
    # Instead of convolutions, depthwise ones and concats; the second takes the residual, too.
    assert list(blocks[1]) == list(blocks[0])
    assert (blocks[0]["block_02"], blocks[1]["block_02"]) == (7, 4)
    assert (blocks[0]["block_03"], blocks[1]["block_03"]) == (15, 12)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Convolution (NHWC, QC8) DWConv", "depthwise convolution"),
        ("Convolution (NHWC, QC8) IGEMM", "convolution"),
        ("Fully Connected (NC, QS8, QC8W) GEMM", "pointwise and dense"),
        ("Copy (NC, X8)", "concat and copy"),
        ("Add (ND)", "add"),
        ("Mean (ND) Reduce", "mean"),
        ("Unheard Of (ND)", "unheard of"),
    ],
)
def test_xnnpacks_names_have_classes(name, expected):
    assert class_of(ran(name, 0)) == expected


GRAPH = [
    Op(34, "stem/pad"),
    Op(3, "stem/act"),
    Op(3, "block_00/a"),
    Op(0, "Add_3"),
    Op(3, "block_00/b"),
]
RAN = [ran("Convert (NC)", 0), *[ran("GEMM", 1)] * 2]


def test_a_conversion_belongs_to_what_comes_next_and_a_fused_pad_to_nothing():
    events = [*RAN, ran("Add (ND)", 3), ran("IGEMM", 4)]

    assert places_of(GRAPH, events) == [1, 1, 2, 3, 4]
    assert blocks_of(GRAPH, events) == ["stem", "stem", "block_00", "block_00", "block_00"]


def test_an_operator_too_many_or_too_few_gives_no_blocks():
    events = [*RAN, ran("Add (ND)", 3), ran("IGEMM", 4)]

    assert blocks_of(GRAPH, events[:-1]) is None
    assert blocks_of(GRAPH, [*events, events[-1]]) is None


# ---------------------------------------------------------------------------- on an emulated core


def test_an_operators_count_is_all_of_its_instructions_and_none_of_the_profiler(
    emulated, int8, known_glibc
):
    profiled = emulated("cortex-a76").profile(int8, SETTINGS, runs=2)
    costs = [(event.name, event.us) for event in profiled.runs[-1]]

    assert profiled.whole == 447_866  # as without a profile
    assert sum(us for _, us in costs) == 443_106
    assert costs[:4] == [
        ("Convert (NC)", 4144),
        ("Convolution (NHWC, QC8) IGEMM", 36012),
        ("Fully Connected (NC, QS8, QC8W) GEMM", 15636),
        ("Convolution (NHWC, QC8) DWConv", 39870),
    ]


def test_counts_lie_over_the_graph_and_add_up_to_those_by_block(int8, emulated, capsys, tmp_path):
    overlay = tmp_path / "overlay.json"
    line = [str(int8.path), "--target", "emulated", "--core", "cortex-a53", "--json"]
    operators.main([*line, "--node-data", str(overlay)])

    told = json.loads(capsys.readouterr().out)
    (profile,) = told["profiles"]
    results = json.loads(overlay.read_bytes())["main"]["results"]
    assert (told["kind"], told["target"]) == ("emulated_counts", "emulated: cortex-a53")
    assert profile["instructions"] > 500_000 and "latency_us" not in profile
    of_stem = sum(cell["value"] for name, cell in results.items() if name.startswith("stem"))
    assert of_stem == profile["by_block"][0]["instructions"] > 50_000
    assert sum(cell["value"] for cell in results.values()) == sum(
        row["instructions"] for row in profile["by_class"]
    )
    graph = Flatbuffer(int8.data).graph
    assert results.keys() <= {graph.names[op.outputs[0]] for op in graph.ops}


def test_a_file_of_fewer_operators_has_a_title_of_its_own(tmp_path):
    model = model_file(tmp_path, "ghostnet_100")
    made = Operators(
        plain=model.path.name,
        plain_sha256=model.sha256,
        count=41,
        version=4,
        images=16,
        images_from="generated images",
        snr_db=None,
    )
    of_some = replace(made, kinds="depthwise")
    titles = [
        replace(model, record=replace(model.record, operators=o)).title for o in (made, of_some)
    ]

    assert [title.rpartition(" with ")[2] for title in titles] == [
        "Ghost operators",
        "depthwise Ghost operators",
    ]


@pytest.mark.parametrize("core", ["cortex-a53", "cortex-a76", "i8mm"])
def test_a_core_says_which_file_of_a_network_it_opens(emulated, int8, tmp_path, core):
    ghostop = open_model(write_ghostop(int8.path, out=tmp_path).path)

    assert emulated(core).profile(ghostop, SETTINGS, runs=1).opens == "all"
    assert emulated(core).profile(int8, SETTINGS, runs=1).opens == ""


# ---------------------------------------------------------------------------- the command


def test_two_files_stand_side_by_side(bundled, int8, capsys):
    operators.main([str(bundled.path), str(int8.path), "--runs", "2"])

    printed = capsys.readouterr().out
    assert "host: " in printed and "by block" in printed
    assert "depthwise convolution" in printed and "small_static_wi8_ai8" in printed


def test_json_has_the_same_facts_and_their_kind(int8, capsys, tmp_path):
    operators.main([str(int8.path), "--runs", "2", "--json", "--plot", str(tmp_path / "p.svg")])

    told = json.loads(capsys.readouterr().out)
    assert told["kind"] == "host_latency"
    assert told["profiles"][0]["runs"] == 2
    assert {row["name"] for row in told["profiles"][0]["by_class"]} > {"add", "multiply"}
    assert (tmp_path / "p.svg").read_text().count("<svg") == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["a", "b", "c"], "3 files"),
        (["a", "--runs", "0"], "--runs 0"),
        (["a", "--threads", "99"], "--threads 99"),
        (["a", "--plot", "p.pdf"], "does not end in"),
        (["/nowhere"], "there is no file '/nowhere'"),
        (["a", "b", "--node-data", "n.json"], "--node-data is of one graph"),
        (["a", "--core", "7"], "need --target phone"),
        (["a", "--target", "emulated", "--runs", "3"], "the same in every run"),
    ],
)
def test_a_mistyped_command_is_answered(arguments, why):
    with pytest.raises(UserError, match=why):
        operators.main(arguments)
