"""The two libraries that a file with Ghost operators needs: LiteRT's, and our own with them.

Standard library only: the benchmark uses it too.
"""

import importlib.util
from pathlib import Path

from ghostnet_tf.errors import UserError
from ghostnet_tf.programs import BUILD, make

LITERT_VERSION = "2.3.0"
OUT = BUILD / "kernels"


def operators(rule: str = "host") -> Path:
    """libghostop.so for this machine, for "aarch64" Linux or for "android"; up to date."""
    make("the Ghost operators", "kernels", rule, OUT)
    return OUT / rule / "libghostop.so"


def litert() -> Path:
    """libLiteRt.so in the installed ai-edge-litert."""
    found = importlib.util.find_spec("ai_edge_litert")
    for folder in (found.submodule_search_locations or ()) if found else ():
        for name in ("libLiteRt.so", "libLiteRt.dylib"):
            if (path := Path(folder) / name).exists():
                return path
    raise UserError(
        "there is no libLiteRt.so: ai-edge-litert is not installed",
        fix=f"pip install ai-edge-litert=={LITERT_VERSION}",
    )
