"""A log of TensorFlow Lite's own `benchmark_model`, read without guessing:

python benchmark/benchmark_model.py LOG...
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from ghostnet_tf.errors import CheckFailed, UserError, run

MAX_BYTES = 16 << 20
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
# "count=50 first=9 curr=8 min=8 max=9 avg=8.5 std=0.1"; of equal runs "count=1 curr=9";
# newer versions append p5=, median=, p95=
RUNS = re.compile(rf"\bcount=(\d+)((?:[ \t]+\w+=(?:{NUMBER}|nan))+)")
FIELD = re.compile(rf"(\w+)=({NUMBER})(?![\w.])")
# the last line of a run that came to its end, in either wording
AVERAGE = re.compile(
    rf"(?:Inference timings in us:.*\bInference \(avg\)"
    rf"|Average inference timings in us:.*\bno stats):\s*({NUMBER})(?![\w.])"
)
TOLERANCE = 0.01  # between the average of the runs' line and that of the last line; both rounded


@dataclass(frozen=True)
class Log:
    """What one finished run says. Medians only where this version of the tool prints them."""

    runs: int
    average_ms: float
    min_ms: float
    max_ms: float
    std_ms: float
    median_ms: float | None


def read(text: str, name: str = "the log") -> Log:
    """The measured runs of one finished log; the first line of counts is the warm-up's.

    Two places must agree: the runs' own line, and the summary that the tool prints at its end.
    A log that was cut off has only one of them, or half a line.
    """
    if not text.endswith("\n"):
        raise _partial(name, "its last line is not finished")
    lines = list(RUNS.finditer(text))
    average = AVERAGE.findall(text)
    if len(average) != 1:
        what = "no summary at its end" if not average else "the summaries of several runs"
        raise _partial(name, f"it has {what}")
    if len(lines) != 2:
        raise _partial(name, f"it has {len(lines)} lines of counts, not warm-up and measurement")
    count = int(lines[1][1])
    us = {key: float(value) for key, value in FIELD.findall(lines[1][2])}
    if "avg" not in us and "curr" in us:  # all runs took the same
        us = {"avg": us["curr"], "min": us["curr"], "max": us["curr"], "std": 0.0} | us
    if missing := {"avg", "min", "max", "std"} - us.keys():
        raise _partial(name, f"its line of counts has no {min(missing)}=")
    if abs(us["avg"] - float(average[0])) > max(1.0, TOLERANCE * us["avg"]):
        raise _partial(name, f"its averages differ: {us['avg']:g} and {float(average[0]):g} us")
    if count < 1 or not 0 < us["min"] <= us["avg"] <= us["max"]:
        raise _partial(name, "its numbers contradict one another")
    ms = {key: value / 1e3 for key, value in us.items()}
    return Log(count, ms["avg"], ms["min"], ms["max"], ms["std"], ms.get("median"))


def _partial(name: str, why: str) -> CheckFailed:
    return CheckFailed(
        f"{name!r} gives no number: {why}", fix="run benchmark_model again and keep all it prints"
    )


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="What finished logs of TensorFlow Lite's benchmark_model say, as JSON."
    )
    parser.add_argument("logs", metavar="LOG", nargs="+")
    logs = parser.parse_args(argv).logs
    print(json.dumps([{"log": name, **asdict(_open(name))} for name in logs], indent=1))
    return 0


def _open(name: str) -> Log:
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise UserError(f"{name!r} cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise UserError(f"{name!r} has {len(data):,} bytes: is it a log?")
    return read(data.decode(errors="replace"), name)


if __name__ == "__main__":
    run(main)
