"""The whole way to a phone and back, through the real `adb`, with everything that goes wrong."""

import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from benchmark import run as command
from benchmark import store
from benchmark.fleet import Fleet
from benchmark.plan import EFFORTS, Effort
from benchmark.session import measure
from benchmark.targets import phone as phone_module
from benchmark.targets.adb import choose, devices
from benchmark.targets.kit import Kit
from benchmark.targets.phone import HOME, choose_cores, clean_phones, open_phones
from ghostnet_tf.errors import CheckFailed, UserError
from tests.fakes.phone import DATA, Answer, FakePhone, Hangs, Unplugged
from tests.fakes.scripted_target import model_file

QUICK = EFFORTS["quick"]
needs_adb = pytest.mark.skipif(
    shutil.which("adb") is None and not Path("/etc/debian_version").exists(),
    reason="adb is not installed; .ci/run installs it on Debian",
)
pytestmark = needs_adb


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A private adb server, which no phone of the developer and no other test can disturb."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    adb = ("adb", "-P", str(port))
    subprocess.run([*adb, "start-server"], check=True, capture_output=True)  # noqa: S603
    yield adb
    subprocess.run([*adb, "kill-server"], check=True, capture_output=True)  # noqa: S603


def connect(server, phone) -> None:
    done = subprocess.run([*server, "connect", phone.serial], capture_output=True, text=True)  # noqa: S603
    assert "connected to" in done.stdout, done.stdout


@pytest.fixture
def phone(server, tmp_path, monkeypatch):
    monkeypatch.setattr(phone_module, "ASK_S", 20.0)
    monkeypatch.setattr(phone_module, "SLACK_S", 20.0)
    phone = FakePhone(tmp_path / "phone").start()
    connect(server, phone)
    yield phone
    subprocess.run([*server, "disconnect", phone.serial], capture_output=True)  # noqa: S603
    phone.stop()


@pytest.fixture
def kit(tmp_path):
    runner, library = tmp_path / "runner", tmp_path / "libLiteRt.so"
    runner.write_text("not run: the fake answers in its place")
    library.write_text("nor is this")
    return lambda: Kit((runner, library), runner, library, None, "Android runner")


@pytest.fixture
def models(tmp_path):
    return [model_file(tmp_path / "build", name) for name in ("ghostnet_100", "mobilenetv2_100")]


def targets(server, phone, kit, core=None, **more):
    return open_phones(phone.serial, core, 0.0, command=server, kit=kit, **more)


def measured(target, models, path, is_resumed=False):
    return measure(target, models, QUICK, QUICK.settings(), path, is_resumed)


def test_a_phone_is_measured_from_end_to_end(server, phone, kit, models, tmp_path):
    (target,) = targets(server, phone, kit)

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
    modes = [line.split()[-1] for line in phone.said if "fixed-performance" in line]
    assert modes == ["true", "false"]


def test_the_command_makes_the_whole_page_of_a_phone(
    server, phone, kit, models, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command, "targets", lambda args, effort: targets(server, phone, kit))
    files = [str(model.path) for model in models]
    line = [*files, "--target", "phone", "--effort", "quick", "--out", str(tmp_path / "out")]

    assert command.main(line) == 0

    text = capsys.readouterr().out
    assert text.startswith(f"## phone: Fake One ({phone.serial}), core 7\n")
    assert "mobilenetv2_100 and ghostnet_100 cannot be told apart" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert "nobody/fake:14" in page
    assert "25.1, then 25.1" in page
    assert page.count("<svg") == 2  # accuracy against time, and time over the rounds
    assert command.main([*line, "--resume", "--json"]) == 0  # all rounds are there already
    assert '"kind": "phone_latency"' in capsys.readouterr().out


def test_two_phones_at_once_make_one_report(server, phone, kit, models, tmp_path):
    other = FakePhone(tmp_path / "other").start()
    connect(server, other)
    both = targets(server, phone, kit) + targets(server, other, kit, core="each")

    results = Fleet(models, QUICK, QUICK.settings(), tmp_path / "out").measure(both)

    subprocess.run([*server, "disconnect", other.serial], capture_output=True)  # noqa: S603
    other.stop()
    assert [one.facts["core"] for one in results] == [7, 7, 6, 3]
    assert len({one.target for one in results}) == 4


def test_nothing_is_pushed_twice_and_clean_leaves_nothing(server, phone, kit, models, tmp_path):
    for name in ("first", "second"):
        measured(targets(server, phone, kit)[0], models, tmp_path / f"{name}.json")
    assert len(phone.pushed) == len(set(phone.pushed)) == 4

    clean_phones(phone.serial, server)

    assert list((phone.folder / "tmp").iterdir()) == []


def test_a_file_damaged_on_the_phone_is_pushed_again(server, phone, kit, models, tmp_path):
    measured(targets(server, phone, kit)[0], models, tmp_path / "first.json")
    (damaged,) = (phone.folder / "tmp").rglob(models[0].path.name)
    damaged.write_bytes(b"half")

    measured(targets(server, phone, kit)[0], models, tmp_path / "second.json")

    assert damaged.read_bytes() == models[0].data


def unplug(text):
    raise Unplugged


def hang(text):
    raise Hangs


FAULTS = [  # stage: part of the command or path that it strikes; how; what is said
    ("asking", "getprop", unplug, "was lost during|not found|offline"),
    ("asking", "getprop", hang, "gave no answer"),
    ("asking", "abilist64", lambda text: Answer(b"\n"), "no 64-bit Arm system"),
    ("push", "libLiteRt.so", unplug, "was lost during 'push'"),
    ("push", "libLiteRt.so", hang, "gave no answer"),
    ("push", "libLiteRt.so", lambda text: Answer(b"garbage"), "did not arrive whole"),
    (
        "push",
        "libLiteRt.so",
        lambda text: Answer(stderr=b"couldn't write: No space left on device", code=1),
        "storage of phone .* is full",
    ),
    (
        "mkdir",
        "mkdir",
        lambda text: Answer(stderr=b"mkdir: No space left on device", code=1),
        "storage of phone .* is full",
    ),
    ("run", "--model", unplug, "was lost during 'taskset'"),
    ("run", "--model", hang, "gave no answer"),
    ("run", "--model", lambda text: Answer(b"\x00\xff garbage"), "report .* cannot be used"),
    ("run", "--model", lambda text: Answer(b""), "report .* cannot be used"),
    ("run", "--model", lambda text: Answer(b'{"runner": 1, "latency_ms": [3.1'), "cannot be used"),
    ("run", "--model", lambda text: Answer(code=137), "signal 9 ended the runner"),
    (
        "run",
        "--model",
        lambda text: Answer(stderr=b"runner: this is no model", code=6),
        "this is no model",
    ),
    ("conditions", "dumpsys battery", unplug, "was lost during"),
]


@pytest.mark.parametrize(
    ("stage", "where", "how", "says"), FAULTS, ids=[f"{f[0]} {i}" for i, f in enumerate(FAULTS)]
)
def test_every_fault_has_its_message_and_no_number_comes_of_it(
    stage, where, how, says, server, phone, kit, models, tmp_path, monkeypatch
):
    monkeypatch.setattr(phone_module, "ASK_S", 3.0)
    monkeypatch.setattr(phone_module, "SLACK_S", 3.0)
    door = "push" if stage == "push" else "shell"
    phone.trouble = lambda what, text: how(text) if what == door and where in text else None

    with pytest.raises((UserError, CheckFailed), match=says):
        for target in targets(server, phone, kit):
            measured(target, models, tmp_path / "results.json")

    assert not (tmp_path / "results.json").exists()


def test_a_phone_unplugged_in_the_third_round_goes_on_when_it_is_back(
    server, phone, kit, models, tmp_path
):
    path, seen = tmp_path / "results.json", []

    def trouble(what, text):
        if "--model" in text:
            seen.append(text)
        if len(seen) == 5:
            raise Unplugged

    phone.trouble = trouble
    with pytest.raises(UserError, match="2 finished rounds are in"):
        measured(targets(server, phone, kit)[0], models, path)
    assert len(store.read(path).rounds) == 2

    phone.trouble, phone.is_plugged_in = (lambda what, text: None), True
    subprocess.run([*server, "disconnect", phone.serial], capture_output=True)  # noqa: S603
    connect(server, phone)
    whole = measured(targets(server, phone, kit)[0], models, path, is_resumed=True)

    assert len(whole.rounds) == QUICK.rounds


def test_a_phone_that_leaves_during_clean_up_loses_no_result(server, phone, kit, models, tmp_path):
    phone.trouble = lambda what, text: unplug(text) if text.endswith("enabled false") else None

    results = measured(targets(server, phone, kit)[0], models, tmp_path / "results.json")

    assert store.read(tmp_path / "results.json") == results


def test_a_hot_phone_is_given_time_and_then_doubted(server, phone, kit, models, tmp_path):
    from benchmark.rows import tabulate

    (target,) = targets(server, phone, kit)
    waits = []
    target.cooldown_s, target.sleep = 20.0, waits.append
    phone.thermal_status = 2

    table = tabulate(measured(target, models, tmp_path / "results.json"), models)

    assert waits == [phone_module.POLL_S] * 4 * 2 * QUICK.rounds
    assert any("thermal status 2" in doubt for doubt in table.doubts)


@pytest.mark.parametrize("name", ["$(touch pwned)", "a; touch pwned; b", "it's `touch pwned`"])
def test_hostile_names_of_files_and_phones_stay_names(
    name, server, phone, kit, models, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    hostile = models[0].path.with_name(f"{name}.tflite")
    hostile.write_bytes(models[0].data + b"x")
    phone.properties["ro.product.model"] = name

    results = measured(
        targets(server, phone, kit)[0], [command.open_model(hostile)], tmp_path / "results.json"
    )

    assert len(results.rounds) == QUICK.rounds
    assert not list(tmp_path.rglob("pwned"))


def test_a_real_listing_has_the_phone_and_its_state(server, phone):
    assert devices(server)[phone.serial] == "device"


@pytest.mark.parametrize(
    ("which", "known", "says"),
    [
        (None, {}, "adb knows no phone"),
        ("all", {}, "adb knows no phone"),
        (None, {"A": "device", "B": "device"}, "adb knows 2 phones: A, B"),
        ("C", {"A": "device"}, "no phone 'C'"),
        (None, {"A": "unauthorized"}, "phone A is 'unauthorized'"),
        ("A", {"A": "offline", "B": "device"}, "phone A is 'offline'"),
        ("all", {"A": "offline"}, "phone A is 'offline'"),
        (None, {"A": "no permissions (missing udev rules?)"}, "no permissions"),
    ],
)
def test_a_phone_that_cannot_be_used_is_named_with_the_way_out(which, known, says):
    with pytest.raises(UserError, match=says.replace("(", r"\(")) as caught:
        choose(which, known)

    assert caught.value.fix


def test_all_means_those_that_are_ready():
    assert choose("all", {"A": "device", "B": "offline", "C": "device"}) == ["A", "C"]


def test_the_last_core_of_the_fastest_kind_is_the_default():
    found = {0: 1800, 1: 1800, 4: 2400, 5: 2400, 6: 3000, 7: 3000}

    assert choose_cores(None, found) == [7]
    assert choose_cores("each", found) == [7, 5, 1]
    assert choose_cores("4", found) == [4]
    with pytest.raises(UserError, match="no core '9'"):
        choose_cores("9", found)


def test_adb_that_is_not_installed_is_said():
    with pytest.raises(UserError, match="adb is not installed"):
        devices(("no-such-adb",))


def test_only_our_own_folder_is_ever_removed(server, phone, kit, models, tmp_path):
    (target,) = targets(server, phone, kit, is_cleaned=True)
    other = phone.folder / "tmp" / "other"
    other.write_text("someone else's")

    measured(target, models, tmp_path / "results.json")

    assert other.exists()
    assert [line for line in phone.said if line.startswith("rm ")] == [f"rm -rf {HOME}"]


def test_the_real_runner_is_pushed_and_gives_the_outputs_of_this_machine(
    server, tmp_path, emulated, int8, host
):
    core = emulated("cortex-a76")
    pushed = tmp_path / "phone" / "tmp"

    def run(line: str) -> Answer:
        """An Arm phone's processor, by QEMU; `taskset` and its mask are left out."""
        words = [word.replace(DATA, str(pushed)) for word in shlex.split(line)[2:]]
        qemu = [core.qemu, "-L", str(core.root), "-cpu", core.core.qemu_cpu]
        done = subprocess.run([*qemu, *words], capture_output=True)  # noqa: S603
        return Answer(done.stdout, done.stderr, done.returncode)

    phone = FakePhone(tmp_path / "phone", run).start()
    connect(server, phone)
    few = Effort("few", rounds=1, runs=2, seconds=0, warmup_runs=0, cooldown_s=0)
    (target,) = open_phones(phone.serial, None, 0.0, command=server)

    results = measure(target, [int8], few, few.settings(), tmp_path / "results.json")

    subprocess.run([*server, "disconnect", phone.serial], capture_output=True)  # noqa: S603
    phone.stop()
    (visit,) = results.of(int8)
    assert visit.output_sha256 == host.visit(int8, few.settings()).output_sha256
    assert any(name.endswith("/ld-linux-aarch64.so.1") for name in phone.pushed)
