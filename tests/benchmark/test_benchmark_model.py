"""Logs as `benchmark_model` has worded them over the years, and every way to cut them short."""

import json

import pytest

from benchmark.benchmark_model import main, read
from ghostnet_tf.errors import CheckFailed

WARMUP = "count=37 first=14744 curr=15520 min=13164 max=18295 avg=13764.3 std=967\n"
RUNS = "count=74 first=14850 curr=13315 min=13105 max=15765 avg=13520.2 std=470\n"
LAST = (
    "Inference timings in us: Init: 12750, First inference: 14744, Warmup (avg): 13764.3, "
    "Inference (avg): 13520.2\n"
)
LOG = f"STARTING!\nLoaded model a.tflite\n{WARMUP}\n{RUNS}\n{LAST}Peak memory footprint (MB): 1\n"


def logcat(text: str) -> str:
    return "".join(f"11-24 03:00:00.1  99  99 I tflite  : {line}\n" for line in text.splitlines())


WORDINGS = {
    "plain": LOG,
    "INFO": "".join(f"INFO: {line}\n" for line in LOG.splitlines()),
    "logcat": logcat(LOG),
    "carriage returns": LOG.replace("\n", "\r\n"),
    "older": LOG.replace(
        LAST, "Average inference timings in us: Warmup: 13764.3, Init: 12750, no stats: 13520.2\n"
    ),
    "scientific": LOG.replace("avg=13520.2", "avg=1.35202e+04").replace(
        "(avg): 13520.2", "(avg): 1.35202e+04"
    ),
    "rounded": LOG.replace("Inference (avg): 13520.2", "Inference (avg): 13520"),
}


@pytest.mark.parametrize("text", WORDINGS.values(), ids=WORDINGS)
def test_every_wording_gives_the_measured_runs_and_not_the_warm_up(text):
    log = read(text)

    assert (log.runs, log.min_ms, log.max_ms, log.std_ms) == (74, 13.105, 15.765, 0.47)
    assert log.average_ms == pytest.approx(13.5202)
    assert log.median_ms is None


def test_a_median_is_read_where_it_is_printed():
    log = read(LOG.replace("std=470", "std=470 p5=13110 median=13400 p95=14900"))

    assert log.median_ms == 13.4


def test_equal_runs_have_one_number_only():
    same = LOG.replace(RUNS, "count=50 curr=13520 (all same)\n")

    assert (read(same).average_ms, read(same).std_ms) == (13.52, 0.0)


@pytest.mark.parametrize("name", WORDINGS)
def test_no_cut_gives_a_wrong_number(name):
    """Wherever the connection broke: the right numbers, once they are all there, or none."""
    text, whole = WORDINGS[name], read(WORDINGS[name])

    for end in range(len(text)):
        try:
            assert read(text[:end]) == whole
        except CheckFailed:
            continue
        assert text[:end].endswith("\n")
        assert "Inference (avg)" in text[:end] or "no stats" in text[:end]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (LAST, "", "no summary"),
        (WARMUP, "", "1 lines of counts"),
        (RUNS, RUNS + RUNS, "3 lines of counts"),
        (LAST, LAST + LAST, "several runs"),
        ("Inference (avg): 13520.2", "Inference (avg): 99999.9", "averages differ"),
        ("count=74", "count=0", "contradict"),
        ("min=13105", "min=13900", "contradict"),
        ("max=15765", "max=nan", "no max="),
        ("std=470", "", "no std="),
    ],
)
def test_a_log_that_is_not_one_finished_run_gives_no_number(before, after, says):
    assert before in LOG

    with pytest.raises(CheckFailed, match=says):
        read(LOG.replace(before, after))


def test_the_command_prints_json(tmp_path, capsys):
    path = tmp_path / "log"
    path.write_text(LOG)

    assert main([str(path)]) == 0

    (printed,) = json.loads(capsys.readouterr().out)
    assert printed["runs"] == 74
