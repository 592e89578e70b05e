"""A program run with an end to its time and to what it prints: a phone may say anything."""

import os
import selectors
import subprocess
import time
from collections.abc import Sequence
from subprocess import CompletedProcess, TimeoutExpired

MAX_BYTES = 64 << 20  # of both streams together; a report with every operator has 1 MB
PIECE = 1 << 16


class TooMuch(Exception):
    """It printed more than `MAX_BYTES`."""


def run(command: Sequence[str], timeout: float) -> CompletedProcess[bytes]:
    """What the program printed, without our standard input; TimeoutExpired or TooMuch if it is
    ended before its end.
    """
    ends = time.monotonic() + timeout
    with subprocess.Popen(  # noqa: S603
        list(command),
        stdin=subprocess.DEVNULL,  # which `adb shell` would otherwise swallow
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            out, err = _printed(process, ends, timeout)
            process.wait(max(0.0, ends - time.monotonic()))
        except BaseException:
            process.kill()
            raise
    return CompletedProcess(list(command), process.returncode, out, err)


def _printed(process: subprocess.Popen[bytes], ends: float, timeout: float) -> list[bytes]:
    """Both streams to their ends."""
    with selectors.DefaultSelector() as open_ones:
        said = {stream: bytearray() for stream in (process.stdout, process.stderr) if stream}
        for stream in said:
            open_ones.register(stream, selectors.EVENT_READ, said[stream])
        while open_ones.get_map():
            if time.monotonic() > ends:
                raise TimeoutExpired(process.args, timeout)
            for key, _ in open_ones.select(max(0.0, ends - time.monotonic())):
                piece = os.read(key.fd, PIECE)
                if not piece:
                    open_ones.unregister(key.fileobj)
                key.data.extend(piece)
            if sum(map(len, said.values())) > MAX_BYTES:
                raise TooMuch
        return [bytes(data) for data in said.values()]
