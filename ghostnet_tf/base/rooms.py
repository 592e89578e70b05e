"""Where the rooms beside this package lie: `export/` in a clone, `ghostnet_tf/_export/` in a wheel.

A wheel has one top-level name: an `export.py` of a user's own and we do not meet there.
"""

import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
IS_INSTALLED = (PACKAGE / "_export").is_dir()


def folder(room: str) -> Path:
    """The folder of `room`, such as "kernels"."""
    return PACKAGE / f"_{room}" if IS_INSTALLED else PACKAGE.parent / room


def module(room: str) -> str:
    """What `room` is called when it is imported."""
    return f"ghostnet_tf._{room}" if IS_INSTALLED else room


def command(verb: str) -> list[str]:
    """`ghostnet VERB` as a program of its own, run by this Python."""
    return [sys.executable, str(PACKAGE / "__main__.py"), verb]
