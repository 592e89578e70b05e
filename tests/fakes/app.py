"""The demo app on a phone for the real `adb`: it takes the intent, and writes its files."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from benchmark.model import Model
from benchmark.targets.app import FOLDER, PACKAGE, SCREEN
from ghostnet_tf.base.effort import EFFORTS
from tests.fakes.phone import Answer, FakePhone

MS = {"ghostnet_100": 10.0, "mobilenetv2_100": 13.0}


class PhoneWithApp(FakePhone):
    """`states` are what the state file says, one after the other; the last one stays."""

    def __init__(self, folder: Path, models: Sequence[Model], states: Sequence[dict[str, str]]):
        super().__init__(folder)
        self.models, self.states = models, list(states)
        self.is_installed = self.is_alive = True
        self.run_name, self.effort = "", ""

    def _command(self, line: str) -> Answer:
        words = shlex.split(line)
        if words[0] not in ("pm", "input", "wm", "am", "cat", "rm", "pidof") or (
            words[0] in ("cat", "rm") and FOLDER not in line
        ):
            return super()._command(line)
        self.said.append(line)
        if (answer := self.trouble("shell", line)) is not None:
            return answer
        if words[0] == "pm":
            found = b"package:/data/app/base.apk\n" if self.is_installed else b""
            return Answer(found, code=0 if self.is_installed else 1)
        if words[:2] == ["am", "start"]:
            assert words[2:5] == ["-W", "-n", SCREEN]
            self.effort, self.run_name = words[7], words[10]
            return Answer(b"Status: ok\n")
        if words[0] == "pidof":
            return Answer(b"4711\n") if self.is_alive else Answer(code=1)
        if words[0] == "cat":
            return self._file(words[1])
        return Answer()

    def _file(self, path: str) -> Answer:
        if path == f"{FOLDER}/{self.run_name}.state" and self.states:
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            return Answer(json.dumps(state).encode())
        if path == f"{FOLDER}/{self.run_name}.json":
            return Answer(json.dumps(document(self.models, self.effort)).encode())
        return Answer(stderr=b"cat: No such file or directory", code=1)

    @property
    def was_stopped(self) -> bool:
        return f"am force-stop {PACKAGE}" in self.said


def document(models: Sequence[Model], effort: str) -> dict:
    """What the app writes of a whole run."""

    def visit(model: Model, number: int) -> dict:
        ms = MS[model.record.model] if model.record else 1.0
        return {
            "latency_ms": [ms + 0.01 * ((i + number) % 7) for i in range(EFFORTS[effort].runs)],
            "warmup_ms": [12.0],
            "load_ms": 30.0,
            "peak_memory_bytes": 90_000_000,
            "output_sha256": "0" * 64,
            "before": {"core": 7, "frequency_khz": 2_850_000},
            "after": {"core": 7, "frequency_khz": None},
            "conditions": state,
            "paused_ms": 0,
        }

    state = {
        "temperature_c": 25.5,
        "thermal_status": 0,
        "is_saving_power": False,
        "is_charging": False,
    }
    return {
        "app": 2,
        "target": "app: Nobody Fake One, Android 14",
        "effort": effort,
        "facts": {"maker": "Nobody", "api": "34", "debuggable": "no"},
        "models": {model.sha256: model.path.name for model in models},
        "clock_resolution_ns": 52,
        "runtime_version": "2.1.6",
        "runtime_sha256": "a" * 64,
        "rounds": [
            {
                "visits": {m.sha256: visit(m, number) for m in models},
                "before": state,
                "after": dict.fromkeys(state),
            }
            for number in range(EFFORTS[effort].rounds)
        ],
        "failed": {},
    }
