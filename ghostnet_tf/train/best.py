"""Which epoch of a run is the best, and why."""

import math
from typing import Any

from ghostnet_tf.base.errors import UserError
from ghostnet_tf.tasks.task import Chosen

Row = dict[str, Any]  # of the log


def rank(row: Row, chosen: Chosen) -> tuple[float, float, int]:
    """Of an epoch among others: by its score, then by the held-out loss, then the later one.

    Rows of older runs have no loss, and their best.safetensors is of the first of equals.
    """
    score, loss = score_of(row, chosen)
    if loss is None:
        return score, -math.inf, -row["epoch"]
    return score, _goodness(loss), row["epoch"]


def score_of(row: Row, chosen: Chosen) -> tuple[float, float | None]:
    """Score and loss by which an epoch is compared; rows of older runs have no loss."""
    which = "held_out_ema" if averaged_is_better(row, chosen) else "held_out"
    return row[f"{which}_{chosen.column}"], row.get(f"{which}_loss")


def refuse_another_choice(asked: str | None, chosen: Chosen) -> None:
    """UserError where a schedule asks for a score that the task does not choose by."""
    if asked not in (None, chosen.column):
        raise UserError(
            f"the best epoch is chosen by {chosen.column}, not by {asked!r}",
            fix="leave the setting choose out",
        )


def why(history: list[Row], chosen: Chosen) -> str:
    """Why the best epoch is that one: the best score, or of equals the smaller loss, or later."""
    best = max(history, key=lambda row: rank(row, chosen))
    score, loss = score_of(best, chosen)
    equals = [row for row in history if row is not best and score_of(row, chosen)[0] == score]
    if len(history) == 1:
        return "the only epoch"
    if not equals:
        return f"{chosen.more} than any other epoch"
    next_best = max(equals, key=lambda row: rank(row, chosen))
    others = f"{chosen.equal} epoch {next_best['epoch']}"
    if len(equals) > 1:
        others += f" and {len(equals) - 1} more"
    its_loss = score_of(next_best, chosen)[1]
    if loss is None or its_loss is None:  # of an older run
        return others
    return f"{others}, {'but later' if its_loss == loss else 'with a smaller loss'}"


def averaged_is_better(row: Row, chosen: Chosen) -> bool:
    """Whether the averaged weights of an epoch beat its plain ones, or are as good."""
    plain, averaged = (
        (row[f"{which}_{chosen.column}"], _goodness(row.get(f"{which}_loss", 0.0)))
        for which in ("held_out", "held_out_ema")
    )
    return averaged >= plain


def _goodness(loss: float) -> float:
    """The smaller the loss the better; one that is no number is the worst."""
    return -math.inf if math.isnan(loss) else -loss
