"""Serves the page from this machine: python web_demo/serve.py [--port N] [--https]

Without --https only this machine can see it. With it every machine of the local network can, and a
phone's browser lets the page use its camera once its owner has accepted the self-made certificate.
"""

import errno
import ssl
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

if not __package__:  # started as a script: modules are found from the project's root
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from ghostnet_tf.base import doors
from ghostnet_tf.base.errors import UserError, run
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.terminal import out
from web_demo.certificate import certificate, local_address
from web_demo.guests import LIMITS, Limits, Server
from web_demo.gzipped import Shelf
from web_demo.served import PAGE, Handler, check


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


def listen(port: int, is_public: bool, models: Path, limits: Limits = LIMITS) -> Server:
    handler = partial(Handler, directory=str(PAGE), models=models, shelf=Shelf())
    try:
        return Server(("" if is_public else "127.0.0.1", port), handler, limits=limits)
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
