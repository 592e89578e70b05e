"""Serves the page from this machine: python web_demo/serve.py [--port N] [--https]

Without --https only this machine can see it. With it every machine of the local network can, and a
phone's browser lets the page use its camera once its owner has accepted the self-made certificate.
"""

import errno
import ssl
import sys
from collections.abc import Sequence
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.terminal import out
from web_demo.certificate import certificate, local_address

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
HEADERS = {
    # Isolated from other origins, a page gets a clock of microseconds: the benchmark wants it.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",  # ask every time; what is unchanged is not sent again
}


class Handler(SimpleHTTPRequestHandler):
    """GET and HEAD of the page's files, and nothing else."""

    extensions_map = TYPES

    def __init__(self, *args, models: Path, **options):
        self.models = models
        super().__init__(*args, **options)

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.is_dir() and self.path.split("?")[0] == "/":
            return super().send_head()  # index.html
        if path.suffix not in TYPES or not path.is_file():
            self.send_error(404)
            return None
        return super().send_head()

    def translate_path(self, path: str) -> str:
        inside = Path(super().translate_path(path)).relative_to(PAGE)
        if inside.parts[:1] == ("models",):
            return str(self.models.joinpath(*inside.parts[1:]))
        return str(PAGE / inside)

    def end_headers(self):
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format, *args):
        """Silent: what fails is told on the page."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        # A browser that hangs up, or that does not trust the certificate yet, is no error of ours.
        if not isinstance(sys.exception(), ssl.SSLError | ConnectionError):
            super().handle_error(request, client_address)


def main(argv: Sequence[str] | None = None) -> int:
    parser = doors.Parser(description="Serves the web demo from this machine.")
    parser.add_argument("--port", type=int, default=None, metavar="N", help="8000, or 8443")
    parser.add_argument("--https", action="store_true", help="for phones of the local network")
    parser.add_argument("--models", type=user_path, default=PAGE / "models", metavar="DIR")
    args = parser.parse_args(argv)
    port = args.port if args.port is not None else (8443 if args.https else 8000)
    if not 0 <= port < 65536:
        parser.error(f"--port is {port}; it must be 0 to 65535")
    check(args.models)
    with listen(port, args.https, args.models.resolve()) as server:
        host = "localhost"
        if args.https:
            host = local_address()
            fingerprint = secure(server, host)
            out(f"the certificate's SHA-256 is {fingerprint}")
        scheme = "https" if args.https else "http"
        out(f"open {scheme}://{host}:{server.server_port}/  (Ctrl-C stops)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            out("stopped")
    return 0


def check(models: Path) -> None:
    if not (PAGE / "node_modules" / "@litertjs" / "core").is_dir():
        raise UserError("LiteRT.js is not installed", fix="make web-demo, which installs it")
    if not (models / "manifest.json").is_file():
        raise UserError(f"there are no models in {str(models)!r}", fix="make web-demo")


def listen(port: int, is_public: bool, models: Path) -> Server:
    handler = partial(Handler, directory=str(PAGE), models=models)
    try:
        return Server(("" if is_public else "127.0.0.1", port), handler)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        state = "in use" if error.errno == errno.EADDRINUSE else "not for everybody to use"
        other = port + 1 if port >= 1024 else 8000
        raise UserError(
            f"port {port} is {state}",
            fix=f"make web-demo ARGS='--port {other}{' --https' if is_public else ''}'",
        ) from None


def secure(server: Server, host: str) -> str:
    """Speak https from now on; returns the certificate's fingerprint."""
    pair, fingerprint = certificate(host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    # The handshake belongs to the thread of its connection: a slow phone must not stop the others.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    return fingerprint


if __name__ == "__main__":
    run(main)
