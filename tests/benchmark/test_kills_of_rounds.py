"""A benchmark that is killed at any moment, and two at once: no round is lost, none mixed."""

import errno
import os

import pytest

from benchmark import store
from benchmark.rows import tabulate
from ghostnet_tf.base import errors
from ghostnet_tf.base.alone import alone
from ghostnet_tf.base.errors import UserError
from tests.benchmark.scripted import COST, QUICK, run
from tests.counts import examples
from tests.fakes.scripted_target import ScriptedTarget, model_file
from tests.killing import killed_at, seeded_moments

STEPS = 3 + 6 * QUICK.rounds  # on the disk: the lock, and each round's file
OLD = "results-1.json"  # what was there before; set aside, once


@pytest.fixture
def models(tmp_path):
    return [model_file(tmp_path / "build", name) for name in COST]


KILLS = examples(5, 40)


@pytest.mark.parametrize(
    ("moment", "again"),
    [*zip(seeded_moments(KILLS, STEPS), seeded_moments(KILLS, STEPS, seed=1), strict=True)],
)
def test_finished_rounds_outlive_a_kill_and_are_not_measured_again(moment, again, models, tmp_path):
    path = tmp_path / "out" / "results.json"
    before = run(ScriptedTarget(COST), models, path)

    kills = [killed_at(moment, lambda: run(ScriptedTarget(COST), models, path))]
    rounds = store.read(path).rounds if path.exists() else []
    kills += [
        killed_at(again, lambda: run(ScriptedTarget(COST), models, path, is_resumed=path.exists()))
    ]
    kept = store.read(path).rounds if path.exists() else []
    if not (path.parent / OLD).exists():  # killed before anything was begun
        assert store.read(path) == before
    else:
        assert store.read(path.parent / OLD) == before
        assert kept[: len(rounds)] == rounds

    whole = run(target := ScriptedTarget(COST), models, path, is_resumed=path.exists())

    assert kills[0] and len(whole.rounds) == QUICK.rounds
    assert len(target.visits) == 2 * (QUICK.rounds - len(kept))
    assert tabulate(whole, models).rows
    names = {path.name for path in path.parent.iterdir()}
    assert names in ({"results.json"}, {"results.json", OLD})


def test_a_second_benchmark_into_the_same_results_is_refused(models, tmp_path):
    path = tmp_path / "results.json"
    before = run(ScriptedTarget(COST), models, path)
    target = ScriptedTarget(COST)

    for is_resumed in (False, True):
        with alone(path, ""), pytest.raises(UserError, match="at this moment") as refused:
            run(target, models, path, is_resumed=is_resumed)

    assert "is measuring" in str(refused.value) and not target.visits and target.is_closed
    assert store.read(path) == before and not (tmp_path / OLD).exists()


def test_while_it_measures_another_one_is_refused(models, tmp_path):
    path, refused = tmp_path / "results.json", []

    def trouble(visit):
        if visit == 3:
            with pytest.raises(UserError, match="at this moment") as error:
                run(ScriptedTarget(COST), models, path)
            refused.append(error)

    run(ScriptedTarget(COST, trouble=trouble), models, path)

    assert refused and len(store.read(path).rounds) == QUICK.rounds


@pytest.mark.parametrize("step", ["write", "fsync", "replace"])
def test_a_disk_that_fills_up_costs_no_finished_round(step, models, tmp_path, monkeypatch, capsys):
    path, real, calls = tmp_path / "results.json", getattr(os, step), []

    def full_at_last(*args):
        calls.append(args)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*args)

    monkeypatch.setattr(f"os.{step}", full_at_last)
    target = ScriptedTarget(COST)
    with pytest.raises(SystemExit, match="2"):
        errors.run(lambda: run(target, models, path) and None)
    monkeypatch.undo()

    assert "error: No space left on device" in capsys.readouterr().err and target.is_closed
    assert 1 <= len(store.read(path).rounds) < QUICK.rounds
    assert {p.name for p in tmp_path.iterdir()} == {"build", "results.json"}
    assert len(run(ScriptedTarget(COST), models, path, is_resumed=True).rounds) == QUICK.rounds
