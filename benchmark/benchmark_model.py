"""Finished logs of TensorFlow Lite's own `benchmark_model`, as JSON:

python benchmark/benchmark_model.py LOG...
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0], __package__ = str(Path(__file__).resolve().parents[1]), "benchmark"

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.terminal import document

from .tflite_log import Log, read

MAX_BYTES = 16 << 20


def main(argv: Sequence[str] | None = None) -> int:
    parser = doors.Parser(
        prog="python benchmark/benchmark_model.py",
        description="What finished logs of TensorFlow Lite's benchmark_model say, as JSON.",
    )
    parser.add_argument("logs", metavar="LOG", nargs="+")
    logs = parser.parse_args(argv).logs
    document([{"log": name, **asdict(_open(name))} for name in logs])
    return 0


def _open(name: str) -> Log:
    try:
        data = user_path(name).read_bytes()
    except OSError as error:
        raise UserError(f"{name!r} cannot be read: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise UserError(f"{name!r} has {len(data):,} bytes: is it a log?")
    return read(data.decode(errors="replace"), name)


if __name__ == "__main__":
    run(main)
