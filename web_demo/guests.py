"""The page's server: few connections at once, and an end to each, whatever a guest sends or keeps.

Without that, whoever says half a request holds a thread for good, and a thousand hold a thousand.
"""

import contextlib
import socket
import ssl
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

END_S = 1.0  # for the thread of a connection that was ended to leave its place


@dataclass(frozen=True)
class Limits:
    connections: int = 64  # at once, each with a thread; a browser opens six
    head_s: float = 10.0  # from the connection until its request is there, TLS included
    answer_s: float = 300.0  # until that is answered: the largest file at 33 kB/s


LIMITS = Limits()


@dataclass
class _Guest:
    """One open connection; the clock is `time.monotonic`."""

    ends: float
    is_heard: bool = False  # its request is there
    since: float = field(default_factory=time.monotonic)


class Server(ThreadingHTTPServer):
    """One thread for a connection, at most `limits.connections`: who comes then takes the place of
    the guest who has been silent longest, or, if all are being answered, of the first of them.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *args: Any, limits: Limits = LIMITS, **options: Any):
        self.limits = limits
        self._guests: dict[socket.socket, _Guest] = {}
        self._lock = threading.Lock()  # of `_guests`
        self._places = threading.Semaphore(limits.connections)
        super().__init__(*args, **options)

    def heard(self, connection: socket.socket) -> None:
        """A handler says so when the request is there: now the time for the answer runs."""
        with self._lock:
            if guest := self._guests.get(connection):
                guest.is_heard, guest.ends = True, time.monotonic() + self.limits.answer_s

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self._end_one()
            if not self._places.acquire(timeout=END_S):
                self.shutdown_request(request)
                return
        with self._lock:
            self._guests[request] = _Guest(time.monotonic() + self.limits.head_s)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system has no thread left
            self._left(request)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._left(request)

    def service_actions(self) -> None:
        """Called twice a second: the end of every connection whose time is over."""
        now = time.monotonic()
        with self._lock:
            for connection in [c for c, guest in self._guests.items() if guest.ends < now]:
                self._end(connection)

    def _end_one(self) -> None:
        with self._lock:
            order = {c: (guest.is_heard, guest.since) for c, guest in self._guests.items()}
            if order:
                self._end(min(order, key=order.__getitem__))

    def _end(self, connection: socket.socket) -> None:
        """Its thread, which waits for the guest, wakes up to a connection that is closed."""
        del self._guests[connection]
        with contextlib.suppress(OSError):  # it has ended itself meanwhile
            # The plain socket's: TLS would take its state from under the thread that reads.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def _left(self, connection: socket.socket) -> None:
        with self._lock:
            self._guests.pop(connection, None)
        self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A browser that hangs up, or that does not trust the certificate yet, is no error of ours.
        if not isinstance(sys.exception(), ssl.SSLError | ConnectionError):
            super().handle_error(request, client_address)
