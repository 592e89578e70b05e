"""Which layers compute in float32 while a static recipe makes integers of all others.

A kept layer is a tensor of the float32 file, as `compare` prints it, that stays in float32: whoever
writes it and whoever reads it computes in float32. Its writer alone would not do: an int8 reader
would have the same tensor in the same 256 values, one operator later.
"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from ghostnet_tf.base.errors import UserError

from .graph import Graph
from .op import Op


def layers_named(graph: Graph, typed: Iterable[str]) -> tuple[str, ...]:
    """The layers of the float32 file that are meant, in the order of execution, each once.

    A name stands for itself and for what lies in it (`block_03` for `block_03/ghost1/act`), and a
    `*` for any text. UserError for one that stands for nothing, with the nearest that do.
    """
    known = list(dict.fromkeys(graph.names[tensor] for tensor in graph.activations()))
    meant: set[str] = set()
    for name in typed:
        pattern = re.compile(".*".join(map(re.escape, name.split("*"))) + "(/.*)?", re.DOTALL)
        found = [layer for layer in known if pattern.fullmatch(layer)]
        if not found:
            near = get_close_matches(name, known, n=3, cutoff=0.4) or known[:3]
            raise UserError(
                f"there is no layer {name!r} to keep in float32",
                fix=f"try {' or '.join(near)}; nothing was written",
            )
        meant.update(found)
    return tuple(layer for layer in known if layer in meant)


def float_ops(graph: Graph, layers: Sequence[str]) -> tuple[Op, ...]:
    """The operators that write or read one of these layers, in the order of execution."""
    ops: set[Op] = set()
    for tensor in graph.activations():
        if graph.names[tensor] in layers:
            writer = graph.writer(tensor)
            ops.update(graph.readers(tensor), [writer] if writer else [])
    return tuple(op for op in graph.ops if op in ops)
