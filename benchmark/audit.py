"""The claim audit: is GhostNet cheaper than MobileNetV3 at the same accuracy, on this target?"""

from dataclasses import dataclass
from math import sqrt

from benchmark.equal_accuracy import PUBLISHED_ERROR, Equal, Point, at_equal_accuracy
from benchmark.published import Curve
from benchmark.published import Table as PublishedTable
from benchmark.rows import ACCURACIES, Row, Table


@dataclass(frozen=True)
class Comparison:
    """One GhostNet against one form of MobileNetV3, in one precision."""

    recipe: str
    form: str  # "stock", "delegable" (hard-swish spelled with operators that XNNPACK takes)
    accuracy: str  # "published" or "measured": never both in one comparison
    equal: Equal


def comparisons(table: Table, accuracy: str) -> list[Comparison]:
    """Every GhostNet in the table against the MobileNetV3 of its recipe, in each form."""
    found = []
    for recipe, rows in table.by_recipe():
        known = [row for row in rows if row.top1(accuracy) is not None]
        ghosts = [row for row in known if row.is_ghostnet]
        for form in ("stock", "delegable"):
            for ghost in ghosts:
                rivals = [
                    _point(row, accuracy)
                    for row in known
                    if _is_rival(row, form) and row.photos(accuracy) == ghost.photos(accuracy)
                ]
                if rivals:
                    error = _error(ghost, accuracy)
                    family = f"a {form} MobileNetV3"
                    equal = at_equal_accuracy(_point(ghost, accuracy), rivals, family, error)
                    found.append(Comparison(recipe or "", form, accuracy, equal))
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
    """One sentence per precision: who wins, by how much, on what."""
    said = []
    is_doubted = bool(table.doubts) or any(row.doubts for row in table.rows)
    warned = " Read its doubts before you quote this." if is_doubted else ""
    for recipe, _ in table.by_recipe():
        for accuracy in ACCURACIES:
            rows = [c for c in comparisons(table, accuracy) if c.recipe == recipe]
            # The rival that a buyer would take: the cheaper form. GhostNet 1.0 is the paper's.
            rows = [c for c in rows if c.equal.is_interpolated] or rows
            if not rows:
                continue
            named = [c for c in rows if c.equal.name.startswith("ghostnet_100")] or rows
            hardest = max(named, key=lambda c: c.equal.ratio)
            said.append(
                f"{recipe}, {accuracy} accuracy, on {table.results.target}: "
                f"{hardest.equal.sentence(table.cost)}.{warned}"
            )
    return said


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
    is_delegable = model.endswith("_delegable")
    return model.startswith("mobilenetv3") and is_delegable == (form == "delegable")


def _error(ghost: Row, accuracy: str) -> float:
    record = ghost.model.record
    if accuracy == "published" or record is None or record.accuracy is None:
        return PUBLISHED_ERROR
    share = record.accuracy.top1
    return 100 * sqrt(share * (1 - share) / record.accuracy.n)
