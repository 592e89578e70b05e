"""What the page's server answers: the page's own files, to whoever asks for this machine."""

import http.client
import io
import ipaddress
import os
import re
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

from ghostnet_tf.base.errors import UserError
from web_demo.guests import Server
from web_demo.gzipped import Shelf

PAGE = Path(__file__).resolve().parent
TYPES = {  # whatever else lies in the folder is not served
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".wasm": "application/wasm",
    ".tflite": "application/octet-stream",
}
PACKED = TYPES.keys() - {".png"}  # which is packed already
HEADERS = {
    # Isolated from other origins, a page gets a clock of microseconds: the benchmark wants it.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
    "Cache-Control": "no-cache",  # ask every time; what is unchanged is not sent again
}
# A browser asks by the name in its address bar. A name that a stranger owns may lead here too (DNS
# rebinding), and his page would then be of one origin with ours; no address in digits is his.
HOST = re.compile(
    r"(?:localhost|(?P<v4>[0-9.]+)|\[(?P<v6>[0-9a-f:.]+)\])(?::[0-9]{1,5})?", re.IGNORECASE
)
GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?:$|,|;\s*q=(?!0(?:\.0*)?\s*(?:$|,)))")
ABSOLUTE = re.compile(r"https?://([^/?#]*)(.*)", re.IGNORECASE)  # RFC 9112, 3.2.2
MAX_HEAD_BYTES = 128 << 10  # the library alone would take a hundred headers of 64 KiB


class Handler(SimpleHTTPRequestHandler):
    """GET and HEAD of the page's files, and nothing else."""

    server: Server
    extensions_map = TYPES
    rbufsize = 0  # `_Head` has the buffer
    server_version, sys_version = "ghostnet", ""

    def __init__(self, *args, models: Path, shelf: Shelf, **options):
        self.shelf = shelf
        # A folder that the owner of this machine put elsewhere is the page's; links in it are not.
        self.folders = {"models": models.resolve()}
        self.folders["node_modules"] = (PAGE / "node_modules").resolve()
        super().__init__(*args, **options)

    def setup(self):
        super().setup()
        self.rfile = _Head(self.rfile)

    def parse_request(self) -> bool:
        """Also asks who is meant; False: the error is sent."""
        if not super().parse_request():
            return False
        self.server.heard(self.connection)
        hosts = self.headers.get_all("Host", [])
        if absolute := ABSOLUTE.fullmatch(self.path):
            hosts.append(absolute[1])
            self.path = "/" + absolute[2].lstrip("/")
        if len(hosts) != (2 if absolute else 1) or not self.path.startswith("/"):
            self.send_error(HTTPStatus.BAD_REQUEST)
        elif not all(map(is_here, hosts)):
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        else:
            return True
        return False

    def send_head(self):
        if self.path.split("?")[0] == "/":
            self.path = "/index.html"
        found = self._found()
        if found is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        self.found = found
        if found.suffix in PACKED and GZIP.search(self.headers.get("Accept-Encoding", "")):
            return self._send_packed_head()
        return super().send_head()

    def _send_packed_head(self) -> io.BytesIO | None:
        """Of a file that travels as gzip; None where the browser has it as it is."""
        changed = self.date_time_string(int(self.found.stat().st_mtime))
        if self.headers.get("If-Modified-Since") == changed:
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.end_headers()
            return None
        packed, length = self.shelf.take(self.found)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", TYPES[self.found.suffix])
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed)))
        self.send_header("X-Unpacked-Length", str(length))  # for whoever shows how much has come
        self.send_header("Last-Modified", changed)
        self.end_headers()
        return io.BytesIO(packed)

    def translate_path(self, path: str) -> str:
        return str(self.found)

    def _found(self) -> Path | None:
        """The file that is asked for, behind all links; None where the page has none there."""
        asked = super().translate_path(self.path)
        inside = Path(asked).relative_to(PAGE)
        first, *others = inside.parts or ("",)
        root = self.folders.get(first)
        place = root.joinpath(*others) if root else PAGE / inside
        try:
            found = Path(os.path.realpath(place, strict=True))
        except (OSError, ValueError):  # no such file, links in a circle, a name that none can have
            return None
        is_ours = found.is_relative_to(root or PAGE) and found.suffix in TYPES
        return found if is_ours and found.is_file() and not asked.endswith("/") else None

    def end_headers(self):
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format, *args):
        """Silent: what fails is told on the page."""


def check(models: Path) -> None:
    """That what the page is made of lies here; UserError."""
    if not (PAGE / "node_modules" / "@litertjs" / "core").is_dir():
        raise UserError("LiteRT.js is not installed", fix="make web-demo, which installs it")
    if not (models / "manifest.json").is_file():
        raise UserError(f"there are no models in {str(models)!r}", fix="make web-demo")


def is_here(host: str) -> bool:
    """Whether a `Host` names this machine: localhost, or an address in digits."""
    named = HOST.fullmatch(host)
    if not named:
        return False
    try:
        if v4 := named["v4"]:
            ipaddress.IPv4Address(v4)
        if v6 := named["v6"]:
            ipaddress.IPv6Address(v6)
    except ValueError:
        return False
    return True


class _Head(io.BufferedReader):
    """A request up to its empty line, of which no more than `MAX_HEAD_BYTES` are taken."""

    taken = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self.taken += len(line)
        if self.taken > MAX_HEAD_BYTES:
            raise http.client.LineTooLong("the head")  # which is answered with 431
        return line
