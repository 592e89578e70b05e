"""Results as text: tables that read well in a terminal and paste well into an issue."""

from collections.abc import Callable, Iterable, Sequence

from .audit import Comparison, closing, comparisons, kernels_alone, read_published, unmeasured
from .averages import Averages
from .grids import Grid, plain
from .latency import Latency
from .published import OF_FLOAT, PIXEL_MS, TABLES
from .rows import ACCURACIES, Row, Table
from .verdict import Verdict


def document(tables: Sequence[Table], is_suite: bool) -> str:
    """Everything that the command prints."""
    lines = []
    for table in tables:
        lines += [f"## {plain(table.results.target)}", "", settings(table), ""]
        lines += [*results_grid(table).lines(), ""]
        lines += verdict_lines(table)
        lines += [line for grid in kernel_grids(table) for line in _titled(grid)]
        lines += _list(f"doubt: {line}" for line in doubted(table))
        for accuracy in ACCURACIES if is_suite else ():
            if rows := comparisons(table, accuracy):
                lines += _titled(equal_grid(accuracy, rows, table.cost))
                lines += [OF_FLOAT, ""] if is_of_float(accuracy, rows) else []
    if is_suite:
        lines += [line for grid in published_grids() for line in _titled(grid)]
        lines += _list(line for table in tables for line in closing(table))
        lines += _list(unmeasured(tables[0]))
    return "\n".join(lines).rstrip("\n") + "\n"


def settings(table: Table) -> str:
    """How it was done, in one line."""
    results, s = table.results, table.results.settings
    said = [f"{s.threads} thread" + "s" * (s.threads > 1)]
    said += ["float32 networks in half precision (--fp16)"] * s.fp16
    if not table.is_counted:
        said += [f"{len(results.rounds)} rounds of {results.effort} effort"]
    said += ["by TensorFlow Lite's benchmark_model"] * (table.tool == "benchmark_model")
    return ", ".join(said) + "."


FEW = 3  # verdicts that read better as sentences than as a table


def verdict_lines(table: Table) -> list[str]:
    if len(table.verdicts()) <= FEW:
        return _list(verdict.sentence for verdict in table.verdicts())
    return [*verdict_grid(table).lines(), ""]


def verdict_grid(table: Table) -> Grid:
    return _compared("Compared", table, table.verdicts())


def kernel_grids(table: Table) -> list[Grid]:
    """One, or none where the other verdicts have said it all."""
    twins, said = kernels_alone(table), table.verdicts()
    if all(twin in said for twin in twins):
        return []
    return [_compared("The same networks with Ghost operators: kernels alone", table, twins)]


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


def _list(sentences: Iterable[str]) -> list[str]:
    lines = [f"- {plain(sentence)}" for sentence in sentences]
    return [*lines, ""] if lines else []


def _titled(grid: Grid) -> list[str]:
    return [f"### {grid.title}", "", *grid.lines(), ""]


def results_grid(table: Table) -> Grid:
    heads, cells = _columns(table)
    return Grid("", heads, [cells(row) for row in table.rows])


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


def doubted(table: Table) -> list[str]:
    """Those about phone and runtime, then each kind of doubt once, with its first row in words.

    Which rows have it, the table says by its name.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for row in table.rows:
        for doubt in row.doubts:
            name = f"{row.name} {row.recipe or ''}".strip()
            found.setdefault((doubt.about, doubt.remedy), []).append(f"{name}: {doubt}")
    said = [
        first if len(others) == 0 else f"{about}, {len(others) + 1} rows, such as {first}"
        for (about, _), (first, *others) in found.items()
    ]
    return [plain(text) for text in (*table.doubts, *said)]


def is_of_float(accuracy: str, rows: Sequence[Comparison]) -> bool:
    """Are accuracies of float networks read for quantized files?"""
    return accuracy == "published" and any("wi8" in row.recipe for row in rows)


def equal_grid(accuracy: str, rows: Sequence[Comparison], cost: str) -> Grid:
    return Grid(
        f"At equal {accuracy} accuracy",
        [
            "GhostNet",
            "recipe",
            "top-1",
            "against",
            "points more",
            cost,
            "95 % interval",
            "what differs",
        ],
        [
            [
                c.equal.name,
                c.recipe,
                f"{c.equal.top1:.1f} %",
                c.equal.rival,
                f"{c.equal.points_more:+.1f}" if c.equal.points_more else "0",
                f"{c.equal.ratio - 1:+.1%}",
                c.equal.span,
                c.differs,
            ]
            for c in rows
        ],
    )


def published_grids() -> list[Grid]:
    """Reference only: other phones, other engines, other years."""
    readings = [
        [t.source, t.device, e.name, f"{e.top1:.1f} %", f"{e.ratio - 1:+.0%}", t.how]
        for t in TABLES
        for e in read_published(t)
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
