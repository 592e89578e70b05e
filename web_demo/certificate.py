"""A self-made certificate for this machine's address in the local network."""

import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import time
from pathlib import Path

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import write_atomic

FOLDER = Path(__file__).resolve().parents[1] / "build" / "web_demo" / "certificate"
PRIVATE = 0o600  # the mode of a file with a key
DAYS = 30
NOWHERE = "192.0.2.1"  # set aside for documentation (RFC 5737): no packet is sent


def local_address() -> str:
    """By which the local network knows this machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect((NOWHERE, 9))  # only chooses the interface
            return way.getsockname()[0]
        except OSError:  # no network at all
            return "127.0.0.1"


def certificate(host: str) -> tuple[Path, str]:
    """A file with key and certificate for `host`, and the certificate's SHA-256 fingerprint.

    It is kept, so that a phone has to be asked once: for `DAYS`, as long as the address stays.
    """
    pair = FOLDER / f"{host}.pem"
    if not _can_be_kept(pair):
        FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(pair, make(host), PRIVATE)
    text = pair.read_text(encoding="utf-8")
    der = ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE") :])
    return pair, fingerprint(der)


def _can_be_kept(pair: Path) -> bool:
    """Whether it is there, still new, and was never anybody else's to read."""
    if not pair.exists():
        return False
    state = pair.stat()
    is_private = state.st_uid == os.getuid() and not state.st_mode & ~PRIVATE & 0o777
    return is_private and time.time() - state.st_mtime < (DAYS - 1) * 86400


def fingerprint(der: bytes) -> str:
    """As browsers show it: AB:CD:..."""
    return hashlib.sha256(der).digest().hex(":").upper()


def make(host: str) -> bytes:
    openssl = shutil.which("openssl")
    if not openssl:
        raise UserError("a certificate needs openssl, and there is none", fix="apt install openssl")
    names = f"subjectAltName=IP:{host},IP:127.0.0.1,DNS:localhost"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256"]
    command += ["-days", str(DAYS), "-subj", "/CN=GhostNet web demo", "-addext", names]
    command += ["-keyout", "-", "-out", "-"]
    done = subprocess.run(command, capture_output=True)  # noqa: S603
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
        raise UserError(f"openssl made no certificate: {said[-1]}", fix="update openssl")
    return done.stdout
