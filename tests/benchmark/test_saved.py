"""Results that a browser saved, and what somebody may hand in for them."""

import json

import pytest

from benchmark import saved
from benchmark.plan import settings_of
from benchmark.session import measure
from ghostnet_tf.base.effort import EFFORTS
from ghostnet_tf.base.errors import CheckFailed, UserError
from tests.fakes.scripted_target import ScriptedTarget, model_file

COST = {"ghostnet_100": 10.0, "mobilenetv3_large_100": 12.0}


@pytest.fixture
def models(tmp_path):
    return [model_file(tmp_path / "models", name) for name in COST]


@pytest.fixture
def results(models, tmp_path):
    """As the page saves them; no browser is needed for that."""
    path = tmp_path / "results-browser.json"
    quick = EFFORTS["quick"]
    measure(ScriptedTarget(COST, "browser_latency"), models, quick, settings_of(quick), path)
    return path


def change(path, how):
    content = json.loads(path.read_text())
    how(content)
    path.write_text(json.dumps(content))


def run(results, models, *more):
    out = results.parent / "out"
    return saved.main(
        [str(results), *(str(model.path) for model in models), "--out", str(out), *more]
    )


def test_a_browsers_results_become_tables_and_a_page(results, models, capsys):
    assert run(results, models) == 0

    assert "ghostnet_100" in capsys.readouterr().out
    assert (
        "Time in a browser, which is no app" in (results.parent / "out" / "report.html").read_text()
    )


def first_visit(content):
    return next(iter(content["rounds"][0]["visits"].values()))


@pytest.mark.parametrize(
    "how",
    [
        lambda content: content["rounds"].clear(),
        lambda content: content["rounds"][0]["visits"].popitem(),
        lambda content: first_visit(content)["latency_ms"].clear(),
        lambda content: first_visit(content).update(latency_ms=[-1.0, 2.0]),
        lambda content: content["models"].clear(),
    ],
)
def test_results_that_are_not_whole_are_refused(results, models, how):
    change(results, how)

    with pytest.raises(CheckFailed, match="are not whole"):
        run(results, models)


def test_results_of_another_kind_are_refused(results, models):
    change(results, lambda content: content.update(kind="phone_latency"))

    with pytest.raises(UserError, match="holds phone_latency, not browser_latency"):
        run(results, models)


def test_a_model_that_is_not_here_is_named(results, models):
    with pytest.raises(UserError, match=r"mobilenetv3_large_100.* was measured, and no such file"):
        run(results, models[:1])
