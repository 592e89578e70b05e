"""The demo app's benchmark from a computer: through the real `adb`, with what can go wrong."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmark import run as command
from benchmark import store
from benchmark.app_results import read
from benchmark.rows import tabulate
from benchmark.targets.adb import Adb
from benchmark.targets.app import STALL_S, AppOnPhone, measure_all
from ghostnet_tf.base.effort import EFFORTS
from ghostnet_tf.base.errors import CheckFailed, UserError
from tests.fakes.app import PhoneWithApp, document
from tests.fakes.phone import Answer, Unplugged

pytestmark = pytest.mark.skipif(
    shutil.which("adb") is None and not Path("/etc/debian_version").exists(),
    reason="adb is not installed; .ci/run installs it on Debian",
)
QUICK = EFFORTS["quick"]
RUNNING = {"state": "running", "text": "Round 1 of 6: ghostnet_100"}
DONE = {"state": "done", "text": ""}


@pytest.fixture
def phone(server, tmp_path, models):
    phone = PhoneWithApp(tmp_path / "phone", models, [RUNNING, RUNNING, DONE])
    phone.start()
    done = subprocess.run([*server, "connect", phone.serial], capture_output=True, text=True)  # noqa: S603
    assert "connected to" in done.stdout, done.stdout
    yield phone
    subprocess.run([*server, "disconnect", phone.serial], capture_output=True)  # noqa: S603
    phone.stop()


@pytest.fixture
def app(server, phone):
    return AppOnPhone(Adb(phone.serial, server), sleep=lambda seconds: None)


def test_the_app_is_started_awaited_and_its_numbers_are_collected(app, phone, models):
    said = []

    results = app.measure(models, QUICK, said.append)

    assert results.kind == "app_latency"
    assert len(results.rounds) == QUICK.rounds
    assert said == [f"{phone.serial}: Round 1 of 6: ghostnet_100"]  # once, though it was seen twice
    assert phone.effort == "quick"
    assert phone.was_stopped
    assert [line.rpartition(".")[2] for line in phone.said if line.startswith("rm ")] == [
        "json",
        "state",
        "txt",
    ]


def test_the_command_makes_a_page_of_it_and_keeps_the_results(
    server, phone, models, tmp_path, monkeypatch, capsys
):
    out, files = tmp_path / "out", [str(model.path) for model in models]
    monkeypatch.setattr("benchmark.targets.app.POLL_S", 0.0)
    monkeypatch.setattr(
        "benchmark.targets.app.measure_all",
        lambda which, *rest: measure_all(phone.serial, *rest, command=server),
    )

    assert command.main(["--app", *files, "--effort", "quick", "--out", str(out)]) == 0

    assert "ghostnet_100" in capsys.readouterr().out
    assert "Time inside the demo app" in (out / "report.html").read_text()
    (kept,) = out.glob("results-*.json")
    assert store.read(kept).kind == "app_latency"


def test_shared_results_are_read_without_a_phone(models, tmp_path, capsys):
    shared = tmp_path / "run-1.json"
    shared.write_text(json.dumps(document(models, "quick")))
    files = [str(model.path) for model in models]
    line = ["--app", *files, "--results", str(shared), "--out", str(tmp_path / "out"), "--json"]

    assert command.main(line) == 0

    said = json.loads(capsys.readouterr().out)
    assert said["kind"] == "app_latency"
    assert [row["model"] for row in said["targets"][0]["rows"]] == [
        "ghostnet_100",
        "mobilenetv2_100",
    ]
    assert said["targets"][0]["verdicts"][0]["winner"] == "ghostnet_100"


def test_a_phone_without_the_app_is_told_how_to_get_it(app, phone, models):
    phone.is_installed = False

    with pytest.raises(UserError, match="does not have the demo app") as caught:
        app.measure(models, QUICK)

    assert "installMeasure" in caught.value.fix


def test_an_intent_that_android_refuses_is_an_error(app, phone, models):
    refusal = Answer(b"Error type 3\nError: Activity class does not exist.\n")
    phone.trouble = lambda what, text: refusal if text.startswith("am start") else None

    with pytest.raises(UserError, match=r"cannot be started.*does not exist"):
        app.measure(models, QUICK)


def test_an_app_that_gives_up_says_why(app, phone, models):
    phone.states = [RUNNING, {"state": "failed", "text": "The model a.tflite is damaged."}]

    with pytest.raises(UserError, match=r"gave up: The model a\.tflite is damaged\."):
        app.measure(models, QUICK, lambda text: None)

    assert phone.was_stopped


def test_an_app_that_falls_silent_is_not_waited_for_for_ever(app, phone, models):
    phone.states, slept = [RUNNING], []
    app.sleep = lambda seconds: slept.append(STALL_S / 2)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmark.targets.app.POLL_S", STALL_S / 2)
        with pytest.raises(UserError, match="says nothing any more"):
            app.measure(models, QUICK, lambda text: None)

    assert len(slept) < 6


@pytest.mark.parametrize("states", [[RUNNING], [RUNNING, RUNNING], []])
def test_an_app_that_ended_is_not_waited_for(app, phone, models, states):
    phone.states, slept = states, []
    app.sleep = slept.append
    phone.is_alive = False

    with pytest.raises(UserError, match="has ended before its benchmark did") as caught:
        app.measure(models, QUICK, lambda text: None)

    assert "logcat" in caught.value.fix
    assert len(slept) <= 1


def test_a_phone_that_cannot_say_what_runs_is_believed(app, phone, models):
    phone.trouble = lambda what, text: Answer(code=127) if text.startswith("pidof") else None

    assert len(app.measure(models, QUICK, lambda text: None).rounds) == QUICK.rounds


def test_an_app_that_ended_with_a_last_word_is_heard(app, phone, models):
    phone.states = [RUNNING, {"state": "failed", "text": "There is not enough memory."}]
    phone.is_alive = False

    with pytest.raises(UserError, match="gave up: There is not enough memory"):
        app.measure(models, QUICK, lambda text: None)


def test_a_model_that_failed_is_reported_and_the_others_have_their_numbers(models):
    said = document(models, "quick")
    bad, good = models[0], models[1]
    said["failed"] = {bad.sha256: "LiteRT cannot compile this model"}
    for one in said["rounds"]:
        del one["visits"][bad.sha256]

    results = read(json.dumps(said).encode(), models)
    table = tabulate(results, models)

    assert [row.model for row in table.rows] == [good]
    name = bad.path.name
    assert f"not measured: {name}: LiteRT cannot compile this model" in table.doubts


@pytest.mark.parametrize(
    "spoil, doubt",
    [
        (lambda d, v: d["facts"].update(debuggable="yes"), "debuggable build"),
        (lambda d, v: d["facts"].pop("debuggable"), "debuggable build"),
        (lambda d, v: v["after"].update(core=3), "it ran on cores 3, 7"),
        (lambda d, v: v["conditions"].update(is_saving_power=True), "battery saver"),
        (lambda d, v: v["conditions"].update(is_charging=True), "charging"),
    ],
)
def test_what_the_app_knows_against_its_numbers_is_a_doubt(models, spoil, doubt):
    said = json.loads(json.dumps(document(models, "quick")))
    clean = tabulate(read(json.dumps(said).encode(), models), models).doubts
    spoil(said, next(iter(said["rounds"][2]["visits"].values())))

    (found,) = tabulate(read(json.dumps(said).encode(), models), models).doubts

    assert clean == []
    assert doubt in found


def test_a_phone_unplugged_while_it_measures_is_named(app, phone, models):
    def trouble(what, text):
        if ".state" in text:
            raise Unplugged

    phone.trouble = trouble

    with pytest.raises(UserError, match="was lost during 'cat'"):
        app.measure(models, QUICK)


def test_other_models_in_the_app_are_named_before_any_number(models):
    data = json.dumps(document(models[:1], "quick")).encode()

    with pytest.raises(UserError, match=r"'mobilenetv2_100.*tflite' is only here"):
        read(data, models)
    with pytest.raises(UserError, match=r"'mobilenetv2_100.*tflite' is only in the app"):
        read(json.dumps(document(models, "quick")).encode(), models[:1])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(app=1),
        lambda d: d.update(failed={"f" * 64: "not one of them"}),
        lambda d: d.update(failed=dict.fromkeys(d["models"], "all of them")),
        lambda d: d.update(rounds=[]),
        lambda d: d["rounds"][1]["visits"].popitem(),
        lambda d: next(iter(d["rounds"][0]["visits"].values())).update(latency_ms=[]),
        lambda d: next(iter(d["rounds"][0]["visits"].values())).update(latency_ms=[-1.0]),
        lambda d: d.pop("facts"),
        lambda d: d.update(more=1),
    ],
)
def test_results_that_are_not_whole_give_no_number(spoil, models):
    spoiled = document(models, "quick")
    spoil(spoiled)

    with pytest.raises(CheckFailed, match="the app's results cannot be used"):
        read(json.dumps(spoiled).encode(), models)
    with pytest.raises(CheckFailed):
        read(json.dumps(document(models, "quick")).encode()[:-20], models)


@pytest.mark.parametrize("flag", ["--core=7", "--threads=2", "--fp16", "--resume"])
def test_what_the_app_decides_by_itself_is_refused(flag, models, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main(["--app", str(models[0].path), flag])

    assert stop.value.code == 2
    assert "--app takes" in capsys.readouterr().err
