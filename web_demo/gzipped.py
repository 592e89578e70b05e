"""Files as they travel: gzip, which every browser can unpack."""

import gzip
import threading
from pathlib import Path


def pack(data: bytes) -> bytes:
    """Always the same for the same bytes."""
    return gzip.compress(data, 9, mtime=0)


class Shelf:
    """Packed files, each packed when it is first asked for, and again when it has changed."""

    def __init__(self):
        self._packed: dict[Path, tuple[tuple[int, int], bytes, int]] = {}
        self._lock = threading.Lock()  # one at a time: the second who asks gets what the first did

    def take(self, path: Path) -> tuple[bytes, int]:
        """The packed bytes, and how many are in them."""
        status = path.stat()
        state = (status.st_mtime_ns, status.st_size)
        with self._lock:
            if path not in self._packed or self._packed[path][0] != state:
                data = path.read_bytes()
                self._packed[path] = (state, pack(data), len(data))
            return self._packed[path][1:]
