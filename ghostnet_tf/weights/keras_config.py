"""What a `.keras` file that a network of ours wrote says of itself, without loading anything."""

import json
import zipfile
from pathlib import Path
from typing import Any

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.files import read_member

CONFIG = "config.json"  # inside of the archive
MAX_BYTES = 50_000_000


def read_header(path: Path) -> dict[str, Any]:
    """Network, classes and preprocessing as `CheckpointInfo` has them; empty for other networks.

    An archive that cannot be read says nothing here: whoever loads its arrays says why.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(read_member(archive, CONFIG, MAX_BYTES))
        info = config["config"]["ghostnet_info"]
        return {
            "model": info["name"],
            "classes": info["labels"]["ids"],
            "preprocessing": info["preprocessing"],
        }
    except (UserError, OSError, ValueError, LookupError, TypeError, zipfile.BadZipFile):
        return {}
