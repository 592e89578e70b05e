"""What a candidate costs against the plain file: `benchmark/run.py` measures, as a program."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ghostnet_tf.base.effort import MAX_COUNT_DIFFERENCE
from ghostnet_tf.base.errors import CHECK_FAILED, INTERRUPTED, USER_CAN_FIX, CheckFailed, UserError
from ghostnet_tf.base.files import scratch, set_aside, sha256, write_atomic
from ghostnet_tf.base.rooms import command
from ghostnet_tf.base.schema import Mismatch, typed

SCHEMA = 1
EMULATED = "emulated"
GROUP = 4  # candidates of one start of the benchmark; what an interruption loses at most
NO_BOUND = 1e9  # of a ratio, where there are too few rounds to say; JSON knows no infinity


@dataclass(frozen=True)
class Cost:
    """Of a candidate and of the plain file beside it; instructions, or the median in ms."""

    before: float
    after: float
    low: float  # the ratio after / before is between these
    high: float

    @property
    def ratio(self) -> float:
        return self.after / self.before

    @property
    def is_cheaper(self) -> bool:
        return self.high < 1

    @property
    def is_dearer(self) -> bool:
        return self.low > 1


@dataclass(frozen=True)
class Place:
    """Where is measured, and with how much care."""

    target: str  # of benchmark/run.py: emulated, host or phone
    core: str | None
    phone: str | None
    effort: str

    @property
    def name(self) -> str:
        """Of the core, or what else a file can be called after."""
        if self.target == EMULATED:
            return str(self.core)
        return self.target if self.core is None else f"{self.target}{self.core}"

    @property
    def unit(self) -> str:
        return "instructions" if self.target == EMULATED else "ms"

    def arguments(self) -> list[str]:
        line = ["--target", self.target, "--effort", self.effort, "--json"]
        for flag, value in (("--core", self.core), ("--phone", self.phone)):
            line += [flag, value] if value is not None else []
        return line


@dataclass(frozen=True)
class Saved:
    """Costs by the SHA-256 of the candidate: a file that is whole after every group of them."""

    schema: int
    plain_sha256: str
    place: Place
    target: str  # as the benchmark calls it, with its versions: "emulated: cortex-a76"
    costs: dict[str, Cost]


class Benchmark:
    """Measures candidates on one target; what was measured once is not measured again."""

    def __init__(self, place: Place, plain: bytes, path: Path, is_resumed: bool = False):
        self.place, self.plain, self.path = place, plain, path
        self.saved = Saved(SCHEMA, sha256(plain), place, "", {})
        self.n_measured, self.seconds = 0, 0.0  # files by this run, and how long they took
        if is_resumed:
            self.saved = _resumed(path, self.saved)
        else:
            set_aside(path)

    @property
    def target(self) -> str:
        return self.saved.target

    def open(self) -> None:
        """Whatever is missing is said now, before the first candidate is built."""
        if self.place.target == EMULATED:
            self.costs([self.plain])

    def costs(
        self, candidates: Sequence[bytes], advance: Callable[[int], object] = lambda n: None
    ) -> list[Cost]:
        """In the order of the candidates, which are measured in groups as far as they are new.

        Every group is on the disk before the next begins. `advance` is told how many candidates
        more are known.
        """
        keys = [sha256(candidate) for candidate in candidates]
        known = self.saved.costs
        new = {k: c for k, c in zip(keys, candidates, strict=True) if k not in known}
        advance(len(candidates) - len(new))
        measure = self._counts if self.place.target == EMULATED else self._times
        for start in range(0, len(new), GROUP):
            group, begin = dict([*new.items()][start : start + GROUP]), time.monotonic()
            known.update(measure(group))
            self.n_measured += len(group)
            self.seconds += time.monotonic() - begin
            content = json.dumps(asdict(self.saved), indent=1) + "\n"
            write_atomic(self.path, content.encode())
            advance(len(group))
        return [known[key] for key in keys]

    @property
    def seconds_each(self) -> float | None:
        """What a measurement has taken so far; None before the first one."""
        return self.seconds / self.n_measured if self.n_measured else None

    def _counts(self, new: Mapping[str, bytes]) -> dict[str, Cost]:
        """The plain file is counted once, which serves for all candidates."""
        plain = self.saved.plain_sha256
        is_first = plain not in self.saved.costs
        rows = self._run({**({plain: self.plain} if is_first else {}), **new})["rows"]
        counts = {row["sha256"]: float(row["instructions"]) for row in rows}
        before = counts[plain] if is_first else self.saved.costs[plain].before
        return {
            key: Cost(
                before,
                count,
                (count - MAX_COUNT_DIFFERENCE) / before,
                (count + MAX_COUNT_DIFFERENCE) / before,
            )
            for key, count in counts.items()
        }

    def _times(self, new: Mapping[str, bytes]) -> dict[str, Cost]:
        """Visited in the same rounds as the plain file: what slows the machine slows both."""
        found = self._run({self.saved.plain_sha256: self.plain, **new})
        plain, *rows = found["rows"]
        return {
            row["sha256"]: Cost(
                plain["median_ms"], row["median_ms"], v["low"] or 0.0, v["high"] or NO_BOUND
            )
            for row, v in zip(rows, found["verdicts"], strict=True)
        }

    def _run(self, files: Mapping[str, bytes]) -> dict[str, Any]:
        """What the benchmark says of these files on its one target, in their order."""
        with scratch() as folder:
            paths = [folder / f"{name}.tflite" for name in files]
            for path, data in zip(paths, files.values(), strict=True):
                path.write_bytes(data)
            line = [*command("benchmark"), *map(str, paths)]
            line += [*self.place.arguments(), "--out", str(folder / "out")]
            done = subprocess.run(line, capture_output=True, encoding="utf-8", errors="replace")  # noqa: S603
        if done.returncode:
            raise _failure(done.returncode, done.stderr)
        found = json.loads(done.stdout)["targets"]
        if len(found) != 1:
            names = ", ".join(target["target"] for target in found)
            raise UserError(
                f"a file is tuned for one core, and these answer: {names}", fix="--core"
            )
        self.saved = replace(self.saved, target=found[0]["target"])
        return found[0]


def _failure(code: int, stderr: str) -> BaseException:
    """What the benchmark said, as an error of ours."""
    if code in (INTERRUPTED, -2):
        return KeyboardInterrupt()
    said = stderr.strip().splitlines()
    what = next((s.removeprefix("error: ") for s in said if s.startswith("error: ")), None)
    if what is None or code not in (CHECK_FAILED, USER_CAN_FIX):
        return RuntimeError(f"benchmark/run.py ended with exit code {code}: {stderr[-2000:]}")
    fix = next((s.removeprefix("  fix: ") for s in said if s.startswith("  fix: ")), "")
    return (CheckFailed if code == CHECK_FAILED else UserError)(what, fix=fix)


def _resumed(path: Path, fresh: Saved) -> Saved:
    try:
        old = typed(Saved, json.loads(path.read_text(encoding="utf-8")), "it")
    except FileNotFoundError:
        raise UserError(f"there are no costs {str(path)!r}", fix="leave out --resume") from None
    except (ValueError, RecursionError, Mismatch) as wrong:
        raise UserError(
            f"{str(path)!r} cannot be read as costs: {wrong}", fix="leave out --resume"
        ) from None
    for name in ("schema", "plain_sha256", "place"):
        if getattr(old, name) != getattr(fresh, name):
            raise UserError(
                f"{str(path)!r} cannot be resumed, for its {name.split('_')[0]} is another",
                fix="leave out --resume: the old costs are then set aside",
            )
    return old
