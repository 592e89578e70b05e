"""The bytes behind an address of the network: in time and no more than wanted, or an error."""

import logging
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

import requests
import urllib3.exceptions

from ghostnet_tf.base.errors import UserError, reading

MAX_REDIRECTS = 10
PIECE = 1 << 16  # bytes
# What a server sends in place of headers is no text for a terminal.
logging.getLogger("urllib3").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Limits:
    max_bytes: int
    stall_s: float  # without a byte
    whole_s: float  # until all is here


def pieces(url: str, limits: Limits, fix: str) -> Iterator[bytes]:
    """What is at `url`, in order; or UserError, with what has come by then worth nothing.

    The network is asked by a thread of its own, for it can be slow in ways that no time limit of
    a socket ends: the search for a name, a byte every second. Given up, that thread is left alone.
    """
    arrived: queue.SimpleQueue[bytes | Exception | None] = queue.SimpleQueue()
    is_given_up = threading.Event()
    ends = time.monotonic() + limits.whole_s

    def ask() -> None:
        try:
            for piece in _received(url, limits, fix):
                if is_given_up.is_set():
                    return
                arrived.put(piece)
            arrived.put(None)
        except Exception as error:  # raised again below, by who asked
            arrived.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        while True:
            try:
                piece = arrived.get(timeout=max(0.0, ends - time.monotonic()))
            except queue.Empty:
                raise _failed(url, f"it was not here after {limits.whole_s:g} s", fix) from None
            if isinstance(piece, Exception):
                raise piece
            if piece is None:
                return
            yield piece
    finally:
        is_given_up.set()


def _received(url: str, limits: Limits, fix: str) -> Iterator[bytes]:
    with _Session() as session, reading(url, fix):
        try:
            with _final(session, url, limits, fix) as response:
                response.raise_for_status()
                encoding = response.headers.get("Content-Encoding", "identity")
                if encoding != "identity":  # which would be unpacked without a limit
                    raise _failed(url, f"it is sent in the encoding {encoding!r}", fix)
                taken = 0
                for piece in response.iter_content(PIECE):
                    taken += len(piece)
                    if taken > limits.max_bytes:
                        raise UserError(f"{url} gave more than {limits.max_bytes:,} bytes", fix)
                    yield piece
        except requests.RequestException as error:
            raise _failed(url, _reason(error, limits), fix) from error


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: requests would read all of a redirection's body. `_final` follows, and reads none.

        It also stays with https, where it began with that.
        """


def _final(session: _Session, url: str, limits: Limits, fix: str) -> requests.Response:
    """The answer at the end of all redirections; of its body nothing is read yet."""
    is_secure = url.startswith("https:")
    here = url
    for _ in range(MAX_REDIRECTS + 1):
        headers = {"Accept-Encoding": "identity"}
        response = session.get(here, stream=True, timeout=limits.stall_s, headers=headers)
        if not response.is_redirect:
            return response
        response.close()
        here = urljoin(here, response.headers["Location"])
        if not here.startswith("https:" if is_secure else ("https:", "http:")):
            raise _failed(url, f"it leads to {here[:200]!r}", fix)
    raise _failed(url, f"it leads on more than {MAX_REDIRECTS} times", fix)


def _failed(url: str, why: str, fix: str) -> UserError:
    return UserError(f"{url} could not be downloaded: {why}", fix)


def _reason(error: requests.RequestException, limits: Limits) -> str:
    """The kind of failure in a few words; requests' own messages are a page."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code}"
    if isinstance(error, requests.Timeout) or _began_as(error, TimeoutError):
        return f"no answer within {limits.stall_s:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "the connection is not secure"
    if _began_as(error, urllib3.exceptions.ProtocolError):
        return "the connection broke off"
    return "no connection to the server"


def _began_as(error: BaseException | None, kind: type[Exception]) -> bool:
    """Whether one of that kind is what `error` was raised about; requests has few kinds itself."""
    while error is not None and not isinstance(error, kind):
        error = error.__context__
    return error is not None
