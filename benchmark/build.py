"""The runner, the counting plugin and its clock, compiled when they are first needed."""

from pathlib import Path

from ghostnet_tf.base import rooms
from ghostnet_tf.base.programs import compiled, make

MADE = {  # rule of runner/Makefile -> what it makes
    "host": "host/runner",
    "aarch64": "aarch64/runner",
    "plugin": "host/counter.so",
    "clock": "aarch64/clock.so",
    "android": "android/runner",
}


def build(rule: str) -> Path:
    """What `make <rule>` makes, up to date with its sources."""
    out = compiled("runner")
    make("the runner", rooms.folder("benchmark") / "runner", rule, out)
    return out / MADE[rule]
