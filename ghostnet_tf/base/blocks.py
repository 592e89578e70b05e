"""Which block of a network each layer belongs to, by its name. Standard library only."""

import re
from collections.abc import Sequence

BLOCK = re.compile(r"(block_\d+)/|(expanded_conv(?:_\d+)?)_[a-z]|(block_\d+)_[a-z]")


def has_blocks(layers: Sequence[str]) -> bool:
    """Whether these names say anything of blocks; those of other converters do not."""
    return any(BLOCK.match(name) for name in layers)


def block_names(layers: Sequence[str]) -> list[str]:
    """block_03 for block_03/ghost1/concat; an unnamed layer inside a block belongs to it."""
    found = [BLOCK.match(layer) for layer in layers]
    names = [next(filter(None, m.groups())) if m else None for m in found]
    result = []
    for i, (name, layer) in enumerate(zip(names, layers, strict=True)):
        before = next((n for n in reversed(names[:i]) if n), None)
        after = next((n for n in names[i:] if n), None)
        inside = before if before == after else None
        result.append(name or inside or layer.split("/")[0])
    return result
