"""How much memory decoded photos may take, and how much the process took."""

import os
import sys

GIB = 2**30


def for_photos() -> int:
    """Bytes for decoded photos: 2 GiB, or a quarter of a smaller machine."""
    try:
        physical = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return GIB
    return min(2 * GIB, physical // 4)


def peak() -> int | None:
    """Bytes that the process has held at most, as the system says; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
