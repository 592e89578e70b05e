"""What a log of TensorFlow Lite's own `benchmark_model` says, read without guessing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ghostnet_tf.base.errors import CheckFailed

from .plausible import MAX_COUNT, MAX_MS, whole

# Possessive, and lines have an end: no text takes more than a time in proportion to its length.
NUMBER = r"[-+]?+(?:\d++\.?+\d*+|\.\d++)(?:[eE][-+]?+\d++)?+"
MAX_LINE = 2_000  # characters; the tool's longest has 200
# "count=50 first=9 curr=8 min=8 max=9 avg=8.5 std=0.1"; of equal runs "count=1 curr=9";
# newer versions append p5=, median=, p95=
RUNS = re.compile(rf"\bcount=(\d+)((?:[ \t]+\w+=(?:{NUMBER}|nan))+)")
FIELD = re.compile(rf"\b(\w++)=({NUMBER})(?![\w.])")
# the last line of a run that came to its end, in its wordings
AVERAGES = (
    ("Inference timings in us:", re.compile(rf"\bInference \(avg\):\s*+({NUMBER})(?![\w.])")),
    (
        "Average inference timings in us:",
        re.compile(rf"\b(?:no stats|Inference):\s*+({NUMBER})(?![\w.])"),
    ),
)
# LiteRT's block: "Inference (avg):   0.46 ms (2112 runs)", and a line of = when all of it is said
BLOCK = "= BENCHMARK RESULTS ="
OF_BLOCK = re.compile(rf"\bInference \(avg\):[ \t]*+({NUMBER}) ms \((\d++) runs\)")
END_OF_BLOCK = "=" * 20
INIT = re.compile(rf"\bInit(?:ialized session in|:)\s*({NUMBER})(ms)?")
TOOK = re.compile(r"Replacing (\d+) out of (\d+) node\(s\) with delegate \(TfLiteXNNPackDelegate\)")
TOLERANCE = 0.01  # between the average of the runs' line and that of the summary; both rounded
BLOCK_STEP_US = 5.0  # half of the last digit of LiteRT's block


@dataclass(frozen=True, kw_only=True)
class Log:
    """What one finished run says. Medians only where this version of the tool prints them."""

    runs: int
    average_ms: float
    min_ms: float
    max_ms: float
    std_ms: float
    median_ms: float | None
    init_ms: float | None
    taken: tuple[int, int] | None  # operators that XNNPACK took, of so many; where the log says


def read(text: str, name: str = "the log") -> Log:
    """The measured runs of one finished log; the first line of counts is the warm-up's.

    Two places must agree: the runs' own line, and the summary that the tool prints at its end.
    A log that was cut off has only one of them, or half a line.
    """
    if not text.endswith("\n"):
        raise partial(name, "its last line is not finished")
    text = text.replace("\r\n", "\n")
    if (longest := max(map(len, text.split("\n")))) > MAX_LINE:
        raise partial(name, f"a line of it has {longest:,} characters")
    lines = list(RUNS.finditer(text))
    summaries = [*_averages(text), *_blocks(text)]
    if len(summaries) != 1:
        what = "no summary at its end" if not summaries else "the summaries of several runs"
        raise partial(name, f"it has {what}")
    average_us, runs = summaries[0]
    if len(lines) != 2:
        raise partial(name, f"it has {len(lines)} lines of counts, not warm-up and measurement")
    count = whole(lines[1][1], MAX_COUNT)
    us = {key: float(value) for key, value in FIELD.findall(lines[1][2])}
    if "avg" not in us and "curr" in us:  # all runs took the same
        us = {"avg": us["curr"], "min": us["curr"], "max": us["curr"], "std": 0.0} | us
    if missing := {"avg", "min", "max", "std"} - us.keys():
        raise partial(name, f"its line of counts has no {min(missing)}=")
    step_us = BLOCK_STEP_US if runs else 1.0
    if abs(us["avg"] - average_us) > max(step_us, TOLERANCE * us["avg"]):
        raise partial(name, f"its averages differ: {us['avg']:g} and {average_us:g} us")
    if runs not in (None, count):
        raise partial(name, f"it counts {count} runs, and then {runs}")
    times = (value for key, value in us.items() if key not in ("count", "std"))
    is_sound = 0 < us["min"] <= us["avg"] <= us["max"] and max(*times, us["std"]) <= 1e3 * MAX_MS
    if not count or not is_sound:
        raise partial(name, "its numbers contradict one another")
    ms = {key: value / 1e3 for key, value in us.items()}
    init = INIT.search(text)
    took = TOOK.findall(text)
    return Log(
        runs=count,
        average_ms=ms["avg"],
        min_ms=ms["min"],
        max_ms=ms["max"],
        std_ms=ms["std"],
        median_ms=ms.get("median"),
        init_ms=float(init[1]) / (1 if init[2] else 1e3) if init else None,
        taken=_taken(*took[0]) if len(took) == 1 else None,
    )


def _taken(taken: str, total: str) -> tuple[int, int] | None:
    some, all_of_them = whole(taken, MAX_COUNT), whole(total, MAX_COUNT)
    return None if some is None or all_of_them is None else (some, all_of_them)


def _averages(text: str) -> Iterator[tuple[float, None]]:
    """The average of each line that sums a run up, in us."""
    for line in text.split("\n"):
        for begin, average in AVERAGES:
            if found := average.findall(line.partition(begin)[2]):
                yield float(found[-1]), None


def _blocks(text: str) -> Iterator[tuple[float, int | None]]:
    """(average in us, number of runs) of each block that is whole."""
    for block in text.split(BLOCK)[1:]:
        if found := OF_BLOCK.search(block):
            _, _, rest = block[found.end() :].partition("\n")
            if END_OF_BLOCK in rest:
                yield 1e3 * float(found[1]), whole(found[2], MAX_COUNT) or 0


def partial(name: str, why: str) -> CheckFailed:
    return CheckFailed(
        f"{name!r} gives no number: {why}", fix="run benchmark_model again and keep all it prints"
    )
