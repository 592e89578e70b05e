"""The page's pictures, as SVG that stands in the page itself."""

import io
import re
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from .averages import Averages
from .rows import ACCURACIES, Row, Table

GHOST, RIVAL, OTHER = "#2a6fdb", "#c2571a", "#6b7280"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be searched, and follows the page's font
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#6b7280",
    "legend.frameon": False,
}
SHORT = {
    "ghostnet_": "Ghost ",
    "mobilenetv3_large_": "V3-L ",
    "mobilenetv3_small_": "V3-S ",
    "mobilenetv2_": "V2 ",
}
CLASS_COLOURS = matplotlib.colormaps["tab20"].colors  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Picture:
    caption: str
    svg: Markup  # ours: it goes into the page as it is


def accuracy_against_cost(table: Table, recipe: str | None, accuracy: str) -> str | None:
    """Every model of one recipe; published and measured accuracies are of other photos."""
    rows = [row for row in table.rows if row.recipe == recipe]
    known = [(row, row.top1(accuracy)) for row in rows]
    known = sorted((top1, row.name, row) for row, top1 in known if top1 is not None)
    if len(known) < 2:
        return None
    figure, axes = _figure(table, f"{recipe} {accuracy}", 3.6)
    spans = [_span(row) for _, _, row in known]
    ups = _labels_above([(span[0], top1) for span, (top1, _, _) in zip(spans, known, strict=True)])
    for (top1, name, row), (middle, below, above), is_up in zip(known, spans, ups, strict=True):
        is_delegable = "_delegable" in name
        axes.errorbar(
            middle,
            top1,
            xerr=[[below], [above]],
            marker="s" if is_delegable else "o",
            color=_colour(row),
            mfc="white" if is_delegable else _colour(row),
            capsize=3,
        )
        if not is_delegable:  # it stands beside its stock form
            place = {"textcoords": "offset points", "ha": "center", "fontsize": 8}
            axes.annotate(_short_name(name), (middle, top1), (0, 7 if is_up else -13), **place)
    axes.set_xlabel(_unit(table))
    axes.set_ylabel(f"top-1 ({accuracy}), %")
    axes.margins(0.12, 0.16)
    return _svg(figure)


def _labels_above(points: list[tuple[float, float]]) -> list[bool]:
    """Whether each point's nearest other lies below it, so that a label above is free of it."""
    places = np.array(points)  # (points, 2)
    places = places / np.maximum(np.ptp(places, axis=0), 1e-9)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    # its twin in another form has the same accuracy and no label
    apart[np.equal(places[:, None, 1], places[None, :, 1])] = np.inf
    nearest = apart.argmin(axis=1)
    return (places[nearest, 1] < places[:, 1]).tolist()


def over_time(table: Table) -> str | None:
    """Each round's time over that of the model's first, with the battery's temperature."""
    if table.is_counted or len(table.results.rounds) < 2:
        return None
    figure, axes = _figure(table, "over-time", 3.0)
    for row in table.rows:
        ms = row.latency.per_round
        axes.plot(
            range(1, len(ms) + 1),
            ms / ms[0],
            color=_colour(row),
            lw=0.9,
            marker=".",
            ms=4,
            alpha=0.8,
        )
    axes.set_xlabel("round")
    axes.set_ylabel("time / first round")
    warm = [done.after.get("temperature_c") for done in table.results.rounds]
    if all(value is not None for value in warm):
        right = axes.twinx()
        right.plot(range(1, len(warm) + 1), np.array(warm, float), color="#dc2626", ls=":")
        right.set_ylabel("battery, °C", color="#dc2626")
    return _svg(figure)


def classes(table: Table) -> str | None:
    """The kinds of instructions that each model executes, or its time by kind of operator."""
    parts = [_instructions(row) if row.is_counted else _times(row) for row in table.rows]
    if not any(parts):
        return None
    names = sorted({name for part in parts for name, much in part.items() if much})
    figure, axes = _figure(table, "classes", 0.9 + 0.24 * len(table.rows))
    left = np.zeros(len(table.rows))
    for i, name in enumerate(names):
        width = np.array([part.get(name, 0.0) for part in parts])
        colour = CLASS_COLOURS[i % len(CLASS_COLOURS)]
        axes.barh(range(len(left)), width, left=left, label=name, color=colour)
        left += width
    labels = [f"{_short_name(row.name)}, {row.recipe}" for row in table.rows]
    axes.set_yticks(range(len(left)), labels, fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("million instructions" if table.is_counted else "ms, profiled")
    figure.legend(loc="outside lower center", ncols=5 if table.is_counted else 3, fontsize=7)
    return _svg(figure)


def _instructions(row: Row) -> dict[str, float]:
    return {name: n / 1e6 for name, n in row.counts.classes.items()}


def _times(row: Row) -> dict[str, float]:
    return {name: us / 1e3 for name, us in row.class_us.items()}


def _short_name(name: str) -> str:
    """ghostnet_100 -> Ghost 1.00; mobilenetv3_large_075_delegable -> V3-L 0.75 delegable."""
    for long, short in SHORT.items():
        name = name.replace(long, short)
    return re.sub(r" (\d)(\d\d)", r" \1.\2", name).replace("_", " ")


def _span(row: Row) -> tuple[float, float, float]:
    """The cost, and how far its interval reaches below and above."""
    if row.is_counted:
        return row.counts.instructions / 1e6, 0.0, 0.0
    middle, around = row.latency.typical_ms, row.latency.interval_ms
    if around.low == 0:
        return middle, 0.0, 0.0
    return middle, max(0.0, middle - around.low), max(0.0, around.high - middle)


def _unit(table: Table) -> str:
    if table.is_counted:
        return "million instructions"
    latency = table.rows[0].latency
    is_mean = isinstance(latency, Averages) and not latency.are_medians
    return f"{'mean' if is_mean else 'median'}, ms (99 % interval)"


def _colour(row: Row) -> str:
    if row.name.startswith("ghostnet"):
        return GHOST
    return RIVAL if row.name.startswith("mobilenetv3") else OTHER


def _figure(table: Table, what: str, height: float) -> tuple[Figure, Axes]:
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, height), layout="constrained")
        figure.set_gid(f"{table.results.target} {what}")
        return figure, figure.add_subplot()


def _svg(figure: Figure) -> str:
    """Without the XML head; ids hold the figure's own name, for several share one page."""
    salt = figure.get_gid() or ""
    figure.set_gid(None)
    file = io.BytesIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": salt}):
        # no date: the same results make the same page
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None})
    text = file.getvalue().decode()
    return text[text.index("<svg") :]


def of(table: Table) -> list[Picture]:
    """Those that have something to show."""
    pictures = [
        (
            f"{accuracy.capitalize()} accuracy against cost, {recipe}; squares are delegable forms",
            accuracy_against_cost(table, recipe, accuracy),
        )
        for recipe, _ in table.by_recipe()
        for accuracy in ACCURACIES
    ]
    pictures.append(("Each model over the rounds", over_time(table)))
    what = (
        "Instructions by kind"
        if table.is_counted
        else "Time by operator class in one profiled run a round, which is slower: for the shares"
    )
    pictures.append((what, classes(table)))
    return [Picture(caption, Markup(svg)) for caption, svg in pictures if svg]  # noqa: S704
