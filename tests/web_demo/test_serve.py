import gzip
import http.client
import os
import re
import socket
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from web_demo import certificate, packages, serve
from web_demo.gzipped import Shelf

ROOT = Path(__file__).resolve().parents[2]
TYPES = {
    "/": "text/html; charset=utf-8",
    "/style.css": "text/css; charset=utf-8",
    "/js/main.js": "text/javascript; charset=utf-8",
    "/icon.svg": "image/svg+xml",
    "/samples/orange.png": "image/png",
    "/models/manifest.json": "application/json",
    "/models/ghostnet_050_tinyimagenet_96_float32.tflite": "application/octet-stream",
    "/node_modules/@litertjs/core/wasm/litert_wasm_internal.wasm": "application/wasm",
}
NOT_SERVED = [
    "/serve.py",
    "/README.md",
    "/js/",
    "/js",
    "/models",
    "/nothing.js",
    "/../pyproject.toml",
    "/../export/../web_demo/../uv.lock",
    "/%2e%2e/LICENSE",
    "/models/../../package.json.html",
]


def ask(
    site: str, path: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(urlsplit(site).netloc, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, headers=named)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("path", TYPES)
def test_every_file_has_its_type_and_the_page_is_isolated(site, path):
    answer, _ = ask(site, path)

    assert (answer.status, answer.getheader("Content-Type")) == (200, TYPES[path])
    assert answer.getheader("Cross-Origin-Opener-Policy") == "same-origin"
    assert answer.getheader("Cross-Origin-Embedder-Policy") == "require-corp"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("path", [path for path in TYPES if not path.endswith(".png")])
def test_whoever_can_unpack_is_sent_less_and_gets_the_same(site, path):
    _, plain = ask(site, path)
    packed, body = ask(site, path, Accept_Encoding="br, gzip;q=0.8")

    assert packed.getheader("Content-Encoding") == "gzip"
    assert packed.getheader("Content-Type") == TYPES[path]
    assert packed.getheader("Content-Length") == str(len(body))
    assert packed.getheader("X-Unpacked-Length") == str(len(plain))
    assert packed.getheader("Cross-Origin-Embedder-Policy") == "require-corp"
    assert "Accept-Encoding" in packed.getheader("Vary", "")
    assert gzip.decompress(body) == plain and (len(body) < len(plain) or len(plain) < 300)


def test_a_head_is_the_packed_ones_and_what_is_unchanged_is_not_sent_again(site):
    path, packs = "/models/manifest.json", {"Accept_Encoding": "gzip"}
    head, nothing = ask(site, path, "HEAD", **packs)
    when = head.getheader("Last-Modified", "")
    again, no_body = ask(site, path, If_Modified_Since=when, **packs)
    older, body = ask(site, path, If_Modified_Since="Thu, 01 Jan 1970 00:00:00 GMT", **packs)

    assert head.getheader("Content-Encoding") == "gzip" and not nothing
    assert (again.status, no_body) == (304, b"")
    assert older.status == 200 and body


@pytest.mark.parametrize("accepts", ["", "br", "identity", "gzip;q=0", "x-gzip-not", "gzip; q=0.0"])
def test_whoever_cannot_unpack_gets_the_file_as_it_is(site, accepts):
    answer, body = ask(site, "/style.css", Accept_Encoding=accepts)

    assert answer.getheader("Content-Encoding") is None
    assert body == (ROOT / "web_demo" / "style.css").read_bytes()


def test_a_file_that_has_changed_is_packed_again(tmp_path):
    shelf, path = Shelf(), tmp_path / "a.json"
    path.write_text("[1]")
    assert gzip.decompress(shelf.take(path)[0]) == b"[1]"

    path.write_text("[1, 2]")

    assert gzip.decompress(shelf.take(path)[0]) == b"[1, 2]"


@pytest.mark.parametrize("path", NOT_SERVED)
def test_nothing_but_the_page_is_served(site, path):
    assert ask(site, path)[0].status == 404


def test_nothing_can_be_written(site):
    assert ask(site, "/models/manifest.json", "PUT")[0].status == 501
    assert ask(site, "/models/manifest.json", "DELETE")[0].status == 501


def test_a_port_in_use_is_two_lines_with_another_port(models, packages):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(["web_demo/serve.py", "--port", str(port), "--models", str(models)])

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: port {port} is in use",
        f"  fix: make web-demo ARGS='--port {port + 1}'",
    ]


def test_a_page_without_models_is_not_served(packages, tmp_path):
    done = run(["web_demo/serve.py", "--models", str(tmp_path)])

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"error: there are no models in '{tmp_path}'",
        "  fix: make web-demo",
    ]


def test_a_machine_without_npm_is_told_what_to_install(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(packages, "PAGE", tmp_path)
    monkeypatch.setenv("PATH", "")
    (tmp_path / "package-lock.json").write_text("{}")

    with pytest.raises(packages.UserError, match="needs npm, and there is none") as error:
        packages.main()

    assert "Node.js 18" in error.value.fix


def test_a_lock_that_npm_refuses_is_two_lines(monkeypatch, tmp_path, node):
    monkeypatch.setattr(packages, "PAGE", tmp_path)
    (tmp_path / "package-lock.json").write_text("no lock")
    (tmp_path / "package.json").write_text("{}")

    with pytest.raises(packages.UserError, match="npm could not install"):
        packages.main()


def test_installed_packages_are_left_alone(monkeypatch, tmp_path):
    monkeypatch.setattr(packages, "PAGE", tmp_path)
    (tmp_path / "package-lock.json").write_text("no lock")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / ".package-lock.json").write_text("newer")

    assert packages.main() == 0


@pytest.fixture
def folder(monkeypatch, tmp_path) -> Path:
    monkeypatch.setattr(certificate, "FOLDER", tmp_path / "certificate")
    return tmp_path / "certificate"


def test_a_certificate_is_made_once_for_an_address_and_its_key_is_private(folder):
    pair, fingerprint = certificate.certificate("127.0.0.1")

    assert certificate.certificate("127.0.0.1") == (pair, fingerprint)
    assert certificate.certificate("127.0.0.2")[1] != fingerprint
    assert re.fullmatch(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", fingerprint)
    assert folder.stat().st_mode & 0o077 == 0


def test_an_old_certificate_is_made_anew(folder):
    pair, fingerprint = certificate.certificate("127.0.0.1")
    a_month_ago = pair.stat().st_mtime - 30 * 86400
    os.utime(pair, (a_month_ago, a_month_ago))

    assert certificate.certificate("127.0.0.1")[1] != fingerprint


def test_a_machine_without_openssl_is_told_so(folder, monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(serve.UserError, match="needs openssl"):
        certificate.certificate("127.0.0.1")


def test_https_is_spoken_with_that_certificate_and_a_silent_guest_stops_nobody(models, packages):
    command = ["web_demo/serve.py", "--https", "--port", "0", "--models", str(models)]
    with subprocess.Popen(  # noqa: S603
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        fingerprint = server.stdout.readline().split()[-1]
        address = urlsplit(server.stdout.readline().split()[1])
        host, port = address.hostname, address.port
        assert address.scheme == "https" and host and port

        pem = (certificate.FOLDER / f"{host}.pem").read_text()
        trust = ssl.create_default_context(cadata=pem[pem.index("-----BEGIN CERTIFICATE") :])
        with socket.create_connection((host, port)):  # says nothing, and holds its connection
            phone = http.client.HTTPSConnection(host, port, context=trust, timeout=60)
            phone.request("GET", "/")
            status = phone.getresponse().status
        seen = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, port)))
        server.terminate()

    assert status == 200
    assert certificate.fingerprint(seen) == fingerprint
