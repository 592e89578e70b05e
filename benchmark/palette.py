"""One colour a network and one marker a variant of it, the same in every picture of a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from .rows import Row

# Every two of each eight are more than 28 apart in CIE Lab, for eyes without any one kind of cone
# too (Machado 2009), and at least 2.3 : 1 from the page behind them. A test computes both.
LIGHT = ("#0066bb", "#dd2277", "#00bbcc", "#663300", "#bbaa00", "#8800ff", "#ff8877", "#14181f")
DARK = ("#55aaee", "#dd3300", "#ffbb88", "#00ff00", "#885588", "#7733ff", "#bb5555", "#ffffff")
PAGE = MappingProxyType({"light": "#ffffff", "dark": "#14181f"})
MARKERS = MappingProxyType({  # variant -> marker, and what the legend calls it
    "": ("o", "plain file"),
    "_delegable": ("s", "delegable"),
    "_ghostop": ("^", "Ghost operators"),
    "_delegable_ghostop": ("D", "delegable, Ghost operators"),
    "_depthwise_ghostop": ("v", "depthwise Ghost operators"),
    "_delegable_depthwise_ghostop": ("d", "delegable, depthwise Ghost operators"),
})  # fmt: skip
TUNED = ("P", "tuned")
LINES = ("-", "--", ":", "-.")  # by recipe


@dataclass(frozen=True)
class Style:
    colour: str  # of LIGHT; the page puts its other palette there in the dark
    marker: str
    line: str
    is_hollow: bool  # a ninth network shares the colour of the first


class Palette:
    """Of all rows of one table, in their order."""

    def __init__(self, rows: Sequence[Row]):
        self.networks = list(dict.fromkeys(network(row) for row in rows))
        self.recipes = list(dict.fromkeys(row.recipe for row in rows))

    def of(self, row: Row) -> Style:
        number = self.networks.index(network(row))
        line = LINES[self.recipes.index(row.recipe) % len(LINES)]
        marker, _ = marker_of(row)
        return Style(LIGHT[number % len(LIGHT)], marker, line, number >= len(LIGHT))


def network(row: Row) -> str:
    """What shares a colour: ghostnet_050 and ghostnet_050 tinyimagenet are two networks, and one
    network with and without operators is one.
    """
    record = row.model.record
    if record is None:
        return row.name
    name = record.model.removesuffix("_delegable")
    return name if row.is_graph_only else f"{name} {record.weights}"


def marker_of(row: Row) -> tuple[str, str]:
    """The marker of a row's variant, and what the legend calls it."""
    record = row.model.record
    if record is None:
        return MARKERS[""]
    if record.tuning:
        return TUNED
    return MARKERS["_delegable" * record.model.endswith("_delegable") + row.suffix]
