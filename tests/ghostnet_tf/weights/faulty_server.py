"""A server of files that goes wrong in every way we could think of, byte by byte."""

import contextlib
import itertools
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

DRIP_S = 0.005
ENDLESS_S = 20.0  # then what has no end ends all the same: a test fails, and does not hang


@dataclass
class Call:
    """One request: what a fault has to work with."""

    connection: socket.socket
    body: bytes  # of the file as it should be
    path: str
    is_over: threading.Event

    def send(self, *parts: bytes) -> None:
        for part in parts:
            self.connection.sendall(part)

    def answer(self, body: bytes, *headers: str, status: str = "200 OK", length: object = None):
        said = len(body) if length is None else length
        self.send(head(*headers, f"Content-Length: {said}", status=status), body)

    def redirect(self, to: str, status: str = "302 Found") -> None:
        self.answer(b"", f"Location: {to}", status=status)

    def stall(self) -> None:
        """Nothing more is said until the other side, or the test, has had enough."""
        self.connection.settimeout(DRIP_S)
        while not self.is_over.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1 << 16):
                    return

    def drip(self, data: bytes) -> None:
        """One byte after the other, each in good time."""
        ends = time.monotonic() + ENDLESS_S
        for byte in itertools.cycle(data):
            if self.is_over.wait(DRIP_S) or time.monotonic() > ends:
                return
            self.send(bytes([byte]))

    def flood(self, data: bytes) -> None:
        ends = time.monotonic() + ENDLESS_S
        while not self.is_over.is_set() and time.monotonic() < ends:
            self.send(data)

    def reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def head(*headers: str, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", "Connection: close", *headers, "", "")
    return "\r\n".join(lines).encode("latin-1")


Fault = Callable[[Call], object]


@contextlib.contextmanager
def served(
    body: bytes,
    faults: Mapping[str, Fault],
    tls: ssl.SSLContext | None = None,
    before_tls: Fault | None = None,
) -> Iterator[str]:
    """The address of a server whose paths begin with a fault's name; every other is answered well.

    `before_tls` gets the bare connection of a server of https, and nobody else does.
    """
    is_over = threading.Event()

    def talk(bare: socket.socket) -> None:
        bare.settimeout(60)
        with contextlib.suppress(OSError, ValueError), bare:
            if before_tls:
                before_tls(Call(bare, body, "", is_over))
                return
            connection = tls.wrap_socket(bare, server_side=True) if tls else bare
            with connection:
                asked = connection.recv(1 << 16).split()
                path = asked[1].decode()
                fault = faults.get(path.split("/")[1], lambda call: call.answer(body))
                fault(Call(connection, body, path, is_over))

    threads = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    threads.append(threading.Thread(target=talk, args=(connection,), daemon=True))
                    threads[-1].start()

        threads.append(threading.Thread(target=accept, daemon=True))
        threads[0].start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listening.getsockname()[1]}"
        is_over.set()
        listening.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(60)
