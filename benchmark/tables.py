"""Findings -> tables of words, which text and page print alike."""

from collections.abc import Callable, Sequence

from .audit import read_paper
from .averages import Averages
from .findings import Findings
from .grids import Grid
from .latency import Latency
from .paper_accuracy import OF_FLOAT, PAPER_TABLES, PIXEL_MS
from .rows import ACCURACIES, Row, Table
from .verdict import Verdict

FEW = 3  # verdicts that read better as sentences than as a table


def settings(table: Table) -> str:
    """How it was done, in one line."""
    results, s = table.results, table.results.settings
    said = [f"{s.threads} thread" + "s" * (s.threads > 1)]
    said += ["float32 networks in half precision (--fp16)"] * s.fp16
    if not table.is_counted:
        said += [f"{len(results.rounds)} rounds of {results.effort} effort"]
    said += ["by TensorFlow Lite's benchmark_model"] * (table.tool == "benchmark_model")
    return ", ".join(said) + "."


def results(table: Table) -> Grid:
    heads, cells = _columns(table)
    return Grid("", heads, [cells(row) for row in table.rows])


def verdicts(found: Findings) -> Grid | None:
    """None where there are few, which are said as sentences."""
    if len(found.verdicts) <= FEW:
        return None
    return _compared("Compared", found.table, found.verdicts)


def kernels_alone(found: Findings) -> Grid | None:
    """None where the other verdicts have said it all."""
    if all(verdict in found.verdicts for verdict in found.kernels_alone):
        return None
    title = "The same networks with Ghost operators: kernels alone"
    return _compared(title, found.table, found.kernels_alone)


def _compared(title: str, table: Table, verdicts: Sequence[Verdict]) -> Grid:
    interval = "" if table.is_counted else "99 % interval"
    return Grid(
        title,
        ["model", "recipe", "against", table.cost, interval, "cheaper"],
        [
            [v.name, v.recipe or "", v.reference, f"{v.ratio - 1:+.1%}", v.span, _winner(v)]
            for v in verdicts
        ],
    )


def _winner(verdict: Verdict) -> str:
    return verdict.winner or ("equal" if verdict.low == verdict.high else "cannot be told apart")


def equal_accuracy(found: Findings) -> list[tuple[Grid, str]]:
    """One for each source of accuracies, with the sentence that must stand beside it or none."""
    grids = []
    for accuracy in ACCURACIES:
        rows = [
            [
                c.equal.name,
                c.recipe,
                f"{c.equal.top1:.1f} %",
                c.equal.baseline,
                f"{c.equal.points_more:+.1f}" if c.equal.points_more else "0",
                f"{c.equal.ratio - 1:+.1%}",
                c.equal.span,
                c.differs,
            ]
            for c in found.equal
            if c.accuracy == accuracy
        ]
        # Are accuracies of float networks read for quantized files?
        is_of_float = accuracy == "published" and any("wi8" in row[1] for row in rows)
        heads = [
            "GhostNet", "recipe", "top-1", "against", "points more", found.table.cost,
            "95 % interval", "what differs",
        ]  # fmt: skip
        if rows:
            grid = Grid(f"At equal {accuracy} accuracy", heads, rows)
            grids.append((grid, OF_FLOAT if is_of_float else ""))
    return grids


def delegation(table: Table) -> Grid | None:
    """What fell out of the delegate, per model; None without a runtime that says."""
    rows = [
        [
            row.label,
            f"{d.delegated_ops} of {d.total_ops}",
            str(d.partitions or "unknown"),
            ", ".join(f"{n} {op}" for op, n in sorted(d.left_out.items())) or "nothing",
        ]
        for row in table.rows
        if (d := row.delegation) is not None
    ]
    return Grid("", ["model", "operators", "pieces", "left out"], rows) if rows else None


def papers() -> list[Grid]:
    """Reference only: other phones, other engines, other years."""
    readings = [
        [t.source, t.device, e.name, f"{e.top1:.1f} %", f"{e.ratio - 1:+.0%}", t.how]
        for t in PAPER_TABLES
        for e in read_paper(t)
        if e.is_interpolated
    ]
    pixels = [[name, *(f"{value:.1f}" for value in ms)] for name, ms in PIXEL_MS.items()]
    return [
        Grid(
            "Published: GhostNet's time against MobileNetV3's at equal accuracy",
            ["source", "on", "network", "top-1", "time", "numbers"],
            readings,
        ),
        Grid(
            "Published: MobileNetV3, ms on the large core of a Pixel",
            ["network", "Pixel 1", "Pixel 2", "Pixel 3"],
            pixels,
        ),
    ]


# ---------------------------------------------------------------------------- cells


def _columns(table: Table) -> tuple[list[str], Callable[[Row], list[str]]]:
    if table.is_counted:
        return COUNTS
    if isinstance(averages := table.rows[0].latency, Averages):
        heads, cells = AVERAGES
        what = "median ms" if averages.are_medians else "mean ms"
        return [what if head == "mean ms" else head for head in heads], cells
    return LATENCIES


def _latency_cells(row: Row) -> list[str]:
    latency = row.latency
    return [
        row.name,
        row.recipe or "",
        f"{latency.typical_ms:.2f}",
        f"{latency.p90_ms:.2f}" if isinstance(latency, Latency) else "unknown",
        _interval(row),
        _delegated(row),
        f"{row.visits[-1].peak_memory_bytes / 1e6:.0f}",
        top1(row),
        _about(row),
    ]


def _average_cells(row: Row) -> list[str]:
    typical = f"{row.latency.typical_ms:.2f}"
    return [
        row.name, row.recipe or "", typical, _interval(row), _delegated(row), top1(row), _about(row)
    ]  # fmt: skip


def _interval(row: Row) -> str:
    around = row.latency.interval_ms
    return f"{around.low:.2f} to {around.high:.2f}" if around.low > 0 else "unknown"


def _delegated(row: Row) -> str:
    took = row.delegation
    return f"{took.delegated_ops}/{took.total_ops}" if took else "unknown"


def _about(row: Row) -> str:
    return ", ".join(doubt.about for doubt in row.doubts) or "none"


def _count_cells(row: Row) -> list[str]:
    c = row.counts
    return [
        row.name,
        row.recipe or "",
        f"{c.instructions:,}",
        f"{c.loaded_bytes / 1e6:.1f}",
        f"{c.stored_bytes / 1e6:.1f}",
        f"{c.l1_misses:,}",
        f"{c.l2_misses:,}",
        top1(row),
    ]


# fmt: off
LATENCIES = (
    ["model", "recipe", "median ms", "p90 ms", "99 % interval", "delegated", "peak MB", "top-1",
     "doubts"],
    _latency_cells,
)
AVERAGES = (
    ["model", "recipe", "mean ms", "99 % interval", "delegated", "top-1", "doubts"],
    _average_cells,
)
COUNTS = (
    ["model", "recipe", "instructions", "MB loaded", "MB stored", "L1 misses", "L2 misses",
     "top-1"],
    _count_cells,
)
# fmt: on


def top1(row: Row) -> str:
    if row.measured_top1 is not None:
        return f"{row.measured_top1:.2f} % measured"
    if row.published_top1 is not None:
        return f"{row.published_top1:.1f} % published, graph only"
    return "graph only" if row.is_graph_only else "unknown"
