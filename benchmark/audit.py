"""The claim audit: is GhostNet cheaper than MobileNetV3 at the same accuracy, on this target?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from .equal_accuracy import PUBLISHED_ERROR, Equal, Point, at_equal_accuracy
from .paper_accuracy import Curve, PaperTable
from .rows import ACCURACIES, Row, Table

# What a ratio says something about, given whose kernels run the depthwise convolutions.
RUNTIMES = "the networks, on the runtime's kernels"
OURS = "the networks, on our kernels"
MIXED = "the networks, and our kernels in GhostNet alone"
QUESTIONS = (  # whether GhostNet has our operators, which MobileNetV3, what then differs
    (False, "stock", RUNTIMES),
    (False, "delegable", RUNTIMES),
    (True, "delegable_ghostop", OURS),
    (True, "stock", MIXED),
    (True, "delegable", MIXED),
)
BASELINES = {  # in words
    "stock": "a stock MobileNetV3",
    "delegable": "a delegable MobileNetV3",
    "delegable_ghostop": "a delegable MobileNetV3 with our operators",
}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One GhostNet against one kind of MobileNetV3, in one precision."""

    recipe: str
    baseline: str  # a key of BASELINES
    differs: str  # what the ratio says something about; of QUESTIONS
    accuracy: str  # "published" or "measured": never both in one comparison
    equal: Equal


def comparisons(table: Table) -> Iterator[Comparison]:
    """Every GhostNet in the table against the MobileNetV3 of its recipe, question by question.

    By published accuracies first, then by measured ones.
    """
    for accuracy in ACCURACIES:
        for recipe, rows in table.by_recipe():
            known = [row for row in rows if row.top1(accuracy) is not None]
            for has_operators, baseline, differs in QUESTIONS:
                for ghost in known:
                    if not ghost.is_ghostnet or ghost.has_operators != has_operators:
                        continue
                    equal = _against(ghost, known, baseline, accuracy)
                    if equal is not None:
                        yield Comparison(
                            recipe=recipe or "",
                            baseline=baseline,
                            differs=differs,
                            accuracy=accuracy,
                            equal=equal,
                        )


def _against(ghost: Row, rows: Sequence[Row], baseline: str, accuracy: str) -> Equal | None:
    """None where no such baseline was scored on the same photos."""
    points = [
        _point(row, accuracy)
        for row in rows
        if _is_baseline(row, baseline) and row.photos(accuracy) == ghost.photos(accuracy)
    ]
    if not points:
        return None
    error = _error(ghost, accuracy)
    return at_equal_accuracy(_point(ghost, accuracy), points, BASELINES[baseline], error)


def missing(table: Table, found: Sequence[Comparison]) -> list[str]:
    """What a comparison by measured accuracy lacks, in a sentence; empty if nothing."""
    if any(c.accuracy == "measured" for c in found):
        return []
    ghosts = [row.name for row in table.rows if row.measured_top1 and row.is_ghostnet]
    if not ghosts:
        return [
            "Nothing is compared by measured accuracy: build/ has no GhostNet with one "
            "(make tflite writes the bundled one)."
        ]
    return [
        f"Nothing is compared by measured accuracy: build/ has no MobileNetV3 that was trained "
        f"and scored on the photos of {ghosts[0]}."
    ]


def closing(table: Table, found: Sequence[Comparison]) -> list[str]:
    """One sentence per precision and question: who wins, by how much, on what."""
    said = []
    is_doubted = bool(table.doubts) or any(row.doubts for row in table.rows)
    warned = " Read its doubts before you quote this." if is_doubted else ""
    for recipe, _ in table.by_recipe():
        for accuracy in ACCURACIES:
            of_both = [c for c in found if (c.recipe, c.accuracy) == (recipe, accuracy)]
            for differs in dict.fromkeys(c.differs for c in of_both):
                # What a buyer would take: the cheaper baseline. GhostNet 1.0 is the paper's.
                same = [c for c in of_both if c.differs == differs]
                same = [c for c in same if c.equal.is_interpolated] or same
                named = [c for c in same if c.equal.name.startswith("ghostnet_100")] or same
                hardest = max(named, key=lambda c: c.equal.ratio)
                said.append(
                    f"{recipe}, {accuracy} accuracy, on {table.results.target}; what differs is "
                    f"{differs}: {hardest.equal.sentence(table.cost)}.{warned}"
                )
    return said


def read_paper(table: PaperTable) -> list[Equal]:
    """A published table read the same way; nobody printed the spread of these latencies."""
    baselines = _points(table.baseline)
    return [at_equal_accuracy(p, baselines, table.baseline.family) for p in _points(table.ghostnet)]


def _points(curve: Curve) -> list[Point]:
    return [Point(f"{curve.family} {n}", top1, (ms,)) for n, (top1, ms) in curve.points.items()]


def _point(row: Row, accuracy: str) -> Point:
    return Point(row.name, row.top1(accuracy) or 0.0, row.cost)


def _is_baseline(row: Row, baseline: str) -> bool:
    model = row.model.record.model if row.model.record else ""
    if not model.startswith("mobilenetv3"):
        return False
    kind = "delegable" if model.endswith("_delegable") else "stock"
    return f"{kind}{'_ghostop' * row.has_operators}" == baseline


def _error(ghost: Row, accuracy: str) -> float:
    record = ghost.model.record
    if accuracy == "published" or record is None or record.accuracy is None:
        return PUBLISHED_ERROR
    share = record.accuracy.top1
    return 100 * sqrt(share * (1 - share) / record.accuracy.n)
