"""The tool that runs a model somewhere: its files, its command line, what it prints."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from subprocess import CompletedProcess
from typing import Protocol

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.libraries import litert, operators

from ..build import build
from ..measurement import Seen, Settings, Visit
from ..model import Model
from ..runtime_library import aarch64_library
from .runner import Report, arguments, report_of

GLIBC = Path("/usr/aarch64-linux-gnu/lib")  # of Debian's cross compiler
LOADER = "ld-linux-aarch64.so.1"
# The runner's, the runtime's and the C++ library's.
GLIBC_FILES = (
    LOADER, "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1",
    "libstdc++.so.6", "libgcc_s.so.1",
)  # fmt: skip


class Tool(Protocol):
    """With all that it needs; `place` says where each file lies, there."""

    @property
    def files(self) -> tuple[Path, ...]: ...

    @property
    def programs(self) -> tuple[Path, ...]:
        """Those of `files` that are started."""
        ...

    @property
    def runtime(self) -> Path:
        """The one whose hash tells which LiteRT or TensorFlow Lite ran."""
        ...

    @property
    def how(self) -> str: ...

    def operators(self, models: Sequence[Model]) -> tuple[Path, ...]:
        """The library of the Ghost operators, made only where one of `models` has some."""
        ...

    def line(self, place: Mapping[Path, str], model: Model, settings: Settings) -> list[str]: ...

    def read(self, done: CompletedProcess[bytes], model: Model) -> Seen: ...


@dataclass(frozen=True, kw_only=True)
class RunnerTool:
    """Ours. `library` and `runner` are among `files`; a loader where the system's cannot serve."""

    files: tuple[Path, ...]
    runner: Path
    library: Path
    how: str
    loader: Path | None = None
    operators_rule: str = "aarch64"  # of kernels/Makefile

    def operators(self, models: Sequence[Model]) -> tuple[Path, ...]:
        return (self._operators,) if any(model.has_operators for model in models) else ()

    @cached_property
    def _operators(self) -> Path:
        """Asked of `make` once, and not at each visit."""
        return operators(self.operators_rule)

    @property
    def programs(self) -> tuple[Path, ...]:
        return (self.loader, self.runner) if self.loader else (self.runner,)

    @property
    def runtime(self) -> Path:
        return self.library

    def line(
        self, place: Mapping[Path, str], model: Model, settings: Settings, profile: int = 0
    ) -> list[str]:
        ops = next((place[library] for library in self.operators([model])), None)
        told = arguments(place[self.library], place[model.path], settings, ops=ops, profile=profile)
        if self.loader is None:
            return [place[self.runner], *told]
        folders = dict.fromkeys(where.rpartition("/")[0] for where in place.values())
        path = ":".join(folders)
        return [place[self.loader], "--library-path", path, place[self.runner], *told]

    def read(self, done: CompletedProcess[bytes], model: Model) -> Visit:
        return self.report(done, model).visit()

    def report(self, done: CompletedProcess[bytes], model: Model) -> Report:
        return report_of(done, model)


def host_tool(library: Path | None = None) -> RunnerTool:
    """Of this machine, with the library that is installed or another."""
    runner, library = build("host"), library or litert()
    return RunnerTool(
        files=(runner, library),
        runner=runner,
        library=library,
        how="runner of this machine",
        operators_rule="host",
    )


def find_tool() -> RunnerTool:
    """Android's own with an NDK; otherwise the glibc one, with its loader beside it."""
    if os.environ.get("ANDROID_NDK_HOME"):
        return _android()
    runner, library = build("aarch64"), aarch64_library()
    missing = [name for name in GLIBC_FILES if not (GLIBC / name).exists()]
    if missing:
        raise UserError(
            f"{missing[0]!r} for aarch64 is not in {str(GLIBC)!r}",
            fix="apt-get install --no-install-recommends g++-aarch64-linux-gnu, or set "
            "ANDROID_NDK_HOME",
        )
    return RunnerTool(
        files=(runner, library, *(GLIBC / name for name in GLIBC_FILES)),
        runner=runner,
        library=library,
        how="glibc runner with its own loader",
        loader=GLIBC / LOADER,
    )


def _android() -> RunnerTool:
    library = os.environ.get("LITERT_ANDROID_LIBRARY")
    if not library or not user_path(library).is_file():
        raise UserError(
            f"there is no Android libLiteRt.so: LITERT_ANDROID_LIBRARY is {library!r}",
            fix="set it to jni/arm64-v8a/libLiteRt.so out of Google's AAR "
            "com.google.ai.edge.litert:litert, or unset ANDROID_NDK_HOME",
        )
    runner, path = build("android"), user_path(library)
    return RunnerTool(
        files=(runner, path),
        runner=runner,
        library=path,
        how="Android runner",
        operators_rule="android",
    )
