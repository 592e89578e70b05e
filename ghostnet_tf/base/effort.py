"""Where a benchmark runs, with how much care, and how exact a count is."""

from dataclasses import dataclass

TARGETS = ("phone", "emulated", "host")
# Instructions by which two counts of one file may differ, of millions: a table that is keyed by an
# address may probe a step further in every second run.
MAX_COUNT_DIFFERENCE = 100


@dataclass(frozen=True)
class Effort:
    """A tier of care. One round visits every model once."""

    name: str
    rounds: int
    runs: int  # at least, in each visit
    seconds: float  # at least, in each visit
    warmup_runs: int
    cooldown_s: int  # how long a phone may rest before a visit, until it is cool


# fmt: off
EFFORTS = {
    effort.name: effort
    for effort in (
        #                   rounds  runs  seconds  warm-up  cool-down
        Effort("quick",          6,   20,    0.15,       3,         0),
        Effort("standard",      10,   50,    0.5,        5,        60),
        # 1030 runs and 60 s per model: what MLPerf Mobile asks of a number (1024 and 60 s)
        Effort("strict",        10,  103,    6.0,       10,       300),
    )
}
# fmt: on
MIN_RUNS, MIN_SECONDS = 1024, 60.0  # per model, of a number that may be quoted
