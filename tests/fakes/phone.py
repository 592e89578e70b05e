"""A phone for the real `adb`: the device's side of its protocol, on loopback.

Commands are run by this machine's `sh` in a folder that stands for the phone, with small scripts
in place of Android's own programs. Messages and services as in the Android Open Source Project,
packages/modules/adb: protocol.txt, SERVICES.TXT, SYNC.TXT, and shell_protocol.h.
"""

import asyncio
import json
import os
import shlex
import struct
import subprocess
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmark.events import Event, Op
from benchmark.targets.runner import Report
from ghostnet_tf.base.files import sha256
from tests.fakes.benchmark_model_logs import LOG

DATA = "/data/local/tmp"
MAX_DATA = 256 << 10
STDOUT, STDERR, EXIT = 1, 2, 3  # packets of the shell protocol
AUTH_TOKEN, RSA_PUBLIC_KEY = 1, 3  # kinds of AUTH messages
BANNER = (
    b"device::ro.product.name=fake;ro.product.model=Fake;ro.product.device=fake;"
    b"features=shell_v2,cmd\0"
)
PROPERTIES = {
    "ro.product.manufacturer": "Nobody",
    "ro.product.model": "Fake One",
    "ro.soc.model": "FK-1",
    "ro.board.platform": "fake",
    "ro.build.version.release": "14",
    "ro.build.version.sdk": "34",
    "ro.build.fingerprint": "nobody/fake:14",
    "ro.product.cpu.abilist64": "arm64-v8a",
}
# One convolution and one addition, as the runner tells of a file and of its profiled runs.
GRAPH = (Op(3, "stem/conv"), Op(0, "block_00/add"))
RAN = (
    Event(name="Convolution (NHWC, F32) IGEMM", delegated=True, index=0, us=700),
    Event(name="Add (ND)", delegated=True, index=1, us=300),
)
CORES = {0: 1800000, 3: 1800000, 4: 2400000, 6: 2400000, 7: 3000000}


@dataclass
class Answer:
    """What a command on the phone gives."""

    stdout: bytes = b""
    stderr: bytes = b""
    code: int = 0


class Unplugged(Exception):
    """The cable was pulled: the connection ends here."""


class Hangs(Exception):
    """No answer to this, ever."""


@dataclass
class Stream:
    """One open service: bytes in, and a turn to write."""

    remote: int
    bytes_in: asyncio.StreamReader
    may_write: asyncio.Event = field(default_factory=asyncio.Event)


class FakePhone:
    """`trouble(what, text)` sees each command ("shell") and each pushed path ("push") first."""

    def __init__(self, folder: Path, run: Callable[[str], Answer] | None = None):
        self.folder = folder
        self.properties = dict(PROPERTIES)
        self.thermal_status, self.temperature = 0, 251
        self.is_authorized, self.is_deaf = True, False
        self.log = Answer(LOG.encode())  # of `benchmark_model`
        self.said: list[str] = []  # every command, in order
        self.pushed: list[str] = []
        self.trouble: Callable[[str, str], Answer | None] = lambda what, text: None
        self.run = run or self.report
        self.is_plugged_in = True
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        (folder / "tmp").mkdir(parents=True)

    def start(self) -> "FakePhone":
        self._thread.start()
        self._ready.wait()
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connected, "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self.serial = f"127.0.0.1:{self.port}"
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    # ------------------------------------------------------------------------ messages

    async def _connected(self, reader, writer) -> None:
        streams: dict[int, Stream] = {}
        services: set[asyncio.Task] = set()

        def send(command: bytes, a: int, b: int, data: bytes = b"") -> None:
            (code,) = struct.unpack("<I", command)
            head = struct.pack("<6I", code, a, b, len(data), sum(data), code ^ 0xFFFFFFFF)
            writer.write(head + data)

        try:
            while self.is_plugged_in:
                head = struct.unpack("<6I", await reader.readexactly(24))
                command, data = struct.pack("<I", head[0]), await reader.readexactly(head[3])
                if self.is_deaf:
                    continue
                if command in (b"CNXN", b"AUTH") and not self.is_authorized:
                    if head[1] != RSA_PUBLIC_KEY:  # this one waits for the person at the phone
                        send(b"AUTH", AUTH_TOKEN, 0, bytes(20))
                elif command == b"CNXN":
                    send(b"CNXN", 0x01000001, MAX_DATA, BANNER)
                elif command == b"OPEN":
                    local = head[1]  # its number serves for both sides
                    streams[local] = stream = Stream(local, asyncio.StreamReader())
                    send(b"OKAY", local, local)
                    service = self._service(data.rstrip(b"\0").decode(), stream, send, writer)
                    services.add(asyncio.create_task(service))
                elif command == b"OKAY" and head[2] in streams:
                    streams[head[2]].may_write.set()
                elif command == b"WRTE" and head[2] in streams:
                    streams[head[2]].bytes_in.feed_data(data)
                    send(b"OKAY", head[2], head[1])
                elif command == b"CLSE" and head[2] in streams:
                    del streams[head[2]]
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for service in services:
                service.cancel()
            writer.close()

    async def _service(self, name: str, stream: Stream, send, writer) -> None:
        async def write(data: bytes) -> None:
            for at in range(0, len(data), 16 << 10):
                stream.may_write.clear()
                send(b"WRTE", stream.remote, stream.remote, data[at : at + (16 << 10)])
                await writer.drain()
                await stream.may_write.wait()

        try:
            if name.startswith("shell"):
                answer = await self._loop.run_in_executor(None, self._shell, name.split(":", 1)[1])
                for kind, data in ((STDOUT, answer.stdout), (STDERR, answer.stderr)):
                    if data:
                        await write(struct.pack("<BI", kind, len(data)) + data)
                await write(struct.pack("<BIB", EXIT, 1, answer.code & 0xFF))
            elif name.startswith("sync"):
                await self._sync(stream, write)
            send(b"CLSE", stream.remote, stream.remote)
        except Unplugged:
            self.is_plugged_in = False
            writer.close()
        except (Hangs, asyncio.IncompleteReadError):
            return

    async def _sync(self, stream: Stream, write) -> None:
        read = stream.bytes_in.readexactly
        while True:
            request, size = struct.unpack("<4sI", await read(8))
            if request == b"QUIT":
                return
            path = (await read(size)).decode()
            if request == b"STAT":
                await write(b"STAT" + self._stat(self._here(path)))
                continue
            content, to = b"", path.rpartition(",")[0]
            while True:
                part, size = struct.unpack("<4sI", await read(8))
                if part == b"DONE":
                    break
                content += await read(size)
            answer = self.trouble("push", to)
            if answer is not None and answer.code:
                await write(struct.pack("<4sI", b"FAIL", len(answer.stderr)) + answer.stderr)
                continue
            self._here(to).write_bytes(content if answer is None else answer.stdout)
            self.pushed.append(to)
            await write(struct.pack("<4sI", b"OKAY", 0))

    @staticmethod
    def _stat(path: Path) -> bytes:
        if not path.exists():
            return struct.pack("<3I", 0, 0, 0)
        stat = path.stat()
        return struct.pack("<3I", stat.st_mode, stat.st_size & 0xFFFFFFFF, int(stat.st_mtime))

    # ------------------------------------------------------------------------ Android

    def _here(self, path: str) -> Path:
        return Path(path.replace(DATA, str(self.folder / "tmp"), 1))

    def _shell(self, line: str) -> Answer:
        """As a shell would: the command, then the echo of its exit code that follows it."""
        line, _, echo = line.rpartition("; echo ")
        answer = self._command(line)
        last_word = echo.strip('"').replace("$?", f"{answer.code}\n")
        return Answer(answer.stdout + last_word.encode(), answer.stderr)

    def _command(self, line: str) -> Answer:
        self.said.append(line)
        answer = self.trouble("shell", line)
        if answer is not None:
            return answer
        words = shlex.split(line)
        if words[0] == "getprop":
            return Answer(self.properties.get(words[1], "").encode() + b"\n")
        if words[0] == "dumpsys" and words[1] == "battery":
            return Answer(f"Current state:\n  temperature: {self.temperature}\n".encode())
        if words[0] == "dumpsys":
            return Answer(
                f"IsStatusOverride: false\nThermal Status: {self.thermal_status}\n".encode()
            )
        if "--model" in words:
            return self.run(line)
        if any(word.startswith("--graph=") for word in words):
            return self.log
        if "cpuinfo_max_freq)" in line:
            lines = (f"/sys/devices/system/cpu/cpu{c} {khz}" for c, khz in CORES.items())
            return Answer("\n".join(lines).encode())
        if words[0] == "cat":
            return Answer(b"walt\n" if "governor" in line else b"2200000\n")
        if words[0] == "cmd":
            return Answer()
        return self._on_this_machine(line)

    def _on_this_machine(self, line: str) -> Answer:
        here = str(self.folder / "tmp")
        done = subprocess.run(  # noqa: S603
            ["/bin/sh", "-c", line.replace(DATA, here)], capture_output=True, env=dict(os.environ)
        )
        return Answer(
            done.stdout.replace(here.encode(), DATA.encode()), done.stderr, done.returncode
        )

    def report(self, line: str) -> Answer:
        """What the runner prints of the model that the command names."""
        words = shlex.split(line)
        model = self._here(words[words.index("--model") + 1]).read_bytes()
        runs = int(words[words.index("--runs") + 1])
        profiled = int(words[words.index("--profile") + 1]) if "--profile" in words else 1
        report = Report(
            runner=1,
            model_sha256=sha256(model),
            runtime_sha256="a" * 64,
            runtime_version="2.3.0",
            operators="",
            threads=1,
            fp16=False,
            load_ms=1.0,
            init_ms=9.0,
            warmup_ms=(12.0,),
            latency_ms=tuple(10.0 + 0.01 * (i * 7 % 11) for i in range(runs)),
            peak_memory_bytes=30_000_000,
            clock_resolution_ns=52,
            graph=GRAPH,
            profile=(RAN,) * profiled,
            output_sha256="0" * 64,
        )
        return Answer(json.dumps(asdict(report)).encode())
