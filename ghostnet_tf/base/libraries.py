"""The two libraries that a file with Ghost operators needs: LiteRT's, and our own with them."""

import importlib.util
from pathlib import Path

from ghostnet_tf.base import rooms
from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import user_path
from ghostnet_tf.base.programs import compiled, make

LITERT_VERSION = "2.3.0"
# Each node of a file has a name of its own: ghostnet.op.000, ... (kernels/ghost_op.h)
OPERATOR_NAME = "ghostnet.op"


def operators(rule: str = "host") -> Path:
    """libghostop.so for this machine, for "aarch64" Linux or for "android"; up to date."""
    out = compiled("kernels")
    make("the Ghost operators", rooms.folder("kernels"), rule, out)
    return out / rule / "libghostop.so"


def litert() -> Path:
    """libLiteRt.so in the installed ai-edge-litert."""
    found = importlib.util.find_spec("ai_edge_litert")
    for folder in (found.submodule_search_locations or ()) if found else ():
        for name in ("libLiteRt.so", "libLiteRt.dylib"):
            if (path := user_path(folder) / name).exists():
                return path
    raise UserError(
        "there is no libLiteRt.so: ai-edge-litert is not installed",
        fix=f"pip install ai-edge-litert=={LITERT_VERSION}",
    )
