"""A run: turns, rounds on the disk, what stops it, and how it goes on."""

import re

import pytest

from benchmark import store
from benchmark.fleet import Fleet
from benchmark.plan import settings_of
from benchmark.rows import tabulate
from ghostnet_tf.base.effort import EFFORTS
from ghostnet_tf.base.errors import UserError
from tests.benchmark.scripted import COST, QUICK, run
from tests.fakes.scripted_target import ScriptedTarget, model_file


@pytest.fixture
def models(tmp_path):
    return [model_file(tmp_path / "build", name) for name in COST]


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
        return Fleet(models, QUICK, settings_of(QUICK), tmp_path / "out", is_resumed=is_resumed)

    with pytest.raises(UserError, match="there are no results in"):
        fleet(is_resumed=True).measure([ScriptedTarget(COST)])
    fleet(is_resumed=False).measure([ScriptedTarget(COST)])
    begun, other = ScriptedTarget(COST), ScriptedTarget(COST)
    other.name = "another core"

    results = fleet(is_resumed=True).measure([begun, other])

    assert [len(one.rounds) for one in results] == [QUICK.rounds] * 2
    assert (len(begun.visits), len(other.visits)) == (0, 2 * QUICK.rounds)


# ------------------------------------------------------------------------ the command and its page
