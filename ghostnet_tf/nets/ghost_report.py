"""What `ghostify` changed: parameters and multiply-adds, layer by layer."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from ghostnet_tf.nets import counts


@dataclass(frozen=True)
class Cost:
    parameters: int  # with the BatchNorm statistics, as Keras counts them
    macs: int | None  # None: the image size is open, or some layer cannot be counted


@dataclass(frozen=True)
class Row:
    """One convolution, with the BatchNorm that moved into its module."""

    name: str
    kind: str  # "ghost", or why it was kept
    before: Cost
    after: Cost


@dataclass(frozen=True)
class Report:
    """Every ordinary convolution of a network, and the network as a whole."""

    rows: tuple[Row, ...]
    before: Cost
    after: Cost

    def __str__(self) -> str:
        rows = [*self.rows, Row("in all", "", self.before, self.after)]
        name, kind = (max(len(getattr(row, what)) for row in rows) for what in ("name", "kind"))
        head = f"{'':{name}}  {'':{kind}}  {'parameters':>24}  {'M multiply-adds':>18}"
        lines = [
            f"{row.name:{name}}  {row.kind:{kind}}  "
            f"{row.before.parameters:>10,} -> {row.after.parameters:>10,}  "
            f"{_millions(row.before):>7} -> {_millions(row.after):>7}"
            for row in rows
        ]
        return "\n".join([head, *lines])


def cost(parts: Sequence[keras.layers.Layer]) -> Cost:
    """Of layers or models together."""
    parameters = sum(counts.parameters(part)[1] for part in parts)
    try:
        return Cost(parameters, sum(counts.macs(part) for part in parts))
    except ValueError:
        return Cost(parameters, None)


def _millions(cost: Cost) -> str:
    return "-" if cost.macs is None else f"{cost.macs / 1e6:.1f}"
