import json
import re
from pathlib import Path

import numpy as np
import pytest

from benchmark import facts, markdown, paper_suite, report, store
from benchmark import run as command
from benchmark.fleet import Fleet
from benchmark.plan import settings_of
from benchmark.rows import Table, tabulate
from benchmark.session import measure
from benchmark.targets.host import pin
from ghostnet_tf.base.effort import EFFORTS
from ghostnet_tf.base.errors import UserError
from tests.fakes.scripted_target import ScriptedTarget, model_file

QUICK = EFFORTS["quick"]
COST = {"ghostnet_100": 10.0, "mobilenetv3_large_100": 12.0}


@pytest.fixture
def models(tmp_path):
    return [model_file(tmp_path / "build", name) for name in COST]


def run(target, models, path, is_resumed=False, effort=QUICK):
    return measure(target, models, effort, settings_of(effort), path, is_resumed)


def unplugged(at: int):
    def trouble(visit: int) -> None:
        if visit == at:
            raise UserError("the phone is gone", fix="plug it in, then --resume")

    return trouble


def test_models_take_turns_and_every_round_is_on_the_disk(models, tmp_path):
    target = ScriptedTarget(COST)

    results = run(target, models, tmp_path / "results.json")

    a, b = (model.title for model in models)
    turns = [set(target.visits[i : i + 2]) for i in range(0, 2 * QUICK.rounds, 2)]
    assert turns == [{a, b}] * QUICK.rounds
    assert target.visits[2:4] == target.visits[1::-1]
    assert store.read(tmp_path / "results.json") == results
    assert target.is_closed


def test_a_phone_unplugged_in_the_run_keeps_finished_rounds_and_resumes(models, tmp_path):
    path = tmp_path / "results.json"
    broken = ScriptedTarget(COST, trouble=unplugged(at=5))
    with pytest.raises(UserError, match=r"2 finished rounds are in .*--resume") as caught:
        run(broken, models, path)

    whole = run(target := ScriptedTarget(COST), models, path, is_resumed=True)

    assert caught.value.fix == "plug it in, then --resume"
    assert broken.is_closed
    assert len(whole.rounds) == QUICK.rounds
    assert len(target.visits) == 2 * (QUICK.rounds - 2)


def test_an_interrupt_says_what_was_kept(models, tmp_path):
    def interrupt(visit):
        if visit == 3:
            raise KeyboardInterrupt

    target = ScriptedTarget(COST, trouble=interrupt)
    with pytest.raises(KeyboardInterrupt, match="1 finished rounds"):
        run(target, models, tmp_path / "results.json")
    assert target.is_closed


def test_old_results_are_set_aside_and_not_overwritten(models, tmp_path):
    path = tmp_path / "results.json"
    first = run(ScriptedTarget(COST), models, path)

    run(ScriptedTarget(COST), models, path)

    assert store.read(tmp_path / "results-1.json") == first


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("kind", lambda target, models: (ScriptedTarget(COST, "phone_latency"), models, QUICK)),
        ("models", lambda target, models: (target, models[:1], QUICK)),
        ("effort", lambda target, models: (target, models, EFFORTS["standard"])),
    ],
)
def test_a_run_of_another_plan_is_not_resumed(what, changed, models, tmp_path):
    path = tmp_path / "results.json"
    before = run(ScriptedTarget(COST), models, path)
    target, models, effort = changed(ScriptedTarget(COST), models)

    with pytest.raises(UserError, match=f"its {what} is another"):
        run(target, models, path, is_resumed=True, effort=effort)

    assert store.read(path) == before


def test_rounds_on_another_runtime_do_not_join(models, tmp_path):
    path = tmp_path / "results.json"
    with pytest.raises(UserError, match="finished rounds"):
        run(ScriptedTarget(COST, trouble=unplugged(at=4)), models, path)
    updated = ScriptedTarget(COST)
    updated.runtime_sha256 = "b" * 64

    with pytest.raises(UserError, match=r"the runtime has changed"):
        run(updated, models, path, is_resumed=True)

    assert len(store.read(path).rounds) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"schema": 2', '"schema": 99'),
        lambda text: re.sub(r'"latency_ms": \[[0-9.]+', '"latency_ms": ["fast"', text),
        lambda text: "[]",
        lambda text: text.replace('"rounds"', '"squares"'),
    ],
)
def test_damaged_results_are_refused_and_never_read_in_part(damage, models, tmp_path):
    path = tmp_path / "results.json"
    run(ScriptedTarget(COST), models, path)
    path.write_text(damage(path.read_text()))

    with pytest.raises(UserError, match="cannot be read as results"):
        run(ScriptedTarget(COST), models, path, is_resumed=True)


def test_instructions_are_counted_in_a_single_round(models, tmp_path):
    cost = {name: 1e6 * value for name, value in COST.items()}
    target = ScriptedTarget(cost, "emulated_counts")

    results = run(target, models, tmp_path / "results.json")

    assert len(results.rounds) == 1
    rows = tabulate(results, models).rows
    assert [row.counts.instructions for row in rows] == [10_000_000, 12_000_000]


def test_one_phone_that_fails_does_not_stop_the_others(models, tmp_path, capsys):
    phones = [ScriptedTarget(COST, "phone_latency", unplugged(at=3)) for _ in range(1)]
    phones.append(ScriptedTarget(COST, "phone_latency"))
    phones[1].name = "the other phone"
    fleet = Fleet(models, QUICK, settings_of(QUICK), tmp_path / "out")

    results = fleet.measure(phones)

    assert [one.target for one in results] == ["the other phone"]
    assert "error: the phone is gone" in capsys.readouterr().err
    assert fleet.errors[0].exit_code == 2


def test_a_resumed_fleet_begins_what_was_not_begun_and_nothing_out_of_nothing(models, tmp_path):
    def fleet(is_resumed: bool) -> Fleet:
        return Fleet(models, QUICK, settings_of(QUICK), tmp_path / "out", is_resumed)

    with pytest.raises(UserError, match="there are no results in"):
        fleet(is_resumed=True).measure([ScriptedTarget(COST)])
    fleet(is_resumed=False).measure([ScriptedTarget(COST)])
    begun, other = ScriptedTarget(COST), ScriptedTarget(COST)
    other.name = "another core"

    results = fleet(is_resumed=True).measure([begun, other])

    assert [len(one.rounds) for one in results] == [QUICK.rounds] * 2
    assert (len(begun.visits), len(other.visits)) == (0, 2 * QUICK.rounds)


# ------------------------------------------------------------------------ the command and its page


def files_of_suite(build: Path, top1: dict[str, float] | None = None) -> Path:
    """All files of the suite; of the bundled networks, `top1` has the accuracies that are known."""
    for member in paper_suite.PAPER.members:
        known = (top1 or {}).get(member.model) if member.weights != "seeded" else None
        for recipe in paper_suite.PAPER.recipes:
            given = (build, member.model, recipe, member.weights, known)
            plain = model_file(*given, size=member.size)
            if member.has_operators:
                model_file(*given, size=member.size, plain=plain)
    return build


MEASURED = {
    "ghostnet_050": 0.55,
    "mobilenetv3_large_035": 0.56,
    "mobilenetv3_large_035_delegable": 0.56,
}


@pytest.fixture
def paper(tmp_path):
    """A suite of files, and what they cost: GhostNet wins in this world."""
    build = files_of_suite(tmp_path / "build", MEASURED)
    models = dict.fromkeys(member.model for member in paper_suite.PAPER.members)
    return paper_suite.paper(build), {name: 10.0 + i for i, name in enumerate(models)}


def printed(monkeypatch, capsys, target, models, *flags) -> str:
    monkeypatch.setattr(command, "targets", lambda args, effort: [target])
    monkeypatch.setattr(command, "open_models", lambda args: models)
    assert command.main(["--suite", "paper", "--effort", "quick", *flags]) == 0
    return capsys.readouterr().out


def test_the_suite_is_compared_at_equal_accuracy_and_says_who_wins(
    paper, tmp_path, monkeypatch, capsys
):
    models, cost = paper
    target = ScriptedTarget(cost, "phone_latency")

    text = printed(monkeypatch, capsys, target, models, "--out", str(tmp_path / "out"))

    assert re.search(r"\| ghostnet_100 .* 73.9 % published, graph only \|", text)
    assert re.search(r"\| ghostnet_050 tinyimagenet .* 55.00 % measured \|", text)
    last = [line for line in text.splitlines() if line.startswith("- ")][-12:]
    assert "float32, published accuracy" in last[0]
    assert re.search(r"ghostnet_100 needs 3\d\.\d% less time than a stock MobileNetV3", last[0])
    assert "1.0 points less than mobilenetv3_large_035 tinyimagenet" in last[3]
    assert "static_wi8_ai8" in last[6]
    assert text.count("Published accuracies are those of float networks") == 1
    assert all(line.endswith("Read its doubts before you quote this.") for line in last)
    assert len(re.findall(r"doubt: .*quote needs 1024 runs", text)) == 1
    assert re.search(
        r"doubt: effort, \d+ rows, such as ghostnet_100 float32: a number to quote", text
    )
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<svg") == 6  # accuracy four times, classes, and time over the rounds
    assert "21 HARD_SWISH" in page
    assert "°C" in page
    assert (tmp_path / "out" / "report.md").read_text() == text


def test_the_verdict_tells_networks_and_kernels_apart(paper, tmp_path, monkeypatch, capsys):
    """In this world our kernels save GhostNet 30 % and MobileNetV3 10 %."""
    models, cost = paper
    target = ScriptedTarget({k: 1e6 * v for k, v in cost.items()}, "emulated_counts")

    text = printed(monkeypatch, capsys, target, models, "--out", str(tmp_path / "out"))

    said = [line for line in text.splitlines() if line.startswith("- float32, published")]
    line = 16 - 2 * (73.9 - 73.3) / (75.2 - 73.3)  # delegable, at GhostNet 1.0's accuracy
    for sentence, (ours, what, theirs, rival) in zip(
        said,
        [
            (10, "the networks, on the runtime's kernels: ghostnet_100 needs", line - 1, "a stock"),
            (7, "the networks, on our kernels: ghostnet_100_ghostop needs", 0.9 * line, "operator"),
            (7, "our kernels in GhostNet alone: ghostnet_100_ghostop", line - 1, "a stock"),
        ],
        strict=True,
    ):
        assert "at its top-1 of 73.9 %" in sentence and what.split(": ")[0] in sentence
        assert what.split(": ")[1].split()[0] in sentence and rival in sentence
        assert f"{1 - ours / theirs:.1%} fewer instructions" in sentence
    alone = text.split("kernels alone")[1].split("###")[0]
    assert re.search(r"ghostnet_100_ghostop +\|.*\| +ghostnet_100 \|.*-30\.0%", alone)
    assert re.search(r"mobilenetv3_large_100_delegable_ghostop .* -10\.0%", alone)
    document = json.loads((tmp_path / "out" / "report.json").read_text())
    ratios = [round(v["ratio"], 9) for v in document["targets"][0]["kernels_alone"]]
    assert set(ratios) == {0.7, 0.9} and len(ratios) == 16
    assert "kernels alone" in (tmp_path / "out" / "report.html").read_text()


def test_counts_come_with_their_core_and_without_any_unit_of_time(
    paper, tmp_path, monkeypatch, capsys
):
    models, cost = paper
    target = ScriptedTarget({k: 1e6 * v for k, v in cost.items()}, "emulated_counts")

    out = printed(monkeypatch, capsys, target, models, "--json", "--out", str(tmp_path / "out"))

    document = json.loads(out)
    row = document["targets"][0]["rows"][0]
    assert document["kind"] == "emulated_counts"
    assert (row["model"], row["recipe"], row["core"]) == ("ghostnet_100", "float32", "cortex-a76")
    assert row["instructions"] == 10_000_000
    assert isinstance(row["instructions"], int)
    assert not re.search(r'_ms"|_s"|seconds|latency', out)
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<svg") == 5  # accuracy four times, and the kinds of instructions
    assert not re.search(r"\bms\b|seconds", page.split("What others have published")[0])


def test_json_has_every_fact_of_a_timed_row(models, tmp_path):
    results = run(ScriptedTarget(COST), models, tmp_path / "results.json")

    document = facts.document([tabulate(results, models)], is_suite=False)

    row = json.loads(report.as_json(document))["targets"][0]["rows"][0]
    assert row["low_ms"] < row["median_ms"] < row["high_ms"] < row["p90_ms"] * 1.1
    assert (row["rounds"], row["runs"]) == (QUICK.rounds, QUICK.rounds * QUICK.runs)
    assert {doubt["about"] for doubt in row["doubts"]} == {"effort"}
    assert document["targets"][0]["verdicts"][0]["winner"] == "ghostnet_100"


def test_a_missing_suite_names_the_command_that_writes_it(tmp_path):
    with pytest.raises(UserError, match="42 of the suite's 42 files are missing") as caught:
        paper_suite.paper(tmp_path)

    assert caught.value.fix == "python export/to_tflite.py --suite paper"


def test_a_baseline_of_the_same_recipe_is_compared_as_soon_as_it_is_there(tmp_path):
    build = files_of_suite(tmp_path / "build")
    cost = {member.model: 10.0 for member in paper_suite.PAPER.members}
    cost["mobilenetv3_large_035"] = 8.0

    def table() -> Table:
        models = paper_suite.paper(build)
        target = ScriptedTarget(cost, "phone_latency")
        return tabulate(run(target, models, tmp_path / "results.json"), models)

    def told() -> str:
        return markdown.document([table()], is_suite=True)

    nothing = told()
    model_file(build, "ghostnet_050", "float32", "tinyimagenet", 0.37, size=96)
    alone = told()
    assert "no MobileNetV3 that was trained" in report.html([table()], is_suite=True)
    model_file(build, "mobilenetv3_large_035", "float32", "others", 0.7, photos=50_000)
    of_other_photos = told()
    model_file(build, "mobilenetv3_large_035", "float32", "tinyimagenet", 0.38, size=96)
    both = told()

    assert "build/ has no GhostNet with one" in nothing
    for text in (alone, of_other_photos):
        assert "no MobileNetV3 that was trained and scored on the photos of ghostnet_050" in text
        assert "At equal measured accuracy" not in text
    assert "At equal measured accuracy" in both
    assert "Nothing is compared" not in both
    assert re.search(
        r"float32, measured accuracy.*ghostnet_050 tinyimagenet \(37.0 %\) is below every rival "
        r"here: it has 1.0 points less than mobilenetv3_large_035 tinyimagenet and needs 2\d.\d% "
        r"more time",
        both,
    )


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a|b\nc", "{{ 7 * 7 }}"])
def test_a_hostile_name_is_only_a_name(name, models, tmp_path):
    target = ScriptedTarget(COST, facts={"model": name, "doubts": [f"odd {name}"]})
    target.name = f"phone: {name}"

    table = tabulate(run(target, models, tmp_path / "results.json"), models)
    page, text = report.html([table], False), markdown.document([table], False)

    assert "<script>" not in page
    assert "phone: 49" not in page
    assert text.splitlines()[0] == "## phone: " + " ".join(name.replace("|", "/").split())
    assert report.slug(target.name) == re.sub(r"[^\w.-]", "", report.slug(target.name))


def test_the_page_needs_nothing_from_elsewhere(models, tmp_path):
    table = tabulate(run(ScriptedTarget(COST), models, tmp_path / "results.json"), models)

    page = report.html([table], False)

    links = re.findall(r"(?:src|href)=[\"']([^\"'#]+)|url\(([^)#]+)\)|@import", page)
    assert not links
    assert page == report.html([table], False)


def test_outputs_that_change_between_rounds_are_a_doubt(models, tmp_path):
    results = run(ScriptedTarget(COST), models, tmp_path / "results.json")
    visits = results.rounds[2].visits
    sha = models[0].sha256
    visits[sha] = type(visits[sha])(**{**vars(visits[sha]), "output_sha256": "f" * 64})

    row, other = tabulate(results, models).rows

    assert "outputs" in {doubt.about for doubt in row.doubts}
    assert "outputs" not in {doubt.about for doubt in other.doubts}


@pytest.mark.parametrize(
    "line",
    [
        [],
        ["a.tflite", "--suite", "paper"],
        ["a.tflite", "--threads", "0"],
        ["a.tflite", "--phone", "X"],
        ["a.tflite", "--clean"],
        ["a.tflite", "--effort", "heroic"],
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(line, capsys):
    with pytest.raises(SystemExit) as caught:
        command.main(line)

    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_core_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(UserError, match="no core '4096'") as caught:
        pin("4096")

    assert re.match(r"try one of \d", caught.value.fix)


def test_two_names_of_one_file_are_refused(models, tmp_path):
    again = tmp_path / "again.tflite"
    again.write_bytes(models[0].data)

    with pytest.raises(UserError, match="the same, byte for byte"):
        command.open_models(command.parse([str(models[0].path), str(again)]))


def test_equal_accuracy_reads_the_published_tables_as_their_readers_do():
    from benchmark.audit import read_published
    from benchmark.published import TABLES

    read = {
        (table.source.split()[0], equal.top1): round(100 * (equal.ratio - 1))
        for table in TABLES
        for equal in read_published(table)
    }

    assert read["GhostNet", 73.9] == -13  # 31.2 ms against 36.0 on the line
    assert read["RepGhost", 66.5] == 9
    assert read["PaddleClas,", 66.88] == 7


def test_a_rival_is_interpolated_between_its_neighbours_only():
    from benchmark.equal_accuracy import Point, at_equal_accuracy

    line = [Point("small", 60.0, (10.0,)), Point("large", 70.0, (20.0,))]

    inside = at_equal_accuracy(Point("x", 65.0, (12.0,)), line, "a rival", error=0.0)
    beyond = at_equal_accuracy(Point("x", 72.0, (30.0,)), line, "a rival", error=0.0)

    assert np.isclose(inside.ratio, 12 / 15)
    assert inside.winner == "x"
    assert (beyond.rival, beyond.points_more) == ("large", 2.0)
    assert beyond.winner is None  # better and dearer: a buyer's choice, no victory
    for cost in (14.9, 15.1):
        unsure = at_equal_accuracy(Point("x", 65.0, (cost,)), line, "a rival", error=0.2)
        assert unsure.winner is None
