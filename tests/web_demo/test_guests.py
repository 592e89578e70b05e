"""The page's server under guests who are odd, greedy or silent; real sockets, in this process."""

import contextlib
import os
import socket
import ssl
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.counts import examples
from web_demo import certificate, serve
from web_demo.guests import Limits, Server
from web_demo.served import MAX_HEAD_BYTES, PAGE, is_here

PATIENCE_S = 60.0  # of a test's own socket: what it waits for always comes, however slowly
DRIP_S = 0.01
LONG = Limits(head_s=600.0, answer_s=600.0)
SHORT = Limits(head_s=0.05, answer_s=600.0)
STYLE = (PAGE / "style.css").read_bytes()


@contextlib.contextmanager
def served(models: Path, limits: Limits, is_https: bool = False) -> Iterator[Server]:
    with serve.listen(0, False, models, limits) as server:
        if is_https:
            serve.secure(server, "127.0.0.1")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    (folder / "manifest.json").write_text('{"schema": 1, "models": []}')
    (folder / "ä b.tflite").write_bytes(b"model")
    return folder


@pytest.fixture(scope="module")
def server(models) -> Iterator[Server]:
    with served(models, LONG) as server:
        yield server


@pytest.fixture(autouse=True)
def silent(capfd) -> Iterator[None]:
    """No guest of these tests puts a traceback on the owner's terminal."""
    yield
    assert capfd.readouterr().err == ""


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_port), timeout=PATIENCE_S)


def everything(connection: socket.socket) -> bytes:
    """What comes until the server closes; a reset closes, too."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(1 << 16):
            got += part
    return got


def say(server: Server, request: bytes) -> tuple[int, bytes]:
    """(status, body) of the answer to these very bytes."""
    with connect(server) as connection:
        connection.sendall(request)
        head, _, body = everything(connection).partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def get(path: str | bytes, host: str = "localhost", method: str = "GET", more: str = "") -> bytes:
    target = path if isinstance(path, bytes) else path.encode()
    head = f" HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode("latin-1")
    return method.encode() + b" " + target + head


# ---------------------------------------------------------------------------- whom it is for


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:8000", "127.0.0.1", "127.0.0.1:8443", "192.168.1.23:8443", "[::1]:80"],
)
def test_this_machine_is_asked_for_by_its_addresses_and_as_localhost(host, server):
    assert say(server, get("/style.css", host)) == (200, STYLE)


def test_the_printed_address_is_one_of_them():
    assert is_here(certificate.local_address())
    assert is_here(f"{certificate.local_address()}:8443")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example",
        "evil@localhost", "localhost:80:80", "localhost:", "localhost:123456", "::1", "[::1", "[1]",
        "1.2.3", "1.2.3.4.5", "999.1.1.1", "", "localhost, evil.example", "\xff", "[127.0.0.1]",
    ],
)  # fmt: skip
def test_a_name_that_a_stranger_may_own_is_refused(host, server):
    """Else a page of evil.example could let that name lead here and read what is served."""
    assert say(server, get("/style.css", host))[0] == 421


def test_who_is_meant_has_to_be_said_once(server):
    assert say(server, b"GET /style.css HTTP/1.1\r\n\r\n")[0] == 400
    assert say(server, b"GET /style.css HTTP/1.0\r\n\r\n")[0] == 400
    assert say(server, get("/style.css", more="Host: localhost\r\n"))[0] == 400
    assert say(server, get("/style.css", more="Host: evil.example\r\n"))[0] == 400


def test_the_form_that_is_meant_for_proxies_is_understood(server):
    assert say(server, get("http://127.0.0.1:8000/style.css")) == (200, STYLE)
    assert say(server, get("HTTPS://localhost/style.css?x")) == (200, STYLE)
    assert say(server, get("http://localhost"))[0] == 200
    assert say(server, get("http://evil.example/style.css"))[0] == 421
    assert say(server, get("http://localhost/style.css", "evil.example"))[0] == 421
    assert say(server, get("http:///style.css"))[0] == 421
    assert say(server, get("file:///etc/passwd"))[0] == 400


# ---------------------------------------------------------------------------- what is served

ODD = {  # never a file of the page, never a traceback
    "300 letters": "/" + 300 * "a" + ".js",
    "300 letters in a folder": "/" + 300 * "a" + "/x.js",
    "a path of 60,000 bytes": "/" + 30_000 * "a/" + "x.js",
    "escaped ..": "/js/..%2f..%2fpyproject.toml",
    "escaped .. all through": "/%2e%2e%2f%2e%2e%2fetc%2fpasswd.js",
    "escaped twice": "/%252e%252e/LICENSE.js",
    "backslashes": "/..\\..\\LICENSE.js",
    "NUL": "/style.css%00.js",
    "raw NUL": b"/style.css\0.js",
    "half an escape": "/%",
    "no UTF-8": "/%ff%fe.js",
    "raw bytes": b"/\xff\xfe.js",
    "half a character": "/%ed%a0%80.js",
    "a slash behind a file": "/style.css/",
    "a file as a folder": "/style.css/x.js",
    "models themselves": "/models/",
    "a name of Windows": "/c:/windows/x.js",
    "a hidden file": "/.gitignore",
    "the package's scripts": "/serve.py",
}


@pytest.mark.parametrize("what", ODD)
def test_an_odd_path_is_not_found(what, server):
    assert say(server, get(ODD[what]))[0] == 404


def test_what_is_the_page_s_is_found_however_it_is_written(server):
    index = (PAGE / "index.html").read_bytes()
    for path in ("/", "/?x=/../y", "//", "/./index.html", "/js/../index.html", "/%69ndex.html"):
        assert say(server, get(path)) == (200, index), path
    assert say(server, get("/models/%C3%A4%20b.tflite")) == (200, b"model")


@pytest.fixture
def linked(models, tmp_path) -> Iterator[Path]:
    """Links inside the folder of models, as somebody might have put them there."""
    (tmp_path / "secret.json").write_text("secret")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "secret.js").write_text("secret")
    links = {
        "file.json": tmp_path / "secret.json",
        "folder": tmp_path / "folder",
        "circle.json": "circle.json",
        "dead.json": tmp_path / "nothing",
        "inside.json": "manifest.json",
        "tty.json": "/dev/tty",
        "page.js": PAGE / "js" / "main.js",
    }
    for name, to in links.items():
        (models / name).symlink_to(to)
    os.mkfifo(models / "pipe.json")
    yield models
    for name in (*links, "pipe.json"):
        (models / name).unlink()


def test_no_link_leads_out_of_the_folder(linked, server):
    out = ("file.json", "folder/secret.js", "circle.json", "dead.json", "tty.json", "page.js")
    for name in (*out, "pipe.json"):
        assert say(server, get(f"/models/{name}"))[0] == 404, name
    assert say(server, get("/models/inside.json"))[0] == 200


def test_a_folder_that_the_owner_linked_to_is_served(models, tmp_path):
    (tmp_path / "models").symlink_to(models)
    with served(tmp_path / "models", LONG) as server:
        assert say(server, get("/models/manifest.json"))[0] == 200


# ---------------------------------------------------------------------------- how it is asked


def test_methods_and_ranges(server):
    assert say(server, get("/style.css", method="HEAD")) == (200, b"")
    for method in ("POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "get", "__class__", "\x1b[2J"):
        assert say(server, get("/style.css", method=method))[0] == 501, method
    for told in ("bytes=0-9", "bytes=-1", "bytes=9-0", "bytes=0-1,2-3", "bytes=0-" + 5000 * "9"):
        assert say(server, get("/style.css", more=f"Range: {told}\r\n")) == (200, STYLE), told
    for told in ("Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 99 Jan 99999 00:00:00 GMT", "x", "\xff"):
        assert say(server, get("/style.css", more=f"If-Modified-Since: {told}\r\n"))[0] == 200


NO_REQUESTS = {
    b"GET\r\n\r\n": 400,
    b"GET / HTTP/1.1 x\r\n\r\n": 400,
    b"GET / HTTP/1." + 5000 * b"9" + b"\r\n\r\n": 400,
    b"GET / HTTP/9.9\r\n\r\n": 505,
    b"GET style.css HTTP/1.1\r\nHost: localhost\r\n\r\n": 400,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 x\n\r\n": 400,  # TLS, where none is spoken
    b"GET /" + 70_000 * b"a" + b" HTTP/1.1\r\n\r\n": 414,
    get("/", more="X: " + 70_000 * "a" + "\r\n"): 431,
    get("/", more=150 * "X: y\r\n"): 431,
    get("/", more=90 * f"X: {MAX_HEAD_BYTES // 50 * 'a'}\r\n"): 431,
}


@pytest.mark.parametrize("request_", NO_REQUESTS, ids=range(len(NO_REQUESTS)))
def test_what_is_no_request_is_told_so_and_nothing_is_printed(request_, server):
    with connect(server) as connection:
        with contextlib.suppress(ConnectionError):  # it need not read to the end
            connection.sendall(request_)
        got = everything(connection)

    # A reset may overtake the answer to a request that was not read to its end.
    assert b"%d" % NO_REQUESTS[request_] in got[:400] or (not got and len(request_) > 60_000)


# ---------------------------------------------------------------------------- for how long

HALVES = [b"", b"G", b"GET / HTTP/1.1", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "]


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("is_https", [False, True])
def test_half_a_request_is_given_up(half, is_https, models, monkeypatch, tmp_path):
    monkeypatch.setattr(certificate, "FOLDER", tmp_path)
    with served(models, SHORT, is_https) as server, connect(server) as connection:
        connection.sendall(half)  # where https is spoken, no greeting of TLS
        everything(connection)  # returns, for the server closes
        wait_for_places(server)


def test_a_request_that_drips_is_given_up(models):
    """Each byte comes in time, the request as a whole does not: no limit on one read ends this."""
    with served(models, SHORT) as server, connect(server) as connection:
        connection.sendall(b"GET /")
        with contextlib.suppress(ConnectionError):
            for _ in range(int(PATIENCE_S / DRIP_S)):
                connection.sendall(b"x")
                time.sleep(DRIP_S)
            pytest.fail("the server still listens")
        wait_for_places(server)


def test_a_handshake_that_stops_half_way_is_given_up(models, monkeypatch, tmp_path):
    monkeypatch.setattr(certificate, "FOLDER", tmp_path)
    hello = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(
            ssl.MemoryBIO(), hello, server_hostname="x"
        ).do_handshake()
    with served(models, SHORT, is_https=True) as server:
        for sent in (hello.read(), b"\x16\x03\x01\x40\x00\x01"):
            with connect(server) as connection:
                connection.sendall(sent)
                everything(connection)
        wait_for_places(server)


def test_an_answer_that_nobody_fetches_is_given_up(models):
    (models / "large.tflite").write_bytes(bytes(50 << 20))
    limits = Limits(head_s=600.0, answer_s=0.05)
    with served(models, limits) as server, connect(server) as connection:
        connection.sendall(get("/models/large.tflite"))
        wait_for_places(server)
        assert len(everything(connection)) < 50 << 20
    (models / "large.tflite").unlink()


def wait_for_places(server: Server) -> None:
    """Until no connection has a thread any more."""
    for _ in range(server.limits.connections):
        assert server._places.acquire(timeout=PATIENCE_S)
    for _ in range(server.limits.connections):
        server._places.release()


@pytest.mark.parametrize("is_https", [False, True])
def test_a_thousand_silent_guests_take_no_more_threads_and_lock_nobody_out(
    is_https, models, monkeypatch, tmp_path
):
    monkeypatch.setattr(certificate, "FOLDER", tmp_path)
    few = Limits(connections=8, head_s=600.0, answer_s=600.0)
    threads = threading.active_count()
    with served(models, few, is_https) as server, contextlib.ExitStack() as silent:
        for i in range(examples(200, 900)):
            guest = silent.enter_context(connect(server))
            guest.sendall(HALVES[i % len(HALVES)])
            assert threading.active_count() <= threads + 1 + few.connections
        answer = fetched(server, is_https)
    assert answer.endswith(STYLE)


def fetched(server: Server, is_https: bool) -> bytes:
    with connect(server) as connection:
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        with trust.wrap_socket(connection) if is_https else connection as speaking:
            speaking.sendall(get("/style.css"))
            return everything(speaking)


# ---------------------------------------------------------------------------- its key


def test_the_key_is_nobody_else_s_from_its_first_byte_on(monkeypatch, tmp_path):
    monkeypatch.setattr(certificate, "FOLDER", tmp_path)
    seen = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda f: (seen.append(os.fstat(f).st_mode), fsync(f)))
    before = os.umask(0)
    try:
        pair, _ = certificate.certificate("127.0.0.1")
    finally:
        os.umask(before)

    assert b"PRIVATE KEY" in pair.read_bytes()
    assert [stat.S_IMODE(mode) for mode in (*seen, pair.stat().st_mode)] == [0o600, 0o600]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_key_that_others_could_read_is_made_anew(mode, monkeypatch, tmp_path):
    monkeypatch.setattr(certificate, "FOLDER", tmp_path)
    pair, fingerprint = certificate.certificate("127.0.0.1")
    pair.chmod(mode)

    assert certificate.certificate("127.0.0.1")[1] != fingerprint
    assert stat.S_IMODE(pair.stat().st_mode) == 0o600
