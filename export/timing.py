"""Seconds per stage and peak memory of one export, for those who want to make it faster:

python export/timing.py [the options of to_tflite.py]
"""

import resource
import sys
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "export"

from ghostnet_tf.base.errors import run
from ghostnet_tf.base.progress import Stages

from . import to_tflite


def main(argv: list[str] | None = None) -> int:
    stages = Stages()
    code = to_tflite.main(argv, stages)
    print(table(stages.seconds, peak_memory_bytes()))
    return code


def peak_memory_bytes() -> int:
    """The most memory that this process has held at once."""
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of either system
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def table(seconds: dict[str, float], peak_bytes: int) -> str:
    rows = [*seconds.items(), ("all stages", sum(seconds.values()))]
    lines = [f"{stage:28}{spent:8.1f} s" for stage, spent in rows]
    return "\n".join([*lines, f"{'peak memory':28}{peak_bytes / 2**20:8,.0f} MiB"])


if __name__ == "__main__":
    run(main)
