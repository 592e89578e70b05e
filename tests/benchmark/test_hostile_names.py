"""Whatever phones and files are called, the benchmark prints lines of its own alone."""

import shutil

import pytest

from benchmark import benchmark_model, operators, run, saved
from benchmark.findings import findings_of
from benchmark.fleet import Fleet
from benchmark.model import open_model
from benchmark.operators import Profile, Row
from benchmark.plan import settings_of
from benchmark.rows import tabulate
from benchmark.views import show
from ghostnet_tf.base.errors import UserError
from tests.benchmark.scripted import QUICK
from tests.fakes.scripted_target import ScriptedTarget, model_file
from tests.hostile import FORGED, NAME, OPTION, TEXT, is_active, printed_by, steers


@pytest.fixture
def hostile_models(tmp_path):
    """Two files with hostile names; records cannot be, for they name the file."""
    models = []
    for name in ("ghostnet_100", "ghostnet_050"):
        plain = model_file(tmp_path, name).path
        path = tmp_path / f"{name}{NAME}.tflite"
        shutil.move(plain, path)
        models.append(open_model(path))
    return models


def hostile_target(trouble=lambda visit: None) -> ScriptedTarget:
    class Anything(dict):
        def __missing__(self, key):
            return 10.0

    says = {"model": TEXT, "doubts": [TEXT], TEXT: TEXT}
    target = ScriptedTarget(Anything(), "phone_latency", trouble, says)
    target.name = f"phone: {TEXT}"
    return target


@pytest.mark.parametrize("is_json", [False, True])
def test_tables_and_doubts(is_json, hostile_models, tmp_path, capsys):
    def command():
        fleet = Fleet(hostile_models, QUICK, settings_of(QUICK), tmp_path / "out")
        results = fleet.measure([hostile_target()])
        found = [findings_of(tabulate(one, hostile_models)) for one in results]
        show(found, tmp_path / NAME, is_json)
        return 0

    printed = printed_by(command, capsys)

    assert "forged" in printed
    report = (tmp_path / NAME / "report.md").read_text()
    assert not steers(report) and not any(map(is_active, report.splitlines()))
    assert not steers((tmp_path / NAME / "report.json").read_text())


def test_a_phone_that_fails(hostile_models, tmp_path, capsys):
    def trouble(visit):
        raise UserError(f"the phone says {TEXT}", fix=TEXT)

    def command():
        fleet = Fleet(hostile_models, QUICK, settings_of(QUICK), tmp_path / "out")
        fleet.measure([hostile_target(trouble)])

    assert "forged" in printed_by(command, capsys)


def test_a_profile(capsys):
    rows = [Row(name=f"{TEXT}{i}", cost=2.0, share=0.5, ops=1) for i in range(2)]
    profile = Profile(
        model=TEXT, unit="us", runs=5, whole=4.0, by_class=rows, by_block=None,
        by_tensor=None, opens="",
    )  # fmt: skip

    def command():
        operators.show([profile, profile], TEXT)

    printed = printed_by(command, capsys)
    assert "by operator class" in printed and "cannot be matched with blocks" in printed


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (run.main, [OPTION]),
        (run.main, [TEXT]),
        (run.main, ["a", "--effort", TEXT]),
        (run.main, ["a", "--out", f"/proc/{TEXT}"]),
        (operators.main, [TEXT]),
        (operators.main, ["a", "--plot", TEXT]),
        (operators.main, [OPTION]),
        (benchmark_model.main, [TEXT]),
        (benchmark_model.main, [OPTION]),
        (saved.main, [TEXT]),
    ],
)
def test_a_command_line_that_is_refused(command, line, capsys):
    assert "error: " in printed_by(lambda: command(line), capsys)


def test_a_log_becomes_json(tmp_path, capsys):
    (tmp_path / NAME).write_text(TEXT)

    printed_by(lambda: benchmark_model.main([str(tmp_path / NAME)]), capsys)


def test_a_forged_line_would_be_seen(capsys):
    """Of the test itself: text that nobody escapes."""
    with pytest.raises(AssertionError):
        printed_by(lambda: print(f"a\n{FORGED}"), capsys)
    with pytest.raises(AssertionError):
        printed_by(lambda: print("a\x1b[2J"), capsys)
