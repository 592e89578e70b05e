"""The runner and the counting plugin, compiled when they are first needed."""

from pathlib import Path

from ghostnet_tf.programs import BUILD, make

OUT = BUILD / "runner"
MADE = {  # rule of runner/Makefile -> what it makes, below OUT
    "host": "host/runner",
    "aarch64": "aarch64/runner",
    "plugin": "host/counter.so",
    "android": "android/runner",
}


def build(rule: str) -> Path:
    """What `make <rule>` makes, up to date with its sources."""
    make("the runner", "benchmark/runner", rule, OUT)
    return OUT / MADE[rule]
