"""Logs as `benchmark_model` has worded them over the years, and every way to cut them short."""

import json
import re

import pytest

from benchmark.benchmark_model import main
from benchmark.tflite_log import read
from ghostnet_tf.base.errors import CheckFailed
from tests.fakes.benchmark_model_logs import LAST, LITERT, LOG, RUNS, WARMUP, WORDINGS


@pytest.mark.parametrize("text", WORDINGS.values(), ids=WORDINGS)
def test_every_wording_gives_the_measured_runs_and_not_the_warm_up(text):
    log = read(text)

    assert (log.runs, log.min_ms, log.max_ms, log.std_ms) == (74, 13.105, 15.765, 0.47)
    assert log.average_ms == pytest.approx(13.5202)
    assert log.median_ms == (13.4 if "median" in text else None)
    assert log.init_ms == 12.75
    assert log.taken == ((100, 121) if "Replacing" in text else None)


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
        assert re.search(r"no stats|Inference: |, Inference \(avg\): |={30}", text[:end])


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


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("(74 runs)", "(75 runs)", "counts 74 runs, and then 75"),
        ("13.52 ms", "15.52 ms", "averages differ"),
        ("13.52 ms", "nan ms", "no summary"),
        (" ======================================\n", " \n", "no summary"),
    ],
)
def test_a_block_that_contradicts_its_runs_gives_no_number(before, after, says):
    assert before in LITERT

    with pytest.raises(CheckFailed, match=says):
        read(LITERT.replace(before, after))


def test_the_command_prints_json(tmp_path, capsys):
    path = tmp_path / "log"
    path.write_text(LOG)

    assert main([str(path)]) == 0

    (printed,) = json.loads(capsys.readouterr().out)
    assert printed["runs"] == 74
