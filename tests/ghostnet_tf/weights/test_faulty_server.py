"""Every published file from a server that goes wrong: an error in time, and no file."""

import gc
import gzip
import os
import pickle
import ssl
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import safetensors.numpy

from ghostnet_tf import weights
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.weights import download
from ghostnet_tf.weights.download import FILES, File, git_blob
from tests.counts import examples
from tests.ghostnet_tf import torch_writer
from tests.ghostnet_tf.weights.faulty_server import Call, head, served
from web_demo.certificate import make

MARK = "blocks.0.0.ghost1.primary_conv.0.weight"
TENSORS = {MARK: np.arange(4000, dtype=np.float32)}
PADDLE = {"_ghostbottleneck_0.ghost_module_1.primary_conv._conv.weight": TENSORS[MARK]}
BODIES = {
    ".pth": torch_writer.as_zip(TENSORS),
    ".safetensors": safetensors.numpy.save(TENSORS),
    ".pdparams": pickle.dumps(PADDLE, 4),
}
SHORT_S, PATIENCE_S = 0.1, 120.0  # the time limit that a fault strikes; and every other
MAX_BYTES = 1 << 20
BOMB = gzip.compress(bytes(1 << 24))
HTML = b"<!DOCTYPE html><html><body>Sign in</body></html>"
BROKE = "the connection broke off"
SILENT = r"no answer within 0\.1 s"
LATE = r"it was not here after 0\.1 s"
NO_WEIGHTS = "gave no weights|is not the published file"
NOT_ASKED = "no connection to the server"


def half(call: Call) -> None:
    call.answer(call.body[: len(call.body) // 2], length=len(call.body))


def flipped(call: Call) -> None:
    """The bytes of the format itself; a bit of a tensor is seen where an identity is known."""
    call.answer(bytes(b ^ 0x55 for b in call.body[:64]) + call.body[64:])


FAULTS = {  # what the server does -> what is said of it
    "cut": (half, BROKE),
    "cut at once": (lambda c: c.answer(b"", length=len(c.body)), BROKE),
    "cut before the last byte": (lambda c: c.answer(c.body[:-1], length=len(c.body)), BROKE),
    "cut and no length": (lambda c: c.send(head(), c.body[: len(c.body) // 2]), NO_WEIGHTS),
    "reset": (lambda c: (half(c), c.reset()), BROKE),
    "reset at once": (Call.reset, BROKE),
    "closed at once": (lambda c: None, BROKE),
    "too short a length": (lambda c: c.answer(c.body, length=len(c.body) // 2), NO_WEIGHTS),
    "a length of 0": (lambda c: c.answer(c.body, length=0), "is empty"),
    "too long a length": (lambda c: c.answer(c.body, length=10**30), BROKE),
    "5,000 digits of length": (
        lambda c: c.answer(c.body[: len(c.body) // 2], length="9" * 5000), NO_WEIGHTS),
    "two lengths": (
        lambda c: c.answer(c.body, f"Content-Length: {len(c.body) // 2}"),
        "broke off|cannot be read|no connection",
    ),
    "no chunk": (lambda c: c.send(head("Transfer-Encoding: chunked"), b"\r\nx\r\n"), BROKE),
    "an odd chunk": (
        lambda c: c.send(head("Transfer-Encoding: chunked"), b"-5\r\n" + c.body), "cannot be read"),
    "a huge chunk": (
        lambda c: c.send(head("Transfer-Encoding: chunked"), b"f" * 5000 + b"\r\n"), BROKE),
    "a chunk without end": (
        lambda c: c.send(head("Transfer-Encoding: chunked"), b"40\r\n" + c.body[:64]), BROKE),
    "silent": (Call.stall, SILENT),
    "silent in the headers": (lambda c: (c.send(b"HTTP/1.1 200 OK\r\nX: "), c.stall()), SILENT),
    "silent before the body": (
        lambda c: (c.send(head(f"Content-Length: {len(c.body)}")), c.stall()), SILENT),
    "silent in the body": (lambda c: (half(c), c.stall()), SILENT),
    "headers that drip": (lambda c: c.drip(b"HTTP/1.1 200 OK\r\n" + 60_000 * b"x"), LATE),
    "a body that drips": (
        lambda c: (c.send(head("Content-Length: 99999999")), c.drip(b"x")), LATE),
    "a body without end": (lambda c: (c.send(head()), c.flood(bytes(1 << 16))), "gave more than"),
    "headers without end": (
        lambda c: (c.send(b"HTTP/1.1 200 OK\r\n"), c.flood(b"X: y\r\n" * 1000)), BROKE),
    "a header without end": (
        lambda c: (c.send(b"HTTP/1.1 200 OK\r\n"), c.flood(b"x" * 10_000)), BROKE),
    "hundreds that go on": (lambda c: c.flood(b"HTTP/1.1 100 Continue\r\n\r\n"), LATE),
    "no HTTP": (lambda c: c.send(b"220 ftp.example\r\n\x1b[2J\xff\0"), BROKE),
    "an old HTTP": (lambda c: c.send(c.body), BROKE),
    "a gzip": (
        lambda c: c.answer(BOMB, "Content-Encoding: gzip"), "'gzip'"),
    "an odd encoding": (lambda c: c.answer(c.body, "Content-Encoding: \x1b[2J"), r"'\\x1b\[2J'"),
    "wrong bytes": (flipped, NO_WEIGHTS),
    "a web page": (lambda c: c.answer(HTML), "is a web page"),
    "nothing": (lambda c: c.answer(b""), "is empty"),
    "no content": (lambda c: c.send(head(status="204 No Content")), "is empty"),
    "another file": (lambda c: c.answer(BODIES[".pth"][::-1]), NO_WEIGHTS),
    "404": (lambda c: c.answer(HTML, status="404 Not Found"), "the server answers 404"),
    "429": (lambda c: c.answer(b"", status="429 Too Many Requests"), "the server answers 429"),
    "500": (lambda c: c.answer(b"", status="500 \x1b[2J"), "the server answers 500"),
    "503": (lambda c: c.answer(c.body, "Retry-After: 9999999", status="503 x"), "answers 503"),
    "leads nowhere": (lambda c: c.redirect(""), "more than 10 times"),
    "leads in a circle": (lambda c: c.redirect(c.path), "more than 10 times"),
    "leads to a file": (lambda c: c.redirect("file:///etc/passwd"), "it leads to 'file:///etc/pas"),
    "leads to ftp": (lambda c: c.redirect("ftp://127.0.0.1/x"), "it leads to 'ftp:"),
    "leads to a port that is closed": (lambda c: c.redirect("https://127.0.0.1:1/x"), NOT_ASKED),
    "leads to no port": (lambda c: c.redirect("https://127.0.0.1:99999/x"), "."),
    "leads to half an address": (lambda c: c.redirect("https://[::1"), "cannot be read"),
    "leads to an empty name": (lambda c: c.redirect("https://.x..y/"), "."),
    "leads to no text": (lambda c: c.redirect("https://\xff\xfe.invalid/\x1b[2J"), "."),
    "leads on with a body without end": (
        lambda c: (c.send(head(f"Location: {c.path}", status="302 x")), c.flood(bytes(9999))),
        "more than 10 times"),
}  # fmt: skip


@pytest.fixture(scope="module")
def tls(tmp_path_factory) -> tuple[ssl.SSLContext, Path]:
    """As the web demo makes it for itself, and the file that says it can be trusted."""
    pair = tmp_path_factory.mktemp("tls") / "127.0.0.1.pem"
    pair.write_bytes(make("127.0.0.1"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    return context, pair


@pytest.fixture(scope="module", autouse=True)
def connections() -> Iterator[None]:
    """Those of threads that were given up end here, and not in a test of somebody else."""
    yield
    for thread in threading.enumerate():
        if "(ask)" in thread.name:
            thread.join(PATIENCE_S)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path, tls) -> Iterator[None]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("GHOSTNET_CACHE", str(tmp_path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tls[1]))
    monkeypatch.setattr(download, "MAX_BYTES", MAX_BYTES)
    monkeypatch.setattr(download, "TIMEOUT_S", PATIENCE_S)  # `refused` sets these two
    monkeypatch.setattr(download, "WHOLE_S", PATIENCE_S)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of a thread that was given up
        yield


def body_of(key: tuple[str, str]) -> bytes:
    return BODIES[Path(FILES[key].name).suffix]


def moved(monkeypatch, key: tuple[str, str], site: str, fault: str) -> File:
    """The published file, as if it lay on the server of this test."""
    url = f"{site}/{fault}{urlsplit(FILES[key].url).path}"
    blob = FILES[key].git_blob and git_blob(body_of(key))
    monkeypatch.setitem(FILES, key, file := File(FILES[key].name, url, blob))
    return file


def refused(key: tuple[str, str], file: File, folder: Path, says: str) -> None:
    """A limit that the fault does not strike is far, however slow this machine may be."""
    download.TIMEOUT_S = SHORT_S if says == SILENT else PATIENCE_S
    download.WHOLE_S = SHORT_S if says == LATE else PATIENCE_S
    with pytest.raises(UserError, match=says) as error:
        weights.find(*key)
    assert str(error.value).startswith((file.url, file.name)), error.value
    assert error.value.fix == f"fetch it elsewhere and put it at {str(folder / file.name)!r}"
    assert os.listdir(folder) == []


KEYS = list(FILES)[: examples(3, len(FILES))]  # the first three are of three kinds


@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("key", KEYS, ids="-".join)
def test_whatever_the_server_does_there_is_an_error_in_time_and_no_file(
    key, is_tls, tls, tmp_path, monkeypatch, capfd
):
    faults = {name.replace(" ", "_"): fault for name, (fault, _) in FAULTS.items()}
    with served(body_of(key), faults, tls[0] if is_tls else None) as site:
        for name, (_, says) in FAULTS.items():
            with monkeypatch.context() as patch:
                refused(key, moved(patch, key, site, name.replace(" ", "_")), tmp_path, says)
        said = capfd.readouterr().err.splitlines()
        assert all(line.startswith("downloading http") for line in said), said
        file = moved(monkeypatch, key, site, "fine")
        assert weights.find(*key).path.read_bytes() == body_of(key)
        assert os.listdir(tmp_path) == [file.name]


BEFORE_TLS = {
    "silent": (Call.stall, SILENT),
    "silent after half a greeting": (
        lambda c: (c.send(b"\x16\x03\x03\x00\x7a\x02"), c.stall()), SILENT),
    "a greeting that drips": (
        lambda c: c.drip(b"\x16\x03\x03\x40\x00" + bytes(16384)), SILENT),
    "closed": (lambda c: None, "not secure|broke off"),
    "reset": (Call.reset, "broke off|no connection"),
    "no TLS": (lambda c: c.answer(c.body), "not secure"),
    "an alarm": (lambda c: c.send(b"\x15\x03\x03\x00\x02\x02\x28"), "not secure"),
}  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids="-".join)
def test_a_handshake_that_goes_wrong_ends_in_time(key, tls, tmp_path, monkeypatch):
    for fault, says in BEFORE_TLS.values():
        with served(body_of(key), {}, tls[0], fault) as site, monkeypatch.context() as patch:
            refused(key, moved(patch, key, site, "fine"), tmp_path, says)


def test_a_server_that_nobody_vouches_for_is_not_believed(tls, tmp_path, monkeypatch):
    key = ("timm", "ghostnet_100")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with served(body_of(key), {}, tls[0]) as site:
        refused(
            key, moved(monkeypatch, key, site, "fine"), tmp_path, "the connection is not secure"
        )


def test_a_redirection_is_followed_but_never_out_of_https(tls, tmp_path, monkeypatch):
    key = ("timm", "ghostnet_100")
    body = body_of(key)
    with served(body, {}) as plain, served(body, {}, tls[0]) as other:
        leads = {
            "away": lambda call: call.redirect(f"{plain}/fine/x"),
            "on": lambda call: call.redirect(f"{other}/fine/x", "307 x"),
            "up": lambda call: call.redirect("/fine/x", "301 x"),
        }
        with served(body, leads, tls[0]) as site:
            with monkeypatch.context() as patch:
                file = moved(patch, key, site, "away")
                refused(key, file, tmp_path, f"it leads to '{plain}/fine/x'")
            for name in ("on", "up"):
                with monkeypatch.context() as patch:
                    moved(patch, key, site, name)
                    path = weights.find(*key).path
                assert path.read_bytes() == body
                path.unlink()


def test_every_published_address_is_one_of_https():
    assert all(file.url.startswith("https://") for file in FILES.values())
