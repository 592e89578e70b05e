"""The page's pictures, as SVG that stands in the page itself."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from .averages import Averages
from .palette import DARK, LIGHT, Palette, marker_of, network
from .rows import ACCURACIES, Row, Table

WIDTH = 5.0  # inches: 360 points, a phone's width
LEGEND_ROW = 0.2  # inches
LONG_LABEL = 30  # letters; two such labels do not stand side by side
LONGEST_LABEL = 48  # letters that leave room for a picture
INK, QUIET, HEAT = "#010203", "#6b7281", "#dc2627"  # of letters, of axes, of the battery
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be searched, and follows the page's font
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": QUIET,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "figure.facecolor": "none",
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
}
NETWORKS = [f"--network-{i}" for i in range(len(LIGHT))]
VARIABLES = {  # of the page -> what stands for it in a picture until it is finished
    "--ink": INK,
    "--quiet": QUIET,
    "--heat": HEAT,
    **dict(zip(NETWORKS, LIGHT, strict=True)),
}
PALETTES = {  # for the page's style sheet
    "light": dict(zip(NETWORKS, LIGHT, strict=True)),
    "dark": dict(zip(NETWORKS, DARK, strict=True)),
}
CLASS_COLOURS = matplotlib.colormaps["tab20"].colors  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Picture:
    caption: str
    svg: Markup  # ours: it goes into the page as it is


def accuracy_against_cost(
    table: Table, recipe: str | None, accuracy: str, palette: Palette
) -> str | None:
    """Every model of one recipe; published and measured accuracies are of other photos."""
    known = [
        (row, top1)
        for row in table.rows
        if row.recipe == recipe and (top1 := row.top1(accuracy)) is not None
    ]
    if len(known) < 2:
        return None
    figure, axes = _figure(table, f"{recipe} {accuracy}", 3.0)
    for row, top1 in known:
        middle, below, above = _span(row)
        style = palette.of(row)
        axes.errorbar(
            middle,
            top1,
            xerr=[[below], [above]],
            marker=style.marker,
            color=style.colour,
            mfc="none" if style.is_hollow else style.colour,
            capsize=3,
        )
    axes.set_xlabel(_unit(table))
    axes.set_ylabel(f"top-1 ({accuracy}), %")
    axes.margins(0.12, 0.16)
    _legend(figure, palette, [row for row, _ in known])
    return _svg(figure)


def over_time(table: Table, palette: Palette) -> str | None:
    """Each round's time over that of the model's first, with the battery's temperature."""
    if table.is_counted or len(table.results.rounds) < 2:
        return None
    figure, axes = _figure(table, "over-time", 2.8)
    for row in table.rows:
        ms = row.latency.per_round
        style = palette.of(row)
        axes.plot(
            range(1, len(ms) + 1),
            ms / ms[0],
            color=style.colour,
            mfc="none" if style.is_hollow else style.colour,
            ls=style.line,
            marker=style.marker,
            lw=1.2,
            ms=4,
        )
    axes.set_xlabel("round")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylabel("time / first round")
    warm = [done.after.get("temperature_c") for done in table.results.rounds]
    if all(value is not None for value in warm):
        with matplotlib.rc_context(STYLE):
            right = axes.twinx()
        right.plot(range(1, len(warm) + 1), np.array(warm, float), color=HEAT, ls=":")
        right.set_ylabel("battery, °C (dotted)", color=HEAT)
        right.tick_params(axis="y", labelcolor=HEAT)
    _legend(figure, palette, table.rows, has_lines=True)
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
        axes.barh(range(len(left)), width, left=left, label=drawn(name), color=colour)
        left += width
    axes.set_yticks(range(len(left)), [drawn(row.label) for row in table.rows], fontsize=8)
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set_xlabel("million instructions" if table.is_counted else "ms, profiled")
    _legend_below(figure, axes.get_legend_handles_labels()[0], 5 if table.is_counted else 2)
    return _svg(figure)


def _instructions(row: Row) -> dict[str, float]:
    return {name: n / 1e6 for name, n in row.counts.classes.items()}


def _times(row: Row) -> dict[str, float]:
    return {name: us / 1e3 for name, us in row.class_us.items()}


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


def _figure(table: Table, what: str, height: float) -> tuple[Figure, Axes]:
    """As wide as a phone's screen, on which the page shows it in its own size."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        figure.set_gid(f"{table.results.target} {what}")
        return figure, figure.add_subplot()


def drawn(name: str | None) -> str:
    """Somebody's name for matplotlib, which takes $ for a formula and hides what begins with _."""
    text = str(name)
    text = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
    return (" " * text.startswith("_") + text).replace("$", r"\$")


def _legend(figure: Figure, palette: Palette, rows: Sequence[Row], has_lines: bool = False) -> None:
    """What colours mean, then markers and lines as far as they differ."""
    handles = []
    for name, row in {network(row): row for row in rows}.items():
        style = palette.of(row)
        handles.append(Patch(color=style.colour, fill=not style.is_hollow, label=drawn(name)))
    variants = dict(marker_of(row) for row in rows)
    if len(variants) > 1:
        handles += [
            Line2D([], [], color=INK, marker=m, ls="", label=drawn(n)) for m, n in variants.items()
        ]
    recipes = {row.recipe: palette.of(row).line for row in rows}
    if has_lines and len(recipes) > 1:
        handles += [
            Line2D([], [], color=INK, ls=line, label=drawn(n)) for n, line in recipes.items()
        ]
    columns = 1 if any(len(str(handle.get_label())) > LONG_LABEL for handle in handles) else 2
    _legend_below(figure, handles, columns)


def _legend_below(figure: Figure, handles: Sequence[Any], columns: int) -> None:
    """The figure grows by its legend, so that what it shows keeps its size."""
    rows = -(-len(handles) // columns)
    figure.set_size_inches(WIDTH, figure.get_figheight() + LEGEND_ROW * rows)
    with matplotlib.rc_context(STYLE):
        figure.legend(handles=handles, loc="outside lower left", ncols=columns, fontsize=9)


def _svg(figure: Figure) -> str:
    """Without the XML head; ids hold the figure's own name, for several share one page."""
    salt = figure.get_gid() or ""
    figure.set_gid(None)
    file = io.BytesIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": salt}):
        # no date: the same results make the same page
        FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None})
    text = file.getvalue().decode()
    for name, colour in VARIABLES.items():  # which the page changes in the dark
        text = text.replace(colour, f"var({name})")
    return text[text.index("<svg") :]


def of(table: Table) -> list[Picture]:
    """Those that have something to show."""
    palette = Palette(table.rows)
    pictures = [
        (
            f"{accuracy.capitalize()} accuracy against cost, {recipe}",
            accuracy_against_cost(table, recipe, accuracy, palette),
        )
        for recipe, _ in table.by_recipe()
        for accuracy in ACCURACIES
    ]
    pictures.append(("Each model over the rounds", over_time(table, palette)))
    what = (
        "Instructions by kind"
        if table.is_counted
        else "Time by operator class in one profiled run a round, which is slower: for the shares"
    )
    pictures.append((what, classes(table)))
    return [Picture(caption, Markup(svg)) for caption, svg in pictures if svg]  # noqa: S704
