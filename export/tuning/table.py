"""What was tried and what came of it: for the terminal, as Markdown, and for machines."""

from collections.abc import Sequence
from typing import Any

from ghostnet_tf.base import terminal
from ghostnet_tf.base.markup import inline, paragraph, row

from .cost import NO_BOUND
from .search import BEST, SAME, TAKEN, TRIMMED, UNEQUAL, UNFIT, WHOLES, Trial

HEAD = ("block", "rewrite", "before", "after", "change", "verdict")
NUMBERS = (2, 3, 4)  # columns
MIN_WIDTH = 120  # columns, for the numbers; long names wrap


def show(trials: Sequence[Trial], unit: str) -> None:
    """Of each block its cheapest rewrite; then the wholes, trimmed only if that is taken.

    All else is in the other tables.
    """
    chosen = [t for t in wholes(trials) if t.where != TRIMMED or t.verdict == TAKEN]
    rows = [*_best_of_each(trials), *chosen]
    terminal.table(
        HEAD,
        [_cells(trial, unit) for trial in rows],
        right=NUMBERS,
        wraps=[HEAD.index("rewrite")],
        bold=[i for i, trial in enumerate(rows) if trial.verdict == TAKEN],
        min_width=MIN_WIDTH,
    )


def wholes(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.where in WHOLES]


def _best_of_each(trials: Sequence[Trial]) -> list[Trial]:
    best: dict[str, Trial] = {}
    for trial in (t for t in trials if t.cost and t.where not in WHOLES):
        other = best.get(trial.where)
        if other is None or trial.cost.ratio < other.cost.ratio:  # type: ignore[union-attr]
            best[trial.where] = trial
    return list(best.values())


def markdown(title: str, notes: Sequence[str], trials: Sequence[Trial], unit: str) -> str:
    """The whole table; `notes` say what was tuned, where, and how it was proven."""
    rows = [_cells(trial, unit, is_short=False) for trial in trials]
    alignment = ["---:" if i in NUMBERS else "---" for i in range(len(HEAD))]
    lines = [f"# {inline(title)}", "", *map(paragraph, notes), ""]
    lines += [row(HEAD), row(alignment), *(row(map(inline, cells)) for cells in rows)]
    return "\n".join(lines) + "\n"


def _cells(trial: Trial, unit: str, is_short: bool = True) -> tuple[str, ...]:
    where = trial.where
    if where in WHOLES and not is_short:
        where = f"{where} ({len(trial.plan)})"
    names = [str(choice) for choice in trial.rewrites]
    if trial.where in (BEST, TRIMMED) and is_short:
        names = ["as above"]
    verdict = trial.verdict + (f": {trial.why}" if trial.why else "")
    verdict += f" (measured in {trial.like})" if trial.like else ""
    cost = trial.cost
    if cost is None:
        return where, " + ".join(names), "", "", "", verdict
    change = f"{cost.ratio - 1:+.2%}"
    if unit != "instructions" and trial.verdict == SAME:
        change += f" ({cost.low - 1:+.1%} to {cost.high - 1:+.1%})"
    return (
        where,
        " + ".join(names),
        _number(cost.before, unit),
        _number(cost.after, unit),
        change,
        verdict,
    )


def _number(value: float, unit: str) -> str:
    return f"{value:,.0f}" if unit == "instructions" else f"{value:.3f} {unit}"


def counted(trials: Sequence[Trial]) -> str:
    """In words: how many were tried, how many of them measured."""
    n = {what: sum(t.verdict == what for t in trials) for what in (UNFIT, UNEQUAL)}
    shared = sum(t.like is not None for t in trials)
    measured = len(trials) - sum(n.values()) - shared
    return (
        f"{len(trials)} tried: {measured} measured, {shared} of the same shapes as those, "
        f"{n[UNFIT]} do not fit, {n[UNEQUAL]} not proven equal"
    )


def as_json(trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """The rows for machines; a refused one has no costs."""
    return [
        {
            "where": trial.where,
            # The key of records and tables that exist.
            "forms": {block: [str(c) for c in chosen] for block, chosen in trial.plan.items()},
            "verdict": trial.verdict,
            "why": trial.why,
            "before": trial.cost.before if trial.cost else None,
            "after": trial.cost.after if trial.cost else None,
            "low": trial.cost.low if trial.cost else None,
            "high": trial.cost.high if trial.cost and trial.cost.high < NO_BOUND else None,
            "measured_in": trial.like,
            "snr_db": trial.snr_db,
        }
        for trial in trials
    ]
