"""Which of a network's files this processor should open: what `kernels/which_file.c` says."""

from pathlib import Path

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.base.record import ALL_KINDS, DEPTHWISE_KINDS, ghostop_path

from ..trusted import trusted
from .interpreter import best_file
from .making import is_current

# What to look for, by the number of GhostFile in kernels/ghost_op.h; behind these the plain file.
ORDERS = {0: (), 1: (DEPTHWISE_KINDS, ALL_KINDS), 2: (ALL_KINDS, DEPTHWISE_KINDS)}


def file_to_open(plain: Path, is_half: bool = False) -> Path:
    """`plain`, or a file with Ghost operators that was made of it and stands beside it.

    The plain one, too, where the operators cannot be had. UserError for a plain file that is none
    of ours, as `trusted` words it.
    """
    _, record = trusted(plain)
    is_int8 = record is not None and record.recipe.startswith("static_wi8_ai8")
    try:
        best = best_file(is_int8, is_half)
    except (UserError, OSError):
        return plain
    found = (ghostop_path(plain, kinds) for kinds in ORDERS[best] if is_current(plain, kinds))
    return next(found, plain)
