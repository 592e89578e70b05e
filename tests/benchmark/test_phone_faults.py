"""Everything that goes wrong with a phone, at every stage, through the real `adb`."""

import subprocess
import time

import pytest

from benchmark import store
from benchmark.model import open_model
from benchmark.targets import adb as adb_module
from benchmark.targets import phone as phone_module
from benchmark.targets.adb import choose, devices
from benchmark.targets.phone import clean_phones, open_phones
from ghostnet_tf.base.errors import CheckFailed, UserError
from tests.benchmark.conftest import plug_in
from tests.benchmark.phones import QUICK, measured, targets
from tests.fakes.phone import Answer, Hangs, Unplugged


def unplug(text):
    raise Unplugged


def hang(text):
    raise Hangs


def full(text):
    return Answer(stderr=b"write failed: No space left on device", code=1)


FAULTS = [  # stage: part of the command or path that it strikes; how; what is said
    ("asking", "getprop", unplug, "was lost during|not found|offline"),
    ("asking", "getprop", hang, "gave no answer"),
    ("asking", "abilist64", lambda text: Answer(b"\n"), "no 64-bit Arm system .32 bits only"),
    ("asking", "cpuinfo_max_freq", lambda text: Answer(b"\xff?"), "does not tell the frequencies"),
    ("asking", "cpuinfo_max_freq", unplug, "was lost during"),
    ("push", "libLiteRt.so", unplug, "was lost during 'push'"),
    ("push", "libLiteRt.so", hang, "gave no answer"),
    ("push", "libLiteRt.so", lambda text: Answer(b"garbage"), "did not arrive whole"),
    ("push", "libLiteRt.so", full, "storage of phone .* is full"),
    ("push", "ghostnet_100", full, "storage of phone .* is full"),
    (
        "push",
        "libLiteRt.so",
        lambda text: Answer(stderr=b"Permission denied", code=1),
        "cannot be copied to phone .*Permission denied",
    ),
    ("prepare", "mkdir", full, "storage of phone .* is full"),
    ("prepare", "sha256sum", unplug, "was lost during"),
    ("prepare", "sha256sum", lambda text: Answer(b"\xff garbage\n"), "did not arrive whole"),
    ("prepare", "chmod", lambda text: Answer(stderr=b"denied", code=1), "'chmod' failed .*denied"),
    ("prepare", "enabled true", hang, "gave no answer"),
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
    (
        "run",
        "--model",
        lambda text: Answer(stderr=b"taskset: failed to set affinity", code=1),
        "ended with exit code 1",
    ),
    ("conditions", "dumpsys battery", unplug, "was lost during"),
    ("conditions", "dumpsys battery", hang, "gave no answer"),
    ("conditions", "scaling_cur_freq", unplug, "was lost during"),
]


@pytest.mark.parametrize(
    ("stage", "where", "how", "says"), FAULTS, ids=[f"{f[0]} {i}" for i, f in enumerate(FAULTS)]
)
def test_every_fault_has_its_message_and_no_number_comes_of_it(
    stage, where, how, says, server, phone, runner_tool, models, tmp_path, monkeypatch
):
    monkeypatch.setattr(phone_module, "ASK_S", 2.0)
    monkeypatch.setattr(phone_module, "SLACK_S", 2.0)
    door = "push" if stage == "push" else "shell"
    phone.trouble = lambda what, text: how(text) if what == door and where in text else None

    with pytest.raises((UserError, CheckFailed), match=says):
        for target in targets(server, phone, runner_tool):
            measured(target, models, tmp_path / "results.json")

    assert not (tmp_path / "results.json").exists()
    held = [line.split()[-1] for line in phone.said if "fixed-performance" in line]
    if held and how not in (unplug, hang):
        assert held == ["true", "false"]


# ---------------------------------------------------------------------------- listing


def test_a_real_listing_has_the_phone_and_its_state(server, phone):
    assert devices(server)[phone.serial] == "device"


def test_a_phone_that_has_not_allowed_this_computer_says_so(server, new_phone):
    phone = new_phone(is_authorized=False)

    with pytest.raises(UserError, match=f"phone {phone.serial} is 'unauthorized'") as caught:
        open_phones(phone.serial, None, 0.0, command=server)

    assert "allow USB debugging" in caught.value.fix


def test_a_phone_that_does_not_answer_adb_is_offline(server, new_phone):
    phone = new_phone()
    subprocess.run([*server, "disconnect", phone.serial], check=True, capture_output=True)  # noqa: S603
    phone.is_deaf = True
    waiting = subprocess.Popen([*server, "connect", phone.serial], stdout=subprocess.DEVNULL)  # noqa: S603
    deadline = time.monotonic() + 20
    while phone.serial not in devices(server) and time.monotonic() < deadline:
        time.sleep(0.05)

    with pytest.raises(UserError, match=f"phone {phone.serial} is 'offline'"):
        open_phones(phone.serial, None, 0.0, command=server)

    waiting.kill()
    waiting.wait()


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("sleep 60", "adb gave no answer for"),
        ("echo 'cannot bind: Address already in use' >&2; exit 1", "adb cannot list the phones"),
        ("printf '\\377\\000 garbage\\n'", "adb knows no phone"),
        ("echo 'List of devices attached'", "adb knows no phone"),
        ("printf 'List of devices attached\\nA\\tde'", "phone A is 'de'"),
    ],
)
def test_a_listing_that_fails_has_its_message(script, says, tmp_path, monkeypatch):
    if script.startswith("sleep"):  # a busy machine may need longer than this for any other answer
        monkeypatch.setattr(adb_module, "LIST_TIMEOUT_S", 0.5)

    with pytest.raises(UserError, match=says):
        open_phones(None, None, 0.0, command=("sh", "-c", f"exec 2>&1; {script}"))


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

    assert caught.value.fix not in ("", "see: adb devices")


def test_all_means_those_that_are_ready():
    assert choose("all", {"A": "device", "B": "offline", "C": "device"}) == ["A", "C"]


def test_adb_that_is_not_installed_is_said():
    with pytest.raises(UserError, match="adb is not installed"):
        devices(("no-such-adb",))


# ---------------------------------------------------------------------------- in the middle


def test_a_phone_unplugged_in_the_third_round_goes_on_when_it_is_back(
    server, phone, runner_tool, models, tmp_path
):
    path, seen = tmp_path / "results.json", []

    def trouble(what, text):
        if "--model" in text:
            seen.append(text)
        if len(seen) == 5:
            raise Unplugged

    phone.trouble = trouble
    with pytest.raises(UserError, match="2 finished rounds are in"):
        measured(targets(server, phone, runner_tool)[0], models, path)
    assert len(store.read(path).rounds) == 2

    phone.trouble, phone.is_plugged_in = (lambda what, text: None), True
    subprocess.run([*server, "disconnect", phone.serial], capture_output=True)  # noqa: S603
    plug_in(server, phone)
    phone.said.clear()
    whole = measured(targets(server, phone, runner_tool)[0], models, path, is_resumed=True)

    assert len(whole.rounds) == QUICK.rounds
    assert sum("--model" in line for line in phone.said) == len(models) * (QUICK.rounds - 2)


# ---------------------------------------------------------------------------- clean-up


@pytest.mark.parametrize("how", [unplug, hang, lambda text: Answer(b"\xff", b"garbage", 1)])
def test_a_phone_that_fails_during_clean_up_loses_no_result(
    how, server, phone, runner_tool, models, tmp_path, monkeypatch
):
    monkeypatch.setattr(phone_module, "ASK_S", 2.0)
    phone.trouble = lambda what, text: how(text) if text.endswith("enabled false") else None

    results = measured(targets(server, phone, runner_tool)[0], models, tmp_path / "results.json")

    assert store.read(tmp_path / "results.json") == results


@pytest.mark.parametrize(
    ("how", "says"),
    [
        (unplug, "was lost during 'rm'"),
        (hang, "gave no answer"),
        (lambda text: Answer(stderr=b"rm: Permission denied", code=1), "'rm' failed .*denied"),
    ],
)
def test_a_cache_that_cannot_be_removed_is_said(how, says, server, phone, monkeypatch):
    monkeypatch.setattr(phone_module, "ASK_S", 2.0)
    phone.trouble = lambda what, text: how(text) if text.startswith("rm -rf") else None

    with pytest.raises(UserError, match=says):
        clean_phones(phone.serial, server)


# ---------------------------------------------------------------------------- names


@pytest.mark.parametrize("name", ["$(touch pwned)", "a; touch pwned; b", "it's `touch pwned`"])
def test_hostile_names_of_files_and_phones_stay_names(
    name, server, phone, runner_tool, models, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    hostile = models[0].path.with_name(f"{name}.tflite")
    hostile.write_bytes(models[0].data + b"x")
    phone.properties["ro.product.model"] = name

    results = measured(
        targets(server, phone, runner_tool)[0],
        [open_model(hostile)],
        tmp_path / "results.json",
    )

    assert len(results.rounds) == QUICK.rounds
    assert not list(tmp_path.rglob("pwned"))
