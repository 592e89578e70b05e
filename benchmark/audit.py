"""The claim audit: is GhostNet cheaper than MobileNetV3 at the same accuracy, on this target?"""

from dataclasses import dataclass
from math import sqrt

from .equal_accuracy import PUBLISHED_ERROR, Equal, Point, at_equal_accuracy
from .published import Curve
from .published import Table as PublishedTable
from .rows import ACCURACIES, Row, Table
from .verdict import Verdict

# What a ratio says something about, given whose kernels run the depthwise convolutions.
RUNTIMES = "the networks, on the runtime's kernels"
OURS = "the networks, on our kernels"
MIXED = "the networks, and our kernels in GhostNet alone"
QUESTIONS = (  # whether GhostNet has our operators, the form of MobileNetV3, what then differs
    (False, "stock", RUNTIMES),
    (False, "delegable", RUNTIMES),
    (True, "delegable_ghostop", OURS),
    (True, "stock", MIXED),
    (True, "delegable", MIXED),
)
FORMS = {  # in words
    "stock": "a stock MobileNetV3",
    "delegable": "a delegable MobileNetV3",
    "delegable_ghostop": "a delegable MobileNetV3 with our operators",
}


@dataclass(frozen=True)
class Comparison:
    """One GhostNet against one form of MobileNetV3, in one precision."""

    recipe: str
    form: str  # a key of FORMS
    differs: str  # what the ratio says something about; of QUESTIONS
    accuracy: str  # "published" or "measured": never both in one comparison
    equal: Equal


def comparisons(table: Table, accuracy: str) -> list[Comparison]:
    """Every GhostNet in the table against the MobileNetV3 of its recipe, question by question."""
    found = []
    for recipe, rows in table.by_recipe():
        known = [row for row in rows if row.top1(accuracy) is not None]
        for has_operators, form, differs in QUESTIONS:
            for ghost in known:
                if not ghost.is_ghostnet or ghost.has_operators != has_operators:
                    continue
                rivals = [
                    _point(row, accuracy)
                    for row in known
                    if _is_rival(row, form) and row.photos(accuracy) == ghost.photos(accuracy)
                ]
                if rivals:
                    point, error = _point(ghost, accuracy), _error(ghost, accuracy)
                    equal = at_equal_accuracy(point, rivals, FORMS[form], error)
                    found.append(Comparison(recipe or "", form, differs, accuracy, equal))
    return found


def unmeasured(table: Table) -> list[str]:
    """What is missing for a comparison by measured accuracy, in a sentence; empty if nothing is."""
    if comparisons(table, "measured"):
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


def closing(table: Table) -> list[str]:
    """One sentence per precision and question: who wins, by how much, on what."""
    said = []
    is_doubted = bool(table.doubts) or any(row.doubts for row in table.rows)
    warned = " Read its doubts before you quote this." if is_doubted else ""
    for recipe, _ in table.by_recipe():
        for accuracy in ACCURACIES:
            rows = [c for c in comparisons(table, accuracy) if c.recipe == recipe]
            for differs in dict.fromkeys(c.differs for c in rows):
                # The rival that a buyer would take: the cheaper form. GhostNet 1.0 is the paper's.
                same = [c for c in rows if c.differs == differs]
                same = [c for c in same if c.equal.is_interpolated] or same
                named = [c for c in same if c.equal.name.startswith("ghostnet_100")] or same
                hardest = max(named, key=lambda c: c.equal.ratio)
                said.append(
                    f"{recipe}, {accuracy} accuracy, on {table.results.target}; what differs is "
                    f"{differs}: {hardest.equal.sentence(table.cost)}.{warned}"
                )
    return said


def kernels_alone(table: Table) -> list[Verdict]:
    """Every file with Ghost operators against its plain twin: the same function, byte for byte."""
    plain = {row.model.sha256: row for row in table.rows}
    found = []
    for row in table.rows:
        operators = row.model.record.operators if row.model.record else None
        if operators and operators.plain_sha256 in plain:
            found.append(table.compare(row, plain[operators.plain_sha256]))
    return found


def read_published(table: PublishedTable) -> list[Equal]:
    """A published table read the same way; nobody printed the spread of these latencies."""
    rivals = _points(table.rival)
    return [at_equal_accuracy(p, rivals, table.rival.family) for p in _points(table.ghostnet)]


def _points(curve: Curve) -> list[Point]:
    return [Point(f"{curve.family} {n}", top1, (ms,)) for n, (top1, ms) in curve.points.items()]


def _point(row: Row, accuracy: str) -> Point:
    return Point(row.name, row.top1(accuracy) or 0.0, row.cost)


def _is_rival(row: Row, form: str) -> bool:
    model = row.model.record.model if row.model.record else ""
    if not model.startswith("mobilenetv3"):
        return False
    spelling = "delegable" if model.endswith("_delegable") else "stock"
    return f"{spelling}{'_ghostop' * row.has_operators}" == form


def _error(ghost: Row, accuracy: str) -> float:
    record = ghost.model.record
    if accuracy == "published" or record is None or record.accuracy is None:
        return PUBLISHED_ERROR
    share = record.accuracy.top1
    return 100 * sqrt(share * (1 - share) / record.accuracy.n)
