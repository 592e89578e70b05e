"""The whole way to a phone and back, through the real `adb`."""

import json
import shlex
import subprocess
import threading

import pytest

from benchmark import operators, store
from benchmark import run as command
from benchmark.plan import settings_of
from benchmark.rows import tabulate
from benchmark.session import measure
from benchmark.targets import phone as phone_module
from benchmark.targets.phone import HOME, choose_cores, clean_phones, open_phones
from ghostnet_tf.base.effort import Effort
from ghostnet_tf.base.errors import UserError
from tests.benchmark.phones import QUICK, measured, targets
from tests.fakes.phone import CORES, DATA, Answer


def fixed_modes(phone) -> list[str]:
    return [line.split()[-1] for line in phone.said if "fixed-performance" in line]


def test_a_phone_is_measured_from_end_to_end(server, phone, runner_tool, models, tmp_path):
    (target,) = targets(server, phone, runner_tool)

    results = measured(target, models, tmp_path / "results.json")

    assert target.name == f"phone: Fake One ({phone.serial}), core 7"
    assert len(results.rounds) == QUICK.rounds
    assert results.facts["soc"] == "FK-1"
    assert results.facts["governor"] == "walt"
    assert results.rounds[0].before == {
        "temperature_c": 25.1,
        "thermal_status": 0,
        "core_khz": 2200000,
    }
    runs = [line for line in phone.said if "--model" in line]
    assert all(line.startswith("taskset 80 ") for line in runs)
    assert fixed_modes(phone) == ["true", "false"]


def test_the_command_makes_the_whole_page_of_a_phone(
    server, phone, runner_tool, models, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(
        command, "targets", lambda args, effort: targets(server, phone, runner_tool)
    )
    files = [str(model.path) for model in models]
    line = [*files, "--target", "phone", "--effort", "quick", "--out", str(tmp_path / "out")]

    assert command.main(line) == 0

    text = capsys.readouterr().out
    assert text.startswith(f"## phone: Fake One ({phone.serial}), core 7\n")
    assert "mobilenetv2_100 and ghostnet_100 cannot be told apart" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert "nobody/fake:14" in page
    assert "25.1, then 25.1" in page
    assert "Time by operator class" in page
    assert page.count("<svg") == 3  # accuracy, classes, and time over the rounds
    assert command.main([*line, "--resume", "--json"]) == 0  # all rounds are there already
    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "phone_latency"
    assert document["targets"][0]["rows"][0]["class_us"] == {"convolution": 700, "add": 300}


def test_all_phones_are_measured_at_once_and_make_one_report(
    server, new_phone, runner_tool, models, tmp_path, monkeypatch, capsys
):
    phones = [new_phone(), new_phone()]
    together = threading.Barrier(2, timeout=60)
    for phone in phones:
        phone.run = lambda line, phone=phone: together.wait() is None or phone.report(line)
    monkeypatch.setattr(
        command,
        "targets",
        lambda args, effort: open_phones(
            args.phone, args.core, 0.0, command=server, tool=runner_tool
        ),
    )
    line = [str(model.path) for model in models]
    line += ["--target", "phone", "--phone", "all", "--effort", "quick"]

    assert command.main([*line, "--out", str(tmp_path / "out")]) == 0

    page = (tmp_path / "out" / "report.html").read_text()
    assert all(f"({phone.serial}), core 7</h2>" in page for phone in phones)
    assert len(list((tmp_path / "out").glob("results-*.json"))) == 2
    with pytest.raises(UserError, match="adb knows 2 phones") as caught:
        command.main([*line[:-4], "--effort", "quick", "--out", str(tmp_path / "out")])
    assert "--phone all" in caught.value.fix


def test_each_kind_of_core_takes_its_turn(server, phone, runner_tool, models, tmp_path):
    found = targets(server, phone, runner_tool, core="each")

    for target in found:
        measured(target, models[:1], tmp_path / f"{target.core}.json")

    masks = [line.split()[1] for line in phone.said if line.startswith("taskset")]
    assert list(dict.fromkeys(masks)) == ["80", "40", "8"]
    assert len({CORES[target.core] for target in found}) == len({*CORES.values()})


def test_several_threads_are_not_said_to_be_on_one_core(
    server, phone, runner_tool, models, tmp_path
):
    (target,) = targets(server, phone, runner_tool, threads=2)
    settings = settings_of(QUICK, threads=2)

    results = measure(target, models, QUICK, settings, tmp_path / "results.json")

    assert target.name.endswith(", any core")
    assert "core" not in results.facts
    assert not any("taskset" in line for line in phone.said)
    (row, _) = tabulate(results, models).rows
    assert "one_thread" not in row.on


def test_nothing_is_pushed_twice_and_clean_leaves_nothing(
    server, phone, runner_tool, models, tmp_path
):
    for name in ("first", "second"):
        measured(targets(server, phone, runner_tool)[0], models, tmp_path / f"{name}.json")
    assert len(phone.pushed) == len(set(phone.pushed)) == 4

    clean_phones(phone.serial, server)

    assert list((phone.folder / "tmp").iterdir()) == []


def test_a_file_damaged_on_the_phone_is_pushed_again(server, phone, runner_tool, models, tmp_path):
    measured(targets(server, phone, runner_tool)[0], models, tmp_path / "first.json")
    (damaged,) = (phone.folder / "tmp").rglob(models[0].path.name)
    damaged.write_bytes(b"half")

    measured(targets(server, phone, runner_tool)[0], models, tmp_path / "second.json")

    assert damaged.read_bytes() == models[0].data


# ---------------------------------------------------------------------------- its frequency


@pytest.mark.parametrize("way", ["next run", "--clean"])
def test_what_a_killed_run_has_held_is_let_go(way, server, phone, runner_tool, models, tmp_path):
    targets(server, phone, runner_tool)[0].prepare(models)  # and killed: nothing is closed
    assert fixed_modes(phone) == ["true"]

    if way == "--clean":
        clean_phones(phone.serial, server)
    else:
        measured(targets(server, phone, runner_tool)[0], models, tmp_path / "results.json")

    assert fixed_modes(phone)[-1] == "false"


def test_what_a_person_has_held_is_left_alone(server, phone):
    clean_phones(phone.serial, server)

    assert fixed_modes(phone) == []


def test_a_phone_that_cannot_hold_its_frequency_is_measured_all_the_same(
    server, phone, runner_tool, models, tmp_path
):
    phone.trouble = lambda what, text: Answer(code=255) if text.endswith("enabled true") else None
    refused = measured(targets(server, phone, runner_tool)[0], models, tmp_path / "refused.json")
    phone.properties["ro.build.version.sdk"] = "29"
    phone.said.clear()
    older = measured(targets(server, phone, runner_tool)[0], models, tmp_path / "older.json")

    assert fixed_modes(phone) == []
    for results in (refused, older):
        assert results.facts["fixed_performance"] is False
        assert results.facts["remedies_on"] == ["one_core"]


# ---------------------------------------------------------------------------- its heat


def test_a_hot_phone_is_given_time_and_then_doubted(server, phone, runner_tool, models, tmp_path):
    (target,) = targets(server, phone, runner_tool)
    waits = []
    target.cooldown_s, target.sleep = 20.0, waits.append
    phone.thermal_status = 2

    table = tabulate(measured(target, models, tmp_path / "results.json"), models)

    assert waits == [phone_module.POLL_S] * 4 * 2 * QUICK.rounds
    assert any("thermal status 2" in doubt for doubt in table.doubts)


def test_a_phone_is_waited_for_only_until_it_is_cool(server, phone, runner_tool, models):
    (target,) = targets(server, phone, runner_tool)
    target.prepare(models)
    waits = []

    def rest(seconds: float) -> None:
        waits.append(seconds)
        phone.thermal_status = 2 - len(waits)

    target.cooldown_s, target.sleep, phone.thermal_status = 300.0, rest, 2
    target.visit(models[0], settings_of(QUICK))

    assert len(waits) == 2


def test_a_phone_without_a_thermal_service_is_doubted(server, phone, runner_tool, models, tmp_path):
    phone.trouble = lambda what, text: Answer(code=1) if "thermalservice" in text else None

    table = tabulate(
        measured(targets(server, phone, runner_tool)[0], models, tmp_path / "results.json"), models
    )

    assert any("does not tell whether it is too hot" in doubt for doubt in table.doubts)


# ---------------------------------------------------------------------------- other ways


def test_the_last_core_of_the_fastest_kind_is_the_default():
    found = {0: 1800, 1: 1800, 4: 2400, 5: 2400, 6: 3000, 7: 3000}

    assert choose_cores(None, found) == [7]
    assert choose_cores("each", found) == [7, 5, 1]
    assert choose_cores("4", found) == [4]
    with pytest.raises(UserError, match="no core '9'"):
        choose_cores("9", found)


def test_only_our_own_folder_is_ever_removed(server, phone, runner_tool, models, tmp_path):
    (target,) = targets(server, phone, runner_tool, is_cleaned=True)
    other = phone.folder / "tmp" / "other"
    other.write_text("someone else's")

    measured(target, models, tmp_path / "results.json")

    assert other.exists()
    removed = [line for line in phone.said if line.startswith("rm ")]
    assert removed == [f"rm -f {phone_module.HELD}", f"rm -rf {HOME}"]


def test_operators_of_a_phone_are_profiled_there(
    server, phone, runner_tool, models, monkeypatch, capsys
):
    monkeypatch.setattr(
        operators, "open_phones", lambda *a, **more: targets(server, phone, runner_tool)
    )
    line = [str(models[0].path), "--target", "phone", "--runs", "4", "--json"]

    operators.main(line)

    document = json.loads(capsys.readouterr().out)
    assert document["kind"] == "phone_latency"
    assert document["target"].startswith("phone: Fake One")
    (profile,) = document["profiles"]
    assert profile["runs"] == 4
    assert [(row["name"], row["us"]) for row in profile["by_class"]] == [
        ("convolution", 700),
        ("add", 300),
    ]
    assert [row["name"] for row in profile["by_block"]] == ["stem", "block_00"]
    assert fixed_modes(phone) == ["true", "false"]


def test_the_real_runner_is_pushed_and_gives_the_outputs_of_this_machine(
    server, new_phone, tmp_path, emulated, int8, host
):
    core = emulated("cortex-a76")
    phone = new_phone()

    def run(line: str) -> Answer:
        """An Arm phone's processor, by QEMU; `taskset` and its mask are left out."""
        pushed = str(phone.folder / "tmp")
        words = [word.replace(DATA, pushed) for word in shlex.split(line)[2:]]
        qemu = [core.qemu, "-L", str(core.root), "-cpu", core.core.qemu_cpu]
        done = subprocess.run([*qemu, *words], capture_output=True)  # noqa: S603
        return Answer(done.stdout, done.stderr, done.returncode)

    phone.run = run
    few = Effort("few", rounds=1, runs=2, seconds=0, warmup_runs=0, cooldown_s=0)
    (target,) = open_phones(phone.serial, None, 0.0, command=server)

    results = measure(target, [int8], few, settings_of(few), tmp_path / "results.json")

    (visit,) = results.of(int8)
    assert visit.output_sha256 == host.visit(int8, settings_of(few)).output_sha256
    assert visit.class_us.keys() == host.visit(int8, settings_of(few)).class_us.keys()
    assert any(name.endswith("/ld-linux-aarch64.so.1") for name in phone.pushed)
    assert store.read(tmp_path / "results.json") == results
