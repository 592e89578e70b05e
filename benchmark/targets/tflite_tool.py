"""TensorFlow Lite's own `benchmark_model` in the runner's place, as a file that a person brings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import sha256
from ghostnet_tf.base.schema import Mismatch

from ..measurement import Delegation, Settings, Summary
from ..model import Model
from ..plausible import plausible
from ..tflite_log import partial, read

WHERE = "download one: the README has the address"


@dataclass(frozen=True)
class BenchmarkModelTool:
    binary: Path
    binary_sha256: str

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.binary,)

    @property
    def programs(self) -> tuple[Path, ...]:
        return (self.binary,)

    @property
    def runtime(self) -> Path:
        return self.binary

    @property
    def how(self) -> str:
        return "benchmark_model"

    def operators(self, models: Sequence[Model]) -> tuple[Path, ...]:
        if with_some := [model.path for model in models if model.has_operators]:
            raise UserError(
                f"benchmark_model has no Ghost operators, and {str(with_some[0])!r} needs them",
                fix="measure its plain file, or leave out --tool",
            )
        return ()

    def line(self, place: Mapping[Path, str], model: Model, settings: Settings) -> list[str]:
        return [
            place[self.binary],
            f"--graph={place[model.path]}",
            f"--num_threads={settings.threads}",
            f"--warmup_runs={settings.warmup_runs}",
            f"--num_runs={settings.min_runs}",
            f"--min_secs={settings.min_seconds:g}",
            "--use_xnnpack=true",
        ]

    def read(self, done: CompletedProcess[bytes], model: Model) -> Summary:
        """Versions differ in what goes to which of the two streams."""
        if done.returncode:
            said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
            raise UserError(
                f"benchmark_model failed with {str(model.path)!r} (exit {done.returncode}): "
                f"{said[-1][-200:] if said else 'it gave no reason'}",
                fix="check the file with ghostnet verify, or take another version",
            )
        name = f"what benchmark_model printed for {model.path.name}"
        for part in (done.stdout, done.stderr):
            if part and not part.endswith(b"\n"):
                raise partial(name, "its last line is not finished")
        log = read((done.stdout + done.stderr).decode(errors="replace"), name)
        summary = Summary(
            model_sha256=model.sha256,
            runs=log.runs,
            average_ms=log.average_ms,
            min_ms=log.min_ms,
            max_ms=log.max_ms,
            std_ms=log.std_ms,
            median_ms=log.median_ms,
            init_ms=log.init_ms,
            delegation=_delegation(*log.taken) if log.taken else None,
            runtime_sha256=self.binary_sha256,
        )
        try:
            plausible(summary)
        except Mismatch as wrong:
            raise partial(name, str(wrong)) from None
        return summary


def _delegation(taken: int, total: int) -> Delegation:
    return Delegation(delegated_ops=taken, total_ops=total, partitions=None, left_out={})


def open_binary(path: Path) -> BenchmarkModelTool:
    """The program at `path`, which a person has fetched."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be read: {error.strerror}", fix=WHERE) from None
    if data[:4] != b"\x7fELF":
        raise UserError(
            f"{str(path)!r} is no program for Linux or Android: it begins with {data[:12]!r}",
            fix=WHERE,
        )
    return BenchmarkModelTool(path, sha256(data))
