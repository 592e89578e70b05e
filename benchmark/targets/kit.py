"""What a phone needs to run a model: the runner and its libraries, as files and a command line."""

import os
from dataclasses import dataclass
from pathlib import Path

from benchmark.build import build
from benchmark.runtime_library import aarch64_library
from export.ghost_library import operators
from ghostnet_tf.errors import UserError

GLIBC = Path("/usr/aarch64-linux-gnu/lib")  # of Debian's cross compiler
LOADER = "ld-linux-aarch64.so.1"
# The runner's, the runtime's and the C++ library's.
GLIBC_FILES = (
    LOADER, "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1",
    "libstdc++.so.6", "libgcc_s.so.1",
)  # fmt: skip


@dataclass(frozen=True)
class Kit:
    """`library` and `runner` are among `files`; a loader only where the system's cannot serve."""

    files: tuple[Path, ...]
    runner: Path
    library: Path
    loader: Path | None
    how: str
    operators_rule: str = "aarch64"  # of kernels/Makefile

    def operators(self) -> Path:
        """The Ghost operators, made only when a model has some."""
        return operators(self.operators_rule)

    def command(self, place: dict[Path, str]) -> list[str]:
        """The start of the command line, given where each file lies on the phone."""
        if self.loader is None:
            return [place[self.runner]]
        folders = dict.fromkeys(where.rpartition("/")[0] for where in place.values())
        return [place[self.loader], "--library-path", ":".join(folders), place[self.runner]]


def find_kit() -> Kit:
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
    libraries = tuple(GLIBC / name for name in GLIBC_FILES)
    files = (runner, library, *libraries)
    return Kit(files, runner, library, GLIBC / LOADER, "glibc runner with its own loader")


def _android() -> Kit:
    library = os.environ.get("LITERT_ANDROID_LIBRARY")
    if not library or not Path(library).is_file():
        raise UserError(
            f"there is no Android libLiteRt.so: LITERT_ANDROID_LIBRARY is {library!r}",
            fix="set it to jni/arm64-v8a/libLiteRt.so out of Google's AAR "
            "com.google.ai.edge.litert:litert, or unset ANDROID_NDK_HOME",
        )
    runner, path = build("android"), Path(library)
    return Kit((runner, path), runner, path, None, "Android runner", "android")
