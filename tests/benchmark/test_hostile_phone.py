"""A phone that says anything at all, and results that somebody made up: an error, or a number."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import store, tflite_log
from benchmark.app_results import read as read_app
from benchmark.plausible import whole
from benchmark.rows import tabulate
from benchmark.targets import limited
from benchmark.targets.adb import LAST_WORD, Adb, devices
from benchmark.targets.app import AppOnPhone
from benchmark.targets.phone import choose_cores, open_phones
from benchmark.targets.tool import RunnerTool
from ghostnet_tf.base.effort import EFFORTS
from ghostnet_tf.base.errors import UserError
from tests.benchmark.phones import measured
from tests.counts import examples
from tests.fakes.benchmark_model_logs import LITERT, LOG
from tests.fakes.phone import Answer, FakePhone
from tests.fakes.scripted_target import model_file

SERIAL = "HOSTILE"
DIGITS = "9" * 5_000
MOST_SHOWN = 2_000  # characters of an error: what is foreign in it is cut
LONG_LINE = b"9" * 3_000_000
NUMBERS = [
    DIGITS,
    "-1",
    "0",
    "99999999",
    "1e999",
    "-0",
    "NaN",
    "9" * 400,
    "1e308",
    "\u0663",
    "9" * 18,
]
MUTANTS = [  # (old answer, a number that says where) -> what the phone says in its place
    lambda said, at: b"",
    lambda said, at: said[: at % (len(said) + 1)],
    lambda said, at: said + said,
    lambda said, at: said[: at % (len(said) + 1)] + b"\0" + said[at % (len(said) + 1) :],
    lambda said, at: said[: at % (len(said) + 1)] + b"\xff\xfe\xc0" + said[at % (len(said) + 1) :],
    lambda said, at: said.replace(b"\n", b"\r\x1b[2J\n"),
    lambda said, at: said[: at % (len(said) + 1)] + LONG_LINE + said[at % (len(said) + 1) :],
    lambda said, at: b"\n" * 300_000 + said,
    lambda said, at: b"[" * 200_000,
    lambda said, at: b"=" * 1_000_000 + b"\n",
    lambda said, at: b"".join(b"/cpu%d %d\n" % (i, 10 * i + at) for i in range(5_000)),
    lambda said, at: b"/cpu99999999 2400000\n",
    lambda said, at: f"/cpu{DIGITS} {DIGITS}\n".encode(),
]


def with_number(said: bytes, at: int, number: str) -> bytes:
    """`said` with its `at`th number exchanged."""
    found = list(re.finditer(rb"[0-9]+", said))
    if not found:
        return said
    one = found[at % len(found)]
    return said[: one.start()] + number.encode() + said[one.end() :]


class Direct:
    """A `FakePhone` without adb and its sockets between: thousands of sessions in a minute."""

    def __init__(self, phone: FakePhone, strike: int, mutate):
        self.phone, self.left, self.mutate = phone, strike, mutate

    def __call__(self, command, timeout) -> CompletedProcess[bytes]:
        if command[-1] == "devices":
            return self.answer(Answer(f"List of devices attached\n{SERIAL}\tdevice\n".encode()))
        assert not any("\0" in word or len(word) > 100_000 for word in command)  # or no start
        if command[2] != SERIAL:
            said = f"adb: device '{command[2]}' not found\n"
            return CompletedProcess(command, 1, b"", said.encode(errors="replace"))
        if command[3] == "push":
            self.phone._here(command[5]).write_bytes(Path(command[4]).read_bytes())
            return self.answer(Answer(b"1 file pushed\n"))
        line, _, _ = command[4].rpartition("; echo ")
        answer = self.answer(self.phone._command(line))
        said = answer.stdout + f"{LAST_WORD}{answer.returncode}\n".encode()
        return CompletedProcess(command, 0, said, answer.stderr)

    def answer(self, given: Answer) -> CompletedProcess[bytes]:
        self.left -= 1
        said = self.mutate(given.stdout) if self.left == 0 else given.stdout
        return CompletedProcess([], given.code, said, given.stderr)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def models(place):
    return [model_file(place / "build", name) for name in ("ghostnet_100", "mobilenetv2_100")]


@pytest.fixture(scope="module")
def phone(place) -> Iterator[FakePhone]:
    phone = FakePhone(place / "phone")
    yield phone
    phone._loop.close()  # of a phone that was never plugged in


@pytest.fixture(scope="module")
def tool(place):
    runner, library = place / "runner", place / "libLiteRt.so"
    runner.write_text("not run: the fake answers in its place")
    library.write_text("nor is this")
    return lambda: RunnerTool(
        files=(runner, library), runner=runner, library=library, how="Android"
    )


def measure(place, phone, tool, models, strike, mutate) -> bool:
    """A whole session with its `strike`th answer changed; whether it brought numbers."""
    path = place / "results.json"
    path.unlink(missing_ok=True)
    run = Direct(phone, strike, mutate)
    try:
        (target,) = open_phones(None, None, 0.0, run=run, tool=tool)
        results = measured(target, models, path)
        if results.failed.keys() < results.models.keys():
            for row in tabulate(results, models).rows:
                assert row.latency.typical_ms > 0
            assert store.read(path) == results
        return True
    except UserError as error:
        assert len(str(error)) < MOST_SHOWN and len(error.fix) < MOST_SHOWN
        return False


def test_an_honest_phone_is_measured_this_way(place, phone, tool, models):
    assert measure(place, phone, tool, models, 0, None)


ANSWERS = 40  # of a whole session; those after it are like those in it


@settings(max_examples=examples(80, 1_500))
@given(
    st.integers(1, ANSWERS),
    st.one_of(
        st.tuples(st.integers(0, 10_000), st.sampled_from(MUTANTS)),
        st.tuples(st.integers(0, 300), st.sampled_from(NUMBERS)),
    ),
)
def test_whatever_a_phone_answers_is_an_error_or_a_number(place, phone, tool, models, strike, how):
    at, what = how
    if isinstance(what, str):
        measure(place, phone, tool, models, strike, lambda said: with_number(said, at, what))
    else:
        measure(place, phone, tool, models, strike, lambda said: what(said, at))


@pytest.mark.parametrize("serial", ["A\0B", "A\x1b[2J", "9" * 3_000_000, "\u2028", ""])
def test_a_phone_of_no_possible_name_is_refused(serial):
    def run(command, timeout):
        said = f"List of devices attached\n{serial}\tdevice\n"
        return CompletedProcess(command, 0, said.encode(), b"")

    with pytest.raises(
        UserError, match=r"under a name that none can have|adb knows no phone"
    ) as error:
        open_phones(None, None, 0.0, run=run)
    assert len(str(error.value)) < MOST_SHOWN


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (b"/cpu99999999 2400000\n", "tells of a core that cannot be: '/cpu99999999 2400000'"),
        (f"/cpu0 {DIGITS}\n".encode(), "tells of a core that cannot be"),
        (f"/cpu{DIGITS} 1\n".encode(), "tells of a core that cannot be"),
        (b"/cpu512 1\n", "tells of a core that cannot be: '/cpu512 1'"),
        (b"\xff\0?", "does not tell the frequencies of its cores"),
    ],
)
def test_cores_that_cannot_be_are_named(said, says, phone, tool):
    struck = []

    def run(command, timeout):
        done = Direct(phone, 0, None)(command, timeout)
        if "cpuinfo_max_freq" in command[-1]:
            struck.append(command)
            done.stdout = said + f"{LAST_WORD}0\n".encode()
        return done

    with pytest.raises(UserError, match=says):
        open_phones(None, None, 0.0, run=run, tool=tool)
    assert struck


@pytest.mark.parametrize("core", [DIGITS, "99999999", "-1", "\u0663", "1.5", ""])
def test_a_core_that_a_person_types_is_there_or_is_refused(core):
    with pytest.raises(UserError, match="the phone has no core"):
        choose_cores(core, {0: 1, 3: 2})
    assert choose_cores("3", {0: 1, 3: 2}) == [3]


@pytest.mark.parametrize("code", [DIGITS, "256", "-1", "", "0 0", "\u0663"])
def test_an_exit_code_that_no_shell_gives_is_no_answer(code):
    def run(command, timeout):
        return CompletedProcess(command, 0, f"x\n{LAST_WORD}{code}\n".encode(), b"")

    with pytest.raises(UserError, match="was lost during 'true'"):
        Adb(SERIAL, run=run).start("true", timeout_s=1)


def test_a_phone_that_never_stops_talking_is_interrupted(monkeypatch):
    monkeypatch.setattr(limited, "MAX_BYTES", 1 << 20)
    for stream in ("", " >&2"):
        with pytest.raises(UserError, match="said more than 1,048,576 bytes"):
            devices(("sh", "-c", f"while :; do echo xxxxxxxxxxxxxxxxxxxx{stream}; done"))


def test_a_limited_program_is_like_any_other():
    script = (
        "import sys; print('out'); print('err', file=sys.stderr); print(sys.stdin.read()); exit(3)"
    )
    done = limited.run([sys.executable, "-c", script], 60)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n\n", b"err\n")
    with pytest.raises(subprocess.TimeoutExpired):
        limited.run(["sleep", "60"], 0.05)
    with pytest.raises(subprocess.TimeoutExpired):
        limited.run(["sh", "-c", "exec >&- 2>&-; sleep 60"], 0.05)
    with pytest.raises(FileNotFoundError):
        limited.run(["no-such-program"], 1)


def test_whole_numbers_are_read_and_nothing_else():
    assert [whole(text, 99) for text in ("0", " 42\n", "99")] == [0, 42, 99]
    for text in ("100", "-1", "", "4 2", "0x1", "1e1", "\u0664", DIGITS, "00099"):
        assert whole(text, 99) is None, text


# ---------------------------------------------------------------------------- the app

STATES = [
    "{}", '{"state": 1}', '{"state": "running", "text": ["x"]}', "{" * 100_000, '{"state": "done"',
    '{"state": "running", "more": 1, "text": "x"}', f'{{"state": {DIGITS}}}', "{\0\ufffd",
    f'{{"state": "running", "text": "{"x" * 1000}"}}',
]  # fmt: skip


@pytest.mark.parametrize("state", STATES, ids=range(len(STATES)))
def test_an_app_that_says_anything_is_refused(state):
    def run(command, timeout):
        said = {"pm": b"package:x", "cat": state.encode()}.get(shlex.split(command[-1])[0], b"")
        return CompletedProcess(command, 0, said + f"{LAST_WORD}0\n".encode(), b"")

    app = AppOnPhone(Adb(SERIAL, run=run), sleep=lambda s: None)
    with pytest.raises(UserError, match="says what cannot be used") as error:
        app.measure([], EFFORTS["quick"], lambda text: None)
    assert len(str(error.value)) < MOST_SHOWN


# ---------------------------------------------------------------------------- saved results

VALUES = [
    None, True, -1, 0, 2**70, 10**400, 1e300, 1e308, "", "\0\x1b[2J", "x" * 10_000, [], {}, [None],
    [[]], {"": None}, ["x"], float("inf"), float("nan"), [-1.0], [1e300],
]  # fmt: skip


def places(value, here=()):
    """The way to everything in a JSON document."""
    yield here
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield from places(value[key], (*here, key))


def changed(document, way, value):
    """A copy with `value` there, or with nothing where it is `places`."""
    document = json.loads(json.dumps(document))
    if not way:
        return value
    inner = document
    for key in way[:-1]:
        inner = inner[key]
    if value is places:
        del inner[way[-1]]
    else:
        inner[way[-1]] = value
    return document


@pytest.fixture(scope="module")
def saved(place, phone, tool, models) -> dict:
    assert measure(place, phone, tool, models, 0, None)
    return json.loads((place / "results.json").read_text())


def test_saved_results_with_any_value_anywhere_are_refused_or_make_a_table(place, models, saved):
    """One of each kind of place: runs and rounds are many, and all alike."""
    ways = {tuple(0 if isinstance(k, int) else k for k in way): way for way in places(saved)}
    path = place / "hostile.json"
    for i, way in enumerate(ways.values()):
        for j, value in enumerate((*VALUES, places)):
            if (i + j) % examples(4, 1):
                continue
            if not way and value is places:
                continue
            path.write_text(json.dumps(changed(saved, way, value)))
            try:
                results = store.resume(path, store.read(place / "results.json"))
                tabulate(results, models).doubts  # noqa: B018
                [row.latency.typical_ms for row in tabulate(results, models).rows]
            except UserError as error:
                assert len(str(error)) < MOST_SHOWN, way


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("latency_ms", [1e12], "a time of 1000000000000.0 ms"),
        ("latency_ms", [-1.0], "a time of -1.0 ms"),
        ("latency_ms", [0.0, 0.0], "all latencies are 0"),
        ("latency_ms", [], "it has no latencies"),
        ("init_ms", 1e12, "a time of 1000000000000.0 ms"),
        ("peak_memory_bytes", 2**60, "a peak memory of 1152921504606846976 bytes"),
        ("clock_resolution_ns", 0, "a clock step of 0 ns"),
        ("class_us", {"CONV_2D": -1}, "a time of operators of -1 us"),
        ("runtime_version", "2" * 10_000, "has 10,000 characters"),
    ],
)
def test_saved_numbers_that_no_target_can_have_seen_are_refused(key, value, says, place, saved):
    way = next(way for way in places(saved) if way[-1:] == (key,))
    path = place / "impossible.json"
    path.write_text(json.dumps(changed(saved, way, value)))

    with pytest.raises(UserError, match=re.escape(says)) as error:
        store.resume(path, store.read(place / "results.json"))
    assert len(str(error.value)) < MOST_SHOWN


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "null", "1", "{", "[" * 200_000, "\ufeff{}", '{"schema": ' + DIGITS + "}",
        '{"schema": [' + "9," * 99_999 + "9]}",
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_document_of_results_is_refused(text, tmp_path):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError, match="cannot be read as results") as error:
        store.read(tmp_path / "x.json")
    assert len(str(error.value)) < MOST_SHOWN
    with pytest.raises(UserError, match="results cannot be used") as error:
        read_app(text.encode(), [])
    assert len(str(error.value)) < MOST_SHOWN


# ---------------------------------------------------------------------------- logs


@pytest.mark.parametrize(
    "text",
    [
        "=" * 2_000_000,
        "= BENCHMARK RESULTS =" * 100_000,
        "= BENCHMARK RESULTS =\nInference (avg): 1 ms (1 runs)\n" * 30_000,
        "Inference timings in us: Inference (avg): " * 50_000,
        "Inference timings in us:\n" * 100_000,
        "count=" * 300_000,
        "count=1" + " a=1" * 500_000,
        "a" * 2_000_000,
        "\n" * 2_000_000,
        DIGITS * 400,
        ("count=9 avg=" + "9" * 1_000 + "\n") * 2_000,
        LOG.replace("count=", "count=" + DIGITS),
        LITERT.replace("runs)", DIGITS + " runs)"),
        LITERT.replace("13.52 ms", "9" * 400 + " ms"),
    ],
    ids=range(14),
)
def test_a_log_of_any_shape_is_refused_in_a_time_that_grows_as_it_does(text):
    """Some took hours, for each place to begin at was searched to the end."""
    with pytest.raises(UserError, match="gives no number"):
        tflite_log.read(text + "\n", "x")
